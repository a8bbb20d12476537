"""Single runs for `detection.py`: provinces looked at, shuffled, thinned and crowded.

Every function gives a record that JSON can hold; nothing here adds records up.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from graphgov import cases, detector, ingest
from graphgov.config import Config
from graphgov.detector import Detector, Findings
from graphgov.roster import configured_detectors
from graphgov.schema import Case, Coverage, Flag, Tables
from graphgov.snapshot import Snapshot, take
from graphgov.synth import province, score
from graphgov.synth.habits import USUAL, Habits
from graphgov.synth.null import SHUFFLES, null_of, read_text

Record = dict[str, Any]
DEPTH = 150  # of the full run, in which the first cases of a thinned one must be
FIRST = 50


@cache
def detectors() -> tuple[Detector, ...]:
    """All of them, the same for the whole of a benchmark."""
    return tuple(configured_detectors(Config()))


def shuffles() -> dict[str, str]:
    """The shuffle under which what a detector looks at is an accident, by code."""
    return {one.code: null_of(one) for one in detectors()}


@dataclass(frozen=True)
class Looked:
    """What all detectors said of one dataset."""

    snap: Snapshot
    flags: list[Flag]
    findings: dict[str, Findings]
    coverage: dict[str, Coverage]
    failed: dict[str, str] = field(default_factory=dict)

    def cases(self, without: Callable[[Flag], bool] = lambda flag: False) -> list[Case]:
        """The queue, flags left out where told."""
        return cases.build(self.snap, [f for f in self.flags if not without(f)])


def look(tables: Tables, wanted: Callable[[Detector], bool] = lambda one: True) -> Looked:
    """Every detector on a dataset; one that fails is named, the others go on."""
    snap = take(tables)
    asked = [one for one in detectors() if wanted(one)]
    failed: dict[str, str] = {}

    def find(one: Detector) -> Findings:
        try:
            return detector.run(one, snap)
        except Exception as error:
            failed[one.code] = f"{type(error).__name__}: {error}"
            return Findings(reason="failed")

    found = detector.side_by_side(find, asked)
    flags = [flag for findings in found for flag in findings.flags]
    flags.sort(key=lambda f: (f.indicator, f.subject_kind, f.subject_id, f.flag_id))
    return Looked(
        snap,
        flags,
        {one.code: f for one, f in zip(asked, found, strict=True)},
        {one.code: detector.coverage(one, f) for one, f in zip(asked, found, strict=True)},
        dict(sorted(failed.items())),
    )


def members(queue: Iterable[Case]) -> list[dict[str, frozenset[str]]]:
    """Who is in each case, by kind, as the score wants it."""
    out = []
    for case in queue:
        held: dict[str, set[str]] = {}
        for member in case.members:
            held.setdefault(member.kind, set()).add(member.id)
        out.append({kind: frozenset(ids) for kind, ids in held.items()})
    return out


def make(
    folder: Path, awards: int, seed: int, strength: float, habits: Habits = USUAL, name: str = ""
) -> Path:
    """A province in the working folder, unless it is there; `name` tells other habits."""
    place = folder / f"province-{awards}-{seed}-{strength:g}{name}"
    if not (place / "truth.csv").is_file():
        shutil.rmtree(place, ignore_errors=True)
        province(place, awards=awards, seed=seed, strength=strength, habits=habits)
    return place


def planted(place: Path, seed: int, strength: float, *, ablate: str = "") -> tuple[Record, Looked]:
    """A province with schemes: how its queue fares.

    Args:
        place: Its folder.
        seed: Of the province.
        strength: Of its schemes.
        ablate: `families` to group again without each family, `all` also without each
            indicator; nothing otherwise.
    """
    start = time.perf_counter()
    looked = look(ingest.read([place]))
    items = score.read_truth(place / "truth.csv")
    queue = looked.cases()
    record = figures(items, queue) | {"seed": seed, "strength": strength}
    record["failed"] = looked.failed
    record["seconds"] = round(time.perf_counter() - start, 1)
    record["ablated"] = ablate
    record["without"] = {}
    if ablate:
        for name, left_out in _parts(looked.flags, indicators=ablate == "all").items():
            found = score.measure(items, members(looked.cases(left_out)))
            record["without"][name] = _short(found)
    return record, looked


def _short(found: score.Evaluation) -> Record:
    return {
        "precision_50": found.precision[50],
        "recall_100": found.recall[100],
        "average_precision": found.average_precision,
        "look_alikes_50": found.look_alikes[50],
    }


def _parts(flags: Sequence[Flag], *, indicators: bool) -> dict[str, Callable[[Flag], bool]]:
    """What to leave out in turn: families, and indicators if asked."""
    parts: dict[str, Callable[[Flag], bool]] = {}
    for family in sorted({f.family for f in flags}):
        parts[f"family {family}"] = lambda flag, family=family: flag.family == family
    if indicators:
        for code in sorted({f.indicator for f in flags}):
            parts[code] = lambda flag, code=code: flag.indicator == code
    return parts


def figures(items: Sequence[score.Item], queue: Sequence[Case]) -> Record:
    """Precision and recall, and outcome and score of every case and scheme."""
    held = members(queue)
    found = score.measure(items, held)
    outcomes = score.judge(items, held)
    schemes = {i.item_id: i.type for i in items if i.item == "scheme"}
    return {
        "precision": {str(k): v for k, v in found.precision.items()},
        "recall": {str(k): v for k, v in found.recall.items()},
        "average_precision": found.average_precision,
        "look_alikes": {str(k): v for k, v in found.look_alikes.items()},
        "look_alike_types": found.look_alike_types,
        "cases": [
            [case.score, "hit" if o.found else "again" if o.again else "miss"]
            for case, o in zip(queue, outcomes, strict=True)
        ],
        "schemes": [[schemes[key], rank] for key, rank in found.ranks.items()],
    }


def clean(place: Path, seed: int) -> Record:
    """The clean twin of a province: everything flagged there is flagged in vain."""
    looked = look(ingest.read([place]))
    queue = looked.cases()
    items = score.read_truth(place / "truth.csv")
    counts: dict[str, int] = dict.fromkeys(looked.findings, 0)
    for flag in looked.flags:
        counts[flag.indicator] += 1
    return {
        "seed": seed,
        "flags": counts,
        "computable": {code: f.computable for code, f in looked.findings.items()},
        "scores": [case.score for case in queue],
        "look_alikes_50": score.measure(items, members(queue)).look_alikes[50],
        "failed": looked.failed,
    }


def shuffled(
    tables: Mapping[str, pd.DataFrame], draw: int, kind: str, codes: frozenset[str]
) -> Record:
    """P-values on a clean twin that was dealt out anew.

    Args:
        tables: The clean twin, as text.
        draw: Seed of the shuffle.
        kind: A key of `SHUFFLES`.
        codes: Detectors to ask; all that state a chance if empty.
    """
    dealt = SHUFFLES[kind](tables, draw)
    looked = look(ingest.read_frames(dealt), lambda one: not codes or one.code in codes)
    record: Record = {"kind": kind, "draw": draw, "failed": looked.failed, "p": {}}
    for code, found in looked.findings.items():
        if found.p_values is None:
            continue
        p = found.p_values[np.isfinite(found.p_values)]
        reported = sum(f.p_value is not None and f.p_value < 0.05 for f in found.flags)
        record["p"][code] = {
            "tests": int(p.size),
            "below": int((p < 0.05).sum()),
            "odd": int(found.p_values.size - p.size + ((p < 0) | (p > 1)).sum()),
            "computable": found.computable,
            "reported": reported,
        }
    return record


def crowded(place: Path, seed: int, full: Record, factor: int = 10) -> Record:
    """The same province with many more innocent ties.

    Other ends of known ties are exchanged among people whose officials serve in one region,
    `factor` times over: people keep their circles' sizes, and meaning is lost.
    """
    tables = read_text(place)
    ties = tables["ties"]
    more = [ties, *(_rewired(tables, [seed, i]) for i in range(factor))]
    tables["ties"] = pd.concat(more, ignore_index=True).drop_duplicates(ignore_index=True)
    looked = look(ingest.read_frames(tables))
    found = score.measure(score.read_truth(place / "truth.csv"), members(looked.cases()))
    return {
        "seed": seed,
        "ties": [len(ties), len(tables["ties"])],
        "before": full["precision"]["50"],
        "after": found.precision[50],
        "failed": looked.failed,
    }


def _rewired(tables: Mapping[str, pd.DataFrame], seed: list[int]) -> pd.DataFrame:
    ties, offices, bodies = tables["ties"], tables["offices"], tables["bodies"]
    region = bodies.set_index("body_id")["region"]
    serves = offices.drop_duplicates("person_id").set_index("person_id")["body_id"].map(region)
    first, second = ties["person_a"].map(serves), ties["person_b"].map(serves)
    turned = first.isna() & second.notna()
    near = np.where(turned, ties["person_b"], ties["person_a"])
    far = np.where(turned, ties["person_a"], ties["person_b"]).astype(object)
    group = (first.fillna(second).fillna("") + "/" + ties["kind"]).to_numpy(str)
    draws = np.random.default_rng(seed).random(len(ties))
    other = far.copy()
    other[np.argsort(group, kind="stable")] = far[np.lexsort((draws, group))]
    made = ties.assign(person_a=near, person_b=other)
    return made[made["person_a"] != made["person_b"]]


def thinned(place: Path, seed: int, table: str, full: Looked) -> Record:
    """The same province without one table: what is lost, and whether that is said."""
    tables = read_text(place)
    tables.pop(table, None)
    record: Record = {"seed": seed, "table": table, "crash": "", "failed": {}, "new": []}
    try:
        looked = look(ingest.read_frames(tables))
        queue = looked.cases()
    except Exception as error:  # a crash is what this looks for
        return record | {"crash": f"{type(error).__name__}: {error}"}
    known = members(full.cases()[:DEPTH])
    held = members(queue[:FIRST])
    record["new"] = [i + 1 for i, case in enumerate(held) if not any(_same(case, k) for k in known)]
    record["failed"] = looked.failed
    lost = {
        code: (found.missing, found.reason)
        for code, found in looked.coverage.items()
        if full.coverage[code].computable and not found.computable
    }
    needing = {  # stubs may fill in for a table that others refer to
        one.code
        for one in detectors()
        if any(c.startswith(f"{table}.") and not looked.snap.has(c) for c in one.needs)
    }
    record["lost"] = sorted(lost)
    record["unnamed"] = sorted(
        {code for code, said in lost.items() if not all(said)}
        | {code for code in needing if not looked.coverage[code].missing}
    )
    return record


def _same(case: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]]) -> bool:
    """Whether two cases are about the same: a pair of parties, or half of a group of firms."""
    none: frozenset[str] = frozenset()
    firms, others = case.get("company", none), other.get("company", none)
    shared = len(firms & others)
    people = case.get("person", none) & other.get("person", none)
    bodies = case.get("body", none) & other.get("body", none)
    if shared and (people or bodies):
        return True
    if 2 * shared >= max(1, min(len(firms), len(others))) and shared >= 2:
        return True
    return not firms and bool(people or bodies)
