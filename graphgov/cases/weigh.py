"""How broken rules, ties, statistics and anomalies become one score: the one place.

After the catalogue's H08. Every flag's score s stands for points 2 s / (1 - s). For a flag with a
p-value these are its surprise in powers of ten (p = 0.001 is three points). For a tie with an
advantage they are the odds, in powers of ten, of favour against a steady share or a habit of the
pair's own, times how rare such a tie is among officials and companies that met, damped for few
wins: a product, by time, of the tie and the statistic; and what circumstances add, such as how
narrow the wins were and whether the company was a stranger before and after. For a jump inside a
term they are the same without a tie. A broken rule has no p-value: it is worth its score times a
fixed weight, more than any tie without a measured advantage, less than a tie with a strong one. A
case adds up

    points = sum over clusters of the largest weight(indicator) * (points(flag) - usual(indicator))

where a cluster is a set of indicators that speak of the same fact, so that the fact counts once,
and `usual` is what many honest ones reach. The tie, the advantage and the rule it breaks are
one story told up to three times: the strongest counts in full, the others a tenth.
Evidence classes are kept apart: a tie together with a measured advantage weighs most, then a
broken rule, then a statistical excess, then an anomaly, which only ever adds to something
else. An indicator that nobody has placed yet only supports, and a whole family of them adds
three tenths of a point at most, so that fifty new ones cannot drown a ranking.

The case's score is points / (points + 10), which never saturates; equal cases go by the
number of kinds of evidence, by money and by how recent they are.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from graphgov.schema import Flag

# Indicators that measure the same fact, and what a point of each is worth. A tie's score is
# already the product of the tie and a measured advantage.
CLUSTERS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "broken rule": {"E15": 1.2, "E02": 1.2},
        "tie with advantage": {
            "E01": 1.5, "E03": 0.75, "E06": 3.0, "E14": 1.0, "E13": 0.5, "R043": 0.3, "E10": 0.1,
        },
        "advantage": {"E05": 1.25, "E04": 0.4, "E12": 0.2, "D01": 0.12},
        "splitting": {
            "F01": 4.0, "F02": 0.5, "R049": 0.3, "R055": 0.3, "R002": 0.3, "F14": 0.2, "R052": 0.2,
        },
        "group of bidders": {
            "D04": 2.0, "C10": 1.0, "D13": 0.6, "C21": 0.4, "R053": 0.3, "R023": 0.3, "D02": 0.2,
            "D03": 0.15,
        },
        "one hand": {
            "E08": 0.2, "R032": 0.2, "R033": 0.2, "E07": 0.2, "R044": 0.2, "D06": 0.2, "I14": 0.2,
        },
        # What keeps rivals away or out is one fact, seen from several sides.
        "low competition": {"R018": 0.1, "R003": 0.02, "R035": 0.08, "R036": 0.08, "R038": 0.1},
        "late bid": {"R030": 0.6},
        "prices": {
            "R028": 0.1, "R024": 0.1, "R031": 0.1, "I03": 0.1, "C01": 0.05, "C02": 0.05,
            "C03": 0.05, "C04": 0.05, "C05": 0.05, "C07": 0.05, "C08": 0.05, "R022": 0.05,
            "R058": 0.01,
        },
        "odd bidder": {"R046": 1.0, "R045": 0.5, "R025": 0.1, "R048": 0.1},
        "execution": {
            "R054": 0.5, "R059": 0.2, "R064": 0.2, "R067": 0.2, "R068": 0.2, "R069": 0.2,
        },
        "timing": {"F06": 0.1, "F07": 0.1, "F16": 0.1},
        "turnover": {"G01": 0.5, "G02": 0.5, "G03": 0.5, "G04": 0.5},
        "unusual pair": {
            "H01": 0.1, "H02": 0.05, "H04": 0.1, "H05": 0.1, "D07": 0.05, "F08": 0.1, "F10": 0.1,
            "C12": 0.1,
        },
    }
)  # fmt: skip
# Points that many honest ones reach, and which are worth nothing: second careers often lead to
# firms that sell to the old body, small purchases bunch below a line, firms of one trade and
# town meet and take turns.
USUAL: Mapping[str, float] = MappingProxyType(
    {"E01": 0.5, "E06": 1.5, "E05": 0.5, "F01": 1.0, "D04": 2.25}
)
_OTHER = 0.1  # an indicator that nobody has placed yet, and the most that its kind may add
_MOST_OF_OTHERS = 0.3
# The rule an official's stake breaks and the favour shown to it are one fact told twice.
_ONE_FACT = ("broken rule", "tie with advantage", "advantage")
_TOLD_TWICE = 0.1
_HALF = 10.0  # points at which a case scores one half
_MEASURED = 0.25  # chance of so many awards, below which they speak for themselves
_CARRYING = frozenset({"legal", "tie", "statistical"})
# What says too little by itself to bring anybody into a case.
_SUPPORT = frozenset({
    "R003", "R018", "R022", "R024", "R028", "R031", "R035", "R036", "R058", "C01", "C02", "C03",
    "C04", "C05", "C07", "C08", "I03", "E10", "F02", "F06", "F07", "F16", "R002", "R052", "R032",
    "R033", "R044", "D02", "D03",
})  # fmt: skip
GROUP_KINDS = frozenset({"group", "community", "company_pair"})  # subjects of companies alone


def points(flag: Flag) -> float:
    """Points of one flag: its surprise, in powers of ten; a broken rule has its score."""
    if flag.class_ == "legal":
        return flag.score
    return 2.0 * flag.score / max(1e-9, 1.0 - flag.score)


def cluster(indicator: str) -> str:
    """The cluster of facts an indicator speaks of; the rest of its family if nobody placed it."""
    for name, codes in CLUSTERS.items():
        if indicator in codes:
            return name
    return f"other {'A' if indicator.startswith('R') else indicator[:1]}"


def placed(indicator: str) -> bool:
    """Whether an indicator's weight was thought about; until then it only supports."""
    return indicator in CLUSTERS.get(cluster(indicator), ())


def worth(flag: Flag) -> float:
    """What one flag would add to a case alone: its points times its indicator's weight."""
    if not placed(flag.indicator):
        return min(_OTHER * points(flag), _MOST_OF_OTHERS)
    weight = CLUSTERS[cluster(flag.indicator)][flag.indicator]
    return max(points(flag) - USUAL.get(flag.indicator, 0.0), 0.0) * weight


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
    if flag.class_ not in _CARRYING or flag.indicator in _SUPPORT or not placed(flag.indicator):
        return False
    if not (flag.person_id or flag.company_id or flag.body_id or flag.subject_kind in GROUP_KINDS):
        return False
    measured = flag.p_value is not None and flag.p_value < _MEASURED
    return flag.class_ == "statistical" or flag.certainty != "inferred" or measured
