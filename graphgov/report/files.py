"""The result files of a run: CSV for people, Parquet for programs, one column order for both.

Bytes depend on content alone: rows are sorted, JSON cells have sorted keys, floats carry at
most twelve significant digits. A text cell that a spreadsheet would take for a formula gets an
apostrophe in front; numbers, dates and Parquet are left as they are. `unguard` takes it away.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from graphgov.errors import InputError
from graphgov.schema import Case, Flag, Reject, Tables
from graphgov.schema.results import OUTPUTS, Results

Cell = str | int | float | Decimal | date | None

_GUARDED = re.compile(r"'*[=+\-@\t\r]")
_WAS_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_FIRST = frozenset("'=+-@\t\r")
_QUOTED = re.compile(r'[",\r\n]')
_CENT = Decimal("0.0001")
_BATCH = 20_000

_FLOATS = frozenset({"score", "value", "threshold", "p_value", "q_value", "stability"})
_DATES = frozenset({"first_on", "last_on"})
_COUNTS = frozenset({"rank", "flags", "subjects", "computable", "not_computable", "flagged"})


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def number(value: float | None) -> str:
    """A float as text with at most twelve significant digits, empty for None."""
    if value is None:
        return ""
    return repr(float(f"{value:.12g}"))


def guard(text: str) -> str:
    """Text that no spreadsheet takes for a formula; `unguard` gives it back."""
    return f"'{text}" if _GUARDED.match(text) else text


def unguard(cell: str) -> str:
    """What `guard` was given."""
    return cell[1:] if _WAS_GUARDED.match(cell) else cell


def canonical(value: object) -> str:
    """JSON with sorted keys, no spaces, floats of twelve digits, decimals as text."""
    plain = _plain(value)
    try:
        return _encode(plain)
    except UnicodeEncodeError:  # a lone surrogate
        return _utf8(json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def amounts(pairs: Sequence[tuple[str, Decimal]]) -> tuple[str, str]:
    """The `amount` and `currency` cells of money in one or several currencies."""
    ordered = sorted(pairs)
    return (
        "; ".join(str(amount.quantize(_CENT)) for _, amount in ordered),
        "; ".join(currency for currency, _ in ordered),
    )


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """One CSV file: UTF-8, LF, RFC 4180 quoting, formula-looking text guarded."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(columns) + "\n")
        lines: list[str] = []
        for row in rows:
            lines.append(",".join([_cell(value) for value in row]))
            if len(lines) == _BATCH:
                file.write("\n".join(lines) + "\n")
                lines.clear()
        if lines:
            file.write("\n".join(lines) + "\n")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV text; what is neither text, number nor date is written as JSON."""
    lines = [",".join(_cell(name) for name in columns)]
    for row in rows:
        plain = [v if isinstance(v, Cell | None) else canonical(v) for v in row]
        lines.append(",".join(_cell(value) for value in plain))
    return "\n".join(lines) + "\n"


def read_csv(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a file that `write_csv` made, guards taken away."""
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {key: unguard(value) for key, value in row.items()}


def write_results(folder: Path, results: Results) -> None:
    """The files of flags, cases, communities, scores and coverage."""
    flags = sorted(
        results.flags, key=attrgetter("indicator", "subject_kind", "subject_id", "flag_id")
    )
    _write_flags(folder, flags)
    members = sorted((f.flag_id, *m) for f in flags for m in f.members)
    write_csv(folder / "flag_members.csv", OUTPUTS["flag_members"], members)
    cases = sorted(results.cases, key=attrgetter("rank"))
    write_csv(folder / "cases.csv", OUTPUTS["cases"], [_case_row(case) for case in cases])
    names = results.names
    involved = sorted(
        (case.case_id, m.kind, m.id, names.get((m.kind, m.id), ""), m.role)
        for case in cases
        for m in case.members
    )
    write_csv(folder / "case_members.csv", OUTPUTS["case_members"], involved)
    links = sorted((case.case_id, flag_id) for case in cases for flag_id in case.flag_ids)
    write_csv(folder / "case_flags.csv", OUTPUTS["case_flags"], links)
    write_csv(folder / "communities.csv", OUTPUTS["communities"], sorted(results.communities))
    scores = sorted(results.scores, key=lambda s: (s.subject_kind, s.subject_id))
    write_csv(folder / "scores.csv", OUTPUTS["scores"], scores)
    write_csv(folder / "coverage.csv", OUTPUTS["coverage"], sorted(results.coverage))


def write_arrow(path: Path, columns: Sequence[str], table: pa.Table) -> None:
    """The rows of an Arrow table as CSV, sorted by their columns from the left."""
    cells = [table[name].to_pylist() for name in columns]
    rows = list(zip(*cells, strict=True))
    rows.sort(key=lambda row: [(value is not None, value) for value in row])
    write_csv(path, columns, rows)


def write_rejects(
    path: Path, given: Tables, more: Sequence[Reject], mask: Callable[[pa.Table], pa.Table]
) -> int:
    """Rows put aside by reading and those put aside by the graph, masked; how many."""
    rejects = given.con.execute("SELECT * FROM rejects").to_arrow_table()
    if more:
        cells = zip(*more, strict=True)
        refused = pa.table(dict(zip(Reject._fields, map(list, cells), strict=True)))
        rejects = pa.concat_tables(
            [rejects, refused.select(rejects.column_names).cast(rejects.schema)]
        )
    write_arrow(path, OUTPUTS["rejects"], mask(rejects))
    return int(rejects.num_rows)


def write_sources(
    path: Path, con: duckdb.DuckDBPyConnection, mask: Callable[[pa.Table], pa.Table]
) -> None:
    """Where every input row stood, sorted, some hundred thousand rows at a time."""
    columns = ", ".join(f'"{name}"' for name in OUTPUTS["sources"])
    reader = con.execute(f"SELECT {columns} FROM sources ORDER BY ALL").to_arrow_reader(500_000)
    with pq.ParquetWriter(path, reader.schema, compression="zstd", store_schema=False) as writer:
        for batch in reader:
            writer.write_table(mask(pa.Table.from_batches([batch])))


def read_json(path: Path) -> object:
    """What `write_json` was given.

    Raises:
        InputError: It is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} cannot be read: {error}.") from error


def write_json(path: Path, value: object) -> None:
    """A JSON file that people read too: sorted keys, two spaces."""
    text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, indent=2)
    path.write_text(_utf8(text) + "\n", encoding="utf-8", newline="\n")


def write_json_lines(path: Path, values: Iterable[object]) -> None:
    """One canonical JSON value per line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(canonical(value) + "\n" for value in values)


def _write_flags(folder: Path, flags: Sequence[Flag]) -> None:
    columns = OUTPUTS["flags"]
    schema = pa.schema([(name, _arrow_type(name)) for name in columns])
    with pq.ParquetWriter(
        folder / "flags.parquet", schema, compression="zstd", store_schema=False
    ) as parquet:

        def rows() -> Iterator[Sequence[Cell]]:
            for start in range(0, len(flags), _BATCH):
                batch = [_flag_row(flag) for flag in flags[start : start + _BATCH]]
                cells = zip(*batch, strict=True)
                arrays = [pa.array(c, f.type) for c, f in zip(cells, schema, strict=True)]
                parquet.write_table(pa.Table.from_arrays(arrays, schema=schema))
                yield from batch

        write_csv(folder / "flags.csv", columns, rows())


def _flag_row(flag: Flag) -> tuple[Cell, ...]:
    amount, currency = amounts(flag.amounts)
    evidence = [
        {"table": e.table, "key": e.key, **({"id": e.id} if e.id else {})}
        for e in sorted(flag.evidence)
    ]
    return (
        flag.flag_id,
        flag.indicator,
        flag.family,
        flag.class_,
        flag.subject_kind,
        flag.subject_id,
        _round(flag.score),
        _round(flag.value),
        flag.unit,
        _round(flag.threshold),
        _round(flag.p_value),
        _round(flag.q_value),
        amount,
        currency,
        flag.first_on,
        flag.last_on,
        flag.body_id,
        flag.company_id,
        flag.person_id,
        flag.certainty,
        _utf8(flag.reason),
        _utf8(flag.innocent),
        canonical(flag.facts),
        _utf8(_encode(evidence)),
    )


def _case_row(case: Case) -> tuple[Cell, ...]:
    amount, currency = amounts(case.amounts)
    return (
        case.case_id,
        case.rank,
        case.score,
        case.kind,
        case.title,
        case.summary,
        amount,
        currency,
        len(case.flag_ids),
        case.first_on,
        case.last_on,
        case.certainty,
    )


def _arrow_type(name: str) -> pa.DataType:
    if name in _FLOATS:
        return pa.float64()
    if name in _DATES:
        return pa.date32()
    return pa.int64() if name in _COUNTS else pa.string()


_encode_bytes = msgspec.json.Encoder(order="deterministic").encode


def _encode(value: object) -> str:
    return _encode_bytes(value).decode()


def _cell(value: Cell) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        text = value if value.isascii() else _utf8(value)
        if _CONTROL.search(text):  # `cat` on a terminal would obey them
            text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
        if text[0] in _FIRST:
            text = guard(text)
        return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
    if isinstance(value, float):
        return number(value)
    return str(value)


def _round(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.12g}")


def _utf8(text: str) -> str:
    """Text that can be written: a lone surrogate becomes its escape."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return _round(float(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(item) for item in value)  # type: ignore[type-var]
    item = getattr(value, "item", None)  # a NumPy scalar
    if callable(item):
        return _plain(item())
    raise TypeError(f"{type(value).__name__} cannot be written as JSON: {value!r}")
