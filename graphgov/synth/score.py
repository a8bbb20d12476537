"""How well a run found what was planted, by the rule of the data model.

A case hits a scheme when it holds one of its people (bodies, where it has no people) and one of
its companies. A scheme of companies alone is a ring, and so is one without people whose type
says `ring`, `rotation` or `cartel`: there a case must hold at least half of the companies and
three of them (all, where there are fewer). A scheme counts once, at the first case that hits it;
a case that hits only schemes found before is a miss. Types may be any words.
"""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from graphgov.errors import InputError

_TRUTH_COLUMNS = ("item_id", "item", "type", "kind", "id")
_RING_WORDS = frozenset({"ring", "rings", "rotation", "cartel"})
Members = Mapping[str, frozenset[str]]


@dataclass
class Item:
    """A scheme or look-alike and who is in it."""

    item_id: str
    item: str
    type: str
    person: set[str] = field(default_factory=set)
    body: set[str] = field(default_factory=set)
    company: set[str] = field(default_factory=set)

    @property
    def is_ring(self) -> bool:
        """Whether it is hit by its companies alone."""
        words = set(re.split(r"[^a-z]+", self.type.lower()))
        return not self.person and bool(not self.body or words & _RING_WORDS)

    def met_by(self, case: Members) -> bool:
        """Whether a case holds enough of it."""
        shared = len(self.company & case.get("company", frozenset()))
        if self.is_ring:
            needed = max(min(3, len(self.company)), (len(self.company) + 1) // 2)
            return 0 < needed <= shared
        kind, whom = ("person", self.person) if self.person else ("body", self.body)
        return bool(whom & case.get(kind, frozenset())) and (shared > 0 or not self.company)


@dataclass(frozen=True)
class Evaluation:
    """A run measured against the truth.

    Args:
        precision: By k: cases among the first k that are the first to hit some scheme, / k.
        recall: By k: schemes hit by the first k cases, of all schemes.
        average_precision: Sum of the precision at each such case, of all schemes.
        look_alikes: By k: cases among the first k that hit no scheme and meet a look-alike.
        look_alike_types: The same for the smallest k, by type of look-alike met.
        found: By type of scheme: found within the largest k, and how many there are.
        ranks: Rank of the first case that hits each scheme, None where none does.
    """

    schemes: int
    cases: int
    precision: dict[int, float]
    recall: dict[int, float]
    average_precision: float
    look_alikes: dict[int, int]
    look_alike_types: dict[str, int]
    found: dict[str, tuple[int, int]]
    ranks: dict[str, int | None]

    def json(self) -> str:
        """All of it as a JSON object with sorted keys."""
        return json.dumps(asdict(self), indent=2, sort_keys=True)

    def table(self) -> str:
        """What a person reads."""
        least, most = min(self.precision), max(self.precision)
        lines = [f"{self.schemes} schemes, {self.cases} cases"]
        lines += [f"precision in the first {k:<4d} {v:6.2f}" for k, v in self.precision.items()]
        lines += [f"recall in the first {k:<7d} {v:6.2f}" for k, v in self.recall.items()]
        lines.append(f"average precision {self.average_precision:13.2f}")
        lines += [f"look-alikes in the first {k:<2d}{n:7d}" for k, n in self.look_alikes.items()]
        if self.cases < least:
            lines += [f"There are fewer than {least} cases: precision counts the empty places too."]
        lines += ["", f"{'scheme':36} found of   (first {most})"]
        lines += [f"{name:36}{got:5d} {total:4d}" for name, (got, total) in self.found.items()]
        if self.look_alike_types:
            lines += ["", f"{'look-alike':36} met   (first {least})"]
            lines += [f"{name:36}{n:5d}" for name, n in self.look_alike_types.items()]
        return "\n".join(lines)


def evaluate(truth: Path, out: Path, k: Sequence[int] = (50, 100)) -> Evaluation:
    """Measure the cases of a run.

    Args:
        truth: A truth.csv.
        out: Folder of the run, with cases.csv and case_members.csv.
        k: How many cases from the top are looked at.

    Raises:
        InputError: A file is missing or lacks a column.
    """
    return measure(read_truth(truth), read_cases(out), k)


@dataclass(frozen=True)
class Outcome:
    """What one case came upon.

    Args:
        found: Places of the schemes that it is the first to hit.
        again: Whether it hits a scheme, all of them found before.
        look_alikes: Types of look-alike it meets, where it hits no scheme.
    """

    found: tuple[int, ...]
    again: bool
    look_alikes: tuple[str, ...]


def judge(items: Sequence[Item], cases: Sequence[Members]) -> list[Outcome]:
    """What each case came upon, best case first; places are those among the schemes."""
    schemes = [i for i in items if i.item == "scheme"]
    innocent = [i for i in items if i.item == "look_alike"]
    near_scheme, near_innocent = _index(schemes), _index(innocent)
    seen: set[int] = set()
    out = []
    for case in cases:
        met = _met(schemes, near_scheme, case)
        fresh = tuple(place for place in met if place not in seen)
        seen.update(fresh)
        alike = [] if met else [innocent[p].type for p in _met(innocent, near_innocent, case)]
        out.append(Outcome(fresh, bool(met) and not fresh, tuple(sorted(set(alike)))))
    return out


def strangers(truth: Path, out: Path) -> bool:
    """Whether the truth and the cases have nobody in common, as if of different data."""
    told = {key for i in read_truth(truth) for key in (*i.person, *i.body, *i.company)}
    seen = {key for case in read_cases(out) for ids in case.values() for key in ids}
    return not told & seen


def measure(
    items: Sequence[Item], cases: Sequence[Members], k: Sequence[int] = (50, 100)
) -> Evaluation:
    """Measure cases, best first, against schemes and look-alikes."""
    schemes = [i for i in items if i.item == "scheme"]
    ranks: dict[str, int | None] = {s.item_id: None for s in schemes}
    first_hits: list[int] = []
    alike: list[tuple[int, tuple[str, ...]]] = []
    for rank, outcome in enumerate(judge(items, cases), 1):
        for place in outcome.found:
            ranks[schemes[place].item_id] = rank
        if outcome.found:
            first_hits.append(rank)
        elif outcome.look_alikes:
            alike.append((rank, outcome.look_alikes))
    sizes = sorted(set(k))
    total = len(schemes)
    caught = [t for rank, types in alike if rank <= sizes[0] for t in types]
    return Evaluation(
        schemes=total,
        cases=len(cases),
        precision={n: sum(r <= n for r in first_hits) / n for n in sizes},
        recall={n: _within(ranks.values(), n) / max(total, 1) for n in sizes},
        average_precision=sum((i + 1) / r for i, r in enumerate(first_hits)) / max(total, 1),
        look_alikes={n: sum(rank <= n for rank, _ in alike) for n in sizes},
        look_alike_types={t: caught.count(t) for t in sorted(set(caught))},
        found={
            name: (
                _within((ranks[s.item_id] for s in schemes if s.type == name), sizes[-1]),
                sum(s.type == name for s in schemes),
            )
            for name in sorted({s.type for s in schemes})
        },
        ranks=dict(sorted(ranks.items())),
    )


def _within(ranks: Iterable[int | None], most: int) -> int:
    return sum(r is not None and r <= most for r in ranks)


def _index(items: Sequence[Item]) -> dict[str, list[int]]:
    """Items by company; those without companies by person or body."""
    found: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        for key in item.company or item.person or item.body:
            found.setdefault(key, []).append(place)
    return found


def _met(items: Sequence[Item], index: Mapping[str, list[int]], case: Members) -> list[int]:
    """Places of the items that a case holds enough of."""
    keys = frozenset().union(*case.values())
    places = sorted({place for key in keys for place in index.get(key, ())})
    return [p for p in places if items[p].met_by(case)]


def read_truth(path: Path) -> list[Item]:
    """The items of a truth file, in order of their ids.

    Raises:
        InputError: The file is missing, lacks a column or gives one item two types.
    """
    found: dict[str, Item] = {}
    for row in _rows(path, _TRUTH_COLUMNS):
        item = found.setdefault(row["item_id"], Item(row["item_id"], row["item"], row["type"]))
        if (item.item, item.type) != (row["item"], row["type"]):
            raise InputError(f"{path.name}: item {row['item_id']!r} has two types.")
        if row["kind"] in ("person", "body", "company"):
            getattr(item, row["kind"]).add(row["id"])
    return [found[key] for key in sorted(found)]


def read_cases(out: Path) -> list[Members]:
    """The members of each case of a run by kind, best case first.

    Raises:
        InputError: A file is missing or lacks a column.
    """
    ranked = _rows(out / "cases.csv", ("case_id", "rank"))
    try:
        ranked.sort(key=lambda row: int(row["rank"]))
    except ValueError:
        raise InputError("cases.csv: a rank is not a whole number.") from None
    held: dict[str, dict[str, set[str]]] = {row["case_id"]: {} for row in ranked}
    for row in _rows(out / "case_members.csv", ("case_id", "kind", "id")):
        if row["case_id"] in held:
            held[row["case_id"]].setdefault(row["kind"], set()).add(row["id"])
    return [{kind: frozenset(ids) for kind, ids in case.items()} for case in held.values()]


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [c for c in columns if c not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path.name} has no column {missing[0]!r}.")
            return [{c: row[c] or "" for c in columns} for row in reader]
    except FileNotFoundError:
        raise InputError(f"There is no file {str(path)!r}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path.name} cannot be read as CSV: {error}") from None
