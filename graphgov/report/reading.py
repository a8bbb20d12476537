"""One case of a run as text, from the files of the run alone."""

import textwrap
from collections import Counter
from pathlib import Path

from graphgov.errors import ConfigError, suggest
from graphgov.report.changes import CORE_KINDS
from graphgov.report.files import read_csv

_WIDTH = 96


def case_text(out: Path, case_id: str) -> str:
    """Why a case is where it is, who is in it, and what to rule out first.

    Args:
        out: Folder of a run.
        case_id: From `cases.csv`; its rank is taken too.

    Raises:
        ConfigError: There is no run in that folder, or no such case in it.
    """
    if not (out / "cases.csv").is_file():
        raise ConfigError(f"{out} is not the output of a run (no cases.csv in it).")
    rows = list(read_csv(out / "cases.csv"))
    found = [row for row in rows if case_id in (row["case_id"], row["rank"])]
    if not found:
        hint = suggest(case_id, [row["case_id"] for row in rows[:20]])
        raise ConfigError(f"There is no case {case_id!r} in {out}. {hint}")
    case = found[0]
    key = case["case_id"]
    mine = {r["flag_id"] for r in read_csv(out / "case_flags.csv") if r["case_id"] == key}
    flags = [row for row in read_csv(out / "flags.csv") if row["flag_id"] in mine]
    flags.sort(key=lambda row: (-float(row["score"]), row["indicator"], row["flag_id"]))
    members = [r for r in read_csv(out / "case_members.csv") if r["case_id"] == key]
    lines = [
        f"{case['title']}",
        f"rank {case['rank']}, score {case['score']}, {case['kind']}, weakest link "
        f"{case['certainty']}, {case['first_on'] or '?'} to {case['last_on'] or '?'}",
        f"amount {_money(case)}",
        "",
        *_wrapped(case["summary"]),
        "",
        "Who is in it",
        *_members(members),
        "",
        "What was seen, and how it could be innocent",
    ]
    for row in flags:
        lines += _wrapped(f"{row['indicator']} {float(row['score']):.2f}  {row['reason']}", "  ")
        lines += _wrapped(row["innocent"], "         ")
    return "\n".join(lines)


def _members(rows: list[dict[str, str]]) -> list[str]:
    """Who is named, and how many awards and papers there are."""
    named = [row for row in rows if row["kind"] in CORE_KINDS]
    lines = [f"  {r['kind']:<8} {r['name'] or r['id']} ({r['role']}, {r['id']})" for r in named]
    rest = Counter(row["kind"] for row in rows if row["kind"] not in CORE_KINDS)
    return lines + [f"  {kind:<8} {count:,} of them" for kind, count in sorted(rest.items())]


def _money(row: dict[str, str]) -> str:
    pairs = zip(row["currency"].split("; "), row["amount"].split("; "), strict=False)
    return ", ".join(f"{currency} {amount}".strip() for currency, amount in pairs) or "unknown"


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")
