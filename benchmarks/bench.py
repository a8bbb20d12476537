"""Seconds and peak memory of every stage at several sizes.

Usage: python benchmarks/bench.py [--awards 10000,100000,1000000] [--work DIR] [--seed N]
           [--slow AWARDS]

Provinces are made once in the working folder and used again. The figures go to
benchmarks/results/scale.json and scale.md. With --slow nothing is written: each detector runs
alone on a province of so many awards, and those are named that cost more than their share of
three seconds of both cores and 500 MiB for a million.
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
SECONDS, MEGABYTES, PER = 6.0, 500.0, 1_000_000  # what a detector may cost on two cores
START = 0.15  # seconds and
START_MB = 60.0  # MiB that even the smallest market costs


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


def alone(work: Path, awards: int, seed: int) -> list[dict[str, object]]:
    """Seconds of all cores, and MiB, of each detector by itself.

    Processor time, because it does not depend on what else the machine does. A second look
    costs less where the first made something for all.
    """
    from graphgov import detector, ingest
    from graphgov.config import Config
    from graphgov.roster import configured_detectors
    from graphgov.snapshot import take
    from graphgov.timing import Stopwatch

    source = work / f"province-{awards}-{seed}"
    make(source, awards, seed)
    snap = take(ingest.read([source]))
    found = []
    for one in configured_detectors(Config()):
        clock, held, began = Stopwatch(lambda stage: None), resident(), time.process_time()
        with clock.stage(one.code):
            findings = detector.run(one, snap)
        first, began = time.process_time() - began, time.process_time()
        detector.run(one, snap)
        found.append(
            {
                "code": one.code,
                "first": round(first, 3),
                "seconds": round(time.process_time() - began, 3),
                "mb": round(float(str(clock.stages[0]["peak_mb"])) - held),
                "flags": len(findings.flags),
            }
        )
        print(json.dumps(found[-1]), file=sys.stderr, flush=True)
    return found


def resident() -> float:
    """MiB that this process holds."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def slow(found: list[dict[str, object]], awards: int) -> str:
    """Detectors by cost, those over their share marked."""
    share = awards / PER
    lines = [f"{'':6}{'first':>8}{'again':>8}{'MiB':>7}{'flags':>8}"]
    for row in sorted(found, key=lambda r: -float(str(r["first"]))):
        dear = float(str(row["seconds"])) > START + SECONDS * share
        heavy = float(str(row["mb"])) > START_MB + MEGABYTES * share
        marks = " slow" * dear + " heavy" * heavy
        lines.append(
            f"{row['code']:6}{row['first']:8.2f}{row['seconds']:8.2f}{row['mb']:7}{row['flags']:8}{marks}"
        )
    return "\n".join(lines)


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
    parser.add_argument("--slow", type=int, metavar="AWARDS", help="time each detector alone")
    told = parser.parse_args()
    told.work.mkdir(parents=True, exist_ok=True)
    if told.slow:
        print(slow(alone(told.work, told.slow, told.seed), told.slow))
        return
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
