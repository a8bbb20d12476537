"""The eleven indicators of Cardinal over one file, and their results as one JSON object."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from graphgov.cardinal.settings import Settings, piped
from graphgov.cardinal.table import Table, Texts
from graphgov.stats.bids import (
    deadlines,
    disqualified,
    equal_prices,
    price_ratio,
    prices,
    rivals,
    single,
    spread,
)
from graphgov.stats.bids.frames import I64, BidFrames, Marks, Measured

Say = Callable[[str], None]
CODES = ("R003", "R018", "R024", "R025", "R028", "R030", "R035", "R036", "R038", "R048", "R058")
# What stands in the results: 1 or 0 as a mark, or None: the value that was measured.
_OCID = {"R003": 1.0, "R018": 1.0, "R028": 1.0, "R030": 1.0, "R036": 1.0,
         "R024": None, "R035": None, "R058": None}  # fmt: skip
_MAPPED = ("R024", "R028", "R030", "R035", "R058")


@dataclass(frozen=True)
class Results:
    """All that was found, as plain values.

    Attributes:
        groups: Results by group, id and indicator.
        meta: Quartiles and fences by indicator.
        maps: Processes and the parties concerned, by name of the map; empty if not asked for.
    """

    groups: Mapping[str, Mapping[str, Mapping[str, float]]]
    meta: Mapping[str, Mapping[str, float]]
    maps: Mapping[str, Mapping[str, Any]]

    def text(self, *, meta: bool, maps: bool) -> str:
        """One line of JSON, keys in order; a number that is none is null."""
        out: dict[str, Any] = dict(self.groups)
        if meta:
            out["Meta"] = {
                code: {name: _rounded(value) for name, value in values.items()}
                for code, values in self.meta.items()
            }
        if maps:
            out["Maps"] = self.maps
        return msgspec.json.encode(out, order="sorted").decode()

    def counts(self) -> Iterator[tuple[str, int]]:
        """How many have results, by group."""
        for group, found in self.groups.items():
            yield group, len(found)


def run(table: Table, settings: Settings, *, maps: bool, warn: Say, info: Say) -> Results:
    """Compute the indicators whose section the settings have.

    Args:
        table: What was read.
        settings: Which indicators, and how.
        maps: Whether maps are wanted.
        warn: Told what a user should know.
        info: Told what is less.
    """
    excluded = frozenset(piped(settings.exclusions.procurement_method_details))
    frames = table.frames(lambda words: [word not in excluded for word in words])
    found = dict(_measured(frames, settings, warn, info))
    groups: dict[str, dict[str, dict[str, float]]] = {}
    for code, measured in found.items():
        _add(groups, "OCID", code, _processes(frames, measured, _OCID.get(code)), table.ocids)
        for group, marks, kind in (
            ("Buyer", measured.buyers, "buyer"),
            ("ProcuringEntity", measured.entities, "entity"),
            ("Tenderer", measured.tenderers, "tenderer"),
        ):
            _add(groups, group, code, _leads(marks), table.words[kind])
    return Results(
        {name: groups[name] for name in _ORDER if name in groups},
        {code: measured.meta for code, measured in found.items() if measured.meta},
        _maps(table, frames, found) if maps else {},
    )


_ORDER = ("OCID", "Buyer", "ProcuringEntity", "Tenderer")


def _measured(
    frames: BidFrames, settings: Settings, warn: Say, info: Say
) -> Iterator[tuple[str, Measured]]:
    gate = prices.PriceGate(
        frozenset(piped(settings.price_comparison_procurement_methods)),
        frozenset(piped(settings.no_price_comparison_procurement_methods)),
    )
    if settings.price_comparison_procurement_methods is not None and (
        settings.no_price_comparison_procurement_methods is not None
    ):
        warn(
            "no_price_comparison_procurement_methods has no effect if "
            "price_comparison_procurement_methods is set."
        )
    s = settings
    mismatch = info if s.output.info_currency_mismatches else warn
    currency = _currency(frames, s, gate, mismatch)
    taken = None
    if s.R003 is not None:
        methods = frozenset(piped(s.R003.procurement_methods))
        options = deadlines.PeriodOptions(
            s.R003.threshold, methods, s.R003.procurement_method_details
        )
        yield "R003", deadlines.short(frames, options)
    if s.R018 is not None:
        text = s.R018.procurement_methods
        listed = piped("open|selective" if text is None else text)
        yield "R018", single.single(frames, single.SingleOptions(frozenset(listed)))
    if s.R024 is not None or s.R058 is not None:
        taken = price_ratio.ratios(frames, price_ratio.RatioOptions(gate, currency))
    if s.R024 is not None:
        ratio = price_ratio.RatioOptions(gate, currency, s.R024.threshold)
        yield "R024", price_ratio.close(frames, ratio, taken)
    if s.R025 is not None:
        record = rivals.RivalOptions(s.R025.percentile, s.R025.threshold)
        yield "R025", rivals.unsuccessful(frames, record)
    if s.R028 is not None:
        yield "R028", equal_prices.equal(frames, equal_prices.EqualOptions(gate))
    if s.R030 is not None:
        yield "R030", deadlines.late(frames)
    if s.R035 is not None:
        others = disqualified.OthersOptions(1 if s.R035.threshold is None else s.R035.threshold)
        yield "R035", disqualified.all_others(frames, others)
    if s.R036 is not None:
        yield "R036", disqualified.lowest(frames, disqualified.LowestOptions(gate, currency))
    if s.R038 is not None:
        excess = disqualified.ExcessOptions(
            s.R038.threshold, s.R038.minimum_submitted_bids, s.R038.minimum_contracting_processes
        )
        yield "R038", disqualified.excessive(frames, excess)
    if s.R048 is not None:
        kinds = spread.SpreadOptions(
            s.R048.digits, s.R048.threshold, s.R048.minimum_contracting_processes
        )
        yield "R048", spread.heterogeneous(frames, kinds)
    if s.R058 is not None:
        ratio = price_ratio.RatioOptions(gate, currency, s.R058.threshold)
        yield "R058", price_ratio.discounted(frames, ratio, taken)


def _currency(frames: BidFrames, settings: Settings, gate: prices.PriceGate, say: Say) -> int:
    """The one currency in which prices are compared; -1 if there is none."""
    ratios = settings.R024 is not None or settings.R058 is not None
    lowest = settings.R036 is not None
    words = frames.words.currencies
    if settings.currency is None:
        code = prices.first_currency(frames, gate, ratios=ratios, lowest=lowest)
    else:
        code = words.index(settings.currency) if settings.currency in words else -1
    chosen = settings.currency if code < 0 else words[code]
    met = [
        frames.bids.currency[part(frames, gate)]
        for part, on in ((prices.ratio_bids, ratios), (prices.lowest_bids, lowest))
        if on
    ]
    if met:
        count = np.bincount(np.concatenate(met), minlength=len(words))
        for other in sorted(set(np.flatnonzero(count).tolist()) - {code}, key=lambda c: words[c]):
            say(f"{words[other]} is not {chosen}, skipping {count[other]} times.")
    return code


def _processes(frames: BidFrames, measured: Measured, mark: float | None) -> tuple[I64, np.ndarray]:
    """Codes of flagged ocids and what stands for them; of rows of one ocid the last counts."""
    rows, values = measured.processes.leads()
    codes = frames.processes.ocid[rows].astype(np.int64)
    if mark is not None:
        values = np.full(len(values), mark)
    return codes, values


def _leads(marks: Marks) -> tuple[I64, np.ndarray]:
    return marks.leads()


def _add(
    groups: dict[str, dict[str, dict[str, float]]],
    group: str,
    code: str,
    found: tuple[I64, np.ndarray],
    names: Texts,
) -> None:
    if not len(found[0]):
        return
    into = groups.setdefault(group, {})
    for name, value in zip(names.at(found[0]), found[1].tolist(), strict=True):
        if name in into:
            into[name][code] = value
        else:
            into[name] = {code: value}


def _maps(table: Table, frames: BidFrames, found: Mapping[str, Measured]) -> dict[str, Any]:
    """The eight maps; sets of tenderers are sorted."""
    ocid = frames.processes.ocid
    maps: dict[str, Any] = {
        "ocid_buyer_r038": {}, "ocid_procuringentity_r038": {}, "ocid_tenderer": {},
    }  # fmt: skip
    if "R038" in found:
        some = np.flatnonzero(found["R038"].facts["disqualified"] > 0)
        for name, codes, kind in (
            ("ocid_buyer_r038", frames.processes.buyer, "buyer"),
            ("ocid_procuringentity_r038", frames.processes.entity, "entity"),
        ):
            rows = some[codes[some] >= 0]
            pairs = zip(ocid[rows].tolist(), codes[rows].tolist(), strict=True)
            maps[name] = {table.ocids[row]: table.words[kind][code] for row, code in pairs}
    if any(code in found for code in ("R025", "R038", "R048")):
        bid, tenderer = frames.tenderers_of(np.flatnonzero(frames.submitted))
        pairs_of = np.stack([frames.bids.process[bid], tenderer]).astype(np.int64)
        maps["ocid_tenderer"] = _sets(table, frames, pairs_of)
    for code in _MAPPED:
        pairs_of = found[code].pairs if code in found else np.empty((2, 0), np.int64)
        maps[f"ocid_tenderer_{code.lower()}"] = _sets(table, frames, pairs_of)
    return maps


def _sets(table: Table, frames: BidFrames, pairs: I64) -> dict[str, list[str]]:
    names: dict[int, str] = {}
    sets: dict[int, set[str]] = {}
    ocids = frames.processes.ocid[pairs[0]].tolist()
    for row, code in zip(ocids, pairs[1].tolist(), strict=True):
        if code not in names:
            names[code] = table.words["tenderer"][code]
        sets.setdefault(row, set()).add(names[code])
    return {table.ocids[row]: sorted(members) for row, members in sets.items()}


def _rounded(value: float) -> float | None:
    """Four decimals, halves away from zero; None for what is no number."""
    scaled = value * 10_000.0
    if not math.isfinite(scaled):
        return None
    whole = math.trunc(scaled)
    if abs(scaled - whole) >= 0.5:
        whole += 1 if scaled > 0 else -1
    return math.copysign(abs(whole), scaled) / 10_000.0
