"""A Neo4j server as a store.

Rows go in batches, each a managed transaction; nothing holds more than a few of them. One node
is kept locked for as long as somebody writes, and another says that a load is not complete: the
next load then makes good what is missing, and nobody analyses half a graph meanwhile.
"""

import contextlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import neo4j
import pyarrow.parquet as pq
from neo4j import exceptions

from graphgov.errors import ConfigError, StoreError
from graphgov.schema import Results, Tables
from graphgov.schema.dataset import Scratch
from graphgov.schema.ddl import quoted
from graphgov.schema.graph import NODES, RELATIONS, RESULT_KEY, RESULT_NODES, Node
from graphgov.store import neo4j_cypher as cypher
from graphgov.store import outcome, statements
from graphgov.store.answers import told
from graphgov.store.base import Answer, LoadReport, Store
from graphgov.store.connection import Connection
from graphgov.store.export import Export
from graphgov.store.mend import missing_relations
from graphgov.store.merge import Merge, Plan, Step
from graphgov.store.restored import tables_from
from graphgov.store.writer import Writer

LONGEST_KEY = 8000  # bytes; an index takes about 8 160
_PAGE = 20_000
_LOCK_SECONDS = 3.0
_INDEX_SECONDS = 600
_STOPPED = ("TransactionTimedOut", "Terminated", "LockClientStopped", "LockAcquisitionTimeout")


class Neo4jStore(Store):
    """A graph in a database of a server.

    Args:
        connection: The server and the database.
    """

    def __init__(self, connection: Connection) -> None:
        self._con = connection

    def load(self, tables: Tables) -> LoadReport:
        """See `Store.load`; done in batches, and taken up again where it was stopped."""
        scratch = Scratch("load")
        empty = not self._any_of_ours()
        with ThreadPoolExecutor(1) as aside:
            # What there is to do is worked out here while the server makes its indexes.
            soon = aside.submit(self._plan, tables, scratch, None) if empty else None
            self._prepare()
            with self._only_writer() as lock:
                self._refuse_foreign(tables)
                # Another load may have come first.
                first = soon is not None and not lock.unfinished and not self._any_of_ours()
                if soon is not None and first:
                    plan = soon.result()
                else:
                    plan = self._plan(tables, scratch, self._stored(scratch, whole=False))
                if plan.steps:
                    self._con.write(cypher.text("lock", "begin_load"))
                writer = Writer(self._con)
                writer.apply(plan.steps)
                if lock.unfinished:
                    writer.apply(self._left_out(scratch))
                lock.complete = True
        return self._report(plan, writer, first=first)

    @staticmethod
    def _plan(tables: Tables, scratch: Scratch, stored: Path | None) -> Plan:
        folder = scratch.path / ("first" if stored is None else "again")
        folder.mkdir()
        return Merge(tables, folder, stored, longest_key=LONGEST_KEY).plan()

    def read(self) -> Tables:
        """See `Store.read`."""
        scratch = Scratch("read")
        self._refuse_missing()
        self._refuse_unfinished()
        Export(self._con, scratch.path).run(whole=False)
        self._refuse_unfinished()
        return tables_from(scratch)

    def save(self, results: Results) -> None:
        """See `Store.save`: in batches under a run that nobody sees before it is whole."""
        scratch = Scratch("save")
        made = outcome.write(results, scratch.path, current=False)
        self._refuse_missing()
        self._prepare()
        with self._only_writer():
            runs = self._runs()
            if not (runs.get(results.run_id) and self._says(results.run_id, made)):
                if results.run_id in runs:  # nobody may see it while it is written again
                    self._con.write(cypher.text("save", "make_current"), run_id="")
                    runs = {}
                self._forget_runs(but=next((r for r, current in runs.items() if current), ""))
                Writer(self._con).save(made)
            self._con.write(cypher.text("save", "make_current"), run_id=results.run_id)
            self._forget_runs(but=results.run_id)

    def query(self, question: str, params: Mapping[str, object] | None = None) -> Answer:
        """See `Store.query`; the server refuses what would write."""
        given = dict(params or {})
        text = question
        if statements.is_name(question):
            statement = statements.load("explore", question, cypher.DIALECT)
            text, given = statement.text, statement.bind(given)
        self._refuse_missing()
        with self._con.errors(), self._con.session(write=False) as session:
            return session.execute_read(lambda tx: told(tx.run(text, given)))

    def remove(self) -> None:
        """See `Store.remove`; constraints and indexes of ours go too."""
        self._refuse_missing()
        self._prepare()
        with self._only_writer() as lock:
            self._con.write(cypher.text("lock", "begin_load"))
            self._forget_runs(but="")
            for label in reversed(list(NODES)):
                self._repeat(cypher.text("load", "remove", label=quoted(label)))
            lock.complete = True
        for name, is_constraint in self._made():
            kind = "drop_constraint" if is_constraint else "drop_index"
            self._con.write(cypher.text("constraints", kind, called=quoted(name)))

    def close(self) -> None:
        """Close the connection."""
        self._con.close()

    # What is there.

    def _made(self) -> list[tuple[str, bool]]:
        return [(r["name"], r["constraint"]) for r in self._con.read(_THERE)]

    def _labels(self) -> list[Node]:
        """Labels of ours that some node has, whoever made it."""
        if not self._con.read(cypher.text("read", "count_all"))[0]["nodes"]:
            return []
        used = {r["label"] for r in self._con.read(cypher.text("read", "labels"))}
        return [node for node in NODES.values() if node.label in used]

    def _any_of_ours(self) -> bool:
        return any(
            self._con.read(cypher.text("read", "any_of_ours", label=quoted(node.label)))
            for node in self._labels()
        )

    def _refuse_missing(self) -> None:
        if not self._made() and not self._any_of_ours():
            raise StoreError(
                f"There is no graph of GraphGov's at {self._con.address}. Load one with "
                "`graphgov load`."
            )

    def _unfinished(self) -> bool:
        return bool(self._con.read(cypher.text("lock", "unfinished"))[0]["marks"])

    def _refuse_unfinished(self) -> None:
        if self._unfinished():
            raise StoreError(
                f"The graph at {self._con.address} is not complete: a load is under way, or was "
                "stopped. Load the same data again; it goes on where it stopped."
            )

    def _refuse_foreign(self, tables: Tables) -> None:
        """Refuse keys that belong to nodes without a dataset."""
        for node in self._labels():
            total = self._count("count_nodes", label=node.label)
            if total == self._count("count_our_nodes", label=node.label):
                continue
            statement = cypher.text(
                "read", "foreign_keys", label=quoted(node.label), key=quoted(node.key)
            )
            rows = tables.con.cursor().execute(f'SELECT DISTINCT "{node.key}" FROM "{node.table}"')
            while some := rows.fetchmany(_PAGE):
                found = self._con.read(statement, keys=[row[0] for row in some])
                if found:
                    raise StoreError(
                        f"{self._con.address} holds a {node.label} with {node.key} "
                        f"{found[0]['key']!r} that GraphGov did not load (it has no dataset). "
                        "Nothing was changed; rename it, or load with --dataset."
                    )

    def _count(self, name: str, **places: str) -> int:
        filled = {place: quoted(word) for place, word in places.items()}
        return int(self._con.read(cypher.text("read", name, **filled))[0].value())

    # Writing.

    def _prepare(self) -> None:
        """Constraints and indexes, before the first row."""
        made = {name for name, _ in self._made()}
        try:
            missing = [text for name, text in cypher.constraints() if name not in made]
            if not missing:
                return
            self._con.write_all(missing)
        except StoreError as error:
            if "ConstraintCreationFailed" not in str(error):
                raise
            raise StoreError(
                f"{error} The database holds other data under a label of GraphGov's; use "
                "another database."
            ) from None
        self._con.read(cypher.text("constraints", "ready"), seconds=_INDEX_SECONDS)

    @contextlib.contextmanager
    def _only_writer(self) -> Iterator["_Lock"]:
        """Keep other writers out until the end, or until the connection is lost."""
        with self._con.errors(), self._con.session(write=True) as session:
            tx, lock = self._hold(session)
            try:
                yield lock
            finally:
                # A lost server has let go already; what is marked as unfinished stays so.
                lost = contextlib.nullcontext() if lock.complete else _SUPPRESSED
                with lost, tx:
                    tx.run(cypher.text("lock", "end_load" if lock.complete else "release"))
                    tx.commit()

    def _hold(self, session: neo4j.Session) -> tuple[neo4j.Transaction, "_Lock"]:
        make, hold = cypher.text("lock", "make"), cypher.text("lock", "hold")
        for _ in range(10):
            session.execute_write(lambda tx: tx.run(make).consume())
            self._try_lock(hold)
            tx = session.begin_transaction()
            row = tx.run(hold).single()
            if row is not None:
                return tx, _Lock(self._unfinished())
            tx.close()  # another writer took the node away in between
        raise self._in_use()

    def _try_lock(self, hold: str) -> None:
        """Refuse soon, rather than wait, where another process holds the lock."""
        try:
            with (
                self._con.session(write=True) as session,
                session.begin_transaction(timeout=_LOCK_SECONDS) as tx,
            ):
                tx.run(hold).consume()
                tx.rollback()
        except exceptions.Neo4jError as error:
            if any(word in str(error.code) for word in _STOPPED):
                raise self._in_use() from None
            raise

    def _in_use(self) -> StoreError:
        return StoreError(
            f"Another process is writing to the graph at {self._con.address}; try again when it "
            "is done."
        )

    def _stored(self, scratch: Scratch, *, whole: bool) -> Path:
        folder = scratch.path / ("whole" if whole else "stored")
        folder.mkdir()
        Export(self._con, folder).run(whole=whole)
        return folder

    def _left_out(self, scratch: Scratch) -> list[Step]:
        folder = scratch.path / "left-out"
        folder.mkdir()
        return missing_relations(self._stored(scratch, whole=True), folder)

    def _report(self, plan: Plan, writer: Writer, *, first: bool) -> LoadReport:
        nodes, relations = writer.nodes, writer.relations
        if not first:
            nodes = sum(self._count("count_our_nodes", label=label) for label in NODES)
            types = sorted({r.type for r in RELATIONS})
            relations = sum(self._count("count_our_relations", type=t) for t in types)

        def rows(*kinds: str) -> int:
            return sum(s.rows for s in plan.steps if s.kind in kinds)

        return LoadReport(
            nodes,
            relations,
            added=rows("add_nodes", "add_relations"),
            changed=rows("set_nodes"),
            removed=rows("drop_nodes", "drop_rows"),
            rejects=plan.rejects,
        )

    # Runs.

    def _runs(self) -> dict[str, bool]:
        return {r["run_id"]: r["current"] for r in self._con.read(cypher.text("save", "runs"))}

    def _says(self, run: str, made: list[outcome.Frame]) -> bool:
        """Whether the graph says of a run what was found now."""
        for label, says in (("Flag", "reason"), ("Case", "title")):
            frame = next(f for f in made if f.name == label and not f.ends)
            rows = pq.read_table(frame.path, columns=[RESULT_KEY, says, "score"]).to_pylist()
            statement = cypher.text("save", "said", label=quoted(label), says=quoted(says))
            there = [
                (r["uid"], r["says"], r["score"]) for r in self._con.read(statement, run_id=run)
            ]
            if there != sorted((r[RESULT_KEY], r[says], r["score"]) for r in rows):
                return False
        return True

    def _forget_runs(self, *, but: str) -> None:
        for node in RESULT_NODES:
            self._repeat(cypher.text("save", "forget_run", label=quoted(node.label)), run_id=but)

    def _repeat(self, statement: str, **params: object) -> None:
        """Run a statement that takes a page away until nothing is left."""
        while self._con.write(statement, page=_PAGE, **params)[0]["gone"]:
            pass


class _Lock:
    """What is known while the lock is held; `complete` says that no row is missing any more."""

    def __init__(self, unfinished: bool) -> None:
        self.unfinished = unfinished
        self.complete = False


_SUPPRESSED = contextlib.suppress(exceptions.DriverError, exceptions.Neo4jError, OSError)
_THERE = cypher.text("constraints", "there")


def open_server(address: str, *, user: str = "", database: str = "") -> Neo4jStore:
    """The store at an address; nothing is opened before it is needed.

    Raises:
        ConfigError: The address holds a password or no host.
    """
    parts = urlsplit(address)
    if "@" in parts.netloc:
        raise ConfigError(
            "An address holds no user and no password: give --user, and the password in "
            "NEO4J_PASSWORD."
        )
    if not parts.hostname:
        raise ConfigError(f"{address} names no host. Give one such as bolt://localhost:7687.")
    return Neo4jStore(Connection(address, user, database))
