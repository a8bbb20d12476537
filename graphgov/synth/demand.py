"""What bodies set out to buy: one row per tender, before anybody bids."""

from dataclasses import dataclass

import numpy as np

from graphgov.synth.words import BODY_KINDS, TRADES
from graphgov.synth.world import DAYS, FIRST_YEAR, Floats, Ints, World

OPEN, SELECTIVE, LIMITED, DIRECT = range(4)
_RAISED_ON = 1277  # thresholds double on 2019-07-01
_GOODS, _WORKS = 200_000, 500_000


@dataclass
class Tenders:
    """Tenders in order of body and day; plans change rows before the market opens.

    Args:
        niche: -1, or the number of a narrow trade that one firm in the province masters.
        title_of: Tenders that are parts of one thing carry the same number; -1 otherwise.
    """

    body: Ints
    trade: Ints
    day: Ints
    estimate: Floats
    method: Ints
    niche: Ints
    title_of: Ints

    def __len__(self) -> int:
        return len(self.body)

    def of_body(self, body: int) -> slice:
        """Where the tenders of a body stand."""
        low, high = np.searchsorted(self.body, [body, body + 1])
        return slice(int(low), int(high))

    def within(self, body: int, start: int, end: int) -> Ints:
        """Tenders of a body between two days."""
        part = self.of_body(body)
        days = self.day[part]
        return np.nonzero((days >= start) & (days <= end))[0] + int(part.start)


def threshold(trade: Ints, day: Ints) -> Floats:
    """The value from which a purchase must be an open tender, in CNY."""
    works = np.array([t.code.startswith("45") for t in TRADES])[trade]
    base = np.where(works, _WORKS, _GOODS)
    return np.asarray(np.where(day >= _RAISED_ON, 2.0, 1.0) * base)


def threshold_rows() -> list[tuple[str, int, str, str]]:
    """Rows of the thresholds table: category prefix, amount, start, end."""
    rows = []
    goods = sorted({t.code[:2] for t in TRADES if not t.code.startswith("45")})
    for prefix in [*goods, "45"]:
        base = _WORKS if prefix == "45" else _GOODS
        rows.append((prefix, base, f"{FIRST_YEAR - 1}-01-01", "2019-06-30"))
        rows.append((prefix, base * 2, "2019-07-01", ""))
    return rows


def make_tenders(rng: np.random.Generator, world: World, count: int) -> Tenders:
    """What is bought, before schemes; years end in a rush, honest values bunch a little."""
    size = world.body_size / world.body_size.sum()
    body = np.sort(rng.choice(world.bodies, size=count, p=size))
    trade = _trades(rng, world, body)
    day = draw_days(rng, count)
    order = np.lexsort((day, body))
    body, trade, day = body[order], trade[order], day[order]
    tenders = Tenders(
        body=body,
        trade=trade,
        day=day,
        estimate=draw_values(rng, world, body, trade),
        method=np.zeros(count, dtype=np.int64),
        niche=np.full(count, -1),
        title_of=np.full(count, -1),
    )
    bunch(rng, tenders, np.arange(count), 0.16)
    tenders.method[:] = draw_methods(rng, tenders.estimate, trade, day)
    return tenders


def draw_days(rng: np.random.Generator, count: int) -> Ints:
    """Working days; the last weeks of a year count double and more."""
    days = np.arange(DAYS)
    month = (np.datetime64(f"{FIRST_YEAR}-01-01") + days).astype("datetime64[M]").astype(int) % 12
    weight = np.array([0.8, 0.45, 0.9, 1, 1, 1.05, 1, 1, 1.05, 0.95, 1.5, 2.1])[month]
    weight *= weekday(days) < 5
    return np.asarray(rng.choice(DAYS, size=count, p=weight / weight.sum()), dtype=np.int64)


def weekday(day: Ints) -> Ints:
    """0 for Monday to 6 for Sunday; 2016-01-01 was a Friday."""
    return (day + 4) % 7


def workday(day: Ints) -> Ints:
    """The day itself, or the Monday after a weekend, inside the period."""
    moved = day + np.array([0, 0, 0, 0, 0, 2, 1])[weekday(day)]
    return np.where(moved >= DAYS, DAYS - 3, moved)  # 2023-12-29 is a Friday


def draw_values(rng: np.random.Generator, world: World, body: Ints, trade: Ints) -> Floats:
    """Estimated values, rounded as officials round them."""
    median = np.array([t.median for t in TRADES])[trade]
    scale = np.array([{"city": 1.6, "township": 0.7}.get(k[0], 1.0) for k in BODY_KINDS])
    value = median * scale[world.body_kind[body]] * rng.lognormal(0, 0.75, len(body))
    step = np.where(value > 300_000, 10_000.0, 1_000.0)
    return np.asarray(np.maximum(np.round(value / step) * step, 2_000.0))


def bunch(rng: np.random.Generator, tenders: Tenders, rows: Ints, chance: float) -> Ints:
    """Lower some values over the threshold to just below it; gives back which rows moved."""
    limit = threshold(tenders.trade[rows], tenders.day[rows])
    ratio = tenders.estimate[rows] / limit
    moved = rows[(ratio >= 1) & (ratio < 1.6) & (rng.random(len(rows)) < chance)]
    tenders.estimate[moved] = below(rng, tenders, moved)
    return moved


def below(rng: np.random.Generator, tenders: Tenders, rows: Ints) -> Floats:
    """Values a little under the threshold in force."""
    limit = threshold(tenders.trade[rows], tenders.day[rows])
    trimmed = limit * (1 - 0.2 * rng.beta(1.1, 2.2, len(rows)))
    return np.asarray(np.floor(trimmed / 500 - 0.01) * 500)


def draw_methods(rng: np.random.Generator, estimate: Floats, trade: Ints, day: Ints) -> Ints:
    """Open from the threshold on, mostly simpler below it."""
    ratio = estimate / threshold(trade, day)
    draw = rng.random(len(estimate))
    over = np.where(draw < 0.9, OPEN, np.where(draw < 0.96, SELECTIVE, LIMITED))
    small = np.where(draw < 0.25, OPEN, np.where(draw < 0.6, LIMITED, DIRECT))
    middle = np.where(draw < 0.35, OPEN, np.where(draw < 0.85, LIMITED, DIRECT))
    return np.where(ratio >= 1, over, np.where(ratio < 0.3, small, middle)).astype(np.int64)


def _trades(rng: np.random.Generator, world: World, body: Ints) -> Ints:
    # One sorted line of all bodies' shares makes each draw a binary search.
    line = (np.cumsum(world.demand, axis=1) + np.arange(world.bodies)[:, None]).ravel()
    found = np.searchsorted(line, body + rng.random(len(body)) * 0.999_999)
    return np.asarray(np.minimum(found - body * len(TRADES), len(TRADES) - 1), dtype=np.int64)
