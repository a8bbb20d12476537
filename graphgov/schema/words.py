"""Sentences from facts: templates filled with values that strangers wrote.

A template is a `str.format` string over the facts of a flag. Besides Python's own format
specifications it knows `:money` (pairs of currency and amount), `:names` (a list), `:n`
(a count with thousands separators), `:pct` (a share), `:times` (a ratio) and `:text` (a text of
any length). A fact in words is a mapping by language, as in `{chain[en]:text}`.
"""

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+"
)
_MAX_NAME = 120

Amounts = Iterable[tuple[str, Decimal | str | float]]


def clean(text: str) -> str:
    """A stranger's text on one line, without control characters, at most 120 characters."""
    line = one_line(text)
    return line if len(line) <= _MAX_NAME else line[: _MAX_NAME - 1] + "…"


def one_line(text: str) -> str:
    """A text of any length on one line, without control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def money(amounts: Amounts) -> str:
    """Amounts as a person writes them, one per currency: `CNY 1,234,500`."""
    parts = []
    for currency, amount in amounts:
        value = Decimal(str(amount))
        shown = f"{value:,.2f}" if abs(value) < 1000 and value % 1 else f"{value:,.0f}"
        parts.append(f"{clean(currency)} {shown}".strip())
    return " + ".join(parts) if parts else "an unknown amount"


def names(values: Sequence[object], most: int = 5) -> str:
    """Names in a row, the rest counted."""
    shown = [clean(str(v)) for v in values[:most]]
    rest = len(values) - len(shown)
    return ", ".join(shown) + (f" (+{rest})" if rest > 0 else "")


class _Words(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "money":
            return money(value)
        if format_spec == "names":
            return names(list(value))
        if value is None:
            return "?"
        if format_spec == "text":
            return one_line(str(value))
        if format_spec == "n":
            return f"{value:,.0f}"
        if format_spec == "pct":
            share = float(value) * 100
            return f"{share:.0f} %" if share >= 1 or share == 0 else f"{share:.1f} %"
        if format_spec == "times":
            if 0 < value < 0.1:
                return f"{value:.1g}" if value >= 0.005 else "0.00"
            return f"{value:.1f}" if value < 10 else f"{value:.0f}"
        if isinstance(value, str):
            return clean(value)
        return str(super().format_field(value, format_spec))


def fill(template: str, facts: Mapping[str, object]) -> str:
    """A template filled with facts.

    Raises:
        KeyError: The template names a fact that is not there.
    """
    return _Words().vformat(template, (), facts)
