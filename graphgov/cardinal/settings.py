"""The settings file: INI as Cardinal reads it; an unknown key is an error."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from graphgov.cardinal import ini
from graphgov.errors import ConfigError


@dataclass(frozen=True)
class Output:
    """What is said: whether bids in other currencies are worth a warning or a remark."""

    info_currency_mismatches: bool = False


@dataclass(frozen=True)
class Defaults:
    """What `prepare` fills in."""

    currency: str | None = None
    item_classification_scheme: str | None = None
    bid_status: str | None = None
    award_status: str | None = None
    party_roles: bool = False


@dataclass(frozen=True)
class Redactions:
    """Values that stand for hidden ones, separated by `|`."""

    amount: str | None = None
    organization_id: str | None = None


@dataclass(frozen=True)
class Corrections:
    """What `prepare` corrects."""

    award_status_by_contract_status: bool = False


@dataclass(frozen=True)
class Modifications:
    """What `prepare` changes."""

    move_auctions: bool = False
    prefix_buyer_or_procuring_entity_id: str | None = None
    prefix_tenderer_or_supplier_id: str | None = None
    split_procurement_method_details: str | None = None


@dataclass(frozen=True)
class Codelists:
    """Words and what they are replaced by."""

    bid_status: Mapping[str, str] = field(default_factory=dict)
    award_status: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exclusions:
    """Processes left out."""

    procurement_method_details: str | None = None


@dataclass(frozen=True)
class Plain:
    """An indicator without settings."""


@dataclass(frozen=True)
class Share:
    """An indicator with a fixed limit instead of a fence."""

    threshold: float | None = None


@dataclass(frozen=True)
class Number:
    """An indicator with a whole number as its limit."""

    threshold: int | None = field(default=None, metadata={"least": 0})


@dataclass(frozen=True)
class Short:
    """Short submission periods."""

    threshold: int = 15
    procurement_methods: str | None = None
    procurement_method_details: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Methods:
    """Single bids."""

    procurement_methods: str | None = None


@dataclass(frozen=True)
class Record:
    """Excessive unsuccessful bids."""

    percentile: int = field(default=75, metadata={"least": 0})
    threshold: float | None = None


@dataclass(frozen=True)
class Excess:
    """Excessive disqualified bids."""

    threshold: float | None = None
    minimum_submitted_bids: int = field(default=2, metadata={"least": 0})
    minimum_contracting_processes: int = field(default=2, metadata={"least": 0})


@dataclass(frozen=True)
class Spread:
    """Heterogeneous suppliers."""

    digits: int = field(default=2, metadata={"least": 0})
    threshold: int | None = field(default=None, metadata={"least": 0})
    minimum_contracting_processes: int = field(default=20, metadata={"least": 0})


@dataclass(frozen=True)
class Settings:
    """All sections; an indicator runs only if it is not None."""

    currency: str | None = None
    no_price_comparison_procurement_methods: str | None = None
    price_comparison_procurement_methods: str | None = None
    output: Output = field(default_factory=Output)
    defaults: Defaults = field(default_factory=Defaults)
    redactions: Redactions = field(default_factory=Redactions)
    corrections: Corrections = field(default_factory=Corrections)
    modifications: Modifications = field(default_factory=Modifications)
    codelists: Codelists = field(default_factory=Codelists)
    exclusions: Exclusions = field(default_factory=Exclusions)
    R003: Short | None = None
    R018: Methods | None = None
    R024: Share | None = None
    R025: Record | None = None
    R028: Plain | None = None
    R030: Plain | None = None
    R035: Number | None = None
    R036: Plain | None = None
    R038: Excess | None = None
    R048: Spread | None = None
    R058: Share | None = None


_SECTIONS: dict[str, type] = {
    "output": Output, "defaults": Defaults, "redactions": Redactions, "corrections": Corrections,
    "modifications": Modifications, "codelists": Codelists, "exclusions": Exclusions,
    "R003": Short, "R018": Methods, "R024": Share, "R025": Record, "R028": Plain, "R030": Plain,
    "R035": Number, "R036": Plain, "R038": Excess, "R048": Spread, "R058": Share,
}  # fmt: skip


def piped(value: str | None) -> tuple[str, ...]:
    """The parts of a text separated by `|`; an empty part at the end is none."""
    parts = (value or "").split("|")
    return tuple(parts[:-1] if parts[-1] == "" else parts)


def load(path: Path) -> Settings:
    """Read a settings file.

    Raises:
        ConfigError: It cannot be read, or says something unknown or impossible.
    """
    tree = ini.read(path)
    try:
        return settings(tree)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def settings(tree: ini.Tree) -> Settings:
    """Settings from the sections of a file.

    Raises:
        ConfigError: Something in it is unknown or impossible.
    """
    values: dict[str, Any] = {}
    for key, value in tree.items():
        if key in _SECTIONS:
            if not isinstance(value, dict):
                raise ConfigError(f"Setting {key}: a section is expected, not a value.")
            values[key] = _section(key, _SECTIONS[key], value)
        elif key in _TOP:
            values[key] = _converted(key, "str | None", value, {})
        else:
            raise ConfigError(
                f"Setting {key}: unknown; known are {', '.join((*_TOP, *_SECTIONS))}."
            )
    return Settings(**values)


_TOP = tuple(one.name for one in fields(Settings) if one.name not in _SECTIONS)


def _section(name: str, kind: type, values: Mapping[str, Any]) -> Any:
    known = {one.name: one for one in fields(kind)}
    out: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{name}.{key}"
        if key not in known:
            hint = f"known are {', '.join(known)}" if known else "the section takes no settings"
            raise ConfigError(f"Setting {path}: unknown; {hint}.")
        out[key] = _converted(path, str(known[key].type), value, known[key].metadata)
    return kind(**out)


def _converted(path: str, kind: str, value: Any, metadata: Mapping[str, Any]) -> Any:
    if "Mapping" in kind:
        if not isinstance(value, dict):
            raise ConfigError(f"Setting {path}: a section is expected, not a value.")
        inner = "int" if "int" in kind else "str"
        return {key: _converted(f"{path}.{key}", inner, one, {}) for key, one in value.items()}
    if not isinstance(value, str):
        raise ConfigError(f"Setting {path}: a value is expected, not a section.")
    if "str" in kind:
        return value
    word = value.lower()
    if "bool" in kind:
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        raise ConfigError(f"Setting {path}: {value!r} is neither true nor false.")
    convert = float if "float" in kind else int
    if word in _TRUE[1:] or word in _FALSE[1:]:
        return convert(word in _TRUE)
    try:
        number = convert(value) if value == value.strip() and "_" not in value else None
    except ValueError:
        number = None
    least = metadata.get("least", -(2**63))
    # The original keeps counts in 64 bits, with a sign where they may be negative.
    most = 2**64 if least == 0 else 2**63
    if number is None or (convert is int and not least <= number < most):
        raise ConfigError(f"Setting {path}: {value!r} is no {_SAID[convert]}.")
    return number


_TRUE = ("1", "true", "on", "yes")
_FALSE = ("0", "false", "off", "no")
_SAID = {int: "whole number that fits", float: "number"}
