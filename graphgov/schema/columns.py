"""What a column is: its type, what it points at, and how it lies in DuckDB."""

from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """The kinds of value a cell may hold."""

    ID = "id"  # compared byte for byte
    IDS = "ids"  # one id, or a JSON list of ids
    TEXT = "text"
    CHOICE = "choice"  # one of a fixed list of words
    DATE = "date"  # ISO 8601 day
    TIME = "time"  # ISO 8601 with zone, kept as UTC
    MONEY = "money"  # DECIMAL(38,4)
    NUMBER = "number"  # any finite number
    SHARE = "share"  # 0 to 1
    INTEGER = "integer"
    YEAR = "year"
    BOOLEAN = "boolean"


SQL_TYPES: dict[Type, str] = {
    Type.ID: "VARCHAR",
    Type.IDS: "VARCHAR",
    Type.TEXT: "VARCHAR",
    Type.CHOICE: "VARCHAR",
    Type.DATE: "DATE",
    Type.TIME: "TIMESTAMP",
    Type.MONEY: "DECIMAL(38,4)",
    Type.NUMBER: "DOUBLE",
    Type.SHARE: "DOUBLE",
    Type.INTEGER: "BIGINT",
    Type.YEAR: "INTEGER",
    Type.BOOLEAN: "BOOLEAN",
}


@dataclass(frozen=True)
class Column:
    """One column of one table.

    Args:
        name: As in the file's header.
        type: What its cells hold.
        required: An empty cell makes the row a reject.
        choices: The accepted words of a CHOICE.
        ref: Table whose key this id must be found in.
        ref_kind: Column of the same row that says which table the id belongs to
            (its word is a key of `REF_KINDS`).
        event: The date of something that happened; the latest one is the default as-of
            date, and a later one is unknown yet.
        end: The date on which something stops or is met. A row stays visible before it;
            a row whose other events all lie later than the as-of date is hidden.
        internal: Made by the engine, not part of the files people prepare.
        doc: One line for the documentation page.
    """

    name: str
    type: Type = Type.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    ref: str = ""
    ref_kind: str = ""
    event: bool = False
    end: bool = False
    internal: bool = False
    doc: str = ""

    @property
    def sql_type(self) -> str:
        """The DuckDB type of the column."""
        return SQL_TYPES[self.type]


# The word in a `*_kind` column names the table that its id belongs to.
REF_KINDS: dict[str, str] = {
    "person": "people",
    "company": "companies",
    "body": "bodies",
    "tender": "tenders",
    "award": "awards",
    "bid": "bids",
    "contract": "contracts",
}
