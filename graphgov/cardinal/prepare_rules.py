"""What `prepare` corrects, from the sections of a settings file."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from graphgov.cardinal.ini import Tree
from graphgov.errors import ConfigError, suggest

BID_STATUSES = frozenset({"invited", "pending", "valid", "disqualified", "withdrawn"})
AWARD_STATUSES = frozenset({"pending", "active", "cancelled", "unsuccessful"})
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TRUE = frozenset({"1", "true", "on", "yes"})
_FALSE = frozenset({"0", "false", "off", "no"})
_SECTIONS = {
    "defaults": (
        "currency", "item_classification_scheme", "bid_status", "award_status", "party_roles",
    ),
    "redactions": ("amount", "organization_id"),
    "corrections": ("award_status_by_contract_status",),
    "modifications": (
        "move_auctions", "prefix_buyer_or_procuring_entity_id", "prefix_tenderer_or_supplier_id",
        "split_procurement_method_details",
    ),
}  # fmt: skip
# White space of Unicode; `str.rstrip` alone would take four control characters more.
_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


@dataclass(frozen=True)
class Rules:
    """Settings of `prepare`; none of them set, it coerces types and lists issues.

    Attributes:
        currency: Put where the value of a bid has no currency.
        item_scheme: Put where the class of an item has no scheme.
        bid_status: Put where a bid has no status.
        award_status: Put where an award has no status.
        party_roles: Whether parties get the roles that references to them show.
        redacted_amounts: Amounts of bids that stand for unknown.
        redacted_ids: Ids of organisations that stand for unknown.
        award_by_contract: Whether an award is cancelled that has cancelled contracts only.
        move_auctions: Whether bids of auctions become bids.
        buyer_prefix: Starts every id of a buyer and procuring entity.
        supplier_prefix: Starts every id of a tenderer and supplier.
        split_details: Ends what is kept of the details of a method; `None` keeps all.
        bid_statuses: Codes to put for codes.
        award_statuses: Codes to put for codes.
    """

    currency: str | None = None
    item_scheme: str | None = None
    bid_status: str | None = None
    award_status: str | None = None
    party_roles: bool = False
    redacted_amounts: frozenset[float] = frozenset()
    redacted_ids: frozenset[str] = frozenset()
    award_by_contract: bool = False
    move_auctions: bool = False
    buyer_prefix: str = ""
    supplier_prefix: str = ""
    split_details: str | None = None
    bid_statuses: dict[str, str] = field(default_factory=dict)
    award_statuses: dict[str, str] = field(default_factory=dict)

    def first_part(self, details: str) -> str:
        """Details of a method up to where they are split, without space at the end."""
        if not self.split_details:
            return details if self.split_details is None else ""
        return details.split(self.split_details, 1)[0].rstrip(_SPACE)


def amounts(listed: str) -> frozenset[float]:
    """The numbers of a list such as `0|99999999`; what is no number is passed over."""
    found = {float(part) for part in parts(listed) if _NUMBER.fullmatch(part)}
    return frozenset(number for number in found if math.isfinite(number))


def parts(listed: str) -> frozenset[str]:
    """The texts of a list such as `a|b`; an empty one at the end is none."""
    found = listed.split("|")
    return frozenset(found if found[-1] else found[:-1])


def rules(settings: Tree) -> Rules:
    """The rules that settings ask for; sections of other commands are passed over.

    Raises:
        ConfigError: A section has an unknown key, or a value is not what it must be.
    """
    sections = {name: _texts(settings, name, keys) for name, keys in _SECTIONS.items()}
    defaults, redactions, corrections, modifications = sections.values()
    codelists = settings.get("codelists", {})
    if not isinstance(codelists, dict):
        raise ConfigError("[codelists] must be a section.")
    _known("codelists", codelists, ("award_status", "bid_status"))
    return Rules(
        currency=defaults.get("currency"),
        item_scheme=defaults.get("item_classification_scheme"),
        bid_status=defaults.get("bid_status"),
        award_status=defaults.get("award_status"),
        party_roles=_yes("defaults", defaults, "party_roles"),
        redacted_amounts=amounts(redactions.get("amount", "")),
        redacted_ids=parts(redactions.get("organization_id", "")),
        award_by_contract=_yes("corrections", corrections, "award_status_by_contract_status"),
        move_auctions=_yes("modifications", modifications, "move_auctions"),
        buyer_prefix=modifications.get("prefix_buyer_or_procuring_entity_id", ""),
        supplier_prefix=modifications.get("prefix_tenderer_or_supplier_id", ""),
        split_details=modifications.get("split_procurement_method_details"),
        bid_statuses=_texts(codelists, "bid_status"),
        award_statuses=_texts(codelists, "award_status"),
    )


def _known(section: str, found: Mapping[str, object], keys: tuple[str, ...]) -> None:
    for key in found:
        if key not in keys:
            raise ConfigError(f"[{section}] has no key {key!r}. {suggest(key, keys)}")


def _texts(settings: Tree, name: str, keys: tuple[str, ...] | None = None) -> dict[str, str]:
    """A section whose values are text."""
    section = settings.get(name, {})
    if not isinstance(section, dict):
        raise ConfigError(f"[{name}] must be a section.")
    if keys is not None:
        _known(name, section, keys)
    found: dict[str, str] = {}
    for key, value in section.items():
        if isinstance(value, dict):
            raise ConfigError(f"[{name}] {key} must be a value, not a section.")
        found[key] = value
    return found


def _yes(section: str, found: Mapping[str, str], key: str) -> bool:
    value = found.get(key, "false").lower()
    if value not in _TRUE | _FALSE:
        raise ConfigError(f"[{section}] {key} must be true or false, not {found[key]!r}.")
    return value in _TRUE
