"""Configuration: a TOML file into one frozen value; an unknown key is an error."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from graphgov.errors import ConfigError, suggest

T = TypeVar("T")
_TOP = ("version", "timezone", "indicators", "models", "cases")


@dataclass(frozen=True)
class Config:
    """The effective settings of a run.

    Args:
        timezone: Zone of times that carry none, and of every rule about calendar days.
        indicators: Parameters by code, checked against the class when it is made.
        models: The same for models.
        cases: Parameters of case building.
    """

    version: int = 1
    timezone: str = "UTC"
    indicators: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    cases: Mapping[str, object] = field(default_factory=dict)


def bounded(default: float | int, *, low: float, high: float) -> Any:
    """A dataclass field with limits, both inclusive, checked by `make`.

    Args:
        default: Value where the configuration says nothing.
        low: Smallest accepted value.
        high: Largest accepted value.
    """
    return field(default=default, metadata={"low": low, "high": high})


def make(cls: type[T], where: str, given: Mapping[str, object]) -> T:
    """A parameter dataclass from the keys of one configuration section.

    Args:
        cls: A dataclass whose fields were made by `bounded`.
        where: Section name for messages, such as `indicators.R018`.
        given: Keys and values of the section.

    Raises:
        ConfigError: A key is unknown, of the wrong type or out of bounds.
    """
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    values: dict[str, object] = {}
    for key, value in given.items():
        if key not in known:
            raise ConfigError(f"[{where}] has no setting {key!r}. {suggest(key, known)}")
        default = known[key].default
        if default is not MISSING and isinstance(default, int | float):
            values[key] = _number(value, default, known[key].metadata, f"[{where}] {key}")
        else:
            values[key] = value
    return cls(**values)


def _number(value: object, default: float, limits: Mapping[str, Any], where: str) -> int | float:
    whole = isinstance(default, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise ConfigError(f"{where} must be a {'whole ' if whole else ''}number, not {value!r}.")
    low, high = limits.get("low"), limits.get("high")
    if (low is not None and value < low) or (high is not None and value > high):
        raise ConfigError(f"{where} must lie in {low} to {high}, not {value!r}.")
    return value if whole else float(value)


def read_config(path: Path | None) -> Config:
    """The configuration in a file, or the defaults.

    Raises:
        ConfigError: The file is missing, is not TOML, or holds an unknown key.
    """
    if path is None:
        return Config()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no configuration file {str(path)!r}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path.name} cannot be read as TOML: {error}") from None
    for key in raw:
        if key not in _TOP:
            raise ConfigError(f"{path.name}: unknown key {key!r}. {suggest(key, _TOP)}")
    if raw.get("version", 1) != 1:
        raise ConfigError(f"{path.name}: version must be 1, not {raw['version']!r}.")
    zone = raw.get("timezone", "UTC")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError):
        raise ConfigError(f"{path.name}: timezone {zone!r} is not known.") from None
    for key in ("indicators", "models"):
        for code, section in raw.get(key, {}).items():
            if not isinstance(section, dict):
                raise ConfigError(f"{path.name}: [{key}.{code}] must be a table.")
    return Config(
        version=1,
        timezone=zone,
        indicators=MappingProxyType(raw.get("indicators", {})),
        models=MappingProxyType(raw.get("models", {})),
        cases=MappingProxyType(raw.get("cases", {})),
    )
