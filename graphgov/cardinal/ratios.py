"""The indicators that compare prices: R024, R036 and R058, part by part, in one currency."""

from collections.abc import Callable, Iterator

import numpy as np

from graphgov.cardinal.repeats import Repeats
from graphgov.cardinal.settings import Settings, Share
from graphgov.cardinal.shelf import Parcel, Shelf
from graphgov.stats.bids import disqualified, price_ratio
from graphgov.stats.bids.fences import drawn
from graphgov.stats.bids.frames import F64, I32, I64, BidFrames, Measured
from graphgov.stats.bids.prices import PriceGate, first_currency, lowest_bids, ratio_bids
from graphgov.stats.bids.ranked import Ranked

Say = Callable[[str], None]
Leads = dict[str, tuple[I32, F64, np.ndarray]]


class Prices:
    """Currencies met and ratios taken so far.

    Args:
        settings: Which indicators, and how.
        gate: Which processes compete by price.
        currencies: The words of all currencies.
        shelf: Where ratios wait for the fence.
    """

    def __init__(
        self, settings: Settings, gate: PriceGate, currencies: tuple[str, ...], shelf: Shelf
    ) -> None:
        self._shares: dict[price_ratio.Rule, tuple[str, Share]] = {}
        if settings.R024 is not None:
            self._shares[price_ratio.CLOSE] = ("R024", settings.R024)
        if settings.R058 is not None:
            self._shares[price_ratio.DISCOUNTED] = ("R058", settings.R058)
        self._lowest = settings.R036 is not None
        self._gate = gate
        self._words = currencies
        self._asked = settings.currency
        self._code = currencies.index(self._asked) if self._asked in currencies else -1
        self._met = np.zeros(len(currencies), np.int64)
        self._shelf = shelf
        self._parts: list[Parcel] = []
        self._limits: dict[price_ratio.Rule, float] = {}
        self._firsts: list[int] = []
        self._old: I64 = np.empty(0, np.int64)

    def add(self, frames: BidFrames) -> None:
        """Take note of the currencies and take the ratios of a part."""
        met = [ratio_bids(frames, self._gate)] if self._shares else []
        met += [lowest_bids(frames, self._gate)] if self._lowest else []
        if self._code < 0 and self._asked is None:
            self._code = first_currency(frames, *met)
        for part in met:
            self._met += np.bincount(frames.bids.currency[part], minlength=len(self._met))
        if self._shares:
            taken = price_ratio.ratios(frames, price_ratio.RatioOptions(self._gate, self._code))
            parties = frames.sole[np.stack([taken.winner, taken.rival])]
            self._parts.append(
                self._shelf.put(
                    {
                        "row": frames.processes.ocid[taken.process],
                        "value": taken.value,
                        "parties": parties,
                    }
                )
            )

    def lowest(self, frames: BidFrames) -> Measured:
        """R036 in a part that was added."""
        return disqualified.lowest(frames, disqualified.LowestOptions(self._gate, self._code))

    def tell(self, say: Say) -> None:
        """Say which other currencies were passed over."""
        chosen = self._asked if self._code < 0 else self._words[self._code]
        others = set(np.flatnonzero(self._met).tolist()) - {self._code}
        for other in sorted(others, key=lambda code: self._words[code]):
            say(f"{self._words[other]} is not {chosen}, skipping {self._met[other]} times.")

    def judge(self, repeats: Repeats, firsts: list[int]) -> dict[str, dict[str, float]]:
        """Find the limits when all parts were added.

        Args:
            repeats: Rows that share their ocid; the last with a ratio counts.
            firsts: The first row of each part.

        Returns:
            The quartiles and fences by indicator.
        """
        meta: dict[str, dict[str, float]] = {}
        if not self._shares:
            return meta
        self._firsts = firsts
        rows = (part.only("row")["row"] + first for part, first in self._numbered())
        self._old = repeats.superseded(rows)
        made = None
        for rule, (code, share) in self._shares.items():
            if share.threshold is not None:
                meta[code] = {rule.name: share.threshold}
                self._limits[rule] = rule.fixed(share.threshold)
            else:
                made = made or drawn(Ranked(self._values))
                meta[code] = rule.meta(made)
                self._limits[rule] = rule.limit(made)
        return meta

    def leads(self, number: int) -> Leads:
        """Rows, ratios and tenderers of flagged processes of a part, by indicator."""
        leads: Leads = {}
        if not self._shares:
            return leads
        found = self._parts[number].arrays()
        row, value = found["row"], found["value"]
        parties = found["parties"].reshape(2, -1)
        current = self._current(row, self._firsts[number])
        for rule, (code, _) in self._shares.items():
            flagged = rule.beyond(value, np.full(len(value), self._limits[rule])) & current
            leads[code] = row[flagged], value[flagged], parties[: rule.parties, flagged]
        return leads

    def _numbered(self) -> Iterator[tuple[Parcel, int]]:
        return zip(self._parts, self._firsts, strict=True)

    def _values(self) -> Iterator[F64]:
        for part, first in self._numbered():
            if len(self._old):
                found = part.arrays()
                yield found["value"][self._current(found["row"], first)]
            else:
                yield part.only("value")["value"]

    def _current(self, rows: I32, first: int) -> np.ndarray:
        """Whether no later row of the same ocid has a ratio."""
        if not len(self._old):
            return np.ones(len(rows), np.bool_)
        return ~np.isin(rows.astype(np.int64) + first, self._old)
