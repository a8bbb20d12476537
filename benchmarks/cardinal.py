"""Cardinal's indicators: `graphgov cardinal indicators` beside the program `ocdscardinal`.

Usage: python benchmarks/cardinal.py [--releases 10000,100000,1000000] [--gigabytes 20]
           [--program ocdscardinal] [--rounds 3] [--random 1000] [--work DIR] [--seed N] [--dry]

First the answers: on many small odd files the program, the engine and the slow oracle of the tests
must say the same, and so must program and engine on every large file, all eleven indicators on,
with Meta and Maps. The program runs on one thread there, since with more it may choose another
currency. Then the clock: both in turn, the program with all its threads. Memory is what all
processes of a command hold at once, apart from the pages of files; temporary files lie in /var/tmp
or TMPDIR, which should be on a disk. Python keeps what it compiled, as an installed package does.
The figures go to benchmarks/results/cardinal.json and cardinal.md, unless --dry.
"""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
TESTS = HERE.parent / "tests" / "cardinal"
CODES = "003 018 024 025 028 030 035 036 038 048 058".split()  # noqa: SIM905
SETTINGS = "".join(f"[R{code}]\n" for code in CODES)
OURS = [str(Path(sys.executable).with_name("graphgov")), "cardinal"]
LARGE = 500_000
COMPILED = tempfile.TemporaryDirectory(prefix="graphgov-compiled-")
COMPARED = 1_000_000  # beyond this the maps alone would fill the memory of a small machine


def module(path: Path) -> ModuleType:
    name = f"cardinal_bench_{path.parent.stem if path.stem == '__init__' else path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} cannot be loaded")
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


# --- running and watching ---------------------------------------------------------------------


@dataclass
class Took:
    """What one command cost."""

    seconds: float
    peak: float


def tree(root: int) -> list[int]:
    """A process and everything it started."""
    found = [root]
    for one in found:
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def held(root: int) -> int:
    """KiB that a process and its children hold, shared pages counted once."""
    total = 0
    for one in tree(root):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(
            int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:"))
        )
    return total


def around(more: dict[str, str]) -> dict[str, str]:
    """The environment of a command; Python may keep what it compiled, though not here."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": COMPILED.name, **more}


def measure(command: list[str], out: Path, **environment: str) -> Took:
    """Run a command; its answer goes to a file."""
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.05):
            peak = max(peak, held(child.pid))

    with out.open("wb") as answer, out.with_suffix(".err").open("wb") as talk:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=answer, stderr=talk, env=around(environment))
        watcher = threading.Thread(target=watch)
        watcher.start()
        code = child.wait()
        seconds = time.perf_counter() - start
        done.set()
        watcher.join()
    if code:
        said = out.with_suffix(".err").read_text(errors="replace")[-2000:]
        raise SystemExit(f"{' '.join(command)} ended with {code}\n{said}")
    return Took(seconds, peak / 1024)


# --- the same answers ---------------------------------------------------------------------------


def difference(mine: Any, theirs: Any, path: str = "") -> str | None:
    """Where two answers differ first, or nothing."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in sorted(mine.keys() | theirs.keys()):
            if key not in mine or key not in theirs:
                return f"{path}/{key} only in {'theirs' if key in theirs else 'ours'}"
            if told := difference(mine[key], theirs[key], f"{path}/{key}"):
                return told
        return None
    return None if mine == theirs else f"{path}: {mine!r} ours, {theirs!r} theirs"


def answer(command: list[str], **environment: str) -> Any:
    ran = subprocess.run(command, capture_output=True, env={**os.environ, **environment})
    if ran.returncode:
        raise SystemExit(f"{command} ended with {ran.returncode}: {ran.stderr.decode()[-2000:]}")
    return json.loads(ran.stdout)


def small_files(program: str | None, work: Path, number: int) -> int:
    """How many random files were answered alike by all that can answer."""
    oracle = module(TESTS / "oracle" / "__init__.py")
    maker = module(TESTS / "random_files.py").Maker
    file, ini = work / "random.jsonl", work / "random.ini"
    for seed in range(number):
        made = maker(seed)
        file.write_bytes(made.file())
        ini.write_text(settings := made.settings(), encoding="utf-8")
        asked = ["indicators", "--map", "-s", str(ini), str(file)]
        right = oracle.indicators(file.read_bytes(), settings, maps=True).output
        right = json.loads(json.dumps(right))
        answers = {}
        if program:
            answers["ocdscardinal"] = answer([program, *asked], RAYON_NUM_THREADS="1")
        if seed < number // 20:  # starting Python a thousand times would take minutes
            answers["graphgov"] = answer([*OURS, *asked, "--no-cache"])
        for name, given in answers.items():
            if told := difference(right, oracle.normal(given)):
                raise SystemExit(f"seed {seed}: oracle and {name} differ: {told}")
    return number


# --- one size -----------------------------------------------------------------------------------


@dataclass
class Size:
    """Seconds and MiB of one file, medians of the rounds."""

    releases: int
    megabytes: float
    rounds: int
    same: bool | None = None
    theirs: Took | None = None
    first: Took | None = None
    uncached: Took | None = None
    again: Took | None = None
    flags: dict[str, int] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return (
            self.theirs.seconds / self.uncached.seconds if self.theirs and self.uncached else None
        )


def middle(runs: list[Took]) -> Took | None:
    if not runs:
        return None
    return Took(statistics.median(r.seconds for r in runs), max(r.peak for r in runs))


def make(path: Path, releases: int, seed: int) -> None:
    """A file of releases, unless it is there."""
    if path.is_file():
        return
    half = path.with_suffix(".half")
    script = [sys.executable, str(HERE / "cardinal_data.py"), str(releases), str(half)]
    subprocess.run([*script, "--seed", str(seed)], check=True)
    half.rename(path)


def count_flags(given: dict[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for group in ("OCID", "Buyer", "ProcuringEntity", "Tenderer"):
        for flags in given.get(group, {}).values():
            for code in flags:
                counts[code] = counts.get(code, 0) + 1
    return dict(sorted(counts.items()))


def compare(program: str | None, file: Path, ini: Path, work: Path) -> tuple[bool | None, dict]:
    """Whether both say the same with Maps and Meta, and what was flagged."""
    normal = module(TESTS / "oracle" / "__init__.py").normal
    asked = ["indicators", "--map", "-s", str(ini), str(file)]
    measure([*OURS, *asked, "--no-cache"], work / "ours.json")
    mine = normal(json.loads((work / "ours.json").read_bytes()))
    if program is None:
        return None, count_flags(mine)
    measure([program, *asked], work / "theirs.json", RAYON_NUM_THREADS="1")
    told = difference(mine, normal(json.loads((work / "theirs.json").read_bytes())))
    if told:
        print(f"{file.name}: {told}", file=sys.stderr)
    return told is None, count_flags(mine)


def one(program: str | None, file: Path, releases: int, rounds: int, work: Path) -> Size:
    """Both programs in turn on one file."""
    ini = work / "all.ini"
    ini.write_text(SETTINGS)
    size = Size(releases, file.stat().st_size / 1e6, rounds)
    asked = ["indicators", "-s", str(ini), str(file)]
    warm = work / "warm.jsonl"
    warm.write_text("{}\n")
    measure([*OURS, "indicators", "-s", str(ini), str(warm), "--no-cache"], work / "warm.json")
    runs: dict[str, list[Took]] = {"theirs": [], "uncached": [], "first": [], "again": []}
    for _ in range(rounds):
        cache = Path(tempfile.mkdtemp(dir=work))
        out, folder = work / "out.json", {"XDG_CACHE_HOME": str(cache)}
        if program:
            runs["theirs"].append(measure([program, *asked], out))
        runs["uncached"].append(measure([*OURS, *asked, "--no-cache"], out, **folder))
        if releases <= COMPARED:
            runs["first"].append(measure([*OURS, *asked], out, **folder))
            runs["again"].append(measure([*OURS, *asked], out, **folder))
        shutil.rmtree(cache)
    for name, taken in runs.items():
        setattr(size, name, middle(taken))
    if releases <= COMPARED:
        size.same, size.flags = compare(program, file, ini, work)
    return size


# --- the page -----------------------------------------------------------------------------------


def cell(took: Took | None, megabytes: float) -> str:
    if took is None:
        return "–"
    return f"{took.seconds:.2f} s, {megabytes / took.seconds:.0f} MB/s, {took.peak:.0f} MiB"


def further(sizes: list[Size]) -> list[str]:
    """Memory for one release more, from one size to the next."""
    said = ["–"]
    for small, large in pairwise(sizes):
        if not small.uncached or not large.uncached or large.releases <= small.releases:
            said.append("–")
            continue
        more = (large.uncached.peak - small.uncached.peak) * 2**20
        said.append(f"{more / (large.releases - small.releases):.0f}")
    return said


def page(sizes: list[Size], checked: int, version: str | None) -> str:
    rows = [
        ("`ocdscardinal`", [cell(s.theirs, s.megabytes) for s in sizes]),
        ("`graphgov cardinal`, no cache", [cell(s.uncached, s.megabytes) for s in sizes]),
        ("first run, writes the cache", [cell(s.first, s.megabytes) for s in sizes]),
        ("second run, reads it", [cell(s.again, s.megabytes) for s in sizes]),
        ("bytes held per further release, no cache", further(sizes)),
        ("times as fast, no cache", [f"{s.ratio:.2f}" if s.ratio else "–" for s in sizes]),
        ("same answer", [{True: "yes", False: "NO", None: "–"}[s.same] for s in sizes]),
        ("rounds, median shown", [str(s.rounds) for s in sizes]),
    ]
    heads = [f"{s.releases:,} releases, {s.megabytes:,.0f} MB" for s in sizes]
    lines = [
        "# Cardinal's indicators",
        "",
        f"Measured by `benchmarks/cardinal.py` on {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {platform.system()}; "
        f"{version or 'without `ocdscardinal`'}.",
        "All eleven indicators on; seconds, speed and the memory of all processes together. Both",
        "programs take turns; files lie in the page cache where it holds them.",
        "",
        "| | " + " | ".join(heads) + " |",
        "|---|" + "--:|" * len(heads),
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows),
        "",
        f"Before that, {checked:,} small odd files were answered alike by the oracle of the tests"
        + (" and `ocdscardinal` on one thread (every twentieth by `graphgov` too)." if version else
           "; every twentieth by `graphgov` too."),
        "“Same answer” compares the parsed output with `--map`, lists as sets.",
        "",
        "Flags in the files: "
        + "; ".join(
            f"{s.releases:,} releases: " + ", ".join(f"{k} {v:,}" for k, v in s.flags.items())
            for s in sizes
            if s.flags
        )
        + ".",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", default="10000,100000,1000000")
    parser.add_argument("--gigabytes", type=float, default=0)
    parser.add_argument("--program", default=shutil.which("ocdscardinal"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--random", type=int, default=1000)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dry", action="store_true")
    told = parser.parse_args()
    numbers = [int(one) for one in told.releases.split(",") if one]
    if told.gigabytes:
        numbers.append(int(told.gigabytes * 1e9 / 7330))
    version = None
    if told.program:
        ran = subprocess.run(
            [told.program, "--version"], capture_output=True, text=True, check=True
        )
        version = ran.stdout.strip()
    if told.work is not None:
        told.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=told.work) as folder:
        work = Path(folder)
        checked = small_files(told.program, work, told.random)
        sizes = []
        for number in numbers:
            file = (told.work or work) / f"releases-{number}-{told.seed}.jsonl"
            make(file, number, told.seed)
            rounds = told.rounds if number < LARGE else 1
            sizes.append(one(told.program, file, number, rounds, work))
            if number >= LARGE or told.work is None:
                file.unlink()
            print(json.dumps(asdict(sizes[-1])), file=sys.stderr)
    text = page(sizes, checked, version)
    print(text)
    if told.dry:
        return
    RESULTS.mkdir(exist_ok=True)
    kept = {"version": version, "checked": checked, "sizes": [asdict(s) for s in sizes]}
    (RESULTS / "cardinal.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "cardinal.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
