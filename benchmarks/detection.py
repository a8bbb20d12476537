"""How well detection holds up, on provinces whose truth is known.

Usage: python benchmarks/detection.py [--seeds 20] [--strengths 0.4,0.7,1,1.5,2] [--awards 20000]
           [--first SEED] [--rounds N] [--robust N] [--others N] [--work DIR] [--quick] [--dry]

Precision, recall and power by strength of the schemes; flags on clean twins; calibration of
every stated chance on shuffled awards; what each family adds; provinces whose schemes and
suppliers are made in other ways; ten times the innocent ties; whole tables removed. The figures
go to benchmarks/results/detection.json and detection.md unless --dry. A figure that is worse than
the last committed one by more than the intervals of both, a crash, or an indicator whose
calibration was in order and is not any more, fails.

--quick is for development: other seeds than the ones that are reported, one strength unless
told, one round of shuffles, tables removed from one province, nothing written.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import detection_figures as figures
import detection_page
import detection_runs as runs
from detection_figures import Figure

import graphgov
from graphgov.synth.habits import OTHERS, Habits
from graphgov.synth.null import read_text

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
FIRST, FIRST_QUICK = 9011, 101
ABLATED = 5  # provinces looked at without each indicator; without each family all are
FEWEST = 5  # provinces that every indicator is shuffled in
TABLES = ("ties", "bids", "decisions", "ownership", "officers", "offices", "tenders",
          "contracts", "thresholds", "people", "companies", "bodies")  # fmt: skip
TABLES_QUICK = TABLES[:4]
Record = dict[str, Any]


class Bench:
    """Runs what is asked for, each part once: records are kept in the working folder.

    A record is used again only by the same code, so that a run that was stopped goes on.
    """

    def __init__(self, told: argparse.Namespace) -> None:
        self.told = told
        self.work: Path = told.work
        self.seeds = list(range(told.first, told.first + told.seeds))
        package = Path(graphgov.__file__).parent
        self.made = self.work / f"provinces-{_name(package / 'synth')}"
        code = _name(package, HERE / "detection_runs.py")
        self.records = self.work / f"records-{code}-{told.awards}"
        self.records.mkdir(parents=True, exist_ok=True)
        self._full: dict[int, runs.Looked] = {}

    def kept(self, name: str, make: Callable[[], Record]) -> Record:
        """A record, from the folder or made now."""
        path = self.records / f"{name}.json"
        if not path.is_file():
            start = time.perf_counter()
            record = make()
            path.with_suffix(".part").write_text(json.dumps(record), encoding="utf-8")
            path.with_suffix(".part").rename(path)
            print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        found: Record = json.loads(path.read_text(encoding="utf-8"))
        return found

    def place(self, seed: int, strength: float) -> Path:
        """A province's folder."""
        return runs.make(self.made, self.told.awards, seed, strength)

    def planted(self, strength: float) -> list[Record]:
        """Every seed at one strength; parts are left out in turn at the usual one."""
        alone = [] if self.told.quick else self.seeds[:ABLATED]

        def one(seed: int) -> Record:
            ablate = "" if strength != 1 else "all" if seed in alone else "families"
            record, looked = runs.planted(self.place(seed, strength), seed, strength, ablate=ablate)
            if strength == 1 and seed in self.seeds[: self.told.robust]:
                self._full = {seed: looked}
                self.robust(seed, record)
            return record

        return [self.kept(f"planted-{s}-{strength:g}", lambda s=s: one(s)) for s in self.seeds]

    def full(self, seed: int) -> runs.Looked:
        """The usual province as a whole, looked at once."""
        if seed not in self._full:
            self._full = {seed: runs.planted(self.place(seed, 1.0), seed, 1.0)[1]}
        return self._full[seed]

    def robust(self, seed: int, record: Record) -> tuple[Record, list[Record]]:
        """The usual province crowded with ties, and without each table."""
        place = self.place(seed, 1.0)
        more = self.kept(f"crowded-{seed}", lambda: runs.crowded(place, seed, record))
        names = TABLES_QUICK if self.told.quick else TABLES
        return more, [
            self.kept(
                f"thinned-{seed}-{t}", lambda t=t: runs.thinned(place, seed, t, self.full(seed))
            )
            for t in names
            if (place / f"{t}.csv").is_file()
        ]

    def otherwise(self, usual: list[Record]) -> dict[str, list[Record]]:
        """The first seeds again, schemes and suppliers made as usual and in other ways."""
        seeds = self.seeds[: self.told.others]
        found = {"as usual": [r for r in usual if r["seed"] in seeds]} if usual else {}
        for number, (name, habits) in enumerate(OTHERS.items(), 1):

            def one(seed: int, number: int = number, habits: Habits = habits) -> Record:
                place = runs.make(self.made, self.told.awards, seed, 1.0, habits, f"-{number}")
                return runs.planted(place, seed, 1.0)[0]

            found[name] = [
                self.kept(f"other-{number}-{s}", lambda s=s, one=one: one(s)) for s in seeds
            ]
        return {name: records for name, records in found.items() if records}

    def clean(self) -> list[Record]:
        """The clean twin of every seed."""
        return [
            self.kept(f"clean-{s}", lambda s=s: runs.clean(self.place(s, 0.0), s))
            for s in self.seeds
        ]

    def shuffled(self) -> list[Record]:
        """Clean twins dealt out anew, until every indicator has enough p-values or rounds end."""
        found: list[Record] = []
        kind_of = runs.shuffles()
        asked = {
            kind: frozenset(c for c, k in kind_of.items() if k == kind) for kind in runs.SHUFFLES
        }
        for number in range(self.told.rounds * len(self.seeds)):
            seed = self.seeds[number % len(self.seeds)]
            for kind, codes in asked.items():
                if codes:
                    name = f"shuffled-{seed}-{number}-{kind}"
                    found.append(
                        self.kept(
                            name, lambda s=seed, n=number, k=kind, c=codes: self._deal(s, n, k, c)
                        )
                    )
            if number + 1 >= min(FEWEST, len(self.seeds)):
                seen = figures.calibration(found, kind_of)
                short = {c for c, row in seen.items() if not row["enough"]}
                asked = {k: frozenset(c for c in short if kind_of[c] == k) for k in asked}
        return found

    def _deal(self, seed: int, number: int, kind: str, codes: frozenset[str]) -> Record:
        return runs.shuffled(read_text(self.place(seed, 0.0)), number + 1, kind, codes)


def _name(*places: Path) -> str:
    """A name for the code in files and folders."""
    found = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            found.update(path.read_bytes())
    return found.hexdigest()[:12]


def measure(told: argparse.Namespace) -> Record:
    """All figures, as JSON holds them."""
    bench = Bench(told)
    strengths = [float(text) for text in told.strengths.split(",")]
    by_strength = {strength: bench.planted(strength) for strength in strengths}
    usual = by_strength.get(1.0, [])
    clean, shuffled = bench.clean(), bench.shuffled()
    otherwise = bench.otherwise(usual)
    robust = [bench.robust(r["seed"], r) for r in usual if r["seed"] in bench.seeds[: told.robust]]
    least = figures.cut(usual)
    kind_of = runs.shuffles()
    named = figures.as_json
    every = [
        *(r for rs in by_strength.values() for r in rs),
        *clean,
        *shuffled,
        *(r for rs in otherwise.values() for r in rs),
        *(more for more, _ in robust),
        *(t for _, ts in robust for t in ts),
    ]
    return {
        "awards": told.awards,
        "seeds": bench.seeds,
        "false_rate": figures.FALSE_RATE,
        "queue": {
            f"{s:g}": named(figures.queue_figures(rs, usual=s == 1))
            for s, rs in by_strength.items()
        },
        "power": {
            f"{s:g}": named(figures.over_seeds(rs, figures.powers)) for s, rs in by_strength.items()
        },
        "reached": named(figures.reached_figures(usual)),
        "look_alikes": named(figures.look_alike_figures(usual)),
        "clean": named(figures.clean_figures(clean, least)),
        "idle": sorted(
            set(kind_of) - {code for r in clean for code, n in r["computable"].items() if n}
        ),
        "calibration": figures.calibration(shuffled, kind_of),
        "without": {k: named(v) for k, v in figures.ablation_figures(usual).items()},
        "otherwise": {
            name: named(figures.queue_figures(rs, usual=False)) for name, rs in otherwise.items()
        },
        "ties": named(ties_figure([more for more, _ in robust])),
        "thinned": [t for _, ts in robust for t in ts],
        "failed": sorted(
            {f"{c}: {why}" for r in every for c, why in r["failed"].items()}
            | {f"without {t['table']}: {t['crash']}" for _, ts in robust for t in ts if t["crash"]}
        ),
    }


def ties_figure(records: list[Record]) -> dict[str, Figure]:
    """By how much precision at 50 falls among ten times the innocent ties."""
    fall = figures.averages(lambda r: r["before"] - r["after"])
    found = figures.over_seeds(records, fall, better="down", bars={"": 0.05})
    return {"fall of precision at 50": found[""]} if found else {}


def committed() -> Record | None:
    """The figures that were committed last; those on disk where there is no repository."""
    path = RESULTS / "detection.json"
    told = subprocess.run(
        ["git", "-C", str(HERE), "show", f"HEAD:./results/{path.name}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode == 0:
        text = told.stdout
    elif path.is_file():
        text = path.read_text(encoding="utf-8")
    else:
        return None
    found: Record = json.loads(text)
    return found


def worse(new: Record, old: Record) -> list[str]:
    """What is worse than before by more than chance; nothing if the provinces differ in size."""
    if new["awards"] != old["awards"]:
        return []
    out = []
    for name, here in flat(new).items():
        there = flat(old).get(name)
        if there is not None and here.worse_than(there):
            out.append(f"{name}: {here.value:g} where it was {there.value:g}")
    for code, row in new["calibration"].items():
        before = old["calibration"].get(code)
        if before and before["met"] and row["enough"] and not row["met"]:
            out.append(f"calibration of {code}: {row['share']:g} where it was {before['share']:g}")
    return out


def flat(told: Record) -> dict[str, Figure]:
    """Every figure by a name of its own; those that are neither good nor bad left out."""
    groups = {name: told[name] for name in ("reached", "look_alikes", "clean", "ties")}
    for part in ("queue", "power"):
        groups |= {f"{part} at strength {s}": rows for s, rows in told[part].items()}
    groups |= told.get("otherwise", {})
    return {
        f"{group}, {name}": figure
        for group, rows in groups.items()
        for name, figure in figures.from_json(rows).items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, help="the first seed")
    parser.add_argument("--strengths", help="factors on what schemes steer, by commas")
    parser.add_argument("--awards", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, help="most shuffles of each clean twin")
    parser.add_argument("--robust", type=int, help="provinces that are crowded and thinned")
    parser.add_argument("--others", type=int, help="provinces made again in each other way")
    parser.add_argument("--work", type=Path, help="keep provinces and records in this folder")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--dry", action="store_true", help="write no results")
    told = parser.parse_args()
    told.first = told.first or (FIRST_QUICK if told.quick else FIRST)
    told.strengths = told.strengths or ("1" if told.quick else "0.4,0.7,1,1.5,2")
    told.rounds = told.rounds or (1 if told.quick else 5)
    told.robust = (1 if told.quick else 3) if told.robust is None else told.robust
    told.others = (0 if told.quick else 5) if told.others is None else told.others
    with tempfile.TemporaryDirectory() as folder:
        told.work = told.work or Path(folder)
        found = measure(told)
    before = committed()
    found["worse"] = worse(found, before) if before else []
    text = detection_page.page(found)
    if told.quick or told.dry:
        print(text)
    else:
        RESULTS.mkdir(exist_ok=True)
        told_json = json.dumps(found, indent=1, sort_keys=True)
        (RESULTS / "detection.json").write_text(told_json + "\n", encoding="utf-8")
        (RESULTS / "detection.md").write_text(text, encoding="utf-8")
    for line in [*found["worse"], *found["failed"]]:
        print(f"WORSE OR BROKEN {line}", file=sys.stderr)
    if found["worse"] or found["failed"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
