"""What a load has to do: tables against what the graph holds already, as steps on frames.

Rows are the same where their `row_key` is. What else happens to stored rows:

- A node with an id (or a consortium, by its award or bid id) is replaced by the rows that come
  with that id; a stub never replaces a listed body, person or company.
- A row that has no id of its own is added. If it says when an open stored row ended, and agrees
  with it on everything else the table says, it takes that row's place.
- Nothing that does not come is removed; `remove` does that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from graphgov.schema import TABLES, Reject, Table, Tables
from graphgov.schema.graph import NODE_OF_TABLE, NODES, ROW_KEY, Node, Relation
from graphgov.schema.validate import VALUE_SHOWN
from graphgov.store.frames import (
    applies,
    file_of,
    node_sql,
    owned_relations,
    parquet,
    q,
    relation_sql,
    restore_sql,
    row_relations,
    text,
    write_sql,
)

Kind = Literal["drop_owned", "drop_rows", "drop_nodes", "set_nodes", "add_nodes", "add_relations"]
_ORDER = ("drop_owned", "drop_rows", "drop_nodes", "set_nodes", "add_nodes", "add_relations")
_COMMON = frozenset({"source", "retrieved_on", "certainty", "listed", "dataset", "row_key"})
_BAD = "row_key, field, value"


@dataclass(frozen=True)
class Step:
    """One frame to be applied.

    `drop_owned` names owners (`key`) whose relationships of a type go, `drop_rows` names
    relationships (`from`, `to`, `row_key`), `drop_nodes` nodes (`key`); the others are frames.
    """

    kind: Kind
    target: Node | Relation
    path: Path
    rows: int


@dataclass(frozen=True)
class Plan:
    """Steps in the order in which they must be taken, and rows that no step carries."""

    steps: tuple[Step, ...]
    rejects: tuple[Reject, ...]


class Merge:
    """Works out a plan; everything it writes lies in one folder.

    Args:
        tables: What comes.
        folder: Empty folder for frames.
        stored: Folder of frames that the store gave back, or None where it is empty.
        longest_key: Bytes of UTF-8 that the key of a node may have; 0 for any.
    """

    def __init__(
        self, tables: Tables, folder: Path, stored: Path | None, *, longest_key: int = 0
    ) -> None:
        self._con: duckdb.DuckDBPyConnection = tables.con.cursor()
        self._folder = folder
        self._stored = stored
        self._longest = longest_key
        self._bad: dict[str, list[Path]] = {}
        self._steps: list[Step] = []
        self._files = 0

    def plan(self) -> Plan:
        """The steps, frames written."""
        rejects: list[Reject] = []
        for table in TABLES.values():  # all keys first: ends may lack because of them
            rejects += self._too_long(table)
        for table in TABLES.values():
            rejects += self._put_aside(table)
        for table in TABLES.values():
            if self._count(self._rows(table.name)) == 0:
                continue
            node = NODE_OF_TABLE.get(table.name)
            if node and node.key != ROW_KEY:
                self._entities(table, node)
            else:
                self._single_rows(table, node)
        steps = sorted(self._steps, key=lambda s: _ORDER.index(s.kind))
        return Plan(tuple(s for s in steps if s.rows), tuple(rejects))

    def clashes(self, node: Node, foreign: Path) -> list[str]:
        """Keys (column `key` of a file) of nodes that are not ours, which the tables have too."""
        found = self._con.execute(
            f"SELECT DISTINCT key FROM {parquet(foreign)} f "
            f"SEMI JOIN {self._rows(node.table)} t ON t.{q(node.key)} = f.key ORDER BY key LIMIT 3"
        ).fetchall()
        return [row[0] for row in found]

    # Rows, to stand after FROM.

    def _rows(self, table: str) -> str:
        kept = q(table)
        for bad in self._bad.get(table, ()):
            kept = f"(SELECT t.* FROM {kept} t ANTI JOIN {parquet(bad)} b USING (row_key))"
        return kept

    def _old(self, table: str) -> str:
        if self._stored is None:
            return f"(SELECT * FROM {q(table)} LIMIT 0)"
        return f"({restore_sql(TABLES[table], self._stored)})"

    def _ids(self, label: str) -> str:
        node = NODES[label]
        key = q(node.key)
        new = f"SELECT {key} AS id FROM {self._rows(node.table)}"
        if self._stored is None:
            return f"({new})"
        old = parquet(self._stored / f"{label}.parquet")
        return f"({new} UNION ALL SELECT {key} AS id FROM {old})"

    def _via(self, table: str) -> str:
        if self._stored is None:
            return self._rows(table)
        return f"(FROM {self._rows(table)} UNION ALL BY NAME FROM {self._old(table)})"

    def _too_long(self, table: Table) -> list[Reject]:
        """Rows whose key no index of the store can hold."""
        node = NODE_OF_TABLE.get(table.name)
        if not self._longest or node is None or node.key == ROW_KEY:
            return []
        key = q(node.key)
        found = (
            f"SELECT row_key, {text(node.key)} AS field, {key} AS value FROM {q(table.name)} "
            f"WHERE strlen({key}) > {self._longest}"
        )
        reason = f"The graph can hold an id of at most {self._longest:,} bytes."
        return self._rejected(table, [found], "too_long", reason)

    def _put_aside(self, table: Table) -> list[Reject]:
        """Rows whose ends are not there."""
        parts = [
            f"SELECT row_key, {text(column)} AS field, t.{q(column)} AS value "
            f"FROM {self._rows(table.name)} t "
            f"ANTI JOIN {self._ids(label)} i ON i.id = t.{q(column)} WHERE {applies(relation)}"
            for relation in row_relations(table.name)
            for label, column in (
                (relation.start, relation.start_column),
                (relation.end, relation.end_column),
            )
            if not (table.name == "awards" and column == table.entity)
        ]
        return self._rejected(table, parts, "missing_end", "The graph has nothing with this id.")

    def _rejected(self, table: Table, parts: list[str], code: str, reason: str) -> list[Reject]:
        """Rejects for what queries find: `row_key`, `field`, `value`, one query or more."""
        if not parts:
            return []
        path = self._folder / f"bad-{table.name}-{code}.parquet"
        self._con.execute(write_sql(" UNION ALL ".join(parts), path))
        rows = self._con.execute(
            "SELECT coalesce(s.file, $1), coalesce(s.line, 0), b.field, b.value "
            f"FROM (SELECT DISTINCT {_BAD} FROM {parquet(path)}) b "
            "LEFT JOIN (SELECT row_key, min(file) AS file, min(line) AS line FROM sources "
            'WHERE "table" = $1 GROUP BY row_key) s USING (row_key) ORDER BY ALL',
            [table.name],
        ).fetchall()
        if rows:
            self._bad.setdefault(table.name, []).append(path)
        return [Reject(file, line, f, code, v[:VALUE_SHOWN], reason) for file, line, f, v in rows]

    # What happens to a table.

    def _entities(self, table: Table, node: Node) -> None:
        """Nodes with an id: new ones are added, changed ones set, their relations made again."""
        key = q(node.key)
        new = self._rows(table.name)
        marks = ROW_KEY
        if "listed" in table.by_name:
            marks = "row_key, listed"
            new = (
                f"(SELECT t.* FROM {new} t LEFT JOIN {self._old(table.name)} o USING ({key}) "
                "WHERE NOT (t.listed IS FALSE AND o.row_key IS NOT NULL "
                "AND o.listed IS DISTINCT FROM FALSE))"
            )
        if self._stored is None:
            self._nodes("add_nodes", node, new)
            for relation in owned_relations(table.name):
                self._relations(relation, new)
            return
        old = self._old(table.name)
        touched = self._folder / f"touched-{table.name}.parquet"
        pair = f"{key}, {marks}"
        self._con.execute(
            write_sql(
                f"WITH new AS (FROM {new}), old AS (FROM {old}), "
                f"differ AS ((SELECT {pair} FROM new EXCEPT SELECT {pair} FROM old) UNION ALL "
                f"(SELECT {pair} FROM old SEMI JOIN new USING ({key}) "
                f"EXCEPT SELECT {pair} FROM new)) "
                f"SELECT d.{key}, o.{key} IS NULL AS is_new "
                f"FROM (SELECT DISTINCT {key} FROM differ) d "
                # A load that was stopped may have left an award without its rows.
                f"LEFT JOIN (SELECT {key} FROM {parquet(self._stored / file_of(node))}) o "
                f"USING ({key})",
                touched,
            )
        )

        def some(rule: str) -> str:
            return (
                f"(SELECT t.* FROM {new} t SEMI JOIN "
                f"(SELECT {key} FROM {parquet(touched)} WHERE {rule}) k USING ({key}))"
            )

        self._nodes("add_nodes", node, some("is_new"))
        self._nodes("set_nodes", node, some("NOT is_new"))
        changed = f"SELECT {key} AS key FROM {parquet(touched)} WHERE NOT is_new"
        for relation in owned_relations(table.name):
            self._step("drop_owned", relation, changed)
            self._relations(relation, some("true"))

    def _single_rows(self, table: Table, node: Node | None) -> None:
        """Rows known by their key alone, be they nodes or relationships."""
        new = self._rows(table.name)
        relations = owned_relations(table.name) if node else row_relations(table.name)
        if self._stored is not None:
            old = self._old(table.name)
            gone = self._folder / f"gone-{table.name}.parquet"
            self._con.execute(write_sql(self._superseded(table, new, old), gone))
            leaving = f"(SELECT o.* FROM {old} o SEMI JOIN {parquet(gone)} g USING (row_key))"
            if node:
                self._step("drop_nodes", node, f"SELECT row_key AS key FROM {leaving}")
            else:
                for relation in relations:
                    self._step("drop_rows", relation, self._ends(relation, leaving))
        if node:
            self._nodes("add_nodes", node, self._unknown(new, node))
        for relation in relations:
            self._relations(relation, self._unknown(new, node or relation))

    def _unknown(self, rows: str, where: Node | Relation) -> str:
        """Those of the rows that a stored frame lacks."""
        if self._stored is None:
            return rows
        stored = parquet(self._stored / file_of(where))
        return f"(SELECT t.* FROM {rows} t ANTI JOIN {stored} o USING (row_key))"

    @staticmethod
    def _ends(relation: Relation, rows: str) -> str:
        return (
            f'SELECT t.{q(relation.start_column)} AS "from", t.{q(relation.end_column)} AS "to", '
            f"row_key FROM {rows} t WHERE {applies(relation)}"
        )

    @staticmethod
    def _superseded(table: Table, new: str, old: str) -> str:
        """Keys of stored rows whose place an incoming row takes."""
        rest = f"ANTI JOIN {new} m USING (row_key)"
        names: Iterable[str] = (table.entity,) if table.entity else table.key
        if names:
            same = " AND ".join(f"o.{q(n)} = n.{q(n)}" for n in names)
            return f"SELECT o.row_key FROM {old} o SEMI JOIN {new} n ON {same} {rest}"
        ends = [c.name for c in table.columns if c.end]
        if not ends:
            return f"SELECT row_key FROM {old} LIMIT 0"
        same = ", ".join(
            f"CAST({q(c.name)} AS VARCHAR)"
            for c in table.columns
            if c.name not in _COMMON and c.name not in ends
        )
        open_ = " AND ".join(f"{q(n)} IS NULL" for n in ends)
        return (
            f"SELECT o.row_key FROM (SELECT row_key, to_json([{same}]) AS said FROM {old} "
            f"WHERE {open_}) o SEMI JOIN (SELECT to_json([{same}]) AS said FROM {new} "
            f"WHERE NOT ({open_})) n ON n.said = o.said {rest}"
        )

    # Steps.

    def _nodes(self, kind: Kind, node: Node, rows: str) -> None:
        self._step(kind, node, f"{node_sql(node, rows)} ORDER BY {q(node.key)}")

    def _relations(self, relation: Relation, rows: str) -> None:
        select = relation_sql(relation, rows, self._ids, self._via)
        # Relationships of one node beside each other are written at once.
        self._step("add_relations", relation, f'{select} ORDER BY "from", "to", row_key')

    def _step(self, kind: Kind, target: Node | Relation, select: str) -> None:
        self._files += 1
        path = self._folder / f"{self._files:03}-{kind}.parquet"
        done = self._con.execute(write_sql(select, path)).fetchone()
        self._steps.append(Step(kind, target, path, int(done[0]) if done else 0))

    def _count(self, rows: str) -> int:
        found = self._con.execute(f"SELECT count(*) FROM {rows}").fetchone()
        return int(found[0]) if found else 0
