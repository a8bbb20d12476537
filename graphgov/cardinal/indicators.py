"""The eleven indicators of Cardinal over one file.

The kernels see one part of the file after the other. What concerns a process alone is decided at
once; what is held to a fence of all waits for the last part, and no more than a few numbers of each
process wait with it.
"""

from collections.abc import Callable

import numpy as np

from graphgov.cardinal.entries import Entries
from graphgov.cardinal.maps import Maps
from graphgov.cardinal.ratios import Prices
from graphgov.cardinal.results import BIT, GROUPS, Results, later_counts, of_indicators
from graphgov.cardinal.settings import Settings, piped
from graphgov.cardinal.shelf import Parcel, Shelf
from graphgov.cardinal.table import Part, Table, Texts
from graphgov.stats.bids import deadlines, disqualified, equal_prices, rivals, single, spread
from graphgov.stats.bids.frames import F64, I64, BidFrames, Marks, Measured
from graphgov.stats.bids.prices import PriceGate

Say = Callable[[str], None]
Kernel = Callable[[BidFrames], Measured]
# What stands in the results for an indicator that is only a mark; the others have a value.
_MARKS = {
    "OCID": {"R003": 1.0, "R018": 1.0, "R028": 1.0, "R030": 1.0, "R036": 1.0},
    "Tenderer": {"R024": 0.0, "R028": 1.0, "R030": 1.0, "R035": 0.0, "R058": 0.0},
}
_STEP = 1 << 14  # organizations written at once


def run(table: Table, settings: Settings, *, maps: bool, warn: Say, info: Say) -> Results:
    """Compute the indicators whose section the settings have.

    Args:
        table: What was read.
        settings: Which indicators, and how.
        maps: Whether maps are wanted.
        warn: Told what a user should know.
        info: Told what is less.

    Raises:
        InputError: There is no room for a temporary file.
    """
    survey = _Survey(table, settings, maps=maps, warn=warn)
    excluded = frozenset(piped(settings.exclusions.procurement_method_details))
    for part, frames in table.frames(lambda words: [word not in excluded for word in words]):
        survey.add(part, frames)
    survey.prices.tell(info if settings.output.info_currency_mismatches else warn)
    return survey.results()


class _Survey:
    """What is known after some parts of the file."""

    def __init__(self, table: Table, settings: Settings, *, maps: bool, warn: Say) -> None:
        self._table = table
        self._settings = s = settings
        self._shelf = Shelf()
        gate = PriceGate(
            frozenset(piped(s.price_comparison_procurement_methods)),
            frozenset(piped(s.no_price_comparison_procurement_methods)),
        )
        if s.price_comparison_procurement_methods is not None and (
            s.no_price_comparison_procurement_methods is not None
        ):
            warn(
                "no_price_comparison_procurement_methods has no effect if "
                "price_comparison_procurement_methods is set."
            )
        self.prices = Prices(s, gate, table.kernel_words.currencies, self._shelf)
        self._kernels = _kernels(s, gate)
        self._maps = Maps(table, s, self._shelf) if maps else None
        words = {name: len(table.words[name]) for name in ("buyer", "entity", "tenderer")}
        self._bits = {
            "Buyer": np.zeros(words["buyer"], np.uint16),
            "ProcuringEntity": np.zeros(words["entity"], np.uint16),
            "Tenderer": np.zeros(words["tenderer"], np.uint16),
        }
        self._found: list[tuple[Part, Parcel]] = []
        self._records = self._rejected = self._kinds = None
        if s.R025 is not None:
            self._records = rivals.Records(words["tenderer"])
        if s.R038 is not None:
            self._rejected = disqualified.Disqualified(*words.values())
        if s.R048 is not None:
            classes = table.kernel_words.classes
            self._kinds = spread.Kinds(words["tenderer"], classes, s.R048.digits)

    def add(self, part: Part, frames: BidFrames) -> None:
        """Look at the processes of a part."""
        bits = np.zeros(part.count, np.uint16)
        found: dict[str, np.ndarray] = {"bits": bits}
        pairs: dict[str, I64] = {}
        self.prices.add(frames)
        measured = {code: kernel(frames) for code, kernel in self._kernels.items()}
        if self._settings.R036 is not None:
            measured["R036"] = self.prices.lowest(frames)
        for code, one in measured.items():
            rows, values = one.processes.leads()
            bits[frames.processes.ocid[rows]] |= BIT[code]
            self._bits["Tenderer"][one.tenderers.leads()[0]] |= BIT[code]
            pairs[code] = one.pairs
            if code not in _MARKS["OCID"]:
                found[code] = values
        if self._records is not None:
            self._records.add(frames)
        if self._kinds is not None:
            self._kinds.add(frames)
        out = np.empty(0, np.int64)
        if self._rejected is not None:
            out, _ = self._rejected.add(frames)
        if self._maps is not None:
            self._maps.add(part, frames, out, pairs)
        self._found.append((part, self._shelf.put(found)))

    def results(self) -> Results:
        """Everything, when all parts were added."""
        meta, values = self._judged()
        meta |= self.prices.judge(self._table.repeats, [part.first for part, _ in self._found])
        groups = {name: Entries(self._shelf, later_counts) for name in GROUPS}
        for number, (part, parcel) in enumerate(self._found):
            self._processes(groups["OCID"], number, part, parcel)
        for name, kind in zip(GROUPS[1:], ("buyer", "entity", "tenderer"), strict=True):
            _organizations(
                groups[name], self._table.words[kind], self._bits[name],
                _MARKS.get(name, {}), values[name],
            )  # fmt: skip
        maps = {} if self._maps is None else self._maps.entries
        return Results(groups, dict(sorted(meta.items())), maps)

    def _judged(self) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, tuple[I64, F64]]]]:
        """Fences, and the values of flagged organizations by group and indicator."""
        s = self._settings
        meta: dict[str, dict[str, float]] = {}
        values: dict[str, dict[str, tuple[I64, F64]]] = {name: {} for name in GROUPS}

        def lead(group: str, code: str, marks: Marks) -> None:
            values[group][code] = marks.leads()
            self._bits[group][values[group][code][0]] |= BIT[code]

        if self._records is not None and s.R025 is not None:
            record = rivals.RivalOptions(s.R025.percentile, s.R025.threshold)
            marks, meta["R025"] = self._records.judged(record)
            lead("Tenderer", "R025", marks)
        if self._rejected is not None and s.R038 is not None:
            excess = disqualified.ExcessOptions(
                s.R038.threshold,
                s.R038.minimum_submitted_bids,
                s.R038.minimum_contracting_processes,
            )
            all_marks, meta["R038"] = self._rejected.judged(excess)
            for group, marks in zip(GROUPS[1:], all_marks, strict=True):
                lead(group, "R038", marks)
        if self._kinds is not None and s.R048 is not None:
            kinds = spread.SpreadOptions(
                s.R048.digits, s.R048.threshold, s.R048.minimum_contracting_processes
            )
            marks, meta["R048"] = self._kinds.judged(kinds)
            lead("Tenderer", "R048", marks)
        return {code: one for code, one in meta.items() if one}, values

    def _processes(self, entries: Entries, number: int, part: Part, parcel: Parcel) -> None:
        """The flagged processes of a part, with what prices say of them."""
        found = parcel.arrays()
        bits = found.pop("bits").copy()
        pairs: dict[str, I64] = {}
        for code, (rows, values, parties) in self.prices.leads(number).items():
            bits[rows] |= BIT[code]
            found[code] = values
            self._bits["Tenderer"][parties.ravel()] |= BIT[code]
            pairs[code] = np.stack([np.tile(rows, len(parties)), parties.ravel()])
        places = np.flatnonzero(bits)
        if len(places):
            names = part.ocids()
            texts = of_indicators(bits[places].tolist(), _MARKS["OCID"], found)
            entries.put(names.at(places), texts)
        if self._maps is not None:
            self._maps.add_pairs(part, pairs)


def _kernels(s: Settings, gate: PriceGate) -> dict[str, Kernel]:
    """The indicators that need nothing but the process itself."""
    kernels: dict[str, Kernel] = {}
    if s.R003 is not None:
        period = deadlines.PeriodOptions(
            s.R003.threshold,
            frozenset(piped(s.R003.procurement_methods)),
            s.R003.procurement_method_details,
        )
        kernels["R003"] = lambda frames: deadlines.short(frames, period)
    if s.R018 is not None:
        text = s.R018.procurement_methods
        methods = single.SingleOptions(frozenset(piped("open|selective" if text is None else text)))
        kernels["R018"] = lambda frames: single.single(frames, methods)
    if s.R028 is not None:
        kernels["R028"] = lambda frames: equal_prices.equal(frames, equal_prices.EqualOptions(gate))
    if s.R030 is not None:
        kernels["R030"] = deadlines.late
    if s.R035 is not None:
        others = disqualified.OthersOptions(1 if s.R035.threshold is None else s.R035.threshold)
        kernels["R035"] = lambda frames: disqualified.all_others(frames, others)
    return kernels


def _organizations(
    entries: Entries,
    names: Texts,
    bits: np.ndarray,
    marks: dict[str, float],
    values: dict[str, tuple[I64, F64]],
) -> None:
    """The flagged organizations of one kind."""
    places = np.flatnonzero(bits)
    for at in range(0, len(places), _STEP):
        some = places[at : at + _STEP]
        measured = {}
        for code, (codes, column) in values.items():
            low, high = np.searchsorted(codes, [some[0], some[-1] + 1])
            measured[code] = column[low:high]
        entries.put(names.at(some), of_indicators(bits[some].tolist(), marks, measured))
