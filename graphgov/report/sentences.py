"""Ties, records and numbers in words."""

import math
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from graphgov.report.strings import Words
from graphgov.schema.words import clean, money

Row = dict[str, Any]
Name = Callable[[str, str], str]
_DIRECTED = ("parent", "child", "superior")
_STEPS = ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k"))


def number(text: object) -> Decimal:
    """An amount as a number; 0 where there is none."""
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        return Decimal(0)
    return value if value.is_finite() else Decimal(0)


def one_line(text: str) -> str:
    """A text of any length on one line, without control characters."""
    return " ".join(clean(part) for part in text.split())


def short_money(amounts: list[list[str]]) -> str:
    """Amounts on a label: `CNY 1.2 M`."""
    parts = []
    for currency, amount in amounts:
        value = number(amount)
        shown = f"{value:,.0f}"
        for step, word in _STEPS:
            if abs(value) >= step:
                scaled = value / step
                shown = f"{scaled:.1f} {word}" if scaled < 100 else f"{scaled:,.0f} {word}"
                break
        parts.append(f"{clean(currency)} {shown}".strip())
    return " + ".join(parts)


def chance(words: Words, p: object) -> str:
    """A p-value as a person says it, or nothing."""
    if not isinstance(p, int | float) or isinstance(p, bool) or not math.isfinite(p):
        return ""
    if p < 1e-6:
        said = words("chance.tiny")
    elif p > 1 / 3:
        said = words("chance.often")
    else:
        odds = 1 / p
        step = 10 ** max(0, math.floor(math.log10(odds)) - 1)
        said = words("chance.one_in", n=round(odds / step) * step)
    return words("chance", p=said)


def span(words: Words, start: object, end: object) -> str:
    """A validity in words."""
    a, b = str(start or "")[:10], str(end or "")[:10]
    if a and b:
        return a if a == b else words("span", a=a, b=b)
    if a:
        return words("since", a=a)
    return words("until", b=b) if b else words("undated")


def share(words: Words, row: Mapping[str, Any]) -> str:
    """A share of a company, or its bounds, or that it is unknown."""
    if row.get("share") is not None:
        return f"{float(row['share']) * 100:.3g} %"
    low, high = row.get("share_min"), row.get("share_max")
    if low is not None and high is not None:
        return f"{float(low) * 100:.3g}–{float(high) * 100:.3g} %"
    return words("share.some")


def tie_label(words: Words, edge: Row) -> str:
    """What stands on an edge of the picture."""
    kind = edge["kind"]
    if kind == "award":
        key = "label.award1" if edge["awards"] == 1 else "label.award"
        return words(key, n=edge["awards"], money=short_money(edge["amounts"]))
    if kind == "met":
        return words("label.met", n=edge["count"])
    if kind == "owns":
        known = edge.get("share") is not None or edge.get("share_min") is not None
        return words("label.owns", share=share(words, edge)) if known else words("label.owns?")
    if kind == "office":
        return clean(str(edge.get("post") or words.value(edge.get("sub") or "member")))
    return tie_kind(words, str(edge.get("sub") or kind))


def tie_kind(words: Words, kind: str) -> str:
    """A kind of tie; a home town is a tie only where it is shared."""
    return words("tie.hometown") if kind == "hometown" else words.value(kind)


def tie_says(words: Words, edge: Row, a: str, b: str) -> str:
    """An edge as a sentence."""
    kind, sub = edge["kind"], str(edge.get("sub") or "")
    if kind == "award":
        return words(
            "says.awards",
            a=a,
            b=b,
            n=edge["awards"],
            money=money(edge["amounts"]),
            single=edge["single"],
            counted=edge["counted"],
        )
    if kind == "met":
        return words("says.met", a=a, b=b, n=edge["count"], won=edge["won"])
    if kind == "owns":
        return words("says.owns", a=a, b=b, share=share(words, edge))
    if kind == "office":
        post = str(edge.get("post") or words.value(sub or "member"))
        return words("says.office", a=a, b=b, post=post)
    if kind == "officer":
        return words("says.officer", a=a, b=b, role=words.value(sub or "member"))
    if sub in _DIRECTED:
        return words(f"says.tie.{sub}", a=a, b=b)
    return words("says.tie", a=a, b=b, kind=tie_kind(words, sub))


def record_says(words: Words, record: Row, name: Name) -> str:
    """What an input row says, in a sentence where its table is known."""
    table, row = record["table"], record["row"]
    if not record["ends"] and set(row) <= {"id"}:
        return words("says.absent")
    if not record["ends"]:
        return _plain(row)
    a, b = (name(kind, key) for kind, key in record["ends"])
    if table == "awards":
        title = f": {clean(str(row['title']))}" if row.get("title") else ""
        paid = money([(row.get("currency") or "", row.get("amount") or 0)])
        return words("says.award", a=a, b=b, money=paid, title=title)
    if table == "bids":
        paid = money([(row.get("currency") or "", row["amount"])] if row.get("amount") else [])
        return words("says.bid", a=a, b=b, money=paid)
    if table == "decisions":
        role = words.value(row.get("role") or "member")
        said = words("says.decision", a=a, b=b, role=role)
        return said + words("says.recused") if row.get("recused") else said
    kind = {"offices": "office", "officers": "officer", "ownership": "owns"}.get(table, "personal")
    sub = row.get("kind") if table == "ties" else row.get("role")
    said = tie_says(words, {**row, "kind": kind, "sub": sub}, a, b)
    return f"{said} ({clean(str(row['note']))})" if row.get("note") else said


_DULL = ("source", "retrieved_on", "certainty", "listed", "extra")


def _plain(row: Mapping[str, Any]) -> str:
    parts = [
        f"{key.replace('_', ' ')}: {clean(str(value))}"
        for key, value in row.items()
        if key not in _DULL and value not in (None, "")
    ]
    return "; ".join(parts)


_DATES = (
    "awarded_on",
    "signed_on",
    "decided_on",
    "started_on",
    "submitted_at",
    "published_at",
    "published_on",
    "opened_at",
    "incurred_on",
    "amended_on",
    "paid_on",
)


def record_dates(row: Mapping[str, Any]) -> tuple[str, str]:
    """When a record begins to hold, and when it ends, as days."""
    first = next((str(row[k])[:10] for k in _DATES if row.get(k)), "")
    return first, str(row.get("ended_on") or "")[:10]
