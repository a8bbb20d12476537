"""The order of the stages: files → Tables → Store → Snapshot → Flags → Cases → Report.

No other module knows it. A run is written beside its place and put there in one step, with a
manifest from which it can be repeated.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pyarrow as pa

from graphgov import cases, detector, identity, ingest, report
from graphgov.cases import dossier
from graphgov.config import Config, read_config
from graphgov.detector import Detector, Findings
from graphgov.errors import ConfigError, GraphgovError, StoreError
from graphgov.manifest import manifest, parameters, run_id
from graphgov.report import files
from graphgov.report.changes import Earlier, changes, read_earlier
from graphgov.report.folder import check_place, written_beside
from graphgov.report.reviewed import found_beside
from graphgov.report.reviewed import read as read_reviews
from graphgov.roster import configured_detectors
from graphgov.schema import (
    OUTPUTS,
    TABLES,
    Community,
    Counts,
    Coverage,
    Flag,
    Reject,
    Results,
    Tables,
)
from graphgov.snapshot import Snapshot, take
from graphgov.store import LoadReport, Store, offline, open_store
from graphgov.summaries import CheckSummary, RunSummary
from graphgov.timing import Stopwatch

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What a run may be told.

    Args:
        store: Where the graph lies; empty for no graph.
        config: TOML file.
        as_of: Later events are hidden; by default the latest event in the data.
        top: How many cases get a dossier.
        seed: Start of everything drawn by chance; by default each detector's own.
        language: Of the sentences, `en` or `zh`.
        dataset: Prefix of all ids.
        previous: Folder of an earlier run to compare with.
        reviews: File of judgements; by default those beside the output folder and `previous`.
        mask_people: Pseudonyms instead of people.
        with_report: Make the pages.
    """

    store: str = ""
    user: str = ""
    database: str = ""
    config: Path | None = None
    as_of: date | None = None
    top: int = 50
    seed: int | None = None
    language: str = "en"
    dataset: str = ""
    previous: Path | None = None
    reviews: Path | None = None
    mask_people: bool = False
    with_report: bool = True


def run(
    sources: Sequence[Path], out: Path, options: Options, progress: Progress = lambda stage: None
) -> RunSummary:
    """Read sources, look at them, and write the folder of results.

    Args:
        sources: Files and folders; none to analyse what `options.store` holds.
        out: Folder of results; an earlier run in it stays until this one is complete.
        options: As the command line gives them.
        progress: Told the name of each stage as it begins.

    Raises:
        GraphgovError: What, where and what to do.
    """
    config = _prepared(options)
    detectors = configured_detectors(config, options.seed)
    settings = {"config": parameters(config, detectors), "options": _repeatable(options)}
    earlier = read_earlier(options.previous) if options.previous else None
    given = [options.reviews] if options.reviews else found_beside(options.previous, out)
    judged, judged_hash = read_reviews(given)
    check_place(out)
    with written_beside(out) as folder:
        clock = Stopwatch(progress)
        data = _read(sources, options, config, clock)
        with clock.stage("snapshot"):
            snap = take(
                data.stored,
                as_of=options.as_of,
                config=config,
                mask_people=options.mask_people,
            )
        results, dismissed = _analyse(snap, detectors, config, options, judged, clock)
        told = [settings["config"], options.seed, options.language, options.mask_people]
        told += [judged_hash] if judged_hash else []
        results = replace(results, run_id=run_id(data.stored, [*told, str(snap.as_of)]))
        with clock.stage("files"):
            rejected = _write_tables(folder, data, options)
            files.write_results(folder, results)
            changed = _write_changes(folder, earlier, results)
            facts = manifest(data.given, results, rejected, settings)
            if judged_hash:
                facts["reviews"] = {
                    "sha256": judged_hash,
                    "cases": judged.count,
                    "dismissed": dismissed,
                    "factors": dict(judged.factors),
                }
            files.write_json(folder / "manifest.json", facts)
        with clock.stage("dossiers"):
            by_id = {flag.flag_id: flag for flag in results.flags}
            pages = dossier.build(snap, results.cases, by_id, top=options.top)
            files.write_json_lines(folder / "dossiers.jsonl", pages)
        if options.with_report:
            with clock.stage("report"):
                report.render(folder, top=options.top)
        unsaved = _save(results, options, clock) if options.store else ""
        files.write_json(folder / "timings.json", clock.stages)
    if unsaved:
        raise StoreError(f"{unsaved} The results are whole in {out}; only the graph lacks them.")
    page = out / "report" / "index.html" if options.with_report else None
    return RunSummary(
        out=out,
        run_id=results.run_id,
        as_of=snap.as_of,
        counts=data.given.counts,
        flags=len(results.flags),
        cases=results.cases,
        coverage=results.coverage,
        changes=changed,
        page=page,
        judged=judged.count,
        dismissed=len(dismissed),
    )


def _save(results: Results, options: Options, clock: Stopwatch) -> str:
    """Write results back; what went wrong, which must not cost the files."""
    try:
        with clock.stage("save"), closing(_open(options)) as store:
            store.save(results)
    except StoreError as error:
        return str(error)
    return ""


def load_sources(
    sources: Sequence[Path], options: Options, progress: Progress = lambda stage: None
) -> tuple[Tables, str]:
    """Read sources into the graph; what was read, and what the store says it did."""
    if not sources:
        raise ConfigError("Nothing to load. Give a folder or a file, or --remove.")
    clock = Stopwatch(progress)
    config = read_config(options.config)
    with clock.stage("read"):
        tables = ingest.read(sources, dataset=options.dataset, timezone=config.timezone)
    with clock.stage("load"), closing(_open(options)) as store:
        return tables, str(store.load(tables))


def write_import(
    sources: Sequence[Path], out: Path, options: Options, progress: Progress = lambda stage: None
) -> tuple[Tables, LoadReport]:
    """Read sources into files for Neo4j's offline importer; what was read and written.

    Raises:
        ConfigError: There is nothing to read, or something else lies in `out`.
    """
    if not sources:
        raise ConfigError("Nothing to load. Give a folder or a file.")
    offline.check_database(options.database)
    clock = Stopwatch(progress)
    config = read_config(options.config)
    with written_beside(out, mark=offline.MARK, option="--offline") as folder:
        with clock.stage("read"):
            tables = ingest.read(sources, dataset=options.dataset, timezone=config.timezone)
        with clock.stage("files"):
            done = offline.write(tables, folder, database=options.database)
        mask = identity.Masker(tables, mask_people=False).rejects
        files.write_rejects(folder / "rejects.csv", tables, done.rejects, mask)
    return tables, done


def remove_all(options: Options) -> None:
    """Take everything of GraphGov out of the graph."""
    with closing(_open(options)) as store:
        store.remove()


def ask(
    question: str, params: Mapping[str, object], options: Options
) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """Columns and rows that a named question or a statement gives, nothing withheld in them."""
    with closing(_open(options)) as store:
        columns, rows = store.query(question, params)
        hidden = store.withheld()
    if not hidden:
        return columns, rows
    mask = identity.Redactor(hidden)
    return columns, [[mask.value(cell) for cell in row] for row in rows]


def render(out: Path) -> list[Path]:
    """Make the pages of a run again.

    Raises:
        ConfigError: There is no run in that folder.
    """
    told = files.read_json(out / "manifest.json") if (out / "manifest.json").is_file() else None
    if not isinstance(told, dict):
        raise ConfigError(f"{out} is not the output of a run (no manifest.json in it).")
    return list(report.render(out, top=int(told["options"]["top"])))


def check(sources: Sequence[Path], options: Options) -> CheckSummary:
    """Read data, flag nothing, say what is there and what could be computed from it."""
    config = _prepared(options)
    tables = ingest.read(sources, dataset=options.dataset, timezone=config.timezone)
    snap = take(tables, as_of=options.as_of, config=config)
    masker = identity.Masker(tables, mask_people=False)
    rejects = masker.rejects(tables.con.execute("SELECT * FROM rejects").to_arrow_table())
    return CheckSummary(
        as_of=snap.as_of,
        counts=tables.counts,
        unknown_columns=tables.unknown_columns,
        rejects=_by_code(rejects),
        detectors=[_computable(one, snap) for one in configured_detectors(config, options.seed)],
    )


def _by_code(rejects: pa.Table) -> list[tuple[int, str, str]]:
    found: dict[str, list[str]] = {}
    rows = zip(*(rejects[name].to_pylist() for name in OUTPUTS["rejects"]), strict=True)
    for file, line, field, code, _, reason in sorted(rows, key=str):
        found.setdefault(code, []).append(f"{file}:{line} {field}: {reason}")
    ranked = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(len(examples), code, examples[0]) for code, examples in ranked]


def _computable(one: Detector, snap: Snapshot) -> tuple[str, str, str]:
    missing = [column for column in one.needs if not snap.has(column)]
    return (one.code, "no" if missing else "yes", f"no {', no '.join(missing)}" if missing else "")


def _prepared(options: Options) -> Config:
    if options.language not in detector.LANGUAGES:
        known = ", ".join(detector.LANGUAGES)
        raise ConfigError(f"--lang {options.language!r} is not spoken here. Known: {known}.")
    if options.top < 0:
        raise ConfigError(f"--top must be 0 or more, not {options.top}.")
    return read_config(options.config)


def _open(options: Options) -> Store:
    return open_store(options.store, user=options.user, database=options.database)


@dataclass(frozen=True)
class _Input:
    """What the files held, and what is analysed: the same, or what the store gives back."""

    given: Tables
    stored: Tables
    refused: Sequence[Reject] = ()


def _read(sources: Sequence[Path], options: Options, config: Config, clock: Stopwatch) -> _Input:
    given: Tables | None = None
    refused: Sequence[Reject] = ()
    if sources:
        with clock.stage("read"):
            given = ingest.read(sources, dataset=options.dataset, timezone=config.timezone)
        if not options.store:
            return _Input(given, given)
    with closing(_open(options)) as store:
        if given is not None:
            with clock.stage("load"):
                refused = store.load(given).rejects
        with clock.stage("read back"):
            stored = store.read()
    return _Input(given or replace(stored, counts=_held(stored)), stored, refused)


def _held(tables: Tables) -> dict[str, Counts]:
    found = {}
    for name in TABLES:
        row = tables.con.execute(f'SELECT count(*) FROM "{name}"').fetchone()
        if row and row[0]:
            found[name] = Counts(rows_in=row[0], kept=row[0])
    return found


def _analyse(
    snap: Snapshot,
    detectors: Sequence[Detector],
    config: Config,
    options: Options,
    judged: cases.Reviews,
    clock: Stopwatch,
) -> tuple[Results, Sequence[str]]:
    """Results, and the cases that reviewers dismissed."""
    flags: list[Flag] = []
    communities: list[Community] = []
    coverage: list[Coverage] = []

    def look(one: Detector) -> Findings:
        with clock.stage(one.code):
            return _findings(one, snap, options.language)

    for one, findings in zip(detectors, detector.side_by_side(look, detectors), strict=True):
        flags += findings.flags
        communities += findings.communities
        coverage.append(detector.coverage(one, findings))
    flags.sort(key=lambda f: (f.indicator, f.subject_kind, f.subject_id, f.flag_id))
    with clock.stage("cases"):
        built, dismissed = cases.sort_out(
            snap, flags, config, language=options.language, reviews=judged
        )
        scores = cases.scores(flags, {kind: snap.subjects(kind) for kind in cases.KINDS})
    results = Results(
        run_id="",
        as_of=snap.as_of,
        flags=flags,
        cases=built,
        communities=sorted(communities),
        scores=scores,
        coverage=coverage,
        names=snap.names(),
    )
    return results, dismissed


def _findings(one: Detector, snap: Snapshot, language: str) -> Findings:
    try:
        return detector.run(one, snap, language)
    except GraphgovError:
        raise
    except Exception as error:
        raise GraphgovError(
            f"{one.code} failed on this data ({type(error).__name__}: {error}). Leave it out with "
            f"`enabled = false` in its section of --config, and report it."
        ) from error


def _write_tables(folder: Path, data: _Input, options: Options) -> int:
    """Rejects, candidates and sources, masked; how many rejects."""
    given = data.given
    masker = identity.Masker(data.stored, mask_people=options.mask_people)
    rejected = files.write_rejects(folder / "rejects.csv", given, data.refused, masker.rejects)
    pairs = masker.candidates(identity.candidates(data.stored))
    files.write_arrow(folder / "identity_candidates.csv", OUTPUTS["identity_candidates"], pairs)
    files.write_sources(folder / "sources.parquet", given.con, masker.sources)
    return rejected


def _write_changes(folder: Path, earlier: Earlier | None, results: Results) -> int | None:
    if earlier is None:
        return None
    rows = changes(earlier, results.cases, results.flags)
    files.write_csv(folder / "changes.csv", OUTPUTS["changes"], rows)
    return len(rows)


def _repeatable(options: Options) -> dict[str, object]:
    """The options that a result depends on; no path, no address."""
    return {
        "as_of": options.as_of,
        "dataset": options.dataset,
        "lang": options.language,
        "mask_people": options.mask_people,
        "report": options.with_report,
        "seed": options.seed,
        "store": bool(options.store),
        "previous": options.previous is not None,
        "top": options.top,
    }
