"""What people judged of earlier cases, and what a later run makes of it.

A judgement of a case holds for a later case with the same id, or that shares at least half of
the core members it had. A dismissed case stays away until it holds a flag that may carry a case
and was not judged; a confirmed or unsure one is marked. Judgements also teach, after the
catalogue's H09: from `LEARNED_FROM` of them on, the points of each family of indicators get a
factor, fitted by a logistic ridge that pulls towards one, kept within bounds, and used only
if it foretells held-out judgements better than the plain sum does. Only what stood in a queue
was ever judged, so the factors say what is worth a reviewer's day, not how common anything is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graphgov.cases.group import Group, members
from graphgov.cases.weigh import cluster, contributions, score_of, starts_a_case, worth
from graphgov.detector import digest
from graphgov.schema import Case, Flag, Member

VERDICTS = ("confirmed", "dismissed", "unsure")
LEARNED_FROM = 200  # judgements that confirm or dismiss
_CONFIRMED, _DISMISSED = 50, 20  # of which at least so many each
_FOLDS = 5
_RIDGE = 10.0  # weight, in judgements, of the belief that a family is worth what it was
_LEAST, _MOST = 0.25, 4.0
_CORE = frozenset({"person", "body", "company"})
F64 = npt.NDArray[np.float64]
Key = tuple[str, str]


class Sign(NamedTuple):
    """A flag as it was judged."""

    flag_id: str
    indicator: str
    class_: str
    score: float


@dataclass(frozen=True)
class Judgement:
    """What a person said of a case.

    Args:
        case_id: As it was then.
        verdict: One of `VERDICTS`.
        on: Day of the judgement.
        members: Core people, bodies and companies of the case, as (kind, id).
        signs: Its flags.
    """

    case_id: str
    verdict: str
    on: date
    members: frozenset[Key]
    signs: tuple[Sign, ...]


@dataclass(frozen=True)
class Standing:
    """How a case stands with what was judged.

    Args:
        verdict: Of the judgement that fits it best.
        on: Its day.
        fresh: Indicators of carrying flags that no judgement on it has seen.
        known: Whether it is the case that was judged, or holds one of its flags; else it only
            names some of the same people, bodies and companies.
    """

    verdict: str
    on: date
    fresh: tuple[str, ...]
    known: bool = True

    @property
    def closed(self) -> bool:
        """Whether it was dismissed and nothing new was found since."""
        return self.verdict == "dismissed" and not self.fresh


class Reviews:
    """All judgements that a run was given.

    Args:
        judgements: In the order in which they were made.

    Attributes:
        count: How many cases have a judgement.
        factors: Factor by family of indicators; empty until enough was judged.
    """

    def __init__(self, judgements: Iterable[Judgement] = ()) -> None:
        last: dict[str, Judgement] = {}
        self._seen: dict[str, set[str]] = defaultdict(set)
        for one in judgements:
            last[one.case_id] = one
            self._seen[one.case_id].update(sign.flag_id for sign in one.signs)
        self._last = last
        self._holders: dict[Key, list[str]] = defaultdict(list)
        for key, one in last.items():
            for member in sorted(one.members):
                self._holders[member].append(key)
        self.count = len(last)
        self.factors: Mapping[str, float] = learned(list(last.values()))

    def standing(
        self, case_id: str, who: Iterable[Member], flags: Iterable[Flag]
    ) -> Standing | None:
        """How a case stands; None where no judgement holds for it.

        Args:
            case_id: Its id now.
            who: Its members; people, bodies and companies count.
            flags: Everything in it.
        """
        mine = {(m.kind, m.id) for m in who if m.kind in _CORE}
        near = {key for member in mine for key in self._holders.get(member, ())}
        near |= {case_id} & set(self._last)
        fits = []
        for key in near:
            one = self._last[key]
            shared = len(mine & one.members)
            if key == case_id or 2 * shared >= len(one.members):
                alike = shared / max(len(mine | one.members), 1)
                fits.append((key != case_id, -alike, -one.on.toordinal(), key))
        if not fits:
            return None
        fits.sort()
        best = self._last[fits[0][-1]]
        judged = set().union(*(self._seen[key] for *_, key in fits))
        fresh, known = set(), case_id == best.case_id
        for flag in flags:
            known |= flag.flag_id in self._seen[best.case_id]
            if flag.flag_id not in judged and starts_a_case(flag):
                fresh.add(flag.indicator)
        return Standing(best.verdict, best.on, tuple(sorted(fresh)), known)

    def part(
        self, groups: Sequence[Group], case_id: Callable[[Group], str]
    ) -> tuple[list[Group], tuple[str, ...]]:
        """Groups that stay in the queue, and the ids of those that were dismissed."""
        if not self.count:
            return list(groups), ()
        stay, gone = [], []
        for made in groups:
            key = case_id(made)
            found = self.standing(key, members(made), made.flags)
            if found is not None and found.closed:
                gone.append(key)
            else:
                stay.append(made)
        return stay, tuple(sorted(gone))

    def total(self, flags: Iterable[Flag]) -> float:
        """Points of a case, each family's times its factor."""
        if not self.factors:
            return sum(contributions(flags).values())
        strongest: dict[str, float] = {}
        for flag in flags:
            name = cluster(flag.indicator)
            value = worth(flag) * self.factors.get(flag.family, 1.0)
            strongest[name] = max(strongest.get(name, 0.0), value)
        return sum(strongest[name] for name in sorted(strongest))

    def marked(self, case: Case, flags: Sequence[Flag], language: str) -> Case:
        """A case with its score by learned factors, and what was said of it before."""
        if self.factors:
            case = replace(case, score=score_of(self.total(flags)))
        found = self.standing(case.case_id, case.members, flags) if self.count else None
        if found is None:
            return case
        fresh = ", ".join(found.fresh)
        key = "again" if fresh and found.verdict == "dismissed" else found.verdict
        words = _WORDS[language]
        said = words[key] if found.known else words["near"]
        mark = said.format(on=found.on.isoformat(), fresh=fresh, verdict=words[f"{found.verdict}?"])
        return replace(case, summary=f"{mark} {case.summary}".strip())


_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "confirmed": "A reviewer confirmed this lead on {on}.",
            "unsure": "A reviewer was unsure about this lead on {on}.",
            "dismissed": "A reviewer dismissed this lead on {on}.",
            "again": "A reviewer dismissed this lead on {on}; it is back because of what was not "
            "seen then: {fresh}.",
            "near": "A reviewer {verdict} another lead on some of the same names on {on}.",
            "confirmed?": "confirmed",
            "dismissed?": "dismissed",
            "unsure?": "was unsure about",
        },
        "zh": {
            "confirmed": "审查人员已于{on}确认本线索。",
            "unsure": "审查人员于{on}对本线索未作定论。",
            "dismissed": "审查人员已于{on}排除本线索。",
            "again": "审查人员曾于{on}排除本线索；因出现当时未见的迹象（{fresh}）而重新列出。",
            "near": "审查人员于{on}{verdict}涉及部分相同对象的另一线索。",
            "confirmed?": "确认了",
            "dismissed?": "排除了",
            "unsure?": "未作定论的是",
        },
    }
)


def learned(judgements: Sequence[Judgement]) -> Mapping[str, float]:
    """What a family's points are worth, by the judgements; empty while there are too few.

    Args:
        judgements: One per case; those that confirm or dismiss count, whatever their order.
    """
    told = sorted(
        (j for j in judgements if j.verdict in ("confirmed", "dismissed") and j.signs),
        key=lambda j: j.case_id,
    )
    y = np.array([j.verdict == "confirmed" for j in told], dtype=np.float64)
    if len(told) < LEARNED_FROM or y.sum() < _CONFIRMED or (1 - y).sum() < _DISMISSED:
        return MappingProxyType({})
    shares = [_by_family(j) for j in told]
    families = sorted({f for share in shares for f in share})
    x = np.array([[share.get(f, 0.0) for f in families] for share in shares])
    fold = np.array([int(digest(j.case_id)[:8], 16) % _FOLDS for j in told])
    plain = better = 0.0
    for part in range(_FOLDS):
        rest, held = fold != part, fold == part
        base, taught = _fit(x[rest], y[rest])
        plain += _loss(base, x[held], y[held])
        better += _loss(taught, x[held], y[held])
    if better >= plain:
        return MappingProxyType({})
    base, taught = _fit(x, y)
    factors = taught[1:] / base[1:]
    return MappingProxyType({f: round(float(v), 3) for f, v in zip(families, factors, strict=True)})


def _by_family(one: Judgement) -> dict[str, float]:
    """Points of a judged case by family, each cluster of facts counted once."""
    strongest: dict[str, tuple[float, str]] = {}
    for sign in one.signs:
        family = "A" if sign.indicator.startswith("R") else sign.indicator[:1]
        flag = Flag(
            flag_id=sign.flag_id,
            indicator=sign.indicator,
            family=family,
            class_=sign.class_,  # type: ignore[arg-type]
            subject_kind="",
            subject_id="",
            score=sign.score,
        )
        name = cluster(sign.indicator)
        strongest[name] = max(strongest.get(name, (0.0, "")), (worth(flag), family))
    total: dict[str, float] = defaultdict(float)
    for _, (value, family) in sorted(strongest.items()):
        total[family] += min(value, 10.0)
    return dict(total)


def _fit(x: F64, y: F64) -> tuple[F64, F64]:
    """Intercept and slopes: one slope for all families, and one each, pulled towards it."""
    from scipy import optimize  # imported here: slow, and few runs learn

    whole = x.sum(axis=1, keepdims=True)

    def plain(at: F64) -> float:
        return _loss(at, whole, y) + 0.5 * float(at[1] ** 2)

    one = optimize.minimize(plain, np.zeros(2), method="L-BFGS-B", bounds=[(-20, 20), (0.02, 20)])
    intercept, slope = float(one.x[0]), float(one.x[1])

    def each(at: F64) -> float:
        return _loss(at, x, y) + _RIDGE * float(((at[1:] / slope - 1.0) ** 2).sum())

    start = np.r_[intercept, np.full(x.shape[1], slope)]
    bounds = [(-20.0, 20.0)] + [(_LEAST * slope, _MOST * slope)] * x.shape[1]
    found = optimize.minimize(each, start, method="L-BFGS-B", bounds=bounds)
    return start, np.asarray(found.x, dtype=np.float64)


def _loss(at: F64, x: F64, y: F64) -> float:
    """Negative log-likelihood of a logistic regression, added up in a fixed order."""
    z = at[0] + x @ at[1:]
    return float(np.sum(np.logaddexp(0.0, z) - y * z))


NOTHING_JUDGED = Reviews()
