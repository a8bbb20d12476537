"""Result files: exact bytes, exact columns, nothing lost and nothing a spreadsheet executes."""

import csv
import json
from datetime import date
from decimal import Decimal

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgov.report import files
from graphgov.schema import OUTPUTS, Case, Evidence, Flag, Member, Results

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@x",
    "'=x",
    "''=x",
    "'plain",
    "a,b",
    'say "hi"',
    "two\nlines",
    "one\rreturn",
    "\tTab",
    "",
    "名字",
]


def flag(**changed):
    base = {
        "flag_id": "f1",
        "indicator": "R018",
        "family": "A",
        "class_": "statistical",
        "subject_kind": "tender",
        "subject_id": "T1",
        "score": 0.1 + 0.2,
        "facts": {"b": 1 / 3, "a": ["x", 2]},
        "evidence": (Evidence("tenders", "k2", "T1"), Evidence("ties", "k1")),
        "members": (Member("company", "C1", "winner"), Member("body", "B1", "buyer")),
        "amounts": (("EUR", Decimal(2)), ("CNY", Decimal("1.5"))),
        "first_on": date(2024, 3, 1),
    }
    return Flag(**base | changed)


def case(case_id="c1", rank=1, **changed):
    base = {
        "case_id": case_id,
        "rank": rank,
        "score": 0.5,
        "kind": "mixed",
        "title": "=HYPERLINK(1)",
        "summary": "s",
        "amounts": (),
        "flag_ids": ("f1",),
        "members": (Member("company", "C1", "winner"),),
        "first_on": None,
        "last_on": None,
        "certainty": "documented",
    }
    return Case(**base | changed)


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("text", HOSTILE)
def test_text_comes_back_and_no_cell_starts_a_formula(tmp_path, text):
    files.write_csv(tmp_path / "x.csv", ("a", "b"), [(text, "end")])
    raw = rows(tmp_path / "x.csv")
    assert raw[0]["a"][:1] not in {"=", "+", "-", "@", "\t", "\r"} or not raw[0]["a"]
    assert list(files.read_csv(tmp_path / "x.csv")) == [{"a": text, "b": "end"}]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_guard_is_reversible(text):
    assert files.unguard(files.guard(text)) == text
    assert not files.guard(text).startswith(("=", "+", "-", "@"))


def test_numbers_are_not_guarded():
    text = files.csv_text(("a", "b", "c"), [(-1, -0.5, Decimal("-2.0000"))])
    assert text == "a,b,c\n-1,-0.5,-2.0000\n"


def test_floats_have_at_most_twelve_digits_and_come_back():
    assert files.number(0.1 + 0.2) == "0.3"
    assert files.number(1e-300) == "1e-300"
    assert files.number(None) == ""
    assert (
        files.canonical({"b": 0.1 + 0.2, "a": np.float64(1 / 3)}) == '{"a":0.333333333333,"b":0.3}'
    )


def test_money_in_several_currencies_keeps_its_order():
    assert files.amounts((("EUR", Decimal(2)), ("CNY", Decimal(1)))) == (
        "1.0000; 2.0000",
        "CNY; EUR",
    )
    assert files.amounts(()) == ("", "")
    assert files.amounts((("", Decimal("12345678901234567890.12345")),))[0] == (
        "12345678901234567890.1234"
    )


def test_flags_have_the_columns_and_order_of_the_data_model(tmp_path):
    flags = [
        flag(flag_id="f3", indicator="R018", subject_id="T2"),
        flag(flag_id="f2", indicator="E01", subject_kind="award", subject_id="A1"),
        flag(),
    ]
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    files.write_results(tmp_path / "one", Results("r", date(2024, 1, 1), flags=flags))
    files.write_results(tmp_path / "two", Results("r", date(2024, 1, 1), flags=flags[::-1]))
    for name in ("flags.csv", "flags.parquet", "flag_members.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    found = rows(tmp_path / "one" / "flags.csv")
    assert tuple(found[0]) == OUTPUTS["flags"]
    assert [r["flag_id"] for r in found] == ["f2", "f1", "f3"]
    assert found[1]["score"] == "0.3"
    assert found[1]["amount"] == "1.5000; 2.0000"
    assert found[1]["currency"] == "CNY; EUR"
    assert json.loads(found[1]["evidence"]) == [
        {"id": "T1", "key": "k2", "table": "tenders"},
        {"key": "k1", "table": "ties"},
    ]
    same = duckdb.sql(f"SELECT * FROM '{tmp_path}/one/flags.parquet'").to_arrow_table()
    assert tuple(same.column_names) == OUTPUTS["flags"]
    for name in ("flag_id", "facts", "evidence", "amount", "reason"):
        assert same[name].to_pylist() == [r[name] for r in found]
    assert same["score"].to_pylist() == [float(r["score"]) for r in found]
    assert same["first_on"].to_pylist() == [date(2024, 3, 1)] * 3


def test_every_file_of_an_empty_run_has_its_header(tmp_path):
    files.write_results(tmp_path, Results("r", date(2024, 1, 1)))
    names = ("flags", "flag_members", "cases", "case_members", "case_flags", "communities")
    for name in (*names, "scores", "coverage"):
        assert (tmp_path / f"{name}.csv").read_text() == ",".join(OUTPUTS[name]) + "\n"
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/flags.parquet'").fetchone() == (0,)


def test_cases_name_their_members_and_count_their_flags(tmp_path):
    results = Results(
        "r",
        date(2024, 1, 1),
        cases=[case("c2", 2), case("c1", 1)],
        names={("company", "C1"): "=cmd"},
    )
    files.write_results(tmp_path, results)
    assert [r["case_id"] for r in rows(tmp_path / "cases.csv")] == ["c1", "c2"]
    assert rows(tmp_path / "cases.csv")[0]["title"] == "'=HYPERLINK(1)"
    assert rows(tmp_path / "cases.csv")[0]["flags"] == "1"
    assert rows(tmp_path / "case_members.csv")[0]["name"] == "'=cmd"


def test_rows_of_an_arrow_table_are_sorted_with_unknown_first(tmp_path):
    table = pa.table({"a": ["x", None, "b"], "n": [2, 1, None]})
    files.write_arrow(tmp_path / "x.csv", ("a", "n"), table)
    assert (tmp_path / "x.csv").read_text() == "a,n\n,1\nb,\nx,2\n"


def test_a_lone_surrogate_is_written_as_its_escape(tmp_path):
    files.write_csv(tmp_path / "x.csv", ("a",), [("\ud800x",)])
    assert (tmp_path / "x.csv").read_text() == "a\n\\ud800x\n"


def test_what_is_no_json_is_refused():
    with pytest.raises(TypeError, match="object cannot be written"):
        files.canonical({"a": object()})


def test_control_characters_do_not_reach_a_terminal(tmp_path):
    files.write_csv(tmp_path / "x.csv", ("name",), [("A\x1b[31mB\x00\nC\tD",)])
    assert (tmp_path / "x.csv").read_text() == 'name\n"A\\x1b[31mB\\x00\nC\tD"\n'
