"""The figures of `detection.py` for people, as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

Record = dict[str, Any]
_DASH = "–"
_NAMED = ("ties", "bids", "decisions", "ownership")  # tables whose loss may bring no new case


def page(told: Record) -> str:
    """All of it."""
    seeds = told["seeds"]
    parts = [
        "# Detection",
        f"Measured by `make bench` on {len(seeds)} synthetic provinces of {told['awards']:,} "
        f"awards (seeds {seeds[0]} to {seeds[-1]}); in brackets 95 % intervals over provinces. "
        "Strength is a factor on what each scheme steers. What was tried where a bar is missed: "
        "[notes](detection-notes.md).",
        *_bars(told),
        *_queue(told),
        *_power(told),
        *_innocent(told),
        *_calibration(told),
        *_otherwise(told),
        *_without(told),
        *_thinned(told),
    ]
    if told["failed"]:
        parts += ["## Broken", *(f"- {line}" for line in told["failed"])]
    if told["worse"]:
        parts += ["## Worse than before", *(f"- {line}" for line in told["worse"])]
    return "\n\n".join(_joined(parts)) + "\n"


def _joined(parts: Sequence[str]) -> list[str]:
    """Lines of one list stay together."""
    out: list[str] = []
    for part in parts:
        if out and part.startswith("- ") and out[-1].startswith("- "):
            out[-1] += "\n" + part
        else:
            out.append(part)
    return out


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _cell(figure: Record | None, digits: int = 2) -> str:
    if figure is None:
        return _DASH
    text = f"{figure['value']:.{digits}f}"
    if figure["low"] is None:
        return text
    return f"{text} ({figure['low']:.{digits}f} to {figure['high']:.{digits}f})"


def _bars(told: Record) -> list[str]:
    rows = []
    usual: Mapping[str, Record] = told["queue"].get("1", {})
    named = [*usual.items(), *told["ties"].items()]
    named += [(f"found in the first 100: {name}", row) for name, row in told["reached"].items()]
    for name, row in named:
        if row["bar"] is None:
            continue
        sign = "at most" if row["better"] == "down" else "at least"
        rows.append([name, _cell(row), f"{sign} {row['bar']:g}", _verdict(row)])
    chances = told["calibration"].values()
    if chances:
        met = sum(row["met"] for row in chances)
        few = sum(not row["enough"] for row in chances)
        note = f" ({few} with fewer than 10 000 p-values)" if few else ""
        rows.append(
            [
                "indicators calibrated" + note,
                str(met),
                f"all {len(chances)}",
                "met" if met == len(chances) else f"missed by {len(chances) - met}",
            ]
        )
    if told["thinned"]:
        new = [
            sum(len(row["new"]) for row in told["thinned"] if (row["table"] in _NAMED) is named)
            for named in (True, False)
        ]
        lost = sorted({code for row in told["thinned"] for code in row["unnamed"]})
        rows.append(
            [
                f"new cases in the first 50 without {', '.join(_NAMED[:-1])} or {_NAMED[-1]}",
                str(new[0]),
                "0",
                "met" if not new[0] else "missed",
            ]
        )
        rows.append(["the same without one of the other tables", str(new[1]), "none set", ""])
        rows.append(
            [
                "lost indicators not named",
                str(len(lost)),
                "0",
                "missed: " + ", ".join(lost) if lost else "met",
            ]
        )
    return ["## Bars", _table(["figure", "measured", "bar", ""], rows)] if rows else []


def _verdict(row: Record) -> str:
    return "met" if row["met"] else f"missed by {abs(row['value'] - row['bar']):.2f}"


def _queue(told: Record) -> list[str]:
    names = list(dict.fromkeys(name for rows in told["queue"].values() for name in rows))
    strengths = list(told["queue"])
    body = [[name, *(_cell(told["queue"][s].get(name)) for s in strengths)] for name in names]
    return ["## The queue", _table(["strength", *strengths], body)]


def _power(told: Record) -> list[str]:
    strengths = list(told["power"])
    names = sorted({name for rows in told["power"].values() for name in rows})
    body = [
        [
            name,
            *(_cell(told["power"][s].get(name)) for s in strengths),
            _cell(told["reached"].get(name)),
        ]
        for name in names
    ]
    return [
        "## Power",
        "Share of the schemes of each type hit by cases above the score at which "
        f"{told['false_rate']:.0%} of the cases of all provinces are in vain, by strength; and "
        "share in the first 100 at strength 1. A hidden tie ends in `_tie_not_in_data`.",
        _table(["scheme", *strengths, "in the first 100"], body),
    ]


def _innocent(told: Record) -> list[str]:
    alike = sorted(told["look_alikes"].items(), key=lambda item: (-item[1]["value"], item[0]))
    clean = dict(told["clean"])
    heads = [[name, _cell(clean.pop(name), 1)] for name in ("cases above the cut", "all cases")]
    flags = sorted(clean.items(), key=lambda item: (-item[1]["value"], item[0]))
    loud = [[code, _cell(row, 1)] for code, row in flags if row["value"] > 0]
    idle = told["idle"]
    silent = [code for code, row in flags if row["value"] == 0 and code not in idle]
    return [
        "## Innocent",
        "Look-alikes among the first 50 cases of a province at strength 1:",
        _table(["look-alike", "cases"], [[name, _cell(row)] for name, row in alike]),
        "Clean twins, the same provinces without any scheme: cases, and flags of each indicator, "
        "per province.",
        _table(["on the clean twin", "number"], [*heads, *loud]),
        f"No flag there: {', '.join(silent) or 'none'}. Not computable on these provinces, which "
        f"lack what they read: {', '.join(idle) or 'none'}.",
    ]


def _calibration(told: Record) -> list[str]:
    body = [
        [
            code,
            row["shuffle"],
            f"{row['tests']:,}",
            f"{row['share']:.4f} ({row['low']:.4f} to {row['high']:.4f})",
            f"{row['reported_share']:.4f}",
            "met" if row["met"] else "**missed**",
        ]
        for code, row in told["calibration"].items()
    ]
    return [
        "## Calibration",
        "Clean twins dealt out anew inside category, method, region, year and value band: whole "
        "competitions moved to other purchases, or, for what is about companies alone, bidders "
        "dealt out anew. Share of the randomised p-values of all testable units below 0.05, "
        "which should be 0.04 to 0.06; and flags with a p-value below 0.05 per testable unit.",
        _table(["indicator", "dealt out", "p-values", "below 0.05", "reported", ""], body),
    ]


def _without(told: Record) -> list[str]:
    names = sorted(told["without"], key=lambda n: (not n.startswith("family"), n))
    keys = ("precision_50", "recall_100", "average_precision", "look_alikes_50")
    body = [[name, *(_cell(told["without"][name].get(k), 3) for k in keys)] for name in names]
    if not body:
        return []
    heads = ("precision at 50", "recall at 100", "average precision", "look-alikes at 50")
    return [
        "## What each adds",
        "The full queue minus the queue grouped again without the flags of a family or an "
        "indicator, at strength 1; indicators on the first five provinces alone.",
        _table(["without", *heads], body),
    ]


def _otherwise(told: Record) -> list[str]:
    found = told["otherwise"]
    if not found:
        return []
    keys = ("precision at 50", "recall at 100", "average precision", "look-alikes at 50")
    body = [[name, *(_cell(rows.get(key)) for key in keys)] for name, rows in found.items()]
    return [
        "## Provinces made otherwise",
        "The first seeds again, with schemes and honest suppliers that go about it in other ways, "
        "at strength 1 and with the same settings.",
        _table(["schemes and suppliers", *keys], body),
    ]


def _thinned(told: Record) -> list[str]:
    body = [
        [
            f"{row['table']} ({row['seed']})",
            str(len(row["new"])),
            ", ".join(row["lost"]) or "none",
            row["crash"] or ", ".join(row["unnamed"]) or "none",
        ]
        for row in sorted(told["thinned"], key=lambda r: (r["table"], r["seed"]))
    ]
    if not body:
        return []
    return [
        "## Without whole tables",
        "Cases among the first 50 that were not among the full run's first 150; indicators that "
        "could say nothing any more; those of them that coverage does not explain.",
        _table(["without (seed)", "new cases", "lost", "not explained"], body),
    ]
