"""Writes the parts of README and docs/ that the code already says; tests compare them.

Usage: python docs/generate.py [--session]

With `--session` the session in README is run anew and the figures are taken from
benchmarks/results; both cost minutes or depend on a machine, so no test compares them.
"""

import dataclasses
import os
import re
import subprocess
import sys
import tempfile
from itertools import groupby
from pathlib import Path

from typer.testing import CliRunner

os.environ["COLUMNS"] = "96"

from graphgov.cli import app
from graphgov.cli.cardinal import app as app_of_cardinal
from graphgov.detector import card
from graphgov.roster import known_detectors
from graphgov.schema import graph_docs
from graphgov.store import statements

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (
    "demo", "run", "load", "flag", "report", "check", "query", "review", "evaluate", "show",
    "cardinal",
)  # fmt: skip
_CASE_LINES = 24
SHOWN = ("tables", "indicators", "queries", "indicator", "case")


def readme() -> str:
    """README with its indicator table renewed."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return _between(text, "indicators", indicator_table())


def graph_model() -> str:
    """docs/graph-model.md with its reference renewed."""
    text = (ROOT / "docs" / "graph-model.md").read_text(encoding="utf-8")
    return _between(text, "graph", graph_docs.reference())


def indicator_table() -> str:
    """One row per indicator and model."""
    rows = ["| code | what is seen | looks at | kind |", "|---|---|---|---|"]
    for code, cls in known_detectors().items():
        kind = cls.subject_kind.replace("_", "–")
        rows.append(f"| {code} | {card(cls).summary} | {kind} | {cls.class_} |")
    return "\n".join(rows)


def indicator_pages() -> str:
    """docs/indicators.md: every indicator's card and settings."""
    parts = ["# Indicators and models\n\nGenerated from the code by `make docs`.\n"]
    for code, cls in known_detectors().items():
        said = card(cls)
        parts.append(f"## {code}: {cls.title['en']}\n\n{said.summary}\n")
        parts.append("\n".join(f"- **{label}.** {text}" for label, text in said.labels.items()))
        parts.append(f"- **Needs.** {_columns(cls.needs)}")
        if cls.wants:
            parts.append(f"- **Uses where there.** {_columns(cls.wants)}")
        fields = dataclasses.fields(cls)
        if fields:
            room = cls.__module__.split(".")[1]
            lines = [f"[{room}.{code}]"]
            for field in fields:
                low, high = field.metadata.get("low"), field.metadata.get("high")
                bounds = f"  # {low} to {high}" if low is not None else ""
                lines.append(f"{field.name} = {field.default}{bounds}")
            parts.append("\n```toml\n" + "\n".join(lines) + "\n```")
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def command_reference() -> str:
    """docs/command-line.md: the help of every command."""
    parts = ["# Command line\n\nGenerated from the code by `make docs`.\n"]
    cardinal = [command.callback.__name__ for command in app_of_cardinal.registered_commands]
    calls = [
        [],
        *([name] for name in COMMANDS),
        *(["show", name] for name in SHOWN),
        *(["cardinal", name] for name in cardinal),
    ]
    for call in calls:
        title = " ".join(["graphgov", *call])
        said = CliRunner().invoke(app, [*call, "--help"], prog_name="graphgov")
        if said.exit_code:
            raise RuntimeError(f"{title} --help failed: {said.output}")
        text = "\n".join(line.rstrip() for line in said.output.strip().splitlines())
        parts.append(f"## {title}\n\n```text\n{text}\n```\n")
    parts.append(
        "Exit codes: 0 done, 1 failed or stopped, 2 the input, options or configuration are "
        "wrong.\nResults go to stdout, talk to stderr; progress shows on a terminal only.\n"
    )
    return "\n".join(parts)


def query_page() -> str:
    """docs/queries.md with its list renewed."""
    text = (ROOT / "docs" / "queries.md").read_text(encoding="utf-8")
    parts: list[str] = []
    for group, found in groupby(statements.explore(), key=lambda s: s.header["Group"]):
        parts.append(f"## {group}\n")
        for statement in found:
            given = [
                f"- `{p.name}` ({p.type}{'' if p.default is None else ', ' + p.default}): {p.doc}"
                for p in statement.parameters
            ]
            says = f"{statement.header['Purpose']} *Returns* {statement.header['Returns']}"
            parts.append(f"### {statement.name}\n\n**{statement.header['Question']}** {says}\n")
            parts.extend([*given, ""] if given else [])
    return _between(text, "queries", "\n".join(parts).rstrip())


def generated() -> dict[Path, str]:
    """What each generated file should hold."""
    return {
        ROOT / "README.md": readme(),
        ROOT / "docs" / "indicators.md": indicator_pages(),
        ROOT / "docs" / "command-line.md": command_reference(),
        ROOT / "docs" / "graph-model.md": graph_model(),
        ROOT / "docs" / "queries.md": query_page(),
    }


def _columns(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


def _between(text: str, name: str, body: str) -> str:
    start, end = f"<!-- {name}: make docs -->", f"<!-- /{name} -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise RuntimeError(f"There is no {start} … {end}")
    return pattern.sub(lambda _: f"{start}\n{body}\n{end}", text)


def session() -> str:
    """What the session in README shows, as it came."""
    with tempfile.TemporaryDirectory() as folder:
        shown = []
        for line in ("graphgov demo -o out", "graphgov show case out 1"):
            command = [str(Path(sys.executable).with_name("graphgov")), *line.split()[1:]]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
            text = done.stdout.rstrip()
            if "show" in command:
                kept = text.splitlines()
                text = "\n".join([*kept[:_CASE_LINES], "…"] if len(kept) > _CASE_LINES else kept)
            shown.append(f"$ {line}\n{text}")
    return "```text\n" + "\n\n".join(shown) + "\n```"


def figures() -> str:
    """The figures that were measured last, beside what was asked for."""
    path = ROOT / "benchmarks" / "results" / "detection.md"
    text = re.sub(
        r"\]\((?!https?:|#)", f"]({path.parent.relative_to(ROOT)}/", path.read_text("utf-8")
    )
    head, bars = text.split("\n## ")[:2]
    return head.partition("\n\n")[2].strip() + "\n\n" + bars.partition("\n\n")[2].strip()


def main() -> None:
    """Write every generated file that differs."""
    if "--session" in sys.argv[1:]:
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        text = _between(text, "session", session())
        text = _between(text, "figures", figures())
        (ROOT / "README.md").write_text(text, encoding="utf-8")
    for path, text in generated().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
