"""Contracts of a merged release into rows, with what hangs on them."""

from collections.abc import Iterator

from graphgov.ingest.ocds_cells import Node, cell, day, node, nodes, number
from graphgov.ingest.ocds_merge import Process
from graphgov.ingest.ocds_parts import currency_of, inside, item_rows
from graphgov.ingest.ocds_rows import Fault, Row
from graphgov.ingest.ocds_spool import Place

_MILESTONES = {
    "delivery": "delivery",
    "report": "report",
    "reporting": "report",
    "payment": "payment",
    "financing": "payment",
}


def signing_days(contracts: list[Node]) -> dict[str | None, str]:
    """The first day on which a contract under each award was signed."""
    days: dict[str | None, str] = {}
    for contract in contracts:
        signed, award = day(contract.get("dateSigned")), cell(contract.get("awardID"))
        if signed:
            days[award] = min(signed, days.get(award, signed))
    return days


def contract_rows(
    process: Process, contract: Node, awards: list[Node], contracts: list[Node]
) -> Iterator[Row | Fault]:
    """A contract with its items, amendments, milestones and payments.

    Args:
        process: What it belongs to.
        contract: Tidied.
        awards: Of the process; a contract that names none belongs to the only one.
        contracts: Of the process; one that extends another belongs to the other's award.
    """
    key = str(contract["id"])
    place = process.places.get(("contracts", key), process.place)
    award = cell(contract.get("awardID")) or _extended(contract, contracts)
    if award is None and len(awards) == 1:
        award = cell(awards[0].get("id"))
    if award is None:
        yield Fault(place, "award_id", "required", key, "the contract names no award")
        return
    own = f"{process.ocid}/{key}"
    period, value = node(contract.get("period")), node(contract.get("value"))
    yield Row(
        "contracts",
        {
            "contract_id": own,
            "award_id": f"{process.ocid}/{award}",
            "signed_on": day(contract.get("dateSigned")),
            "starts_on": day(period.get("startDate")),
            "ends_on": day(period.get("endDate")),
            "amount": number(value.get("amount")),
            "currency": currency_of(value),
            "status": cell(contract.get("status")),
            "published_on": day(contract.get("datePublished")),
        },
        place,
    )
    yield from item_rows(process.ocid, "contract", own, nodes(contract.get("items")), place)
    yield from _under_contract(contract, own, place)


def _extended(contract: Node, contracts: list[Node]) -> str | None:
    """The award of the contract that this one extends (seen in Paraguay)."""
    extends = cell(contract.get("extendsContractID"))
    for other in contracts:
        if extends and cell(other.get("id")) == extends:
            return cell(other.get("awardID"))
    return None


def _under_contract(contract: Node, own: str, place: Place) -> Iterator[Row | Fault]:
    changes = nodes(contract.get("amendments")) or nodes(contract.get("amendment"))
    for index, change in enumerate(changes):
        if not change:
            continue
        yield Row(
            "amendments",
            {
                "amendment_id": f"{own}/amendment/{_local(change, index)}",
                "contract_id": own,
                "amended_on": day(change.get("date")),
                "reason": cell(change.get("rationale")) or cell(change.get("description")),
            },
            inside(place, f"/amendments/{index}"),
        )
    work = node(contract.get("implementation"))
    due = nodes(contract.get("milestones")) + nodes(work.get("milestones"))
    for index, milestone in enumerate(due):
        met = day(milestone.get("dateMet"))
        if (cell(milestone.get("status")) or "").lower() == "met":
            met = met or day(milestone.get("dateModified"))
        said = (cell(milestone.get("type")) or "").lower()
        yield Row(
            "milestones",
            {
                "milestone_id": f"{own}/milestone/{_local(milestone, index)}",
                "contract_id": own,
                "kind": _MILESTONES.get(said, "other"),
                "due_on": day(milestone.get("dueDate")),
                "met_on": met,
            },
            place,
        )
    for index, payment in enumerate(nodes(work.get("transactions"))):
        value = node(payment.get("value")) or node(payment.get("amount"))
        yield Row(
            "payments",
            {
                "payment_id": f"{own}/payment/{_local(payment, index)}",
                "contract_id": own,
                "paid_on": day(payment.get("date")),
                "amount": number(value.get("amount")),
                "currency": currency_of(value),
            },
            inside(place, f"/implementation/transactions/{index}"),
        )


def _local(part: Node, index: int) -> str:
    """The id of a part of a contract, or its position, which no id can be taken for."""
    return cell(part.get("id")) or f"#{index}"
