"""Results of a run as frames: what becomes `Run`, `Flag`, `Case` and `Community`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet

from graphgov.schema import Results, Type
from graphgov.schema.graph import (
    LABEL_OF_KIND,
    MEMBER_LABELS,
    RESULT_KEY,
    RESULT_NODES,
    RESULT_RELATIONS,
)

_ARROW: dict[Type, pa.DataType] = {
    Type.DATE: pa.date32(),
    Type.NUMBER: pa.float64(),
    Type.INTEGER: pa.int64(),
    Type.BOOLEAN: pa.bool_(),
}
Edge = tuple[str, str, object]  # from uid, to id, role or stability


@dataclass(frozen=True)
class Frame:
    """A file that holds what a run writes under one label or between two labels.

    Args:
        ends: Start and end label of a relationship type; empty for nodes.
        names: Its columns.
    """

    name: str
    ends: tuple[str, ...]
    path: Path
    rows: int
    names: tuple[str, ...]


def write(results: Results, folder: Path, *, current: bool) -> list[Frame]:
    """The frames of a run, nodes first; ends of relationships may be missing in the graph."""
    run = results.run_id
    nodes: dict[str, list[tuple[object, ...]]] = {
        "Run": [(run, results.as_of, current)],
        "Flag": [
            (
                _uid(run, f.flag_id),
                f.flag_id,
                f.indicator,
                f.family,
                f.class_,
                f.subject_kind,
                f.subject_id,
                f.score,
                f.value,
                f.unit,
                f.threshold,
                f.p_value,
                f.q_value,
                _amounts(f.amounts),
                f.first_on,
                f.last_on,
                f.certainty,
                f.reason,
                f.innocent,
                _json(f.facts),
                _json([{"table": e.table, "key": e.key, "id": e.id} for e in f.evidence]),
            )
            for f in results.flags
        ],
        "Case": [
            (
                _uid(run, c.case_id),
                c.case_id,
                c.rank,
                c.score,
                c.kind,
                c.title,
                c.summary,
                _amounts(c.amounts),
                c.first_on,
                c.last_on,
                c.certainty,
            )
            for c in results.cases
        ],
        "Community": [
            (_uid(run, graph, key), graph, key)
            for graph, key in sorted({(c.graph, c.community_id) for c in results.communities})
        ],
    }
    frames = []
    for spec in RESULT_NODES:
        names = [RESULT_KEY, *(name for name, _ in spec.properties)]
        types = [pa.string(), *(_ARROW.get(t, pa.string()) for _, t in spec.properties)]
        columns = _columns(nodes[spec.label], names, types)
        columns.insert(1, ("run_id", pa.array([run] * len(nodes[spec.label]), pa.string())))
        frames.append(_frame(folder, spec.label, (), columns))
    edges = _edges(results)
    for type_, start, end, own in RESULT_RELATIONS:
        rows = sorted(set(edges.get((type_, start, end), ())), key=str)
        names = ["from", "to", *(name for name, _ in own)]
        types = [pa.string(), pa.string(), *(_ARROW.get(t, pa.string()) for _, t in own)]
        columns = _columns([row[: len(names)] for row in rows], names, types)
        columns.append(("run_id", pa.array([run] * len(rows), pa.string())))
        frames.append(_frame(folder, type_, (start, end), columns))
    return frames


def _edges(results: Results) -> dict[tuple[str, str, str], list[Edge]]:
    run = results.run_id
    found: dict[tuple[str, str, str], list[Edge]] = {}

    def add(type_: str, start: str, uid: str, kind: str, key: str, value: object) -> None:
        label = LABEL_OF_KIND.get(kind, "")
        if label in MEMBER_LABELS:
            found.setdefault((type_, start, label), []).append((uid, key, value))

    for flag in results.flags:
        for member in flag.members:
            uid = _uid(run, flag.flag_id)
            add("ABOUT", "Flag", uid, member.kind, member.id, member.role)
    known = {f.flag_id for f in results.flags}
    for case in results.cases:
        uid = _uid(run, case.case_id)
        contained = found.setdefault(("CONTAINS", "Case", "Flag"), [])
        contained += [(uid, _uid(run, f), None) for f in case.flag_ids if f in known]
        for member in case.members:
            add("INVOLVES", "Case", uid, member.kind, member.id, member.role)
    for one in results.communities:
        uid = _uid(run, one.graph, one.community_id)
        add("HAS", "Community", uid, one.kind, one.id, float(one.stability))
    return found


def _uid(*parts: str) -> str:
    return "/".join(parts)


def _amounts(amounts: Iterable[tuple[str, Decimal]]) -> str:
    return _json([{"currency": c, "amount": format(a, "f")} for c, a in amounts])


def _json(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=str, order="sorted").decode()


def _columns(
    rows: Sequence[tuple[object, ...]], names: Sequence[str], types: Sequence[pa.DataType]
) -> list[tuple[str, pa.Array]]:
    return [
        (name, pa.array([_clean(row[i]) for row in rows], type_))
        for i, (name, type_) in enumerate(zip(names, types, strict=True))
    ]


def _clean(value: object) -> object:
    """Text that UTF-8 can hold; a lone surrogate becomes a replacement character."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return value


def _frame(
    folder: Path, name: str, ends: tuple[str, ...], columns: Sequence[tuple[str, pa.Array]]
) -> Frame:
    path = folder / f"result-{'-'.join((name, *ends))}.parquet"
    made = pa.table([array for _, array in columns], names=[n for n, _ in columns])
    pyarrow.parquet.write_table(made, path)
    return Frame(name, ends, path, made.num_rows, tuple(made.column_names))
