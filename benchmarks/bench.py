"""Seconds and peak memory of every stage at several sizes.

Usage: python benchmarks/bench.py [--awards 10000,100000,1000000] [--work DIR] [--seed N]

Provinces are made once in the working folder and used again. The figures go to
benchmarks/results/scale.json and scale.md.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
SIZES = "10000,100000,1000000"


def make(folder: Path, awards: int, seed: int) -> None:
    """A province in a folder, unless it is there."""
    if (folder / "truth.csv").is_file():
        return
    code = (
        "import sys; from pathlib import Path; from graphgov.synth import province; "
        "province(Path(sys.argv[1]), awards=int(sys.argv[2]), seed=int(sys.argv[3]))"
    )
    subprocess.run([sys.executable, "-c", code, folder, str(awards), str(seed)], check=True)


def measure(command: list[str]) -> tuple[float, float]:
    """Seconds and peak memory (MiB) of a command."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=sys.stderr)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def rows(folder: Path) -> dict[str, int]:
    """Rows kept per table."""
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {name: counts["kept"] for name, counts in told["rows"].items() if counts["kept"]}


def one(work: Path, awards: int, seed: int, *, pages: bool) -> dict[str, object]:
    """The figures of one size."""
    source, out = work / f"province-{awards}-{seed}", work / f"out-{awards}-{seed}"
    make(source, awards, seed)
    command = [str(Path(sys.executable).with_name("graphgov")), "run", str(source), "-o", str(out)]
    seconds, peak = measure(command if pages else [*command, "--no-report"])
    stages = json.loads((out / "timings.json").read_text(encoding="utf-8"))
    kept = rows(out)
    return {
        "awards": kept.get("awards", 0),
        "bids": kept.get("bids", 0),
        "report": pages,
        "seconds": round(seconds, 1),
        "peak_mb": round(peak),
        "stages": stages,
    }


def page(runs: list[dict[str, object]], machine: str) -> str:
    """The figures for people."""
    heads = [f"{r['awards']:,} awards, {r['bids']:,} bids" for r in runs]
    lines = [
        "# Scale",
        "",
        f"Measured by `make bench` on {machine}. Seconds and, in brackets, peak MiB of each",
        "stage; above 20 000 awards the command is `run --no-report`.",
        "",
        "| stage | " + " | ".join(heads) + " |",
        "|---|" + "--:|" * len(runs),
    ]
    names = list(dict.fromkeys(s["stage"] for r in runs for s in r["stages"]))
    for name in names:
        cells = []
        for run in runs:
            found = [s for s in run["stages"] if s["stage"] == name]
            cells.append(f"{found[0]['seconds']:.2f} ({found[0]['peak_mb']:.0f})" if found else "–")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    totals = " | ".join(f"**{r['seconds']} ({r['peak_mb']})**" for r in runs)
    return "\n".join([*lines, f"| **whole command** | {totals} |", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--awards", default=SIZES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "graphgov-bench")
    told = parser.parse_args()
    told.work.mkdir(parents=True, exist_ok=True)
    runs = []
    for size in (int(text) for text in told.awards.split(",")):
        runs.append(one(told.work, size, told.seed, pages=size <= 20_000))
        print(json.dumps({k: v for k, v in runs[-1].items() if k != "stages"}), flush=True)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"machine": machine, "runs": runs}, indent=2)
    (RESULTS / "scale.json").write_text(text + "\n", encoding="utf-8")
    (RESULTS / "scale.md").write_text(page(runs, machine), encoding="utf-8")


if __name__ == "__main__":
    main()
