"""Makes the pages of a run from its files: the queue, a dossier and a plain network per case."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import graphgov.indicators
import graphgov.models
from graphgov.detector import discover
from graphgov.report.model import dossier_page, lead_of
from graphgov.report.network_page import network_page
from graphgov.report.page import page
from graphgov.report.run_files import RunFiles, places, read_run
from graphgov.report.sentences import number, one_line, span
from graphgov.report.strings import Words
from graphgov.schema.words import clean, money

Row = dict[str, Any]
_MADE = re.compile(r"(case|network)-[0-9a-f]{4,64}\.html")
_LONG = 700


def render(out: Path, *, top: int = 50) -> list[Path]:
    """The pages of the run in a folder, made from nothing but its files.

    Pages of an earlier rendering that are not made again are removed.

    Args:
        out: Folder of a finished run.
        top: How many cases get a dossier.

    Raises:
        InputError: The folder is not the output of a run.
    """
    run = read_run(out)
    words = Words(str(run.manifest.get("language") or "en"))
    titles = indicator_titles(words.language)
    folder = out / "report"
    folder.mkdir(exist_ok=True)
    line = words(
        "run_line",
        as_of=run.manifest.get("as_of", "?"),
        run=run.manifest.get("run_id", "?"),
        version=run.manifest.get("version", "?"),
    )
    dossiers = sorted(run.dossiers, key=lambda d: int(d["rank"]))[:top]
    keys = [r["key"] for d in dossiers for r in d["records"]]
    where = places(out, keys)
    made: dict[str, str] = {}
    for dossier in dossiers:
        names = page_names(str(dossier["case_id"]))
        model = dossier_page(dossier, words, titles, where, cases=len(run.cases))
        made[names[0]] = _dossier(model, words, line, names[1])
        made[names[1]] = network_page(model, words, names[0])
    linked = {str(d["case_id"]): page_names(str(d["case_id"]))[0] for d in dossiers}
    made["index.html"] = _index(run, words, titles, line, linked)
    for old in folder.iterdir():
        if _MADE.fullmatch(old.name) and old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_bytes(text.encode("utf-8", "replace"))
    return [folder / name for name in sorted(made)]


def page_names(case_id: str) -> tuple[str, str]:
    """File names of a case's dossier and of its plain network page."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", case_id)
    return f"case-{safe}.html", f"network-{safe}.html"


def indicator_titles(language: str) -> dict[str, str]:
    """Titles of all indicators and models, by code."""
    found = {}
    for package in (graphgov.indicators, graphgov.models):
        for code, cls in discover(package).items():
            found[code] = cls.title.get(language) or cls.title["en"]
    return found


def _dossier(model: Row, words: Words, line: str, plain: str) -> str:
    return page(
        "dossier.html",
        scripts=(
            "vendor/cytoscape.min.js",
            "static/common.js",
            "static/network.js",
            "static/timeline.js",
            "static/dossier.js",
        ),
        styles=("static/base.css", "static/dossier.css"),
        data=model,
        frame={
            "lang": words.language,
            "title": model["case"]["title"],
            "body_class": "case",
            "t": words,
            "case_id": model["case"]["id"],
            "run_line": line,
            "plain_network": plain,
        },
    )


def _index(
    run: RunFiles,
    words: Words,
    titles: Mapping[str, str],
    line: str,
    linked: Mapping[str, str],
) -> str:
    data = {
        "ui": words.page(),
        "lang": words.language,
        "titles": {code: titles.get(code, code) for code in _codes(run)},
        "top": len(linked),
        "cases": [_case(row, run, words, linked) for row in run.cases],
        "coverage": [_coverage(row, words, titles) for row in run.coverage],
        "rows": [
            {"id": name, "table": name, **{k: counts.get(k, 0) for k in _COUNTS}}
            for name, counts in sorted(dict(run.manifest.get("rows") or {}).items())
            if any(counts.get(k) for k in _COUNTS)
        ],
    }
    return page(
        "index.html",
        scripts=("static/common.js", "static/index.js"),
        styles=("static/base.css", "static/index.css"),
        data=data,
        frame={
            "lang": words.language,
            "title": f"GraphGov: {words('queue')}",
            "body_class": "queue",
            "t": words,
            "run_line": line,
            "rejects_line": words("rejects", n=run.rejects, data=run.data_errors),
        },
    )


_COUNTS = ("in", "kept", "rejected", "repeated")


def _codes(run: RunFiles) -> list[str]:
    return sorted({code for some in run.flags.values() for code in some})


def _case(row: Row, run: RunFiles, words: Words, linked: Mapping[str, str]) -> Row:
    case = row["case_id"]
    codes = sorted(run.flags.get(case, ()))
    amounts = _amounts(row)
    return {
        "id": case,
        "rank": int(row["rank"]),
        "score": round(float(row["score"]) * 100),
        "kind": row["kind"],
        "title": one_line(row["title"]),
        "summary": _short(row["summary"], run.reasons.get(case, ())),
        "amount": money(amounts) if amounts else words("unknown"),
        "most": max((float(number(a)) for _, a in amounts), default=0.0),
        "period": span(words, row["first_on"], row["last_on"]),
        "last": row["last_on"],
        "certainty": words(f"certainty.{row['certainty'] or 'documented'}"),
        "flags": len(codes),
        "codes_all": codes,
        "codes": sorted(set(codes)),
        "bodies": sorted({clean(b) for b in run.bodies.get(case, ())}),
        "names": sorted({clean(n) for n in run.members.get(case, ())})[:60],
        "page": linked.get(case, ""),
    }


def _short(summary: str, reasons: Sequence[str]) -> str:
    """What the strongest flag of a case says, in a few lines at most."""
    first = lead_of(summary.strip(), reasons)
    return first if len(first) <= _LONG else first[: _LONG - 1] + "…"


def _amounts(row: Row) -> list[tuple[str, str]]:
    amounts = [a.strip() for a in str(row["amount"]).split(";") if a.strip()]
    currencies = [c.strip() for c in str(row["currency"]).split(";")]
    currencies += [""] * (len(amounts) - len(currencies))
    return list(zip(currencies, amounts, strict=False))


def _coverage(row: Row, words: Words, titles: Mapping[str, str]) -> Row:
    code = row["indicator"]

    def count(name: str) -> int | None:
        return int(row[name]) if str(row[name]).isdigit() else None

    return {
        "id": code,
        "title": f"{titles.get(code, '')} ({code})".strip(),
        "kind": words.value(row["subject_kind"]),
        "subjects": count("subjects"),
        "computable": count("computable"),
        "not_computable": count("not_computable"),
        "flagged": count("flagged"),
        "why": one_line(row["reason"] or row["missing"]),
    }
