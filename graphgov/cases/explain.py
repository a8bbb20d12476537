"""Titles and summaries of cases: who, what, when, how much, why first, what to rule out."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from graphgov.cases.weigh import cluster, contributions
from graphgov.schema import Flag
from graphgov.schema.words import fill

Names = Mapping[tuple[str, str], str]
Amounts = tuple[tuple[str, Decimal], ...]

_TITLES = {
    "en": {
        "tied": "Awards of {bodies:names} to {companies:names}, close to {people:names}",
        "pair": "Awards of {bodies:names} to {companies:names}",
        "group": "{n} companies that bid together: {companies:names}",
        "other": "What was seen at {bodies:names}",
    },
    "zh": {
        "tied": "{bodies:names}授予{companies:names}的合同，与{people:names}有关联",
        "pair": "{bodies:names}授予{companies:names}的合同",
        "group": "共同投标的{n}家企业：{companies:names}",
        "other": "{bodies:names}的情况",
    },
}
_SENTENCES = {
    "en": {
        "size": "{awards:n} awards worth {amounts:money}, {first} to {last}.",
        "also": "{n} further signs, among them: {reason}",
        "first": "First, because {why}.",
        "check": "Rule out first: {innocent}",
        "rows": "Rests on {rows:n} input rows.",
    },
    "zh": {
        "size": "共{awards:n}项授予，金额{amounts:money}，{first}至{last}。",
        "also": "另有{n}个迹象，例如：{reason}",
        "first": "排序依据：{why}。",
        "check": "请先排除：{innocent}",
        "rows": "依据{rows:n}条输入记录。",
    },
}
_WHY = {
    "en": {
        "broken rule": "a rule on conflicts of interest appears not to have been kept",
        "tie with advantage": "a personal tie and more wins than chance explains go together",
        "advantage": "the company won more here than chance and its record elsewhere explain",
        "splitting": "awards under a threshold add up to more than the threshold",
        "group of bidders": "the companies share out tenders more evenly than chance explains",
        "low competition": "tenders drew a single bid",
        "unusual pair": "the pair differs from its peers in many respects",
    },
    "zh": {
        "broken rule": "似乎未遵守回避规定",
        "tie with advantage": "个人关系与超出偶然的中标同时出现",
        "advantage": "该企业在此中标多于偶然及其在别处的记录所能解释",
        "splitting": "多笔低于限额的授予合计超过限额",
        "group of bidders": "这些企业分得的项目比偶然更均匀",
        "low competition": "采购只有一家投标",
        "unusual pair": "这一组合在多方面不同于同类",
    },
}


def shape(people: Sequence[str], companies: Sequence[str], bodies: Sequence[str]) -> str:
    """Which title fits."""
    if people and companies:
        return "tied"
    if companies and bodies:
        return "pair"
    return "group" if companies else "other"


def title(
    people: Sequence[str], companies: Sequence[str], bodies: Sequence[str], language: str
) -> str:
    """A neutral title from names."""
    facts = {"people": people, "companies": companies, "bodies": bodies, "n": len(companies)}
    return fill(_TITLES[language][shape(people, companies, bodies)], facts)


def summary(
    flags: Sequence[Flag],
    *,
    awards: int,
    amounts: Amounts,
    first_on: date | None,
    last_on: date | None,
    language: str,
) -> str:
    """A few sentences a reader without statistics understands.

    Args:
        flags: Of the case, strongest first.
        awards: Number of awards the flags rest on.
        amounts: Their money, one amount per currency.
        first_on: First day of what was seen.
        last_on: Last day.
        language: Of the sentences.
    """
    words, why = _SENTENCES[language], _WHY[language]
    rows = len({(e.table, e.key) for f in flags for e in f.evidence})
    ranked = sorted(contributions(flags).items(), key=lambda item: (-item[1], item[0]))
    grounds = [why[name] for name, value in ranked if name in why and value >= 0.5][:2]
    parts = [flags[0].reason]
    if awards:
        span = {"first": first_on, "last": last_on, "awards": awards, "amounts": amounts}
        parts.append(fill(words["size"], span))
    if grounds:
        join = " and " if language == "en" else "，且"
        parts.append(fill(words["first"], {"why": join.join(grounds)}))
    other = [f for f in flags[1:] if cluster(f.indicator) != cluster(flags[0].indicator)]
    if other:
        parts.append(words["also"].format(n=len(other), reason=other[0].reason))
    parts.append(words["check"].format(innocent=flags[0].innocent))
    parts.append(fill(words["rows"], {"rows": rows}))
    return (" " if language == "en" else "").join(parts)
