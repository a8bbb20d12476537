"""The contract of a graph store: tables in, the same tables out, results beside them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphgov.schema import Reject, Results, Tables
from graphgov.store import statements

Answer = tuple[list[str], list[list[object]]]


@dataclass(frozen=True)
class LoadReport:
    """What a load did.

    Args:
        nodes: Input nodes of ours in the graph afterwards.
        relationships: Input relationships of ours in the graph afterwards.
        added: Nodes and relationships that were not there before.
        changed: Nodes whose properties changed.
        removed: Nodes and relationships whose place others took.
        rejects: Rows that the graph could not hold.
    """

    nodes: int
    relationships: int
    added: int = 0
    changed: int = 0
    removed: int = 0
    rejects: tuple[Reject, ...] = ()

    def __str__(self) -> str:
        aside = f", {len(self.rejects):,} rejected" if self.rejects else ""
        return (
            f"{self.nodes:,} nodes and {self.relationships:,} relationships in the graph "
            f"({self.added:,} added, {self.changed:,} changed, {self.removed:,} replaced{aside})"
        )


class Store(ABC):
    """A graph that holds one or several datasets and the results of the last run.

    A store never touches what has no `dataset` (or, for results, no `run_id`).
    """

    @abstractmethod
    def load(self, tables: Tables) -> LoadReport:
        """Put tables into the graph; doing it twice changes nothing.

        Raises:
            StoreError: Another process is writing, or a node that is not ours has one of our
                keys. The graph is then as it was.
        """

    @abstractmethod
    def read(self) -> Tables:
        """Everything loaded, cell for cell; `sources` and `rejects` are empty.

        Raises:
            StoreError: There is no graph.
        """

    @abstractmethod
    def save(self, results: Results) -> None:
        """Write the results of a run and make it the current one; earlier runs go.

        A reader sees the run before or this one, never half of either.
        """

    @abstractmethod
    def query(self, question: str, params: Mapping[str, object] | None = None) -> Answer:
        """Columns and rows of a named file of `cypher/explore/`, or of a statement.

        Raises:
            ConfigError: The name or a parameter is unknown, or a parameter is missing.
            StoreError: The statement is wrong, or would write.
        """

    def withheld(self) -> set[str]:
        """Ids and names of what is withheld."""
        _, rows = self.query(statements.load("read", "withheld", statements.DIALECTS[0]).text)
        return {str(cell) for row in rows for cell in row if cell}

    @abstractmethod
    def remove(self) -> None:
        """Take everything of ours out of the graph, results included."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything."""


def plain(value: object) -> object:
    """A value of an answer without the store's own classes and inner ids."""
    if isinstance(value, Mapping):
        inner = {"_id", "_src", "_dst"}
        return {
            str(k).lower() if str(k).startswith("_") else str(k): plain(v)
            for k, v in value.items()
            if str(k).lower() not in inner and v is not None
        }
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(v) for v in value]
    return value
