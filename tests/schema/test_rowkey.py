"""The canonical form: SQL and Python agree, and different rows differ."""

import hashlib
import random
from datetime import date, datetime
from decimal import Decimal

import pytest

from graphgov.schema import TABLES, Type
from graphgov.schema.rowkey import canonical, row_key

TEXTS = ["x", "a\nb", "back\\slash", "a=b", "\\n", "名", "💰", "'; --", "=1+1", " é", "\x1b["]
VALUES = {
    Type.ID: TEXTS,
    Type.IDS: ["L1", '["a","b"]'],
    Type.TEXT: [t for t in TEXTS if t.strip() == t],
    Type.DATE: [date(1, 1, 1), date(2024, 2, 29), date(9999, 12, 31)],
    Type.TIME: [datetime(2024, 3, 1, 9, 30), datetime(1999, 1, 1, 0, 0, 0, 120)],
    Type.MONEY: [
        Decimal("0"),
        Decimal("-0.0001"),
        Decimal("1234.5"),
        Decimal("99999999999999.0001"),
        Decimal("-100000000000000"),
        Decimal("9999999999999999999999999999999999.9999"),
    ],
    Type.NUMBER: [0.0, -0.0, 0.1, 1e22, 1e-7, 123456789.123, -1 / 3, 5e-324, 1e16, 1e15],
    Type.SHARE: [0.0, 1.0, 1 / 3, 1e-5],
    Type.INTEGER: [0, 7, 2**62],
    Type.YEAR: [1900, 2024],
    Type.BOOLEAN: [True, False],
}


def filled(table, seed):
    """A row of a table with some cells of every type; ids point nowhere in particular."""
    chance = random.Random(f"{table.name}{seed}")
    row = {}
    for column in table.file_columns:
        if column.required or chance.random() < 0.7:
            values = column.choices or VALUES[column.type]
            row[column.name] = chance.choice(values)
    return row


# Rows whose references need no other rows.
FREE = [t for t in TABLES.values() if t.name in (
    "bodies", "people", "companies", "tenders", "awards", "offices", "ownership", "officers",
    "ties", "spells", "sanctions", "debts", "mandates", "thresholds", "rates", "judgements",
    "withheld",
)]  # fmt: skip


@pytest.mark.parametrize("table", FREE, ids=lambda t: t.name)
def test_sql_and_python_agree(tables, table):
    rows = [filled(table, seed) for seed in range(12)]
    for number, row in enumerate(rows):
        for name in table.key:
            if table.by_name[name].type in (Type.ID, Type.TEXT):
                row[name] = f"{row[name]}{number}"
        row["odd \\ = name"] = f"u{number}"
        row["Zed"] = TEXTS[number % len(TEXTS)].strip() if number % 2 else None
    data = tables(**{table.name: rows})
    assert data.con.execute("SELECT * FROM rejects").fetchall() == []
    query = (
        "SELECT t.*, s.line AS _line FROM {0} t JOIN sources s ON s.\"table\" = '{0}' "
        "AND s.row_key = t.row_key"
    )
    kept = data.con.execute(query.format(table.name)).to_arrow_table().to_pylist()
    assert len(kept) > 6
    for row in kept:
        given = rows[row["_line"] - 1]
        unknown = {n: given[n] for n in ("odd \\ = name", "Zed") if given[n]}
        assert row["row_key"] == row_key(table, row, unknown), row


def test_the_form_is_what_the_documentation_says():
    row = {"award_id": "A", "amount": Decimal("5"), "awarded_on": date(2024, 3, 1), "title": "a\nb"}
    said = "awards\namount=5.0000\naward_id=A\nawarded_on=2024-03-01\ntitle=a\\nb\nz\\=\\\\=1"
    assert canonical(TABLES["awards"], row, {"z=\\": "1"}) == said
    key = hashlib.sha256(said.encode()).hexdigest()[:16]
    assert row_key(TABLES["awards"], row, {"z=\\": "1"}) == key


DIFFER = {
    "value over two columns": ({"post": "a\nrole=head"}, {"post": "a", "role": "head"}),
    "empty and missing": ({"post": "a"}, {}),
    "backslash n and newline": ({"post": "a\\nb"}, {"post": "a\nb"}),
}


@pytest.mark.parametrize(("one", "two"), DIFFER.values(), ids=DIFFER)
def test_different_rows_differ(one, two):
    table = TABLES["offices"]
    assert canonical(table, one) != canonical(table, two)


def test_what_the_engine_adds_takes_no_part():
    table = TABLES["people"]
    row = {"person_id": "P", "name": "n"}
    more = row | {"dataset": "X", "listed": True, "row_key": "k", "extra": "{}", "gender": None}
    assert row_key(table, row) == row_key(table, more)
