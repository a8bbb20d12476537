"""Titles and summaries of cases: who, what, when, how much, why first, what to rule out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from graphgov.cases.weigh import GROUP_KINDS, cluster, contributions
from graphgov.schema import Flag
from graphgov.schema.words import clean, money

Names = Sequence[str]
Amounts = tuple[tuple[str, Decimal], ...]

_SHORT = 60  # characters of one name in a title
_TIES = frozenset({"broken rule", "tie with advantage"})
_RAREST = 6  # "once in a million" is as far as a model of chance can be believed

_TITLES = {
    "en": {
        "tied": "{body} awards to {company}, with ties to {person}",
        "term": "{body} awards to {company} while {person} was in office",
        "split": "{body} purchases from {company} just below a threshold",
        "pair": "{body} awards to {company}",
        "group": "{n} companies that bid against each other: {company}",
        "company": "Signs about {company}",
        "office": "Signs about {person} at {body}",
        "person": "Signs about {person}",
        "other": "Signs about {body}",
    },
    "zh": {
        "tied": "{body}授予{company}的合同，与{person}有关联",
        "term": "{person}任职期间{body}授予{company}的合同",
        "split": "{body}向{company}的多笔低于限额的采购",
        "pair": "{body}授予{company}的合同",
        "group": "相互投标的{n}家企业：{company}",
        "company": "关于{company}的迹象",
        "office": "关于{person}在{body}的迹象",
        "person": "关于{person}的迹象",
        "other": "关于{body}的迹象",
    },
}
_SENTENCES = {
    "en": {
        "first": "Number {rank} in the queue because {why}{odds}.",
        "odds": " (by chance alone, {rare})",
        "once": "such a result would be seen less than once in {times} comparable cases",
        "often": "such a result would be seen about once in {times} comparable cases",
        "rows": "The whole case covers {awards}{span} and can be checked in {rows} ({tables}).",
        "few": "The whole case can be checked in {rows} ({tables}).",
        "span": " between {first} and {last}",
        "also": "Besides, {reason}",
        "inferred": "One link of that chain is only inferred: confirm it before anything else.",
        "declared": "One link of that chain was declared by somebody and stands in no register.",
        "check": "To rule out first: {innocent}",
    },
    "zh": {
        "first": "排在第{rank}位，因为{why}{odds}。",
        "odds": "（若仅凭偶然，{rare}）",
        "once": "在{times}个可比情形中不到一次",
        "often": "约每{times}个可比情形一次",
        "rows": "本案共涉及{span}{awards}，可在{rows}中核对（{tables}）。",
        "few": "本案可在{rows}中核对（{tables}）。",
        "span": "{first}至{last}间",
        "also": "此外，{reason}",
        "inferred": "其中一个环节仅为推断，请首先核实。",
        "declared": "其中一个环节为自行申报，未见于登记资料。",
        "check": "请先排除：{innocent}",
    },
}
_WHY = {
    "en": {
        "broken rule": "a duty to step aside appears not to have been kept",
        "tie with advantage": "a chain of personal ties comes together with more awards than "
        "comparable companies get",
        "tie": "an official of the buyer has a close tie to the company that won",
        "advantage": "the company won far more here than its bids and its record elsewhere explain",
        "splitting": "purchases that each stay below a threshold together exceed it",
        "group of bidders": "the companies meet, take turns or price alike more than by chance",
        "low competition": "tenders drew a single bid",
        "unusual pair": "buyer and company are unlike others of their kind",
        "other": "the check {code} found something",
    },
    "zh": {
        "broken rule": "似乎未履行回避义务",
        "tie with advantage": "存在个人关系链，且中标多于可比企业",
        "tie": "采购单位的官员与中标企业关系密切",
        "advantage": "该企业在此中标远多于其投标情况及在别处的记录所能解释",
        "splitting": "多笔采购各自低于限额，合计却超过限额",
        "group of bidders": "这些企业相遇、轮流中标或报价相近的程度超出偶然",
        "low competition": "采购只有一家投标",
        "unusual pair": "该采购单位与企业的组合不同于同类",
        "other": "检查{code}有所发现",
    },
}
_AND = {"en": ", and ", "zh": "；同时"}
_COMMA = {"en": ", ", "zh": "、"}
_COUNTER_ZH = {"person": "人", "company": "家企业", "body": "家单位"}
_TABLES_ZH = {
    "awards": "授予",
    "offices": "任职",
    "ties": "关系",
    "officers": "公司职务",
    "ownership": "持股",
    "bids": "投标",
    "tenders": "招标",
    "decisions": "决定",
    "contracts": "合同",
    "thresholds": "限额",
    "spells": "经历",
    "bodies": "单位",
    "companies": "企业",
    "people": "人员",
}


def title(
    flags: Sequence[Flag], people: Names, companies: Names, bodies: Names, language: str
) -> str:
    """A neutral title.

    Args:
        flags: Of the case, those that weigh most first.
        people: Names of the people in the core, the most important first.
        companies: Names of the companies.
        bodies: Names of the bodies.
        language: `en` or `zh`.
    """
    shape = _shape(flags, bool(people), bool(companies), bool(bodies))
    return _TITLES[language][shape].format(
        person=_few(people, 2, "person", language),
        company=_few(companies, 3, "company", language),
        body=_few(bodies, 2, "body", language),
        n=len(companies),
    )


def _shape(flags: Sequence[Flag], people: bool, companies: bool, bodies: bool) -> str:
    kinds = {cluster(f.indicator) for f in flags}
    if people and companies and bodies:
        return "tied" if kinds & _TIES else "term"
    if companies and bodies and flags[0].subject_kind not in GROUP_KINDS:
        return "split" if cluster(flags[0].indicator) == "splitting" else "pair"
    if companies:
        return "group" if "group of bidders" in kinds else "company"
    if people:
        return "office" if bodies else "person"
    return "other"


def _few(values: Names, most: int, kind: str, language: str) -> str:
    comma = _COMMA[language]
    text = comma.join(_cut(clean(value) or "?") for value in values[:most])
    if len(values) <= most:
        return text
    if language == "zh":
        return f"{text}等{len(values)}{_COUNTER_ZH[kind]}"
    return f"{text} (+{len(values) - most})"


def _cut(name: str) -> str:
    return name if len(name) <= _SHORT else name[: _SHORT - 1] + "…"


def summary(
    flags: Sequence[Flag],
    *,
    rank: int,
    awards: int,
    amounts: Amounts,
    first_on: date | None,
    last_on: date | None,
    certainty: str,
    language: str,
) -> str:
    """Four to six sentences that a reader without statistics understands.

    What was seen, in the words of the flag that weighs most, and through which tie; why that
    puts the case where it is; how much it is in all and in which rows; what is uncertain; what
    to rule out first.

    Args:
        flags: Of the case, those that weigh most first.
        rank: Place in the queue.
        awards: Number of awards the flags rest on.
        amounts: Their money, one amount per currency.
        first_on: First day of what was seen.
        last_on: Last day.
        certainty: Of what carries the case.
        language: `en` or `zh`.
    """
    words, lead = _SENTENCES[language], flags[0]
    # The sentences of a flag are whole and clean: format leaves them as they are.
    parts = [
        lead.reason,
        _tie(flags, words["also"]),
        words["first"].format(
            rank=rank, why=_why(flags, language), odds=_odds(lead.p_value, language)
        ),
        _where(flags, awards, amounts, first_on, last_on, language),
        words.get(certainty, "") if lead.class_ in ("legal", "tie") else "",
        words["check"].format(innocent=lead.innocent) if lead.innocent else "",
    ]
    return (" " if language == "en" else "").join(part for part in parts if part)


def _tie(flags: Sequence[Flag], words: str) -> str:
    """The strongest tie or broken rule, where something else weighs most."""
    if flags[0].class_ in ("legal", "tie"):
        return ""
    found = next((f.reason for f in flags if f.class_ in ("legal", "tie") and f.reason), "")
    return words.format(reason=found) if found else ""


def _why(flags: Sequence[Flag], language: str) -> str:
    """Up to three facts that weigh at least a tenth of the case, in words.

    A rule that was not kept is always among them.
    """
    worths = contributions(flags)
    enough = 0.1 * sum(worths.values())
    rule = "broken rule"
    ranked = sorted(worths.items(), key=lambda item: (item[0] != rule, -item[1], item[0]))
    said = []
    for name, value in ranked:
        told = "tie" if name == "tie with advantage" and not _measured(flags) else name
        if (value >= enough or name == rule) and told in _WHY[language]:
            said.append(_WHY[language][told])
    said = said[:3] or [_WHY[language]["other"].format(code=flags[0].indicator)]
    return _AND[language].join(said)


def _measured(flags: Sequence[Flag]) -> bool:
    """Whether a tie of the case comes with a measured advantage."""
    ties = [f for f in flags if cluster(f.indicator) == "tie with advantage"]
    return any(f.p_value is not None and f.p_value < 0.05 for f in ties)


def _odds(p_value: float | None, language: str) -> str:
    """A p-value as a plain frequency, rounded down to a power of ten; nothing above 1 in 20."""
    if p_value is None or p_value > 0.05:
        return ""
    words = _SENTENCES[language]
    if p_value > 0.01:
        return words["odds"].format(rare=words["often"].format(times=round(1 / p_value)))
    power = next(n for n in range(_RAREST, 1, -1) if n == 2 or p_value <= 10.0**-n)
    return words["odds"].format(rare=words["once"].format(times=f"{10**power:,}"))


def _where(
    flags: Sequence[Flag],
    awards: int,
    amounts: Amounts,
    first_on: date | None,
    last_on: date | None,
    language: str,
) -> str:
    words = _SENTENCES[language]
    cited = {(e.table, e.key) for f in flags for e in f.evidence}
    if not cited:
        return ""
    counts = sorted(Counter(table for table, _ in cited).items(), key=lambda c: (-c[1], c[0]))
    span = ""
    if first_on and last_on:
        span = words["span"].format(first=first_on.isoformat(), last=last_on.isoformat())
    if language == "zh":
        tables = "、".join(f"{_TABLES_ZH.get(t, t)}{n:,}条" for t, n in counts)
        rows, some = f"{len(cited):,}条输入记录", f"{awards:,}项授予（{money(amounts)}）"
    else:
        tables = ", ".join(f"{n:,} in {t}" for t, n in counts)
        rows = _count(len(cited), "input row")
        some = f"{_count(awards, 'award')} worth {money(amounts)}"
    key = "rows" if awards else "few"
    return words[key].format(awards=some, span=span, rows=rows, tables=tables)


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def shown_names(
    flags: Sequence[Flag], kind: str, ids: frozenset[str], names: Mapping[tuple[str, str], str]
) -> list[str]:
    """Names of the core of one kind, those of the flag that weighs most first.

    Where there are ties, an official who merely was in office is not named beside those who
    have them.
    """
    tied = {f.person_id for f in flags if cluster(f.indicator) in _TIES} & ids
    if kind == "person" and tied:
        ids = frozenset(tied)
    own = {"person": "person_id", "company": "company_id", "body": "body_id"}[kind]
    order: dict[str, None] = {}
    for flag in flags:
        order[getattr(flag, own)] = None
        for member in flag.members:
            if member.kind == kind:
                order[member.id] = None
    placed = [key for key in order if key in ids]
    return [names.get((kind, key)) or key for key in [*placed, *sorted(ids - set(placed))]]
