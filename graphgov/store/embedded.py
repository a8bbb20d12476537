"""The embedded store: a Ladybug graph in one file.

A first load writes a new file beside the target and renames it when it is whole. Everything
later happens in one transaction on the file itself: what a killed process leaves is the graph
before it. Frames go in and come out as Parquet, which is a hundred times faster than statements
with parameters.
"""

import contextlib
import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphgov.errors import StoreError
from graphgov.schema import Results, Tables
from graphgov.schema.dataset import Scratch
from graphgov.schema.ddl import node_tables, quoted, relation_tables
from graphgov.schema.graph import NODES, RELATIONS, RESULT_NODES
from graphgov.store import ladybug_cypher as cypher
from graphgov.store import outcome, statements
from graphgov.store.base import Answer, LoadReport, Store, plain
from graphgov.store.frames import file_of
from graphgov.store.locking import locked
from graphgov.store.merge import Merge, Plan
from graphgov.store.restored import tables_from

_POOL = 2 << 30  # bytes of pages that the database keeps in memory
_SUFFIXES = ("", ".wal", ".shadow", ".tmp")


class EmbeddedStore(Store):
    """A graph in a file.

    Args:
        path: The file; it is made by the first load.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, tables: Tables) -> LoadReport:
        """See `Store.load`."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Scratch("load")
        with locked(self._path, write=True):
            if not self._path.exists():
                return self._first(tables, scratch.path)
            with self._connection(write=True) as con:
                self._prepare(con)
                stored = scratch.path / "stored"
                stored.mkdir()
                self._export(con, stored)
                merge = Merge(tables, scratch.path, stored)
                self._refuse_foreign(con, merge, scratch.path)
                plan = merge.plan()
                with self._transaction(con):
                    self._apply(con, plan)
                return self._report(con, plan)

    def read(self) -> Tables:
        """See `Store.read`."""
        scratch = Scratch("read")
        with locked(self._path, write=False), self._connection(write=False) as con:
            self._export(con, scratch.path)
        return tables_from(scratch)

    def save(self, results: Results) -> None:
        """See `Store.save`; here all of it is one transaction."""
        scratch = Scratch("save")
        frames = outcome.write(results, scratch.path, current=True)
        with locked(self._path, write=True), self._connection(write=True) as con:
            self._prepare(con)
            with self._transaction(con):
                self._forget_runs(con)
                for frame in frames:
                    if frame.rows and frame.ends:
                        _run(con, cypher.add_result_relations(frame))
                    elif frame.rows:
                        _run(con, cypher.copy_nodes(frame.name, frame.path))

    def query(self, question: str, params: Mapping[str, object] | None = None) -> Answer:
        """See `Store.query`; the graph is opened for reading only."""
        given = dict(params or {})
        text = question
        if statements.is_name(question):
            statement = statements.load("explore", question, cypher.DIALECT)
            text, given = statement.text, statement.bind(given)
        with locked(self._path, write=False), self._connection(write=False) as con:
            result = _run(con, text, given)
            columns = list(result.get_column_names())
            rows = [[plain(v) for v in row] for row in result.get_all()]
            result.close()
        return columns, rows

    def remove(self) -> None:
        """See `Store.remove`; a file that holds nothing else is deleted."""
        with locked(self._path, write=True):
            if not self._path.exists():
                raise self._missing()
            with self._connection(write=True) as con:
                self._prepare(con)
                with self._transaction(con):
                    self._forget_runs(con)
                    for label in NODES:
                        _run(con, cypher.of_label("load", "remove", label))
                for name in [*relation_tables(), *node_tables()]:
                    # A table that others use stays.
                    with contextlib.suppress(StoreError):
                        if not _held(con, name):
                            _run(con, cypher.text("constraints", "drop_table", table=quoted(name)))
                empty = not _tables(con)
            if empty:
                _delete(self._path)
                self._path.with_name(f"{self._path.name}.lock").unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is held between calls."""

    # Opening.

    @contextlib.contextmanager
    def _connection(self, *, write: bool, path: Path | None = None) -> Iterator[Any]:
        import ladybug as engine

        target = path or self._path
        if path is None and not target.is_file():
            raise self._missing()
        try:
            database = engine.Database(str(target), read_only=not write, buffer_pool_size=_POOL)
            con = engine.Connection(database)
        except RuntimeError as error:
            raise StoreError(f"{target} cannot be opened: {_first_line(error)}") from None
        try:
            yield con
        finally:
            con.close()
            database.close()

    @contextlib.contextmanager
    def _transaction(self, con: Any) -> Iterator[None]:
        _run(con, "BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            with contextlib.suppress(StoreError):
                _run(con, "ROLLBACK")
            raise
        _run(con, "COMMIT")

    def _missing(self) -> StoreError:
        if self._path.is_dir():
            return StoreError(f"{self._path} is a folder; a graph is one file, such as case.lbug.")
        return StoreError(f"There is no graph at {self._path}. Load one with `graphgov load`.")

    def _prepare(self, con: Any) -> None:
        """Make the tables that are missing; refuse those that are somebody else's."""
        there = _tables(con)
        expected = {label: {name for name, _ in own} for label, (_, own) in node_tables().items()}
        expected |= {t: {name for name, _ in own} for t, (_, own) in relation_tables().items()}
        for name, properties in expected.items():
            if name in there and not properties <= _properties(con, name):
                raise StoreError(
                    f"{self._path} has a table {name!r} that is not GraphGov's, or that another "
                    "version made. Nothing was changed; load into a new file."
                )
        if not set(expected) <= there:
            with self._transaction(con):
                for statement in cypher.tables():
                    _run(con, statement)

    # Loading.

    def _first(self, tables: Tables, folder: Path) -> LoadReport:
        plan = Merge(tables, folder, None).plan()
        beside = self._path.with_name(f".{self._path.name}.{uuid.uuid4().hex[:8]}")
        try:
            with self._connection(write=True, path=beside) as con:
                with self._transaction(con):  # one commit instead of fifty
                    for statement in cypher.tables():
                        _run(con, statement)
                self._apply(con, plan)
                _run(con, "CHECKPOINT")
                report = self._report(con, plan)
            _sync(beside)
            beside.replace(self._path)
            _sync(self._path.parent)
        finally:
            _delete(beside)
        return report

    def _refuse_foreign(self, con: Any, merge: Merge, folder: Path) -> None:
        for node in NODES.values():
            found = _run(con, cypher.of_label("read", "count_foreign", node.label)).get_next()[0]
            if not found:
                continue
            path = folder / f"foreign-{node.label}.parquet"
            _run(con, cypher.export_foreign(node, path))
            clashes = merge.clashes(node, path)
            if clashes:
                raise StoreError(
                    f"{self._path} holds a {node.label} with {node.key} {clashes[0]!r} that "
                    "GraphGov did not load (it has no dataset). Nothing was changed; rename it, "
                    "or load with --dataset."
                )

    def _apply(self, con: Any, plan: Plan) -> None:
        for step in plan.steps:
            _run(con, cypher.step(step))

    def _report(self, con: Any, plan: Plan) -> LoadReport:
        counts = {"nodes": 0, "relationships": 0}
        for label in NODES:
            counts["nodes"] += int(
                _run(con, cypher.of_label("read", "count_our_nodes", label)).get_next()[0]
            )
        for name in sorted({r.type for r in RELATIONS}):
            counts["relationships"] += int(_run(con, cypher.count_relations(name)).get_next()[0])

        def rows(*kinds: str) -> int:
            return sum(s.rows for s in plan.steps if s.kind in kinds)

        return LoadReport(
            counts["nodes"],
            counts["relationships"],
            added=rows("add_nodes", "add_relations"),
            changed=rows("set_nodes"),
            removed=rows("drop_nodes", "drop_rows"),
            rejects=plan.rejects,
        )

    def _export(self, con: Any, folder: Path) -> None:
        there = _tables(con)
        missing = set(NODES) - there
        if missing:
            raise StoreError(f"{self._path} holds no graph of GraphGov's.")
        for node in NODES.values():
            _run(con, cypher.export_nodes(node, folder / file_of(node)))
        for relation in RELATIONS:
            if relation.is_row:
                _run(con, cypher.export_relations(relation, folder / file_of(relation)))

    def _forget_runs(self, con: Any) -> None:
        for node in RESULT_NODES:
            _run(con, cypher.of_label("save", "forget_run", node.label))


def _run(con: Any, statement: str, params: Mapping[str, object] | None = None) -> Any:
    try:
        return con.execute(statement, dict(params or {}))
    except RuntimeError as error:
        raise StoreError(f"The graph refused a statement: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _tables(con: Any) -> set[str]:
    return {row[0] for row in _run(con, "CALL show_tables() RETURN name").get_all()}


def _properties(con: Any, table: str) -> set[str]:
    found = _run(con, f"CALL table_info('{table}') RETURN name").get_all()
    return {row[0] for row in found}


def _held(con: Any, name: str) -> int:
    pattern = "(n:{0})" if name in node_tables() else "()-[n:{0}]->()"
    found = _run(con, f"MATCH {pattern.format(quoted(name))} RETURN count(*)").get_next()
    return int(found[0])


def _delete(path: Path) -> None:
    for suffix in _SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
