"""The questions of cypher/explore on a province whose answers are written down in answers.txt."""

import re
from pathlib import Path

import pytest

from graphgov.errors import ConfigError
from graphgov.store import statements

NAMES = statements.names("explore")


def written():
    """Name, parameters, columns and rows of each block of answers.txt."""
    text = Path(__file__).with_name("answers.txt").read_text(encoding="utf-8")
    for block in text.strip().split("\n\n"):
        head, columns, *rows = block.splitlines()
        name, *params = head.removeprefix("# ").split(" ")
        given = dict(pair.split("=", 1) for pair in params)
        yield name, given, columns.split("|"), [row.split("|") for row in rows]


def returned(name):
    said = statements.load("explore", name, "neo4j").header["Returns"]
    return [part.strip() for part in re.sub(r"\([^)]*\)", "", said).split(",")]


def cell(value):
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return " > ".join("?" if v is None else str(v) for v in value)
        case _:
            return str(value)


ANSWERS = list(written())


@pytest.mark.parametrize(
    ("name", "given", "columns", "rows"),
    ANSWERS,
    ids=[" ".join([a[0], *(f"{k}={v}" for k, v in a[1].items())]) for a in ANSWERS],
)
def test_the_answer_is_as_written(graph, name, given, columns, rows):
    heads, found = graph.query(name, given)
    assert heads == returned(name)
    picked = [heads.index(c) for c in columns]
    assert [[cell(row[i]) for i in picked] for row in found] == rows


def test_every_question_finds_something():
    assert {name for name, _, _, rows in ANSWERS if rows} == set(NAMES) - {"case_graph"}


def test_a_case_is_drawn_with_its_flags_and_members(ask):
    def key(node):
        of = {"Case": "case_id", "Flag": "flag_id", "Award": "award_id", "Body": "body_id"}
        return node[of.get(node["_label"], node["_label"].lower() + "_id")]

    rows = ask("case_graph", case_id="c1")
    assert list(rows[0]) == returned("case_graph")
    links = [(key(r["a"]), r["link"]["_label"], key(r["b"])) for r in rows]
    assert len(links) == len(set(links)) == 19
    assert {x for x in links if x[1] not in ("INVOLVES", "ABOUT")} == {
        ("B1", "GRANTED", "A1"),
        ("A1", "WON_BY", "C1"),
        ("P1", "HELD_OFFICE", "B1"),
        ("P1", "DECIDED", "A1"),
        ("P2", "TIED_TO", "P1"),
        ("P2", "OWNS", "C1"),
    }
    assert {b for a, link, b in links if a == "c1"} == {"A1", "B1", "C1", "P1", "P2"}
    assert {a for a, link, _ in links if link == "ABOUT"} == {"f1", "f2"}
    person = next(r["b"] for r in rows if key(r["b"]) == "P1")
    assert (person["name"], person["birth_year"]) == ("Ana", 1970)
    assert not any(k in person for k in ("company_id", "_id", "_ID"))  # what others have


@pytest.mark.parametrize("value", ["' OR 1=1 //", '"`\\', "$company\n{}", "公司%", "x" * 100_000])
def test_a_parameter_is_data(ask, value):
    assert ask("find", text=value) == []
    assert ask("winners_of_body", body=value) == []


def test_a_missing_parameter_is_explained(graph):
    with pytest.raises(ConfigError) as caught:
        graph.query("official_to_winners")
    assert str(caught.value) == (
        "official_to_winners needs the parameter 'official': The official. Give -p official=…"
    )
