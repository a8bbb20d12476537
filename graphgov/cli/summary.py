"""A run from the command line, and what is said when it is over."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphgov.cli import talk

_TOP_CASES = 5


def analyse(sources: Sequence[Path], out: Path, **options: Any) -> str:
    """Run the pipeline and print its summary; the line that says what to open."""
    from graphgov.pipeline import Options, run

    progress = talk.Progress()
    try:
        done = run(sources, out, Options(**options), progress)
    finally:
        progress.done()
    for text in _lines(done):
        talk.result(text)
    return f"open      {done.page or done.out / 'cases.csv'}"


def rows_line(counts: Mapping[str, Any]) -> str:
    """Where all rows went, in one line."""
    total = {
        name: sum(getattr(c, name) for c in counts.values())
        for name in ("rows_in", "kept", "rejected", "repeated", "stubs")
    }
    return (
        f"rows      {total['rows_in']:,} in = {total['kept']:,} kept + {total['rejected']:,} "
        f"rejected + {total['repeated']:,} repeated; {total['stubs']:,} stubs made"
    )


def _aside(counts: Mapping[str, Any]) -> list[str]:
    """Where to read about rejects, loudly if they are all there is."""
    rejected = sum(c.rejected for c in counts.values())
    if not rejected:
        return []
    if not any(c.kept for c in counts.values()):
        return ["NOTHING could be read of what was given; rejects.csv says why, row by row"]
    return ["rejected  see rejects.csv: file, line, field and reason of each"]


def _lines(done: Any) -> list[str]:
    lines = [
        f"as of     {done.as_of}",
        rows_line(done.counts),
        *_aside(done.counts),
        f"flags     {done.flags:,}",
        f"cases     {len(done.cases):,}",
    ]
    lines += [
        f"  {case.rank:>3}  {case.score:.3f}  {talk.line(case.title)}"
        for case in done.cases[:_TOP_CASES]
    ]
    if done.judged:
        lines.append(
            f"reviews   judgements heeded: {done.judged:,}; dismissed cases left out: "
            f"{done.dismissed:,}, named in manifest.json"
        )
    if done.changes is not None:
        lines.append(f"changes   {done.changes:,} since the earlier run, in changes.csv")
    lines += _missing(done.coverage)
    if not done.cases:
        lines.append(
            "No case: no flag is strong enough to carry one."
            if done.flags
            else "No case could be made from this data; the lines above say what was missing."
        )
    return lines


def _missing(coverage: Sequence[Any]) -> list[str]:
    """What could not be computed at all, by reason, and what only in part."""
    nowhere: dict[str, list[str]] = {}
    partly = []
    for one in coverage:
        if one.computable == 0:
            reason = talk.line(one.reason) or "see coverage.csv"
            nowhere.setdefault(reason, []).append(one.indicator)
        elif one.computable < one.subjects:
            partly.append(one.indicator)
    if not nowhere and not partly:
        return []
    lines = ["not computable (this is not the same as clean):"]
    lines += [f"  {', '.join(codes)}: {reason}" for reason, codes in nowhere.items()]
    if partly:
        lines.append(
            f"  in part: {', '.join(partly)}; coverage.csv says on how many of what, and why"
        )
    return lines
