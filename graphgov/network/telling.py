"""Chains and roles in words, one text per language, for the sentences of flags."""

from collections.abc import Mapping
from types import MappingProxyType

from graphgov.network.paths import Chain, Step
from graphgov.schema.words import clean
from graphgov.snapshot import Snapshot
from graphgov.stats.circumstances import Beside

# (read along the row, read against it); `{a}` is where the step comes from.
_EN: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "spouse": ("{a} is married to {b}", ""),
        "parent": ("{a} is a parent of {b}", "{a} is a child of {b}"),
        "child": ("{a} is a child of {b}", "{a} is a parent of {b}"),
        "sibling": ("{a} is a sibling of {b}", ""),
        "kin": ("{a} is kin of {b}", ""),
        "in_law": ("{a} is an in-law of {b}", ""),
        "classmate": ("{a} was a classmate of {b}", ""),
        "superior": ("{a} was a superior of {b}", "{a} was a subordinate of {b}"),
        "colleague": ("{a} worked with {b}", ""),
        "business_partner": ("{a} does business with {b}", ""),
        "associate": ("{a} is an associate of {b}", ""),
        "friend": ("{a} is a friend of {b}", ""),
        "hometown": ("{a} comes from the same home town as {b}", ""),
        "legal_representative": (
            "{a} is legal representative of {b}", "{a} has {b} as its legal representative"),
        "actual_controller": (
            "{a} is actual controller of {b}", "{a} has {b} as its actual controller"),
        "director": ("{a} is a director of {b}", "{a} has {b} as a director"),
        "supervisor": ("{a} is a supervisor of {b}", "{a} has {b} as a supervisor"),
        "manager": ("{a} is a manager of {b}", "{a} has {b} as a manager"),
        "officer": ("{a} holds a post in {b}", "{a} has {b} in a post"),
        "owner": ("{a} owns part of {b}", "{a} is partly owned by {b}"),
    }
)  # fmt: skip
_ZH: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "spouse": ("{a}与{b}是夫妻", ""),
        "parent": ("{a}是{b}的父母", "{a}是{b}的子女"),
        "child": ("{a}是{b}的子女", "{a}是{b}的父母"),
        "sibling": ("{a}与{b}是兄弟姐妹", ""),
        "kin": ("{a}与{b}是亲属", ""),
        "in_law": ("{a}与{b}是姻亲", ""),
        "classmate": ("{a}与{b}曾是同学", ""),
        "superior": ("{a}曾是{b}的上级", "{a}曾是{b}的下属"),
        "colleague": ("{a}与{b}曾是同事", ""),
        "business_partner": ("{a}与{b}有生意往来", ""),
        "associate": ("{a}与{b}有往来", ""),
        "friend": ("{a}与{b}是朋友", ""),
        "hometown": ("{a}与{b}是同乡", ""),
        "legal_representative": ("{a}是{b}的法定代表人", "{a}的法定代表人是{b}"),
        "actual_controller": ("{a}是{b}的实际控制人", "{a}的实际控制人是{b}"),
        "director": ("{a}是{b}的董事", "{a}的董事之一是{b}"),
        "supervisor": ("{a}是{b}的监事", "{a}的监事之一是{b}"),
        "manager": ("{a}是{b}的经理", "{a}的经理之一是{b}"),
        "officer": ("{a}在{b}任职", "{b}在{a}任职"),
        "owner": ("{a}持有{b}的股份", "{b}持有{a}的股份"),
    }
)
_LINKS = {"en": _EN, "zh": _ZH}
_CERTAINTY = {
    "en": {"documented": "documented", "declared": "declared", "inferred": "inferred"},
    "zh": {"documented": "有据可查", "declared": "申报", "inferred": "推断"},
}
_BRACKETS = {"en": " ({0})", "zh": "（{0}）"}
_JOIN = {"en": "; ", "zh": "；"}
_COMMA = {"en": ", ", "zh": "，"}
_DATES = {
    "en": ("{0} to {1}", "since {0}", "until {1}"),
    "zh": ("{0}至{1}", "自{0}起", "至{1}"),
}
_ROLES = {
    "legal_representative": ("legal representative", "法定代表人"),
    "actual_controller": ("actual controller", "实际控制人"),
    "director": ("a director", "董事"),
    "supervisor": ("a supervisor", "监事"),
    "manager": ("a manager", "经理"),
    "officer": ("an officer", "任职人员"),
    "owner": ("an owner", "股东"),
}


def tell(snap: Snapshot, chain: Chain) -> dict[str, str]:
    """A chain in words, from the official to the company, by language."""
    return {
        language: _JOIN[language].join(_said(snap, step, language) for step in chain.steps)
        for language in _LINKS
    }


def role_words(role: str) -> dict[str, str]:
    """What somebody is in a company, by language."""
    english, chinese = _ROLES[role]
    return {"en": english, "zh": chinese}


def bids_clause(contests: int, wins: int, expected: float) -> dict[str, str]:
    """What the tenders with known rivals add, by language; empty without any."""
    if not contests:
        return {"en": "", "zh": ""}
    return {
        "en": f"; of {contests} tenders with known rivals it won {wins}, "
        f"where {expected:.1f} were to be expected",
        "zh": f"；在{contests}项有已知对手的招标中赢得{wins}项，预期约{expected:.1f}项",
    }


def beside_clause(told: Beside | None) -> dict[str, str]:
    """In how much the company took part there, and whether before and after, by language."""
    if told is None or not told.lines:
        return {"en": "", "zh": ""}
    kinds = "one line of business" if told.lines == 1 else f"{told.lines} lines of business"
    years = [
        (f"{_times(count)} in the year {en}", f"{zh}一年{f'{count}次' if count else '未参与'}")
        for count, en, zh in ((told.before, "before", "此前"), (told.after, "after", "此后"))
        if count is not None
    ]
    en, zh = ", ".join(e for e, _ in years), "、".join(z for _, z in years)
    return {
        "en": f"; it took part in {kinds} there in that time" + (f", {en}" if en else ""),
        "zh": f"；其间参与{told.lines}类采购" + (f"，{zh}" if zh else ""),
    }


def _times(count: int) -> str:
    return {0: "not once", 1: "once", 2: "twice"}.get(count, f"{count:,} times")


def award_count(awards: int) -> str:
    """Awards as English counts them."""
    return "1 award" if awards == 1 else f"{awards:,} awards"


def repeats_clause(counted: int, awards: int) -> dict[str, str]:
    """Says so where several awards within a fortnight were counted as one, by language."""
    if counted == awards:
        return {"en": "", "zh": ""}
    return {
        "en": f", repeats within a fortnight counted once ({awards} awards in all)",
        "zh": f"（两周内重复采购计为一项，共{awards}项）",
    }


def _said(snap: Snapshot, step: Step, language: str) -> str:
    along, against = _LINKS[language][step.kind]
    said = (along if step.forward or not against else against).format(
        a=clean(snap.name(step.from_kind, step.from_id)),
        b=clean(snap.name(step.to_kind, step.to_id)),
    )
    start, end = step.start, step.end
    both, since, until = _DATES[language]
    held = both if start and end else since if start else until if end else ""
    words = [held.format(start, end)] if held else []
    words.append(_CERTAINTY[language][step.certainty])
    return said + _BRACKETS[language].format(_COMMA[language].join(words))


_TOGETHER = {
    "en": "what stands out is that they come to a tender together or stay away together, far "
    "more than firms of their trade and region do",
    "zh": "突出之处在于它们要么一起投标、要么一起缺席，远多于同行业同地区企业",
}
_EVENLY = {
    "en": "what stands out is that their wins are shared more evenly than their strength elsewhere "
    "lets expect",
    "zh": "突出之处在于各家中标数比按其他场合的实力预期更为均匀",
}


def group_ground(
    together: float, evenly: float, turns: float, longest: float, usual: float
) -> dict[str, str]:
    """Which of three findings about a group of bidders weighs most, in words.

    Args:
        together: P-value of coming and staying away together.
        evenly: P-value of evenly shared wins.
        turns: P-value of winning in turns.
        longest: Times the winner was the one that had waited longest.
        usual: Times expected.
    """
    least = min(together, evenly, turns)
    if least == turns:
        return {
            "en": f"what stands out is that {longest:.0f} times the winner was the one that had "
            f"waited longest, where {usual:.0f} times are to be expected",
            "zh": f"突出之处在于其中{longest:.0f}次由等待最久者中标，而预期约为{usual:.0f}次",
        }
    return dict(_TOGETHER if least == together else _EVENLY)
