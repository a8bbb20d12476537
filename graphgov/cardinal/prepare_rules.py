"""What `prepare` corrects, in the form in which its work is done."""

import math
import re
from dataclasses import dataclass, field

from graphgov.cardinal.settings import Settings, piped

BID_STATUSES = frozenset({"invited", "pending", "valid", "disqualified", "withdrawn"})
AWARD_STATUSES = frozenset({"pending", "active", "cancelled", "unsuccessful"})
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
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


def amounts(listed: str | None) -> frozenset[float]:
    """The numbers of a list such as `0|99999999`; what is no number is passed over."""
    found = {float(part) for part in piped(listed) if _NUMBER.fullmatch(part)}
    return frozenset(number for number in found if math.isfinite(number))


def rules(settings: Settings) -> Rules:
    """The rules that settings ask for."""
    modifications = settings.modifications
    return Rules(
        currency=settings.defaults.currency,
        item_scheme=settings.defaults.item_classification_scheme,
        bid_status=settings.defaults.bid_status,
        award_status=settings.defaults.award_status,
        party_roles=settings.defaults.party_roles,
        redacted_amounts=amounts(settings.redactions.amount),
        redacted_ids=frozenset(piped(settings.redactions.organization_id)),
        award_by_contract=settings.corrections.award_status_by_contract_status,
        move_auctions=modifications.move_auctions,
        buyer_prefix=modifications.prefix_buyer_or_procuring_entity_id or "",
        supplier_prefix=modifications.prefix_tenderer_or_supplier_id or "",
        split_details=modifications.split_procurement_method_details,
        bid_statuses=dict(settings.codelists.bid_status),
        award_statuses=dict(settings.codelists.award_status),
    )
