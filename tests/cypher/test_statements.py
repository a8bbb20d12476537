"""Every file of cypher/: one statement, a header, parameters that are used."""

import re
from datetime import date

import pytest

from graphgov.errors import ConfigError
from graphgov.store import statements

FILES = sorted(statements.folder().rglob("*.cypher"))
IDS = [f.name for f in FILES]


def parts(path):
    text = path.read_text(encoding="utf-8")
    return text, statements.parse(path.name.split(".")[0], text)


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_file_says_what_it_is_for(path):
    text, statement = parts(path)
    needed = {"Purpose", "Returns", "Index"} | (
        {"Question"} if path.parent.name == "explore" else set()
    )
    assert needed <= set(statement.header)
    assert all(statement.header[k] for k in needed)
    assert ";" not in statement.text
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_declared_parameters_are_the_used_ones(path):
    _, statement = parts(path)
    used = set(re.findall(r"\$(\w+)", statement.text))
    declared = {p.name for p in statement.parameters}
    # What fills a place may use a parameter too.
    assert used <= declared if "{{" in statement.text else used == declared
    types = {"text", "integer", "number", "date", "boolean"}
    engine = path.parent.name != "explore"
    assert {p.type for p in statement.parameters} <= types | ({"list"} if engine else set())


@pytest.mark.parametrize("path", [f for f in FILES if f.parent.name == "explore"], ids=str)
def test_a_question_only_reads_and_is_in_order(path):
    _, statement = parts(path)
    assert not re.search(r"\b(CREATE|MERGE|SET|DELETE|REMOVE|DROP)\b", statement.text)
    assert "ORDER BY" in statement.text


def test_questions_in_two_dialects_say_the_same():
    for name in statements.names("explore"):
        pair = [statements.load("explore", name, d) for d in statements.DIALECTS]
        assert pair[0].header == pair[1].header
        twice = (statements.folder() / "explore" / f"{name}.cypher").is_file()
        assert twice == (pair[0].text == pair[1].text)  # one file where one will do


def test_one_thing_has_one_name_everywhere():
    meant = {}
    for name in statements.names("explore"):
        for parameter in statements.load("explore", name, "neo4j").parameters:
            meant.setdefault(parameter.name, set()).add(parameter.type)
    assert all(len(types) == 1 for types in meant.values()), meant
    assert not {n for n in meant if n.endswith("_id")} - {"case_id"}  # `case` is no name in Ladybug


def test_values_from_the_command_line_take_their_types():
    text = (
        "// Purpose: x\n// Parameters:\n//   n (integer, default 3): How many.\n"
        "//   d (date): When.\n//   b (boolean, default true): Whether.\nRETURN $n"
    )
    statement = statements.parse("x", text)
    assert statement.bind({"d": "2024-02-29"}) == {"n": 3, "d": date(2024, 2, 29), "b": True}
    assert statement.bind({"d": date(2024, 1, 1), "n": "7"})["n"] == 7
    for wrong in ({"d": "2024-02-30"}, {"d": "2024-01-01", "n": "x"}, {}, {"d": "", "e": 1}):
        with pytest.raises(ConfigError):
            statement.bind(wrong)


@pytest.mark.parametrize("name", ["../load/x", "queue/../queue", "nope", ""])
def test_a_name_is_looked_up_and_never_a_path(name):
    with pytest.raises(ConfigError):
        statements.load("explore", name, "ladybug")


@pytest.mark.parametrize(
    ("question", "name"),
    [("queue", True), ("queue.cypher", True), ("RETURN 1", False), ("MATCH (n) RETURN n", False)],
)
def test_a_question_is_a_name_or_a_statement(question, name):
    assert statements.is_name(question) is name
