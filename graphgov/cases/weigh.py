"""How broken rules, ties, statistics and anomalies become one score: the one place.

After the catalogue's H08. Every flag's score s stands for points 2 s / (1 - s); for a flag with
a p-value these are its surprise in powers of ten (p = 0.001 is three points). A broken rule has no
p-value: it is worth its score times a fixed weight, more than any tie without a measured
advantage, less than a tie with a strong one. A case adds up

    points = sum over clusters of the largest weight(indicator) * points(flag) in the cluster

where a cluster is a set of indicators that speak of the same fact, so that the fact counts once.
Evidence classes are kept apart: a broken rule weighs most, then a tie together with a measured
advantage, then a statistical excess, then an anomaly, which only ever adds to something else.
The case's score is points / (points + 10), which never saturates; ties are broken by the
number of kinds of evidence, by money and by how recent it is.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from graphgov.schema import Flag

# Indicators that measure the same fact, and what a point of each is worth. A tie's score is
# already the product of the tie and a measured advantage; an advantage alone has more innocent
# readings, least where it comes and goes with one official.
CLUSTERS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "broken rule": {"E15": 1.2, "E02": 1.2},
        "tie with advantage": {"E01": 1.5, "E03": 1.5, "E06": 1.5, "E14": 1.5},
        "advantage": {"E05": 0.4, "E04": 0.4, "D01": 0.12},
        "splitting": {"F01": 1.0, "F02": 0.5},
        "group of bidders": {"D04": 1.0, "C10": 1.0},
        # What keeps rivals away or out is one fact, seen from several sides.
        "low competition": {"R018": 0.1, "R003": 0.02, "R035": 0.08, "R036": 0.08, "R038": 0.1},
        "late bid": {"R030": 0.6},
        "prices": {"R028": 0.1, "R024": 0.1, "R058": 0.01},
        "odd bidder": {"R025": 0.1, "R048": 0.1},
        "unusual pair": {"H01": 0.1},
    }
)
_OTHER = 0.1  # an indicator that nobody has placed yet
# The rule an official's stake breaks and the favour shown to it are one fact told twice.
_ONE_FACT = ("broken rule", "tie with advantage")
_TOLD_TWICE = 0.25
_HALF = 10.0  # points at which a case scores one half
_CARRYING = frozenset({"legal", "tie", "statistical"})
# What says too little by itself to bring anybody into a case.
_SUPPORT = frozenset({"R003", "R018", "R024", "R028", "R035", "R036", "R058", "H01"})
GROUP_KINDS = frozenset({"group", "community", "company_pair"})  # subjects of companies alone


def points(flag: Flag) -> float:
    """Points of one flag: its surprise, in powers of ten; a broken rule has its score."""
    if flag.class_ == "legal":
        return flag.score
    return 2.0 * flag.score / max(1e-9, 1.0 - flag.score)


def cluster(indicator: str) -> str:
    """The cluster of facts an indicator speaks of; its own code if it is alone."""
    for name, codes in CLUSTERS.items():
        if indicator in codes:
            return name
    return indicator


def worth(flag: Flag) -> float:
    """What one flag would add to a case alone: its points times its indicator's weight."""
    return points(flag) * CLUSTERS.get(cluster(flag.indicator), {}).get(flag.indicator, _OTHER)


def contributions(flags: Iterable[Flag]) -> dict[str, float]:
    """Points that each cluster adds to a case, by cluster."""
    strongest: dict[str, float] = {}
    for flag in flags:
        name = cluster(flag.indicator)
        strongest[name] = max(strongest.get(name, 0.0), worth(flag))
    told = sorted((n for n in _ONE_FACT if n in strongest), key=lambda name: strongest[name])
    for name in told[:-1]:
        strongest[name] *= _TOLD_TWICE
    return dict(sorted(strongest.items()))


def case_score(flags: Iterable[Flag]) -> float:
    """The score of a case in [0, 1)."""
    return score_of(sum(contributions(flags).values()))


def score_of(total: float) -> float:
    """The score that so many points make."""
    return round(total / (total + _HALF), 6)


def starts_a_case(flag: Flag) -> bool:
    """Whether a flag may carry a case: not an anomaly, a data error or a mere side fact.

    A flag whose only ground is an inferred tie or a shared name never does, a broken rule
    included; a tie flag with a measured advantage rests on documented awards besides the tie,
    and says so by its p-value. A flag without a person, company or body is about nobody.
    """
    if flag.class_ not in _CARRYING or flag.indicator in _SUPPORT:
        return False
    if not (flag.person_id or flag.company_id or flag.body_id or flag.subject_kind in GROUP_KINDS):
        return False
    measured = flag.p_value is not None and flag.p_value < 0.05
    return flag.class_ == "statistical" or flag.certainty != "inferred" or measured
