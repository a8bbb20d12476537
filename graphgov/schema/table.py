"""What a table is, and short hands for declaring its columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from graphgov.schema.columns import Column, Type

CERTAINTIES = ("documented", "declared", "inferred")
METHODS = ("open", "selective", "limited", "direct")


@dataclass(frozen=True)
class Table:
    """One table of a dataset.

    Args:
        name: File name without ending.
        group: `node`, `edge` or `context`.
        doc: What one row is.
        columns: In the order of the data model, without the common ones.
        key: Columns that identify a row; empty where rows have no id of their own.
        entity: The id shared by the rows of one thing; differs from `key` only where a
            consortium is several rows (awards, bids).
    """

    name: str
    group: str
    doc: str
    own_columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    entity: str = ""
    default_certainty: str = "documented"
    any_of: tuple[str, ...] = ()  # at least one of these must be given

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns, common and internal ones last."""
        common = [Column("source", doc="URL or document reference")]
        common.append(Column("retrieved_on", Type.DATE, doc="When the source was read"))
        if self.group == "edge":
            common.insert(0, Column("certainty", Type.CHOICE, choices=CERTAINTIES))
        if self.name in ("bodies", "companies", "people"):
            common.append(Column("listed", Type.BOOLEAN, internal=True))
            common.append(Column("certainty", Type.CHOICE, choices=CERTAINTIES, internal=True))
        common += [
            Column("dataset", Type.ID, internal=True),
            Column("row_key", Type.ID, internal=True),
            Column("extra", internal=True, doc="Unknown columns as a JSON object"),
        ]
        return self.own_columns + tuple(common)

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by name."""
        return MappingProxyType({c.name: c for c in self.columns})

    @cached_property
    def file_columns(self) -> tuple[Column, ...]:
        """The columns a file may have."""
        return tuple(c for c in self.columns if not c.internal)


def id_(name: str, ref: str = "", *, required: bool = True, kind: str = "") -> Column:
    """An id column."""
    return Column(name, Type.ID, required=required, ref=ref, ref_kind=kind)


def ref(name: str, ref: str) -> Column:
    """An id that may be empty."""
    return id_(name, ref, required=False)


def on(name: str, *, event: bool = True, end: bool = False, required: bool = False) -> Column:
    """A day."""
    return Column(name, Type.DATE, required=required, event=event, end=end)


def at(name: str, *, event: bool = True) -> Column:
    """A point in time."""
    return Column(name, Type.TIME, event=event)


def text(*names: str) -> tuple[Column, ...]:
    """Text columns."""
    return tuple(Column(n) for n in names)


def pick(name: str, *words: str, required: bool = False) -> Column:
    """One of a fixed list of words."""
    return Column(name, Type.CHOICE, required=required, choices=words)


def money(name: str, *, required: bool = False) -> Column:
    """An amount."""
    return Column(name, Type.MONEY, required=required)


CURRENCY = Column("currency", doc="ISO 4217 code")
NAME = Column("name", required=True)
CONTACT = text("address", "phone", "email")
IDENTIFIER = text("identifier_scheme", "identifier")
SPAN = (on("started_on"), on("ended_on", event=False, end=True))
