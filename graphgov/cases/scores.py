"""One combined score per body, person and company, over all flags about it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from graphgov.cases.group import about
from graphgov.cases.weigh import case_score, worth
from graphgov.schema import Flag, Score
from graphgov.stats.fdr import benjamini_hochberg, cauchy_combination

KINDS = ("body", "company", "person")
_TOP = 3
_NONE: Mapping[str, int] = MappingProxyType({})


def scores(flags: Sequence[Flag], subjects: Mapping[str, int] = _NONE) -> list[Score]:
    """Scores of everybody that a flag is about, sorted by kind and id.

    The score is that of a case of all the subject's flags. The p-value is the Cauchy
    combination of the flags' own, which holds although they depend on one another; it is about
    what was flagged, and does not count how often the subject was looked at. The q-value is
    Benjamini and Hochberg's inside a kind. Flags without a p-value count by points only, and
    probable data errors not at all.

    Args:
        flags: All of them.
        subjects: How many subjects of a kind there are; those without a flag count as tested
            and found ordinary. Without it only those with a flag count.
    """
    found: dict[tuple[str, str], list[Flag]] = defaultdict(list)
    for flag in flags:
        if flag.class_ != "data":
            for subject in _subjects(flag):
                found[subject].append(flag)
    made = []
    for kind in KINDS:
        keys = sorted(key for k, key in found if k == kind)
        chances = [_combined(found[kind, key]) for key in keys]
        known = [p for p in chances if p is not None]
        tests = max(len(known), subjects.get(kind, 0))
        adjusted = iter(benjamini_hochberg(np.array(known, dtype=np.float64), tests))
        for key, p in zip(keys, chances, strict=True):
            own = found[kind, key]
            q = None if p is None else float(next(adjusted))
            made.append(Score(kind, key, case_score(own), p, q, len(own), _top(own)))
    return made


def _subjects(flag: Flag) -> Iterator[tuple[str, str]]:
    who = about(flag)
    ids = (who.bodies, who.companies, who.people)
    return ((kind, key) for kind, keys in zip(KINDS, ids, strict=True) for key in keys)


def _top(flags: Sequence[Flag]) -> str:
    """The indicators that weigh most, strongest first, separated by blanks."""
    best: dict[str, float] = {}
    for flag in flags:
        best[flag.indicator] = max(best.get(flag.indicator, 0.0), worth(flag))
    return " ".join(sorted(best, key=lambda code: (-round(best[code], 9), code))[:_TOP])


def _combined(flags: Sequence[Flag]) -> float | None:
    values = [f.p_value for f in flags if f.p_value is not None]
    if len(values) < 2:
        return values[0] if values else None
    return cauchy_combination(np.clip(np.array(sorted(values)), 1e-300, 1.0))
