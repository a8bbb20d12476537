"""The eleven indicators of Cardinal, written slowly and plainly from the specification.

It shares no code with `graphgov`: what it answers is compared with what the engine answers, and
in the benchmark with what the real program answers. One pass over the lines in file order, as the
real program does it on one thread.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .numbers import fused, instant, quantile, rounded, whole_days
from .pieces import (
    by_method,
    compares_prices,
    final,
    get,
    ids,
    list_at,
    only_id,
    only_supplier,
    price,
    submitted,
    text_at,
)
from .settings import DETAILS, pipes, read_settings
from .strict import Number, values

MAPS = (
    "ocid_buyer_r038",
    "ocid_procuringentity_r038",
    "ocid_tenderer",
    "ocid_tenderer_r024",
    "ocid_tenderer_r028",
    "ocid_tenderer_r030",
    "ocid_tenderer_r035",
    "ocid_tenderer_r058",
)


@dataclass
class Answer:
    """What the command writes: the object, the counts per group, the lines it left out."""

    output: dict[str, Any]
    counts: dict[str, int]
    skipped: list[int]


@dataclass
class Seen:
    """What one pass over the lines gathers."""

    ocid: dict[str, dict[str, float]] = field(default_factory=dict)
    tenderer: dict[str, dict[str, float]] = field(default_factory=dict)
    maps: dict[str, dict[str, Any]] = field(default_factory=lambda: {key: {} for key in MAPS})
    currency: str | None = None
    ratios: dict[str, tuple[float, str, str]] = field(default_factory=dict)
    wins: dict[str, list[int]] = field(default_factory=dict)
    refused: dict[str, dict[str, list[int]]] = field(
        default_factory=lambda: {"Buyer": {}, "ProcuringEntity": {}, "Tenderer": {}}
    )
    classes: dict[str, tuple[int, set[str]]] = field(default_factory=dict)

    def flag_process(self, ocid: str, code: str, value: float = 1.0) -> None:
        self.ocid.setdefault(ocid, {})[code] = value

    def flag_tenderer(self, ocid: str, who: str, code: str, value: float) -> None:
        self.tenderer.setdefault(who, {})[code] = value
        self.maps[f"ocid_tenderer_{code.lower()}"].setdefault(ocid, set()).add(who)


# --- one release ----------------------------------------------------------------------------------


def look(seen: Seen, release: Any, ocid: str, settings: dict[str, dict[str, Any]]) -> None:
    """Everything that one release adds."""
    if any(code in settings for code in ("R025", "R038", "R048")):
        for bid in submitted(release):
            for one in ids(list_at(bid, "tenderers")):
                seen.maps["ocid_tenderer"].setdefault(ocid, set()).add(one)
    if ("R024" in settings or "R058" in settings) and compares_prices(release, settings):
        note_ratio(seen, release, ocid, settings)
    for code, rule in RULES.items():
        if code in settings:
            rule(seen, release, ocid, settings)


def in_currency(seen: Seen, currency: str, settings: dict[str, dict[str, Any]]) -> bool:
    if seen.currency is None:
        seen.currency = settings[""].get("currency", currency)
    return currency == seen.currency


def note_ratio(seen: Seen, release: Any, ocid: str, settings: dict[str, dict[str, Any]]) -> None:
    found = final(release)
    supplier = only_supplier(found[0]) if found else None
    if found is None or supplier is None:
        return
    own: list[tuple[float, str]] = []
    others: list[tuple[float, str]] = []
    for bid in found[1]:
        tenderer, worth = only_id(list_at(bid, "tenderers")), price(bid)
        if text_at(bid, "status") != "valid" or tenderer is None or worth is None:
            continue
        if in_currency(seen, worth[1], settings):
            (own if tenderer == supplier else others).append((worth[0], tenderer))
    if not own or not others:
        return
    win, alt = min(own, key=lambda x: x[0]), min(others, key=lambda x: x[0])
    if alt[0] >= win[0]:
        seen.ratios[ocid] = divide(alt[0] - win[0], win[0]), win[1], alt[1]


def divide(a: float, b: float) -> float:
    if b:
        return a / b
    return math.copysign(math.inf, a * math.copysign(1, b)) if a else math.nan


def r003(seen: Seen, release: Any, ocid: str, settings: dict[str, dict[str, Any]]) -> None:
    own = settings["R003"]
    if not by_method(release, pipes(own.get("procurement_methods"))):
        return
    start = instant(text_at(release, "tender", "tenderPeriod", "startDate") or "")
    end = instant(text_at(release, "tender", "tenderPeriod", "endDate") or "")
    if start is None or end is None:
        return
    details = text_at(release, "tender", "procurementMethodDetails")
    threshold = settings.get(DETAILS, {}).get(details, own.get("threshold", 15))
    if whole_days(start, end) < threshold:
        seen.flag_process(ocid, "R003")


def r018(seen: Seen, release: Any, ocid: str, settings: dict[str, dict[str, Any]]) -> None:
    methods = pipes(settings["R018"].get("procurement_methods", "open|selective"))
    number = get(release, "tender", "numberOfTenderers")
    if by_method(release, methods) and isinstance(number, Number) and number.is_one():
        seen.flag_process(ocid, "R018")


def r025(seen: Seen, release: Any, ocid: str, settings: dict[str, dict[str, Any]]) -> None:
    found = final(release)
    supplier = only_supplier(found[0]) if found else None
    if found is None or supplier is None:
        return
    rivals = {
        only_id(list_at(bid, "tenderers")) for bid in found[1] if text_at(bid, "status") == "valid"
    } - {None}
    for one in rivals:
        count = seen.wins.setdefault(str(one), [0, 0])
        count[0] += one == supplier
        count[1] += 1


def r028(seen: Seen, release: Any, ocid: str, settings: dict[str, dict[str, Any]]) -> None:
    if not compares_prices(release, settings):
        return
    groups: dict[tuple[float, str], set[frozenset[str]]] = {}
    for bid in submitted(release):
        who, worth = frozenset(ids(list_at(bid, "tenderers"))), price(bid)
        if who and worth:
            groups.setdefault(worth, set()).add(who)
    for group in groups.values():
        if len(group) > 1:
            seen.flag_process(ocid, "R028")
            for one in frozenset().union(*group):
                seen.flag_tenderer(ocid, one, "R028", 1.0)


def r030(seen: Seen, release: Any, ocid: str, settings: dict[str, dict[str, Any]]) -> None:
    end = text_at(release, "tender", "tenderPeriod", "endDate")
    if end is None:
        return
    winners = {
        one
        for award in list_at(release, "awards") or ()
        if text_at(award, "status") == "active"
        for one in ids(list_at(award, "suppliers"))
    }
    for bid in list_at(release, "bids", "details") or ():
        date = text_at(bid, "date")
        if text_at(bid, "status") != "valid" or date is None:
            continue
        if date.encode() > end.encode():
            for one in winners.intersection(ids(list_at(bid, "tenderers"))):
                seen.flag_process(ocid, "R030")
                seen.flag_tenderer(ocid, one, "R030", 1.0)


def r035(seen: Seen, release: Any, ocid: str, settings: dict[str, dict[str, Any]]) -> None:
    found = final(release)
    if found is None:
        return
    suppliers = {one for award in found[0] for one in ids(list_at(award, "suppliers"))}
    valid: set[str] = set()
    refused: set[str] = set()
    for bid in found[1]:
        status = text_at(bid, "status")
        if status == "valid":
            valid.update(ids(list_at(bid, "tenderers")))
        elif status == "disqualified":
            refused.update(ids(list_at(bid, "tenderers")))
    least = max(settings["R035"].get("threshold", 1), 1)
    if len(valid) == 1 and valid == suppliers and len(refused - valid) >= least:
        seen.flag_process(ocid, "R035", float(len(refused - valid)))
        for one in valid:
            seen.flag_tenderer(ocid, one, "R035", 0.0)


def r036(seen: Seen, release: Any, ocid: str, settings: dict[str, dict[str, Any]]) -> None:
    if not compares_prices(release, settings):
        return
    if not any(text_at(a, "status") == "active" for a in list_at(release, "awards") or ()):
        return
    bids = []
    for bid in submitted(release):
        worth = price(bid)
        if worth and in_currency(seen, worth[1], settings):
            bids.append((worth[0], text_at(bid, "status")))
    if not any(status == "valid" for _, status in bids):
        return
    if min(bids, key=lambda x: x[0])[1] == "disqualified":
        seen.flag_process(ocid, "R036")


def r038(seen: Seen, release: Any, ocid: str, settings: dict[str, dict[str, Any]]) -> None:
    bids = submitted(release)
    if not bids:
        return
    refused = [text_at(bid, "status") == "disqualified" for bid in bids]
    for bid, bad in zip(bids, refused, strict=True):
        for one in ids(list_at(bid, "tenderers")):
            add(seen.refused["Tenderer"], one, int(bad), 1)
    for group, key, keys in (
        ("Buyer", "ocid_buyer_r038", ("buyer", "id")),
        ("ProcuringEntity", "ocid_procuringentity_r038", ("tender", "procuringEntity", "id")),
    ):
        who = text_at(release, *keys)
        if who is not None:
            add(seen.refused[group], who, sum(refused), len(bids))
            if any(refused):
                seen.maps[key][ocid] = who


def add(counts: dict[str, list[int]], who: str, part: int, whole: int) -> None:
    count = counts.setdefault(who, [0, 0])
    count[0] += part
    count[1] += whole


def r048(seen: Seen, release: Any, ocid: str, settings: dict[str, dict[str, Any]]) -> None:
    digits = settings["R048"].get("digits", 2)
    met: dict[str, set[str]] = {}
    for award in list_at(release, "awards") or ():
        supplier, items = only_id(list_at(award, "suppliers")), list_at(award, "items")
        if text_at(award, "status") != "active" or supplier is None or items is None:
            continue
        codes = [text_at(item, "classification", "id") for item in items]
        found = {code[:digits] for code in codes if code is not None}
        if found:
            met.setdefault(supplier, set()).update(found)
    for supplier, found in met.items():
        count, before = seen.classes.get(supplier, (0, set()))
        seen.classes[supplier] = count + 1, before | found


RULES = {
    "R003": r003,
    "R018": r018,
    "R025": r025,
    "R028": r028,
    "R030": r030,
    "R035": r035,
    "R036": r036,
    "R038": r038,
    "R048": r048,
}


# --- after the last release -----------------------------------------------------------------------


def fences(
    data: Iterable[float],
    fixed: float | None,
    side: float,
    note: dict[str, float],
    prefix: str = "",
) -> tuple[float, float]:
    """The fence and the first quartile (1 with a fixed fence, which passes every guard)."""
    name = f"{prefix}{'upper' if side > 0 else 'lower'}_fence"
    if fixed is not None:
        note[name] = float(fixed)
        return float(fixed), 1.0
    data = list(data)
    q1, q3 = quantile(data, 0.25), quantile(data, 0.75)
    note[f"{prefix}q1"], note[f"{prefix}q3"] = q1, q3
    note[name] = fused(q3 - q1, side, q3 if side > 0 else q1)
    return note[name], q1


def finish(seen: Seen, settings: dict[str, dict[str, Any]]) -> tuple[dict, dict]:
    """The results of whole columns and what they were measured against."""
    meta: dict[str, dict[str, float]] = {}
    bodies: dict[str, dict[str, dict[str, float]]] = {"Buyer": {}, "ProcuringEntity": {}}
    ratios = [ratio for ratio, _, _ in seen.ratios.values()]
    if "R024" in settings:
        note = meta.setdefault("R024", {})
        fence, q1 = fences(ratios, settings["R024"].get("threshold"), -1.5, note)
        for ocid, (ratio, winner, second) in seen.ratios.items():
            if q1 > 0 and fence > 0 and ratio <= fence:
                seen.flag_process(ocid, "R024", ratio)
                seen.flag_tenderer(ocid, winner, "R024", 0.0)
                seen.flag_tenderer(ocid, second, "R024", 0.0)
    if "R025" in settings:
        own = settings["R025"]
        note = meta.setdefault("R025", {})
        busy = quantile([n for _, n in seen.wins.values()], own.get("percentile", 75) / 100)
        shares = {who: won / n for who, (won, n) in seen.wins.items()}
        fence, q1 = fences(shares.values(), own.get("threshold"), -1.5, note)
        note["upper_fence"] = busy
        for who, share in shares.items():
            if q1 > 0 and fence > 0 and seen.wins[who][1] >= busy and share <= fence:
                seen.tenderer.setdefault(who, {})["R025"] = share
    if "R038" in settings:
        finish_refused(seen, settings["R038"], bodies, meta)
    if "R048" in settings:
        own = settings["R048"]
        least = own.get("minimum_contracting_processes", 20)
        counts = {w: float(len(c)) for w, (n, c) in seen.classes.items() if n >= least}
        fence, _ = fences(counts.values(), own.get("threshold"), 1.5, meta.setdefault("R048", {}))
        for who, count in counts.items():
            if count >= fence:
                seen.tenderer.setdefault(who, {})["R048"] = count
    if "R058" in settings:
        note = meta.setdefault("R058", {})
        fence, _ = fences(ratios, settings["R058"].get("threshold"), 1.5, note)
        for ocid, (ratio, winner, _) in seen.ratios.items():
            if fence > 0 and ratio >= fence:
                seen.flag_process(ocid, "R058", ratio)
                seen.flag_tenderer(ocid, winner, "R058", 0.0)
    return bodies, meta


def finish_refused(seen: Seen, own: dict[str, Any], bodies: dict, meta: dict) -> None:
    for group, counts in seen.refused.items():
        key = "minimum_submitted_bids" if group == "Tenderer" else "minimum_contracting_processes"
        least = own.get(key, 2)
        shares = {who: part / whole for who, (part, whole) in counts.items() if whole >= least}
        if not shares:
            continue
        note = meta.setdefault("R038", {})
        fence, _ = fences(shares.values(), own.get("threshold"), 1.5, note, f"{group}_")
        for who, share in shares.items():
            if fence > 0 and share >= fence:
                target = seen.tenderer if group == "Tenderer" else bodies[group]
                target.setdefault(who, {})["R038"] = share


def indicators(
    data: bytes, settings: str = "", *, maps: bool = False, with_meta: bool = True
) -> Answer:
    """What `indicators` writes for these lines and this settings file."""
    read = read_settings(settings)
    excluded = pipes(read.get("exclusions", {}).get("procurement_method_details"))
    seen, skipped = Seen(), []
    for release in values(data, skipped):
        ocid = text_at(release, "ocid")
        if ocid is None or text_at(release, "tender", "status") == "cancelled":
            continue
        if text_at(release, "tender", "procurementMethodDetails") not in excluded:
            look(seen, release, ocid, read)
    bodies, meta = finish(seen, read)
    groups = {"OCID": seen.ocid, **bodies, "Tenderer": seen.tenderer}
    output: dict[str, Any] = {
        name: {who: {code: finite(v) for code, v in found.items()} for who, found in group.items()}
        for name, group in groups.items()
        if group
    }
    counts = {name: len(group) for name, group in groups.items() if group}
    if with_meta:
        output["Meta"] = {
            code: {key: rounded(value) for key, value in note.items()}
            for code, note in meta.items()
        }
    if maps:
        output["Maps"] = {
            key: {ocid: sorted(v) if isinstance(v, set) else v for ocid, v in found.items()}
            for key, found in seen.maps.items()
        }
    return Answer(output, counts, skipped)


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def normal(output: dict[str, Any]) -> dict[str, Any]:
    """The parsed output with every list in order, since the real program keeps none."""
    if "Maps" not in output:
        return output
    ordered = {
        key: {ocid: sorted(v) if isinstance(v, list) else v for ocid, v in found.items()}
        for key, found in output["Maps"].items()
    }
    return {**output, "Maps": ordered}
