"""From records of single runs to figures with intervals, for `detection.py`.

Intervals are 95 %: by bootstrap over seeds for means and powers, Wilson's for shares of p-values.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

import numpy as np

Record = dict[str, Any]
FALSE_RATE = 0.1  # share of cases in vain at which power is read
ENOUGH = 10_000  # p-values per indicator
LEVEL, LOW, HIGH = 0.05, 0.04, 0.06
_DRAWS = 1000
HIDDEN = "_tie_not_in_data"


@dataclass(frozen=True)
class Figure:
    """A measured value.

    Args:
        low: Lower end of its interval; None where one run gives none.
        better: `up`, `down`, or `` where neither is.
        bar: What it should reach, if anything.
    """

    value: float
    low: float | None
    high: float | None
    better: str = "up"
    bar: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        if self.bar is None:
            return None
        room = 1e-9
        if self.better == "down":
            return self.value <= self.bar + room
        return self.value >= self.bar - room

    def worse_than(self, old: "Figure") -> bool:
        """Whether it is worse by more than both intervals allow."""
        if None in (self.low, self.high, old.low, old.high):
            return False
        if self.better == "up":
            return self.value < old.low - 1e-9 and self.high < old.value - 1e-9  # type: ignore[operator]
        if self.better == "down":
            return self.value > old.high + 1e-9 and self.low > old.value + 1e-9  # type: ignore[operator]
        return False


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share."""
    if n == 0:
        return 0.0, 1.0
    share, room = hits / n, z * z / n
    half = z * math.sqrt(share * (1 - share) / n + room / (4 * n))
    return (share + room / 2 - half) / (1 + room), (share + room / 2 + half) / (1 + room)


def over_seeds(
    records: Sequence[Record],
    measure: Callable[[Sequence[Record]], Mapping[str, float]],
    *,
    better: str = "up",
    bars: Mapping[str, float] | None = None,
) -> dict[str, Figure]:
    """Each value that `measure` gives, with its interval by bootstrap over records."""
    if not records:
        return {}
    values = measure(records)
    rng = np.random.default_rng(0)
    drawn: dict[str, list[float]] = {name: [] for name in values}
    if len(records) > 1:
        for _ in range(_DRAWS):
            again = measure([records[i] for i in rng.integers(len(records), size=len(records))])
            for name in drawn:
                if name in again:
                    drawn[name].append(again[name])
    out = {}
    for name, value in values.items():
        ends = np.quantile(drawn[name], [0.025, 0.975]) if drawn[name] else (None, None)
        low, high = (None if e is None else round(float(e), 4) for e in ends)
        out[name] = Figure(round(value, 4), low, high, better, (bars or {}).get(name))
    return out


def averages(get: Callable[[Record], float]) -> Callable[[Sequence[Record]], dict[str, float]]:
    """A measure of one value: its mean."""
    return lambda records: {"": mean(get(r) for r in records)}


def queue_figures(records: Sequence[Record], *, usual: bool) -> dict[str, Figure]:
    """Precision, recall, average precision and look-alikes of provinces of one strength.

    Args:
        records: Of `detection_runs.planted`.
        usual: Whether the strength is the one that the bars are about.
    """

    def up(chosen: Sequence[Record]) -> dict[str, float]:
        return {
            **{
                f"precision at {k}": mean(r["precision"][str(k)] for r in chosen) for k in (50, 100)
            },
            **{f"recall at {k}": mean(r["recall"][str(k)] for r in chosen) for k in (50, 100)},
            "average precision": mean(r["average_precision"] for r in chosen),
        }

    def down(chosen: Sequence[Record]) -> dict[str, float]:
        return {f"look-alikes at {k}": mean(r["look_alikes"][str(k)] for r in chosen)
                for k in (50, 100)}  # fmt: skip

    bars = {"precision at 50": 0.88, "recall at 100": 0.94, "average precision": 0.90}
    found = over_seeds(records, up, bars=bars if usual else None)
    alike = over_seeds(records, down, better="down", bars={"look-alikes at 50": 3} if usual else {})
    return found | alike


def cut(records: Sequence[Record], rate: float = FALSE_RATE) -> float:
    """The lowest score at which at most that share of all cases above it is in vain."""
    pooled = sorted(((s, o == "hit") for r in records for s, o in r["cases"]), reverse=True)
    scores = np.array([s for s, _ in pooled])
    if not scores.size:
        return math.inf
    false = np.cumsum([not hit for _, hit in pooled]) / np.arange(1, len(pooled) + 1)
    whole = np.append(scores[1:] < scores[:-1], True)  # cases of one score stand or fall together
    fits = np.flatnonzero(whole & (false <= rate))
    return float(scores[fits[-1]]) if fits.size else math.inf


def powers(records: Sequence[Record], rate: float = FALSE_RATE) -> dict[str, float]:
    """Share of the schemes of each type that cases above the cut hit."""
    least = cut(records, rate)
    seen: dict[str, list[float]] = {}
    for record in records:
        for kind, rank in record["schemes"]:
            hit = rank is not None and record["cases"][rank - 1][0] >= least
            seen.setdefault(kind, []).append(float(hit))
    return {kind: mean(hits) for kind, hits in sorted(seen.items())}


def reached(records: Sequence[Record], most: int = 100) -> dict[str, float]:
    """Share of the schemes of each type in the first cases."""
    seen: dict[str, list[float]] = {}
    for record in records:
        for kind, rank in record["schemes"]:
            seen.setdefault(kind, []).append(float(rank is not None and rank <= most))
    return {kind: mean(hits) for kind, hits in sorted(seen.items())}


def reached_figures(records: Sequence[Record]) -> dict[str, Figure]:
    """Found in the first 100, with the bar for types whose tie is in the data."""
    types = {kind for record in records for kind, _ in record["schemes"]}
    return over_seeds(records, reached, bars={t: 0.8 for t in types if not t.endswith(HIDDEN)})


def look_alike_figures(records: Sequence[Record]) -> dict[str, Figure]:
    """Look-alikes in the first 50, by type, per province."""
    types = sorted({t for r in records for t in r["look_alike_types"]})
    return over_seeds(
        records,
        lambda chosen: {t: mean(r["look_alike_types"].get(t, 0) for r in chosen) for t in types},
        better="down",
    )


def clean_figures(records: Sequence[Record], least: float) -> dict[str, Figure]:
    """Flags in vain per indicator and clean province; cases above the usual cut."""
    codes = sorted({code for r in records for code in r["flags"]})

    def measure(chosen: Sequence[Record]) -> dict[str, float]:
        told = {
            "cases above the cut": mean(float(sum(s >= least for s in r["scores"])) for r in chosen)
        }
        told["all cases"] = mean(len(r["scores"]) for r in chosen)
        told |= {c: mean(r["flags"].get(c, 0) for r in chosen) for c in codes}
        return told

    return over_seeds(records, measure, better="down")


def ablation_figures(records: Sequence[Record]) -> dict[str, dict[str, Figure]]:
    """What is lost without each family or indicator: the full run minus the one without it."""
    names = sorted({name for r in records for name in r["without"]})
    made = {}
    for name in names:
        # A family that flagged nothing in a province adds nothing there.
        def lost(chosen: Sequence[Record], name: str = name) -> dict[str, float]:
            pairs = [(_full(r), r["without"].get(name) or _full(r)) for r in chosen]
            return {k: mean(a[k] - b[k] for a, b in pairs) for k in _full(chosen[0])}

        whole = name.startswith("family")
        made[name] = over_seeds(
            [r for r in records if whole or r["ablated"] == "all"], lost, better=""
        )
    return made


def _full(record: Record) -> dict[str, float]:
    return {
        "precision_50": record["precision"]["50"],
        "recall_100": record["recall"]["100"],
        "average_precision": record["average_precision"],
        "look_alikes_50": record["look_alikes"]["50"],
    }


def calibration(records: Sequence[Record], kind_of: Mapping[str, str]) -> dict[str, Record]:
    """Per indicator the pooled p-values of the shuffle that suits it.

    `share` is of all testable units, randomised; `reported_share` is how many flags state a
    p-value below 0.05, of all units that could have had one. Flags state the plain p-value,
    which is never below the randomised one.

    Args:
        records: Of `detection_runs.shuffled`.
        kind_of: The shuffle for each indicator.
    """
    pooled: dict[str, Record] = {}
    for record in records:
        for code, p in record["p"].items():
            if kind_of.get(code) != record["kind"]:
                continue
            row = pooled.setdefault(code, dict.fromkeys(p, 0) | {"shuffles": 0})
            for key, number in p.items():
                row[key] += number
            row["shuffles"] += 1
    for code, row in pooled.items():
        low, high = wilson(row["below"], row["tests"])
        # Some look at more than their subjects: at companies besides bodies, or at several kinds.
        told = max(row["computable"], row["tests"])
        share = row["reported"] / max(told, 1)
        few = wilson(row["reported"], told)[0]
        row |= {
            "shuffle": kind_of[code],
            "share": round(row["below"] / max(row["tests"], 1), 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "reported_share": round(share, 4),
            "enough": row["tests"] >= ENOUGH,
            "met": low <= HIGH and high >= LOW and not row["odd"] and few <= HIGH,
        }
    return dict(sorted(pooled.items()))


def as_json(figures: Mapping[str, Figure]) -> dict[str, Record]:
    """Figures as JSON objects."""
    return {name: asdict(figure) | {"met": figure.met} for name, figure in figures.items()}


def from_json(told: Mapping[str, Record]) -> dict[str, Figure]:
    """Figures that were written down."""
    names = ("value", "low", "high", "better", "bar")
    return {name: Figure(**{k: row[k] for k in names}) for name, row in told.items()}
