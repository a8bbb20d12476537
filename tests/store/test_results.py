"""Results in a graph: one current run, whole or not there at all."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from graphgov.schema import Case, Community, Evidence, Flag, Member, Results

MEMBERS = (
    Member("award", "A1", "award"),
    Member("body", "B1", "buyer"),
    Member("company", "C1", "winner"),
    Member("person", "P1", "official"),
    Member("person", "withheld-1", "relative"),  # masked: nobody in the graph
)
FLAG = Flag(
    flag_id="f1",
    indicator="E01",
    family="E",
    class_="tie",
    subject_kind="award",
    subject_id="A1",
    score=0.9,
    amounts=(("CNY", Decimal("99.5")),),
    members=MEMBERS,
    evidence=(Evidence("awards", "0123", "A1"),),
    reason="`'\"\n\ud800",
    innocent="They may not have known.",
    facts={"on": date(2024, 1, 1)},
)
CASE = Case(
    "c1",
    1,
    0.9,
    "cronyism",
    "Title",
    "Sum",
    (),
    ("f1",),
    MEMBERS,
    date(2024, 1, 1),
    None,
    "declared",
)
RESULTS = Results(
    "run-1",
    date(2024, 6, 1),
    [FLAG],
    [CASE],
    [Community("wins", "k", "company", "C1", 0.5), Community("wins", "k", "body", "B1", 1.0)],
)


@pytest.fixture
def loaded(store, province, tables):
    store.load(tables(**province))
    return store


def test_a_run_hangs_on_what_it_is_about(loaded):
    loaded.save(RESULTS)
    about = loaded.query(
        "MATCH (f:Flag)-[a:ABOUT]->(n) RETURN a.role, a.run_id, "
        "coalesce(n.award_id, n.person_id, n.body_id, n.company_id) AS id ORDER BY id"
    )[1]
    assert about == [
        ["award", "run-1", "A1"],
        ["buyer", "run-1", "B1"],
        ["winner", "run-1", "C1"],
        ["official", "run-1", "P1"],
    ]
    asked = "MATCH (c:`Case`)-[:CONTAINS]->(f:Flag) RETURN c.case_id, f.flag_id, f.amounts"
    assert loaded.query(asked)[1] == [["c1", "f1", '[{"amount":"99.5","currency":"CNY"}]']]
    asked = "MATCH (k:Community)-[h:HAS]->(n) RETURN k.graph, h.stability ORDER BY h.stability"
    assert loaded.query(asked)[1] == [["wins", 0.5], ["wins", 1.0]]
    assert loaded.query("MATCH (r:Run) RETURN r.current, r.as_of")[1] == [[True, date(2024, 6, 1)]]


@pytest.mark.parametrize("again", ["run-1", "run-2"], ids=["the same run", "another run"])
def test_a_later_run_takes_the_place_of_the_earlier_one(loaded, again):
    loaded.save(RESULTS)
    loaded.save(replace(RESULTS, run_id=again, cases=[replace(CASE, title="New")]))
    assert loaded.query("MATCH (r:Run) RETURN r.run_id, r.current")[1] == [[again, True]]
    assert loaded.query("MATCH (c:`Case`) RETURN c.run_id, c.title")[1] == [[again, "New"]]
    assert loaded.query("MATCH (f:Flag) RETURN count(*)")[1] == [[1]]


def test_an_empty_run_is_a_run(loaded):
    loaded.save(RESULTS)
    loaded.save(Results("run-0", date(2024, 6, 1)))
    assert loaded.query("MATCH (n:Flag:`Case`:Community) RETURN count(*)")[1] == [[0]]
    assert loaded.query("MATCH (r:Run) RETURN r.run_id")[1] == [["run-0"]]


def test_loading_leaves_results_and_results_leave_rows(loaded, province, tables, cells):
    loaded.save(RESULTS)
    province["companies"][0]["name"] = "Acme Ltd"
    target = tables(**province)
    loaded.load(target)
    assert cells(loaded.read()) == cells(target)
    asked = "MATCH (f:Flag)-[:ABOUT]->(c:Company) RETURN c.name"
    assert loaded.query(asked)[1] == [["Acme Ltd"]]
