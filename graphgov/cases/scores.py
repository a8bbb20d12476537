"""One combined score per body, person and company, over all flags about it."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from graphgov.cases.weigh import case_score, points
from graphgov.schema import Flag, Score
from graphgov.stats.fdr import benjamini_hochberg, cauchy_combination


def scores(flags: Sequence[Flag]) -> list[Score]:
    """Scores of all subjects, sorted by kind and id.

    The p-value is the Cauchy combination of the flags' own (valid under dependence), the
    q-value is Benjamini-Hochberg's inside a kind; flags without a p-value count by points only.
    """
    found: dict[tuple[str, str], list[Flag]] = defaultdict(list)
    for flag in flags:
        if flag.class_ == "data":
            continue
        for kind, key in (
            ("body", flag.body_id),
            ("company", flag.company_id),
            ("person", flag.person_id),
        ):
            if key:
                found[kind, key].append(flag)
    made = []
    for kind in ("body", "company", "person"):
        subjects = sorted(key for k, key in found if k == kind)
        chances = [_combined(found[kind, key]) for key in subjects]
        known = [i for i, p in enumerate(chances) if p is not None]
        adjusted = benjamini_hochberg(np.array([chances[i] for i in known], dtype=np.float64))
        q_values = {i: float(q) for i, q in zip(known, adjusted, strict=True)}
        for i, key in enumerate(subjects):
            own = found[kind, key]
            best = sorted({f.indicator: points(f) for f in sorted(own, key=points)}.items())
            top = sorted(best, key=lambda item: -item[1])[:3]
            made.append(
                Score(
                    kind,
                    key,
                    case_score(own),
                    chances[i],
                    q_values.get(i),
                    len(own),
                    " ".join(code for code, _ in top),
                )
            )
    return made


def _combined(flags: Sequence[Flag]) -> float | None:
    values = [f.p_value for f in flags if f.p_value is not None]
    if not values:
        return None
    return float(cauchy_combination(np.clip(np.array(sorted(values)), 1e-300, 1.0)))
