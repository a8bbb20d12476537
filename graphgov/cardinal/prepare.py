"""Corrects what would mislead the indicators in OCDS releases, and lists what it could not.

Per release, in this order: parties, buyer, tender, auctions, bids, contracts, awards, roles. An
issue is a row of CSV: line, ocid, path, indexes, value, description.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

import msgspec

from graphgov.cardinal.lines import BLOCK, Block, blocks, in_order
from graphgov.cardinal.prepare_rules import AWARD_STATUSES, BID_STATUSES, Rules
from graphgov.cardinal.strict import BadLine, number_text, parse

Issue = tuple[str, str, str, str]  # path, indexes, value, description
Roles = dict[str, set[str]]
_ENCODE = msgspec.json.Encoder().encode
_NO_ROLES: Roles = {}
_NOT_KEPT = "Can't move /auctions, because /bids is occupied."


def prepare(
    source: BinaryIO,
    rules: Rules,
    output: BinaryIO,
    issues: BinaryIO,
    warn: Callable[[str], None],
    block: int = BLOCK,
) -> None:
    """Write corrected releases as lines of JSON, and the issues left as rows of CSV.

    Args:
        source: Lines of JSON, a release each.
        rules: What is corrected, and how.
        output: Takes the releases, in the order of the lines.
        issues: Takes the issues, in the same order.
        warn: Is told of each line that is skipped.
        block: Bytes given to a process at a time.
    """
    for releases, rows, warnings in in_order(partial(_prepared, rules), blocks(source, block)):
        for warning in warnings:
            warn(warning)
        output.write(releases)
        issues.write(rows)


def corrected(release: dict[str, object], rules: Rules) -> tuple[list[Issue], list[str]]:
    """Correct a release in place; returns the issues left and the warnings."""
    issues: list[Issue] = []
    warnings: list[str] = []
    _parties(release, rules)
    roles = _roles(release) if rules.party_roles else _NO_ROLES
    _organization(release.get("buyer"), rules, rules.buyer_prefix, roles, "buyer")
    _tender(release.get("tender"), rules, roles)
    if rules.move_auctions and not _move_auctions(release):
        warnings.append(_NOT_KEPT)
    issues += _bids(release.get("bids"), rules, roles)
    cancelled = _cancelled(release.get("contracts")) if rules.award_by_contract else set()
    issues += _awards(release.get("awards"), rules, roles, cancelled)
    if rules.party_roles:
        _write_roles(release, roles)
    return issues, warnings


def _prepared(rules: Rules, block: Block) -> tuple[bytes, bytes, list[str]]:
    releases: list[bytes] = []
    rows: list[str] = []
    warnings: list[str] = []
    for number, line in block.numbered():
        try:
            release = parse(line)
            if not isinstance(release, dict):
                raise BadLine("is not a JSON object, skipping.")
        except BadLine as error:
            if str(error):
                warnings.append(f"Line {number} {error}")
            continue
        ocid = _cell(release.get("ocid"))
        issues, said = corrected(release, rules)
        warnings += said
        releases.append(_ENCODE(release))
        rows += (_row((str(number), ocid, *issue)) for issue in issues)
    if releases:
        releases.append(b"")
    return b"\n".join(releases), "".join(rows).encode(), warnings


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _ENCODE(value).decode()


def _row(cells: tuple[str, ...]) -> str:
    return ",".join(map(_quoted, cells)) + "\n"


def _quoted(cell: str) -> str:
    if '"' in cell:
        return '"' + cell.replace('"', '""') + '"'
    return f'"{cell}"' if "," in cell or "\n" in cell or "\r" in cell else cell


def _id_as_text(thing: dict[str, object], key: str = "id") -> None:
    value = thing.get(key)
    if type(value) is int or isinstance(value, msgspec.Raw):
        thing[key] = number_text(value)


def _organization(thing: object, rules: Rules, prefix: str, roles: Roles, role: str) -> None:
    if not isinstance(thing, dict):
        return
    _id_as_text(thing)
    name = thing.get("id")
    if not isinstance(name, str):
        return
    if name in rules.redacted_ids:
        del thing["id"]
        return
    if not name.startswith(prefix):
        name = thing["id"] = prefix + name
    if name in roles:
        roles[name].add(role)


def _organizations(
    thing: dict[str, object], key: str, rules: Rules, prefix: str, roles: Roles, role: str
) -> None:
    found = thing.get(key)
    if isinstance(found, dict):
        found = thing[key] = [found]
    if isinstance(found, list):
        for organization in found:
            _organization(organization, rules, prefix, roles, role)


def _parties(release: dict[str, object], rules: Rules) -> None:
    _organizations(release, "parties", rules, "", _NO_ROLES, "")


def _objects(found: object) -> Iterator[tuple[int, dict[str, object]]]:
    if isinstance(found, list):
        for index, thing in enumerate(found):
            if isinstance(thing, dict):
                yield index, thing


def _roles(release: dict[str, object]) -> Roles:
    """The roles that parties have; of parties with one id, those of the last."""
    found: Roles = {}
    for _, party in _objects(release.get("parties")):
        name = party.get("id")
        if isinstance(name, str):
            roles = party.get("roles")
            listed = roles if isinstance(roles, list) else []
            found[name] = {role for role in listed if isinstance(role, str)}
    return found


def _write_roles(release: dict[str, object], roles: Roles) -> None:
    for _, party in _objects(release.get("parties")):
        name = party.get("id")
        if isinstance(name, str) and roles[name]:
            party["roles"] = sorted(roles[name])


def _tender(tender: object, rules: Rules, roles: Roles) -> None:
    if not isinstance(tender, dict):
        return
    entity = tender.get("procuringEntity")
    _organization(entity, rules, rules.buyer_prefix, roles, "procuringEntity")
    details = tender.get("procurementMethodDetails")
    if rules.split_details is not None and isinstance(details, str):
        tender["procurementMethodDetails"] = rules.first_part(details)


def _move_auctions(release: dict[str, object]) -> bool:
    """Make bids of the bids of auctions; false if there is no room for them."""
    if "auctions" in release and "bids" in release:
        return False
    auctions = release.get("auctions")
    if isinstance(auctions, list):
        details: list[object] = []
        for _, auction in _objects(auctions):
            for _, stage in _objects(auction.get("stages")):
                bids = stage.pop("bids", None)
                if isinstance(bids, list):
                    details += bids
        release["bids"] = {"details": details}
    return True


def _bids(bids: object, rules: Rules, roles: Roles) -> Iterator[Issue]:
    details = bids.get("details") if isinstance(bids, dict) else None
    if not isinstance(details, list):
        return
    for index, bid in enumerate(details):
        where = "/bids/details[]"
        if isinstance(bid, dict):
            yield from _price(bid.get("value"), str(index), rules)
            yield from _schemes(bid, f"{where}/items[]", index, rules)
        elif bid is None and rules.bid_status is not None:
            bid = details[index] = {}
        status = f"{where}/status"
        yield from _status(bid, status, index, rules.bid_status, rules.bid_statuses, BID_STATUSES)
        if isinstance(bid, dict):
            _organizations(bid, "tenderers", rules, rules.supplier_prefix, roles, "tenderer")


def _price(value: object, index: str, rules: Rules) -> Iterator[Issue]:
    if not isinstance(value, dict):
        return
    amount = value.get("amount")
    if type(amount) is int or isinstance(amount, msgspec.Raw):
        number = float(number_text(amount))
        if number in rules.redacted_amounts:
            del value["amount"]
        elif number == 0:
            yield "/bids/details[]/value/amount", index, "", "is zero"
    if "currency" not in value:
        if rules.currency is not None:
            value["currency"] = rules.currency
        else:
            yield "/bids/details[]/value/currency", index, "", "not set"


def _schemes(thing: dict[str, object], path: str, index: int, rules: Rules) -> Iterator[Issue]:
    for inner, item in _objects(thing.get("items")):
        classification = item.get("classification")
        if not isinstance(classification, dict) or "scheme" in classification:
            continue
        if rules.item_scheme is not None:
            classification["scheme"] = rules.item_scheme
        else:
            yield f"{path}/classification/scheme", f"{index}.{inner}", "", "not set"


def _status(
    thing: object,
    path: str,
    index: int,
    default: str | None,
    mapping: dict[str, str],
    codes: frozenset[str],
) -> Iterator[Issue]:
    if not isinstance(thing, dict):
        # Cardinal's program ends here if a default is set.
        yield path, str(index), "", "not set"
        return
    if "status" not in thing:
        if default is None:
            yield path, str(index), "", "not set"
            return
        thing["status"] = default
    status = thing["status"]
    if isinstance(status, str):
        status = thing["status"] = mapping.get(status, status)
        if status not in codes:
            yield path, str(index), status, "invalid"


def _cancelled(contracts: object) -> set[str]:
    """Awards of which every contract is cancelled."""
    found: dict[str, bool] = {}
    for _, contract in _objects(contracts):
        _id_as_text(contract, "awardID")
        award = contract.get("awardID")
        if isinstance(award, str):
            found[award] = found.get(award, True) and contract.get("status") == "cancelled"
    return {award for award, cancelled in found.items() if cancelled}


def _awards(awards: object, rules: Rules, roles: Roles, cancelled: set[str]) -> Iterator[Issue]:
    if not isinstance(awards, list):
        return
    for index, award in enumerate(awards):
        if isinstance(award, dict):
            _id_as_text(award)
            for _, item in _objects(award.get("items")):
                classification = item.get("classification")
                if isinstance(classification, dict):
                    _id_as_text(classification)
            yield from _schemes(award, "/awards[]/items[]", index, rules)
        elif award is None and rules.award_status is not None:
            award = awards[index] = {}
        yield from _status(
            award,
            "/awards[]/status",
            index,
            rules.award_status,
            rules.award_statuses,
            AWARD_STATUSES,
        )
        if isinstance(award, dict):
            name = award.get("id")
            if isinstance(name, str) and name in cancelled:
                award["status"] = "cancelled"
            _organizations(award, "suppliers", rules, rules.supplier_prefix, roles, "supplier")
