"""A block of lines as columns: what a worker hands back."""

import codecs
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphgov.cardinal import shapes
from graphgov.cardinal.dates import days_between
from graphgov.cardinal.strict import BadLine
from graphgov.stats.bids.frames import (
    ACTIVE,
    BOOL,
    DISQUALIFIED,
    ENDED,
    F64,
    I8,
    I32,
    INVITED,
    NO_STATUS,
    OPEN,
    OTHER_BID,
    VALID,
    WITHDRAWN,
)

Bad = list[tuple[int, str]]
KINDS = ("buyer", "entity", "method", "details", "currency", "tenderer", "category")
_BID = {
    "invited": INVITED,
    "withdrawn": WITHDRAWN,
    "valid": VALID,
    "disqualified": DISQUALIFIED,
}
_AWARD = {"active": ACTIVE, "cancelled": ENDED, "unsuccessful": ENDED}
_NO_ID = shapes.Ident()
_NO_TENDER = shapes.Tender()
_NO_PERIOD = shapes.Period()
_NO_MONEY = shapes.Money()


@dataclass(frozen=True)
class Chunk:
    """Columns of a block; codes are places in the block's own `words`.

    Attributes:
        lines: How many lines the block has.
        bad: Places of invalid lines in the block, with what is said of them.
        ocids: One per process.
        words: For each of `KINDS` the different words, in order of appearance.
        columns: By name: counts per process of bids, awards and items, per bid of tenderers, per
            award of suppliers, and everything else as in the frames.
    """

    lines: int
    bad: Bad
    ocids: list[str]
    words: dict[str, list[str]]
    columns: dict[str, np.ndarray]


def chunk(block: bytes) -> Chunk:
    """Read a block of whole lines."""
    lines = _split(block)
    releases, bad = _decode(block, lines)
    kept = [r for r in releases if type(r.ocid) is str and not _cancelled(r)]
    words: dict[str, list[str]] = {}
    columns: dict[str, np.ndarray] = {}
    _processes(kept, words, columns)
    _bids(kept, words, columns)
    return Chunk(len(lines), bad, [r.ocid for r in kept], words, columns)


def _split(block: bytes) -> list[memoryview]:
    """The lines without their ends, not copied."""
    view, lines, start = memoryview(block), [], 0
    while (end := block.find(b"\n", start)) >= 0:
        lines.append(view[start:end])
        start = end + 1
    if start < len(block):
        lines.append(view[start:])
    return lines


def _decode(block: bytes, lines: list[memoryview]) -> tuple[list[shapes.Release], Bad]:
    plain = lines
    odd: set[int] = set()
    if not _is_utf8(block):
        odd.update(place for place, line in enumerate(lines) if not _is_utf8(bytes(line)))
    if shapes.LENIENT:
        odd.update(place for place, line in enumerate(lines) if shapes.may_be_deep(bytes(line)))
    if odd:  # an empty line is odd as well
        plain = [memoryview(b"") if place in odd else line for place, line in enumerate(lines)]
    releases: list[shapes.Release] = []
    bad: Bad = []
    rest, passed = iter(plain), 0  # lines passed that are no releases
    while shapes.typed(rest, releases):
        place = len(releases) + passed
        passed += 1
        try:
            release = shapes.odd(_without_return(block, lines, place))
        except BadLine as error:
            if error.args:
                bad.append((place, str(error)))
        else:
            if release is not None:
                releases.append(release)
                passed -= 1
    return releases, bad


def _without_return(block: bytes, lines: list[memoryview], place: int) -> bytes:
    """A line without the carriage return that belongs to its end."""
    line = bytes(lines[place])
    ended = place < len(lines) - 1 or block.endswith(b"\n")
    return line.removesuffix(b"\r") if ended else line


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    view, at = memoryview(text), 0
    try:
        while at < len(text):  # in pieces that stay in the processor's cache
            piece = view[at : at + _PIECE]
            at += codecs.utf_8_decode(piece, "strict", at + _PIECE >= len(text))[1]
    except UnicodeDecodeError:
        return False
    return True


_PIECE = 1 << 16


def _cancelled(release: shapes.Release) -> bool:
    tender = release.tender
    return tender is not None and tender.status == "cancelled"


class Places(dict[Any, int]):
    """Words by the order in which they are first asked for."""

    def __missing__(self, word: Any) -> int:
        place = self[word] = len(self)
        return place


def _coded(kind: str, values: list[Any], words: dict[str, list[str]]) -> I32:
    """Codes of the values of one kind; -1 for what is no text."""
    places = Places()
    try:
        codes = np.array([places[value] for value in values], np.int32)
    except TypeError:  # unhashable: an object or array where a text belongs
        return _coded(kind, [v if type(v) is str else None for v in values], words)
    table = np.full(len(places) + 1, -1, np.int32)
    texts: list[str] = []
    for word, place in places.items():
        if type(word) is str:
            table[place] = len(texts)
            texts.append(word)
    words[kind] = texts
    return table[codes]


def _mapped(values: list[Any], known: dict[str, int], other: int) -> I8:
    """Codes of statuses; `other` for an unknown word, NO_STATUS for what is no text."""
    get: Callable[[Any], int | None] = known.get
    try:
        found = [get(value, -1) for value in values]  # type: ignore[call-arg]
    except TypeError:
        return _mapped([v if type(v) is str else None for v in values], known, other)
    codes = np.array(found, np.int8)
    for place in np.flatnonzero(codes < 0).tolist():
        codes[place] = other if type(values[place]) is str else NO_STATUS
    return codes


def _counts(lists: Iterable[list[Any] | tuple[()]]) -> I32:
    return np.array([len(one) for one in lists], np.int32)


def _processes(
    kept: list[shapes.Release], words: dict[str, list[str]], columns: dict[str, np.ndarray]
) -> None:
    tenders = [r.tender or _NO_TENDER for r in kept]
    periods = [t.tender_period or _NO_PERIOD for t in tenders]
    for kind, values in (
        ("buyer", [(r.buyer or _NO_ID).id for r in kept]),
        ("entity", [(t.procuring_entity or _NO_ID).id for t in tenders]),
        ("method", [t.procurement_method for t in tenders]),
        ("details", [t.procurement_method_details for t in tenders]),
    ):
        columns[kind] = _coded(kind, values, words)
    columns["days"] = days_between([p.start_date for p in periods], [p.end_date for p in periods])
    columns["bidders"] = np.array(
        [
            min(n, 2_000_000_000) if type(n := t.number_of_tenderers) is int and n >= 0 else -1
            for t in tenders
        ],
        np.int32,
    )
    columns["has_bids"] = np.array(
        [r.bids is not None and r.bids.details is not None for r in kept], np.bool_
    )
    columns["has_awards"] = np.array([r.awards is not None for r in kept], np.bool_)


def _bids(
    kept: list[shapes.Release], words: dict[str, list[str]], columns: dict[str, np.ndarray]
) -> None:
    listed = [(r.bids.details or ()) if r.bids is not None else () for r in kept]
    awarded = [r.awards or () for r in kept]
    bids = [bid for one in listed for bid in one]
    awards = [award for one in awarded for award in one]
    teams = [bid.tenderers or () for bid in bids]
    winners = [award.suppliers or () for award in awards]
    columns["bids"] = _counts(listed)
    columns["awards"] = _counts(awarded)
    columns["bid_tenderers"] = _counts(teams)
    columns["award_suppliers"] = _counts(winners)
    columns["bid_status"] = _mapped([bid.status for bid in bids], _BID, OTHER_BID)
    columns["award_status"] = _mapped([award.status for award in awards], _AWARD, OPEN)
    money = [bid.value or _NO_MONEY for bid in bids]
    amount = _amounts([m.amount for m in money])
    currency = _coded("currency", [m.currency for m in money], words)
    amount[currency < 0] = np.nan
    currency[np.isnan(amount)] = -1
    columns["amount"], columns["currency"] = amount, currency
    columns["late"] = _late(kept, listed)
    ids = [one.id for team in teams for one in team]
    split = len(ids)
    ids += [one.id for team in winners for one in team]
    parties = _coded("tenderer", ids, words)
    columns["tenderers"], columns["suppliers"] = parties[:split], parties[split:]
    _items(awards, winners, words, columns)


def _amounts(values: list[Any]) -> F64:
    """Amounts as floats; NaN for what is no finite number."""
    known = [v if (kind := type(v)) is float or kind is int else np.nan for v in values]
    try:
        return np.array(known, np.float64)
    except OverflowError:
        return np.array([v if abs(v) < 2**1023 else _far(v) for v in known], np.float64)


def _far(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("nan")


def _late(kept: list[shapes.Release], listed: list[Any]) -> I8:
    """Whether each bid's date comes after the deadline, as texts; -1 if either is no text."""
    ends = [
        (r.tender.tender_period or _NO_PERIOD).end_date if r.tender is not None else None
        for r in kept
    ]
    return np.array(
        [
            bid.date > end if type(bid.date) is str and type(end) is str else -1
            for end, details in zip(ends, listed, strict=True)
            for bid in details
        ],
        np.int8,
    )


def _items(
    awards: list[shapes.Award],
    winners: list[Any],
    words: dict[str, list[str]],
    columns: dict[str, np.ndarray],
) -> None:
    """Classified items of active awards with one supplier that has an id."""
    active: BOOL = columns["award_status"] == ACTIVE
    fit = [
        place
        for place in np.flatnonzero(active & (columns["award_suppliers"] == 1)).tolist()
        if awards[place].items and type(winners[place][0].id) is str
    ]
    listed = [awards[place].items or () for place in fit]
    classes = _coded(
        "category", [(i.classification or _NO_ID).id for items in listed for i in items], words
    )
    award = np.repeat(np.array(fit, np.int64), _counts(listed))[classes >= 0]
    classes = classes[classes >= 0]
    pairs = award * max(len(words["category"]), 1) + classes
    fresh = np.unique(pairs) if len(pairs) else pairs
    base = max(len(words["category"]), 1)
    award, classes = fresh // base, (fresh % base).astype(np.int32)
    columns["category"] = classes
    columns["award_items"] = np.bincount(award, minlength=len(awards)).astype(np.int32)
