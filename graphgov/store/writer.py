"""Frames into a server, batch by batch, by a few workers at once."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import date
from itertools import groupby
from pathlib import Path

import neo4j
from neo4j.exceptions import TransientError

from graphgov.schema.graph import Node, Relation
from graphgov.store import neo4j_cypher as cypher
from graphgov.store.connection import Connection
from graphgov.store.merge import Step
from graphgov.store.neo4j_cypher import Write
from graphgov.store.outcome import Frame
from graphgov.store.wire import Rows, batches

BATCH = 2_500  # rows of a transaction; larger ones fill the young heap of a small server
WORKERS = 3  # some pack rows while the server works on the others'
Batch = tuple[Write, Rows, list[date]]


class Writer:
    """Applies steps and counts what the server says it made.

    Args:
        connection: The server.
    """

    def __init__(self, connection: Connection) -> None:
        self._con = connection
        self.nodes = 0
        self.relations = 0

    def apply(self, steps: Iterable[Step]) -> None:
        """Take the steps of a plan in order; steps of one kind at once.

        Raises:
            StoreError: The server refused or was lost; earlier batches are in the graph.
        """
        for _, some in groupby(steps, key=lambda step: step.kind):
            self._write([(_write_of(step), step.path) for step in some])

    def save(self, frames: Sequence[Frame]) -> None:
        """Write the frames of a run, nodes first."""
        for _, some in groupby(frames, key=lambda frame: bool(frame.ends)):
            self._write([(_write_of_result(frame), frame.path) for frame in some])

    def _write(self, frames: Sequence[tuple[Write, Path]]) -> None:
        """Write frames; only a few batches of each are held at a time."""
        with ThreadPoolExecutor(WORKERS) as pool:
            running: set[Future[neo4j.SummaryCounters]] = set()
            try:
                for batch in _in_turn(frames):
                    running.add(pool.submit(self._one, batch))
                    if len(running) > WORKERS:
                        done, running = wait(running, return_when=FIRST_COMPLETED)
                        self._count(done)
                self._count(running)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _count(self, done: Iterable[Future[neo4j.SummaryCounters]]) -> None:
        for future in done:
            made = future.result()
            self.nodes += made.nodes_created
            self.relations += made.relationships_created

    def _one(self, batch: Batch) -> neo4j.SummaryCounters:
        write, rows, days = batch
        unsure = False

        def work(tx: neo4j.ManagedTransaction) -> neo4j.SummaryCounters:
            nonlocal unsure
            statement, unsure = (write.again if unsure else write.first), True
            try:
                return tx.run(statement, rows=rows, days=days).consume().counters
            except TransientError:  # two workers met at a node; the server took all of it back
                unsure = False
                raise

        with self._con.errors(), self._con.session(write=True) as session:
            return session.execute_write(work)


def _in_turn(frames: Sequence[tuple[Write, Path]]) -> Iterator[Batch]:
    """Batches of all frames in turn: workers then plan different statements, not one thrice."""
    going = [(write, batches(path, write.names, BATCH)) for write, path in frames]
    while going:
        left = []
        for write, source in going:
            batch = next(source, None)
            if batch is not None:
                yield write, *batch
                left.append((write, source))
        going = left


def _write_of(step: Step) -> Write:
    match step.kind, step.target:
        case "add_nodes", Node() as node:
            return cypher.add_nodes(node.label)
        case "set_nodes", Node() as node:
            return cypher.set_nodes(node.label)
        case "drop_nodes", Node() as node:
            return cypher.drop_nodes(node)
        case "add_relations", Relation() as relation:
            return cypher.add_relations(relation)
        case "drop_rows", Relation() as relation:
            return cypher.drop_rows(relation)
        case "drop_owned", Relation() as relation:
            return cypher.drop_owned(relation)
    raise ValueError(f"No statement for {step.kind} of {step.target}.")


def _write_of_result(frame: Frame) -> Write:
    if frame.ends:
        return cypher.add_result_relations(frame.name, frame.ends, frame.names)
    return cypher.add_nodes(frame.name)
