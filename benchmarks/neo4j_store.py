"""Loading Neo4j: `graphgov load` beside thirty plain lines, the offline importer, a whole run.

Usage: python benchmarks/neo4j_store.py [--elements 100000,300000,1000000,3000000]
           [--offline 4000000] [--demo 20000] [--rounds 1] [--work DIR] [--seed N]

Every figure is taken on a server of its own, warmed up by both loaders, with an empty database;
the loaders take turns. Elements are nodes and relationships of a synthetic province. The figures
go to benchmarks/results/neo4j.json and neo4j.md, unless --dry; a part left out (--elements "",
--offline 0, --demo 0) keeps the figures and the commit of the run that measured it.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PER_AWARD = 14.65  # elements of a synthetic province
WARM, WARM_ROUNDS = 100_000, 6  # the server compiles what it does often, in the end
HEAP, PAGES = "2g", "1g"
BARS = {"online": 0.9, "offline": 5.0, "demo": 2.5}

# What a child process does; it prints seconds, nodes and relationships as JSON.
READ = """
import json, sys, time
from pathlib import Path
from graphgov.ingest import read
tables = read([Path(sys.argv[1])])
"""
LOAD = (
    READ
    + """
from graphgov.store import open_store
store = open_store(sys.argv[2])
started = time.perf_counter()
done = store.load(tables)
print(json.dumps([time.perf_counter() - started, done.nodes, done.relationships]))
store.close()
"""
)
FILES = (
    READ
    + """
from graphgov.store import offline
started = time.perf_counter()
done = offline.write(tables, Path(sys.argv[2]))
print(json.dumps([time.perf_counter() - started, done.nodes, done.relationships]))
"""
)
# The same elements as plain CSV, four properties on nodes and two on relationships.
PLAIN = (
    READ
    + """
from graphgov.schema.graph import Node
from graphgov.schema.dataset import Scratch
from graphgov.store.frames import parquet, q, text
from graphgov.store.merge import Merge
scratch, out = Scratch("plain"), Path(sys.argv[2])
for n, step in enumerate(Merge(tables, scratch.path, None).plan().steps):
    target, con = step.target, tables.con
    names = [r[0] for r in con.execute(f"DESCRIBE FROM {parquet(step.path)}").fetchall()]
    if isinstance(target, Node):
        rest = [c for c in ("row_key", "name", "title", "dataset", "source") if c in names][:3]
        rest = (rest + [c for c in names if c not in (*rest, target.key)])[:3]
        cells = dict(zip("pqr", rest), id=target.key)
        name = f"node-{target.label}-{n}"
    else:
        cells = {"start": "from", "end": "to", "p": "row_key", "q": "dataset"}
        name = f"relation-{target.type}-{target.start}-{target.end}-{n}"
    cells = ", ".join(f"{q(old)} AS {new}" for new, old in cells.items())
    file = out / f"{name}.csv"
    con.execute(f"COPY (SELECT {cells} FROM {parquet(step.path)}) TO {text(file)} (FORMAT csv)")
"""
)


def servers() -> Any:
    """The module that starts servers for the tests."""
    path = HERE.parent / "tests" / "servers" / "neo4j_server.py"
    spec = importlib.util.spec_from_file_location("neo4j_server", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Bench:
    """Provinces, servers and children in one working folder."""

    def __init__(self, work: Path, seed: int) -> None:
        self.work, self.seed, self.servers = work, seed, servers()
        work.mkdir(parents=True, exist_ok=True)

    def province(self, awards: int) -> Path:
        """A province of so many awards; made once."""
        folder = self.work / f"province-{awards}-{self.seed}"
        if not (folder / "truth.csv").is_file():
            code = (
                "import sys; from pathlib import Path; from graphgov.synth import province; "
                "province(Path(sys.argv[1]), awards=int(sys.argv[2]), seed=int(sys.argv[3]))"
            )
            child([sys.executable, "-c", code, folder, awards, self.seed])
        return folder

    def plain(self, source: Path) -> Path:
        """The files that the plain loader reads; made once."""
        folder = self.work / f"plain-{source.name}"
        if not folder.is_dir():
            partial = folder.with_name(f"{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            child([sys.executable, "-c", PLAIN, source, partial])
            partial.rename(folder)
        return folder

    @contextlib.contextmanager
    def server(self, *, warm: bool = True) -> Iterator[Any]:
        """An empty server, both loaders having been used on it."""
        home = self.work / "server"
        shutil.rmtree(home, ignore_errors=True)
        with self.servers.Server(home, heap=HEAP, page_cache=PAGES) as server:
            if warm:
                source = self.province(round(WARM / PER_AWARD))
                for load in (self.baseline, self.graphgov) * WARM_ROUNDS:
                    load(server, source)
                    with server.driver() as driver:
                        self.servers.wipe(driver)
            yield server
        shutil.rmtree(home, ignore_errors=True)

    def baseline(self, server: Any, source: Path) -> tuple[float, float]:
        """Seconds and peak memory of the thirty lines."""
        folder = self.plain(source)
        told, peak = child([sys.executable, HERE / "baseline_loader.py", server.uri, folder])
        return float(told), peak

    def graphgov(self, server: Any, source: Path) -> tuple[float, float, int, int]:
        """Seconds, peak memory, nodes and relationships of our load, reading not counted."""
        told, peak = child([sys.executable, "-c", LOAD, source, server.uri])
        seconds, nodes, relations = json.loads(told)
        return seconds, peak, nodes, relations


def child(command: list[Any]) -> tuple[str, float]:
    """What a command printed last, and its peak memory in MiB."""
    words = [str(word) for word in command]
    env = {k: v for k, v in os.environ.items() if k != "NEO4J_PASSWORD"}
    env["PYTHONPATH"] = str(HERE.parent)
    running = subprocess.Popen(
        words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=env
    )
    peak = 0.0
    # Not what `wait4` says: that begins with the memory of this process.
    while running.poll() is None:
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{running.pid}/status").read_text(encoding="utf-8")
            peak = max(
                [peak, *(float(kib) / 1024 for kib in re.findall(r"VmHWM:\s*(\d+)", status))]
            )
        time.sleep(0.05)
    told, _ = running.communicate()
    if running.returncode:
        raise SystemExit(f"{' '.join(words[:4])[:300]} ended with {running.returncode}")
    return (told.strip().splitlines() or [""])[-1], peak


def online(bench: Bench, elements: int, rounds: int) -> dict[str, Any]:
    """Both loaders on the same elements."""
    source = bench.province(round(elements / PER_AWARD))
    plain: list[tuple[float, float]] = []
    ours: list[tuple[float, float]] = []
    nodes = relations = 0
    for _ in range(rounds):
        with bench.server() as server:
            plain.append(bench.baseline(server, source))
            found = _elements(bench, server)
        with bench.server() as server:
            seconds, peak, nodes, relations = bench.graphgov(server, source)
            ours.append((seconds, peak))
        if found != nodes + relations:
            raise SystemExit(f"the plain lines made {found} elements, not {nodes + relations}")
    total = nodes + relations
    speeds = [total / statistics.median(s for s, _ in runs) for runs in (plain, ours)]
    return {
        "nodes": nodes,
        "relationships": relations,
        "baseline_per_second": round(speeds[0]),
        "graphgov_per_second": round(speeds[1]),
        "ratio": round(speeds[1] / speeds[0], 2),
        "baseline_peak_mb": round(max(p for _, p in plain)),
        "graphgov_peak_mb": round(max(p for _, p in ours)),
    }


def _elements(bench: Bench, server: Any) -> int:
    with server.driver() as driver:
        nodes = driver.execute_query("MATCH (n) RETURN count(*) AS n").records[0]["n"]
        links = driver.execute_query("MATCH ()-[r]->() RETURN count(*) AS n").records[0]["n"]
    return int(nodes + links)


def offline(bench: Bench, elements: int) -> dict[str, Any]:
    """Files and importer against our load over Bolt."""
    source = bench.province(round(elements / PER_AWARD))
    with bench.server() as server:
        slow, _, nodes, relations = bench.graphgov(server, source)
    folder, home = bench.work / "import", bench.work / "imported"
    for old in (folder, home):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir()
    told, peak = child([sys.executable, "-c", FILES, source, folder])
    writing = float(json.loads(told)[0])
    facts = json.loads((folder / "import.json").read_text(encoding="utf-8"))
    words = [_absolute(word, folder) for word in facts["arguments"]]
    server = bench.servers.Server(home, heap=HEAP, page_cache=PAGES)
    started = time.perf_counter()
    server.admin("database", "import", "full", facts["database"], *words)
    importing = time.perf_counter() - started
    with server:
        found = _elements(bench, server)
    size = sum(f.stat().st_size for f in folder.iterdir())
    for old in (folder, home):
        shutil.rmtree(old, ignore_errors=True)
    if found != nodes + relations:
        raise SystemExit(f"the importer made {found} elements, not {nodes + relations}")
    return {
        "nodes": nodes,
        "relationships": relations,
        "online_seconds": round(slow, 1),
        "files_seconds": round(writing, 1),
        "files_mb": round(size / 1e6),
        "files_peak_mb": round(peak),
        "import_seconds": round(importing, 1),
        "times_as_fast": round(slow / (writing + importing), 2),
    }


def _absolute(word: str, folder: Path) -> str:
    option, equals, files = word.rpartition("=")
    if not word.startswith(("--nodes=", "--relationships=")):
        return word
    return option + equals + ",".join(str(folder / name) for name in files.split(","))


def demo(bench: Bench, awards: int) -> dict[str, Any]:
    """A whole run through the file and through the server."""
    source = bench.province(awards)
    command = Path(sys.executable).with_name("graphgov")

    def run(store: str) -> float:
        out = bench.work / "out"
        shutil.rmtree(out, ignore_errors=True)
        started = time.perf_counter()
        child([command, "run", source, "-o", out, "--store", store])
        return time.perf_counter() - started

    graph = bench.work / "demo.lbug"
    graph.unlink(missing_ok=True)
    in_file = run(str(graph))
    with bench.server() as server:
        in_server = run(server.uri)
    graph.unlink(missing_ok=True)
    return {
        "awards": awards,
        "embedded_seconds": round(in_file, 1),
        "neo4j_seconds": round(in_server, 1),
        "ratio": round(in_server / in_file, 2),
    }


def commit() -> str:
    """The commit of the working tree, marked where it has changes."""
    command = ["git", "-C", str(HERE.parent), "describe", "--always", "--dirty"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def _when(part: dict[str, Any]) -> str:
    return f"Commit {part['commit']}; {part['machine']}; rounds: {part['rounds']}."


def _online(part: dict[str, Any]) -> list[str]:
    lines = [
        f"## Online (bar: at least {BARS['online']} of the plain lines)",
        "",
        _when(part),
        "",
        "| nodes | relationships | plain lines, per s | graphgov, per s | ratio | "
        "peak MiB plain | peak MiB graphgov, reading included |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    return lines + [
        f"| {r['nodes']:,} | {r['relationships']:,} | {r['baseline_per_second']:,} | "
        f"{r['graphgov_per_second']:,} | **{r['ratio']}** | {r['baseline_peak_mb']:,} | "
        f"{r['graphgov_peak_mb']:,} |"
        for r in part["rows"]
    ]


def page(found: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [
        "# Neo4j",
        "",
        f"Measured by `python benchmarks/neo4j_store.py`; server heap {HEAP}, page cache {PAGES}.",
        "Elements are nodes and relationships of a synthetic province; both loaders use the",
        "driver's Rust extension and write the same elements, the plain lines four properties per",
        "node and two per relationship, `graphgov load` all of them. Every server is",
        f"new and was warmed up by {WARM_ROUNDS} loads of {WARM:,} elements with each of the two.",
        "",
    ]
    if on := found.get("online"):
        lines += _online(on)
    if off := found.get("offline"):
        lines += [
            "",
            f"## Offline (bar: at least {BARS['offline']:g} times the online speed)",
            "",
            f"{off['nodes']:,} nodes and {off['relationships']:,} relationships: online "
            f"{off['online_seconds']} s; files {off['files_seconds']} s ({off['files_mb']:,} MB, "
            f"peak {off['files_peak_mb']:,} MiB) and importer {off['import_seconds']} s: "
            f"**{off['times_as_fast']} times** as fast. {_when(off)}",
        ]
    if whole := found.get("demo"):
        lines += [
            "",
            f"## A whole run (bar: at most {BARS['demo']} times the embedded one)",
            "",
            f"{whole['awards']:,} awards: embedded {whole['embedded_seconds']} s, Neo4j "
            f"{whole['neo4j_seconds']} s: **{whole['ratio']} times**. {_when(whole)}",
        ]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elements", default="100000,300000,1000000,3000000")
    parser.add_argument("--offline", type=int, default=4_000_000, help="0 leaves it out")
    parser.add_argument("--demo", type=int, default=20_000, help="awards; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commit", default="", help="what is measured, where git cannot say")
    parser.add_argument("--dry", action="store_true", help="write no results")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "graphgov-bench")
    told = parser.parse_args()
    bench = Bench(told.work, told.seed)
    version = bench.servers.default_version()
    machine = (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{platform.system()}, Neo4j {version}"
    )
    now = {"machine": machine, "commit": told.commit or commit(), "rounds": told.rounds}
    kept = RESULTS / "neo4j.json"
    found: dict[str, Any] = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    if sizes := [int(text) for text in told.elements.split(",") if text]:
        rows = []
        for elements in sizes:
            rows.append(online(bench, elements, told.rounds))
            print(json.dumps(rows[-1]), flush=True)
        found["online"] = {**now, "rows": rows}
    for name, measure, size in (("offline", offline, told.offline), ("demo", demo, told.demo)):
        if size:
            found[name] = {**now, **measure(bench, size)}
            print(json.dumps(found[name]), flush=True)
    if not told.dry:
        RESULTS.mkdir(exist_ok=True)
        kept.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        (RESULTS / "neo4j.md").write_text(page(found), encoding="utf-8")
    print(page(found))


if __name__ == "__main__":
    main()
