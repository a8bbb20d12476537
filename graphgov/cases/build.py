"""Flags into cases: group, weigh, order, explain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import pyarrow as pa

from graphgov.cases.explain import shown_names, summary, title
from graphgov.cases.group import Group, group, members, order
from graphgov.cases.reviews import NOTHING_JUDGED, Reviews
from graphgov.cases.weigh import case_score, contributions, worth
from graphgov.config import Config, bounded, make
from graphgov.detector import digest
from graphgov.schema import Case, Flag
from graphgov.schema.results import CaseKind
from graphgov.snapshot import Snapshot

MOST_CASES = 1000
_KIND_OF_FAMILY: Mapping[str, CaseKind] = {
    "E": "cronyism",
    "A": "clustering",
    "B": "clustering",
    "F": "clustering",
    "H": "clustering",
    "C": "collusion",
    "I": "collusion",
    "G": "integrity",
}
_KIND_OF_CODE: Mapping[str, CaseKind] = {"D01": "clustering", "D04": "collusion"}
_SPEAKS = 0.25  # share of the strongest flag's worth from which a flag has a say in the kind


@dataclass(frozen=True)
class CaseSettings:
    """Settings of `[cases]`.

    Args:
        widen_share: Share of a case's strongest flag that another flag must reach to bring
            new people or companies into it.
        min_points: Weakest case that is listed, without the side facts that only add to it.
    """

    widen_share: float = bounded(0.25, low=0.0, high=1.0)
    min_points: float = bounded(0.75, low=0.0, high=100.0)


def build(
    snap: Snapshot,
    flags: Sequence[Flag],
    config: Config | None = None,
    *,
    language: str = "en",
    reviews: Reviews = NOTHING_JUDGED,
) -> list[Case]:
    """Cases, best first, at most 1 000.

    Args:
        snap: What the flags were found in; names and amounts come from it.
        flags: All of them, sentences filled in.
        config: Its `[cases]` section is used.
        language: Of titles and summaries.
        reviews: What people judged of earlier cases; what they dismissed is left out.

    Raises:
        ConfigError: The `[cases]` section has an unknown key or a value out of bounds.
    """
    return sort_out(snap, flags, config, language=language, reviews=reviews)[0]


def sort_out(
    snap: Snapshot,
    flags: Sequence[Flag],
    config: Config | None = None,
    *,
    language: str = "en",
    reviews: Reviews = NOTHING_JUDGED,
) -> tuple[list[Case], tuple[str, ...]]:
    """Cases as `build` gives them, and the ids of those that reviewers dismissed."""
    settings = make(CaseSettings, "cases", (config or Config()).cases)
    groups = group(flags, widen_share=settings.widen_share)
    heavy = [made for made in groups if _total(made.carrying) >= settings.min_points]
    carried, dismissed = reviews.part(heavy, _core)
    scored = [(made, reviews.total(made.flags)) for made in carried]
    awards = {id(made): _awards(made) for made, _ in scored}
    amounts = _amounts(snap, sorted({a for found in awards.values() for a in found}))
    names = snap.names()

    def queue(item: tuple[Group, float]) -> tuple[object, ...]:
        made, total = item
        money = max((float(v) for _, v in _sum(awards[id(made)], amounts)), default=0.0)
        last = max((f.last_on.toordinal() for f in made.flags if f.last_on), default=0)
        return (-round(total, 9), -len(contributions(made.flags)), -money, -last, _core(made))

    scored.sort(key=queue)
    cases = [
        reviews.marked(
            _case(made, rank, awards[id(made)], amounts, names, language), made.flags, language
        )
        for rank, (made, _) in enumerate(scored[:MOST_CASES], start=1)
    ]
    return cases, dismissed


def _total(flags: Sequence[Flag]) -> float:
    return sum(contributions(flags).values())


def _core(made: Group) -> str:
    """The case id: people, bodies and companies of the core, whatever their order or rank."""
    return digest("case", msgspec.json.encode(made.core).decode())


def _awards(made: Group) -> frozenset[str]:
    return frozenset(e.id for f in made.flags for e in f.evidence if e.table == "awards" and e.id)


Amount = tuple[str, Decimal]


def _amounts(snap: Snapshot, awards: Sequence[str]) -> Mapping[str, Amount]:
    """Currency and amount of each award; a consortium's money counts once."""
    if not awards:
        return {}
    wins = snap.table("wins")
    asked = wins.filter(wins.award_id.isin(awards)) if len(awards) < 2000 else wins
    found: pa.Table = snap.arrow(asked.select("award_id", "currency", "amount"))
    wanted = set(awards)
    columns = (found[name].to_pylist() for name in ("award_id", "currency", "amount"))
    return {a: (c, v) for a, c, v in zip(*columns, strict=True) if a in wanted}


def _sum(awards: frozenset[str], amounts: Mapping[str, Amount]) -> tuple[Amount, ...]:
    total: dict[str, Decimal] = {}
    for award in awards:
        if award in amounts:
            currency, value = amounts[award]
            total[currency] = total.get(currency, Decimal(0)) + value
    return tuple(sorted(total.items()))


def _kind(flags: Sequence[Flag]) -> CaseKind:
    """What the flags that weigh most speak of; mixed where, say, rings and ties meet."""
    enough = _SPEAKS * max(worth(f) for f in flags)
    kinds: list[CaseKind] = []
    for flag in flags:
        kind = _KIND_OF_CODE.get(flag.indicator) or _KIND_OF_FAMILY.get(flag.family, "clustering")
        if kind not in kinds and (flag.class_ == "legal" or worth(flag) >= enough):
            kinds.append(kind)
    strong = [k for k in kinds if k != "clustering"]
    if len(strong) > 1:
        return "mixed"
    return strong[0] if strong else "clustering"


def _case(
    made: Group,
    rank: int,
    awards: frozenset[str],
    amounts: Mapping[str, Amount],
    names: Mapping[tuple[str, str], str],
    language: str,
) -> Case:
    flags = order(made.flags)
    money = _sum(awards, amounts)
    days = [d for f in flags for d in (f.first_on, f.last_on) if d]
    first_on, last_on = (min(days), max(days)) if days else (None, None)
    return Case(
        case_id=_core(made),
        rank=rank,
        score=case_score(flags),
        kind=_kind(flags),
        title=title(
            flags,
            shown_names(flags, "person", frozenset(made.people), names),
            shown_names(flags, "company", frozenset(made.companies), names),
            shown_names(flags, "body", frozenset(made.bodies), names),
            language,
        ),
        summary=summary(
            flags,
            rank=rank,
            awards=len(awards),
            amounts=money,
            first_on=first_on,
            last_on=last_on,
            certainty=flags[0].certainty,
            language=language,
        ),
        amounts=money,
        flag_ids=tuple(f.flag_id for f in flags),
        members=members(made),
        first_on=first_on,
        last_on=last_on,
        certainty=flags[0].certainty,  # the weakest link of what carries the case
    )
