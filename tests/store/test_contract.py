"""What every store must do."""

import copy
import random
from datetime import date, datetime, time
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphgov.errors import ConfigError, StoreError
from graphgov.ingest import read_frames
from graphgov.schema import TABLES, Type
from graphgov.schema.dataset import Tables, connect, create_tables
from graphgov.store.neo4j import Neo4jStore

HOSTILE = [
    "'; MATCH (n) DETACH DELETE n //",
    "`) DETACH DELETE (`",
    '"\\"$name {{x}} %s',
    "<script>alert(1)</script>",
    "=HYPERLINK(1)",
    "line\nbreak\r\ttab\x00nul\x1b[31m",
    "\u202ertl \u200d 中文 \U0001f600",
    "\\",
    " ",
    "NULL",
]


def counts(store):
    node, relation = "label(n)", "label(r)"
    if isinstance(store, Neo4jStore):
        node, relation = "labels(n)[0]", "type(r)"
    nodes = store.query(f"MATCH (n) RETURN {node}, count(*) AS n")[1]
    return dict(nodes + store.query(f"MATCH ()-[r]->() RETURN {relation}, count(*) AS n")[1])


def test_every_cell_of_every_table_comes_back(store, province, tables, cells):
    loaded = tables(**province)
    assert not loaded.con.execute("FROM rejects").fetchall()
    report = store.load(loaded)
    assert set(cells(loaded)) == set(TABLES)  # the province has one of everything
    assert cells(store.read()) == cells(loaded)
    assert not report.rejects


def test_what_is_read_back_lies_in_the_same_order(store, province, tables):
    loaded = tables(**province)
    store.load(loaded)
    again = store.read()
    for name in TABLES:
        sql = f'SELECT * FROM "{name}"'
        assert again.con.execute(sql).fetchall() == loaded.con.execute(sql).fetchall()


def test_the_graph_has_the_declared_shape(store, province, tables):
    store.load(tables(**province))
    found = counts(store)
    assert found["Award"] == 2
    assert found["WON_BY"] == 3  # a consortium of two and one alone
    assert found["GRANTED"] == 2
    assert found["LED_TO"] == 1
    assert found["BID_ON"] == 3
    assert found["DECIDED"] == 4  # the first names a tender and an award
    assert found["OWNS"] == 4
    assert found["PART_OF"] == 1
    about = {
        tuple(row)
        for row in store.query(
            "MATCH (i:Item)-[:ABOUT]->(x) RETURN i.item_id, "
            "coalesce(x.contract_id, x.award_id, x.tender_id)"
        )[1]
    }
    assert about == {("I1", "T1"), ("I2", "T1"), ("I3", "A1"), ("I4", "K1")}


def test_everything_carries_its_marks(store, province, tables):
    store.load(tables(dataset="north", **province))
    nodes = "MATCH (n) WHERE n.dataset <> 'north' OR n.row_key IS NULL RETURN count(*)"
    edges = "MATCH ()-[n]->() WHERE n.dataset <> 'north' OR n.row_key IS NULL RETURN count(*)"
    assert store.query(nodes)[1] == [[0]]
    assert store.query(edges)[1] == [[0]]
    extra = store.query("MATCH (b:Body) WHERE b.extra IS NOT NULL RETURN b.body_id, b.extra")[1]
    assert extra == [["north:B1", '{"colour":"red"}']]


def test_an_amount_can_be_added_up_and_comes_back_exactly(store, tables):
    amounts = ["0.0001", "99999999999.9999", "100000000000.0001", "12345678901234567890.1234"]
    loaded = tables(
        awards=[
            {
                "award_id": f"A{i}",
                "buyer_id": "B",
                "company_id": "C",
                "awarded_on": "2024-01-01",
                "amount": amount,
            }
            for i, amount in enumerate(amounts)
        ]
    )
    store.load(loaded)
    got = store.read().con.execute("SELECT amount FROM awards ORDER BY award_id").fetchall()
    assert [row[0] for row in got] == [Decimal(a) for a in amounts]
    rows = store.query("MATCH (a:Award) RETURN a.amount, a.amount_text ORDER BY a.award_id")[1]
    assert [r[1] for r in rows] == [None, None, amounts[2], amounts[3]]
    assert rows[1][0] == pytest.approx(99999999999.9999)


def test_loading_twice_changes_nothing(store, province, tables, cells):
    loaded = tables(**province)
    first = store.load(loaded)
    before = counts(store)
    second = store.load(loaded)
    assert counts(store) == before
    assert cells(store.read()) == cells(loaded)
    assert (second.added, second.changed, second.removed) == (0, 0, 0)
    assert (second.nodes, second.relationships) == (first.nodes, first.relationships)


def test_rows_in_another_order_change_nothing(store, province, tables, cells):
    store.load(tables(**province))
    before = cells(store.read())
    for rows in province.values():
        random.Random(1).shuffle(rows)
    report = store.load(tables(**province))
    assert cells(store.read()) == before
    assert (report.added, report.changed, report.removed) == (0, 0, 0)


CHANGES = {
    "a name": ("companies", 0, {"name": "Acme Ltd"}),
    "a reference moves its relationship": ("tenders", 1, {"buyer_id": "B1"}),
    "a reference goes": ("bodies", 1, {"parent_id": None}),
    "an item is about something else": ("items", 0, {"owner_id": "T2"}),
    "a lot without an id of its own": ("lots", 0, {"title": "Bridge"}),
    "a bid": ("bids", 2, {"bid_id": "b2", "amount": "1"}),
    "a tie is over": ("ties", 0, {"ended_on": "2023-01-01"}),
    "a rate": ("rates", 0, {"rate": "7.2"}),
    "an award without partner": ("awards", 2, {"company_id": "C2", "amount": "2"}),
    "a debtor": ("debts", 0, {"body_id": "B2", "creditor_id": "C2"}),
}


def test_changed_rows_take_the_places_of_the_old_ones(store, province, tables, cells):
    changed = copy.deepcopy(province)
    for table, row, cell in CHANGES.values():
        changed[table][row] |= cell
    del province["bids"][2]  # so that the joint bid itself does not change
    store.load(tables(**province))
    target = tables(**changed)
    assert not target.con.execute("FROM rejects").fetchall()
    report = store.load(target)
    got, want = cells(store.read()), cells(target)
    assert [n for n in want if got[n] != want[n]] == []
    assert report.changed
    after = counts(store)
    store.remove()
    store.load(target)
    assert after == counts(store)  # as if it had never been otherwise


def test_a_closed_tie_stays_beside_a_later_one(store, tables):
    people = [{"person_id": p, "name": p} for p in "ab"]
    tie = {"person_a": "a", "person_b": "b", "kind": "colleague", "started_on": "2000-01-01"}

    def load(*ends):
        rows = [{**tie, "ended_on": end} for end in ends]
        store.load(tables(people=people, ties=rows))
        got = store.read().con.execute("SELECT ended_on FROM ties ORDER BY ALL").fetchall()
        return [str(row[0]) for row in got]

    assert load("2001-01-01") == ["2001-01-01"]
    assert load("2005-01-01") == ["2001-01-01", "2005-01-01"]
    assert load(None) == ["2001-01-01", "2005-01-01", "None"]
    assert load("2009-01-01") == ["2001-01-01", "2005-01-01", "2009-01-01"]


def test_a_stub_does_not_replace_a_listed_company(store, tables):
    award = {"award_id": "A", "buyer_id": "B", "awarded_on": "2024-01-01", "amount": "1"}
    store.load(
        tables(
            companies=[{"company_id": "C", "name": "Acme", "phone": "1"}],
            awards=[{**award, "company_id": "C"}],
        )
    )
    store.load(tables(awards=[{**award, "award_id": "A2", "company_id": "C"}]))
    got = store.read().con.execute("SELECT name, phone, listed FROM companies").fetchall()
    assert got == [("Acme", "1", True)]
    store.load(tables(companies=[{"company_id": "B", "name": "x"}], awards=[]))
    assert store.read().con.execute("SELECT count(*) FROM companies").fetchall() == [(2,)]


def test_a_listed_company_replaces_its_stub(store, tables):
    award = {"award_id": "A", "buyer_id": "B", "awarded_on": "2024-01-01", "amount": "1"}
    award["company_id"] = "C"
    store.load(tables(awards=[award]))
    assert store.read().con.execute("SELECT listed FROM companies").fetchall() == [(False,)]
    store.load(tables(awards=[award], companies=[{"company_id": "C", "name": "Acme"}]))
    got = store.read().con.execute("SELECT name, listed FROM companies").fetchall()
    assert got == [("Acme", True)]
    assert counts(store)["WON_BY"] == 1


def test_a_second_dataset_is_added(store, province, tables, cells):
    one, two = tables(dataset="one", **province), tables(dataset="two", **province)
    store.load(one)
    store.load(two)
    got = cells(store.read())
    for name in ("awards", "ties", "bids", "lots", "spells", "decisions"):
        assert got[name] == sorted(cells(one)[name] + cells(two)[name], key=repr)


def test_hostile_text_arrives_as_data(store, tables, cells):
    people = [{"person_id": t, "name": t, "note": t} for t in HOSTILE if t.strip()]
    ids = [p["person_id"] for p in people]
    ties = [{"person_a": a, "person_b": b, "kind": "kin"} for a, b in pairwise(ids)]
    loaded = tables(people=people, ties=ties)
    store.load(loaded)
    store.load(loaded)
    assert cells(store.read()) == cells(loaded)
    assert len(cells(loaded)["people"]) > 6
    for key in [row[0] for row in loaded.con.execute("SELECT person_id FROM people").fetchall()]:
        ask = "MATCH (p:Person {person_id: $key}) RETURN count(*)"
        assert store.query(ask, {"key": key})[1] == [[1]]


def test_a_megabyte_of_text_comes_back(store, tables, cells):
    loaded = tables(people=[{"person_id": "P", "name": "長" * 400_000}])
    store.load(loaded)
    assert cells(store.read()) == cells(loaded)


def test_a_row_whose_end_is_not_there_is_a_reject(store):
    con = connect()
    create_tables(con)
    con.execute("INSERT INTO people (person_id, name, dataset, row_key) VALUES ('p', 'P', '', 'k')")
    con.execute(
        "INSERT INTO ties (person_a, person_b, kind, dataset, row_key) "
        "VALUES ('p', 'gone', 'kin', '', 'a'), ('p', 'p', 'kin', '', 'b')"
    )
    report = store.load(Tables(con))
    assert [(r.code, r.value) for r in report.rejects] == [("missing_end", "gone")]
    assert report.relationships == 1


@pytest.mark.parametrize("frames", [{}, {"awards": []}], ids=["no table", "no row"])
def test_an_empty_dataset_makes_an_empty_graph(store, tables, cells, frames):
    report = store.load(tables(**frames))
    assert (report.nodes, report.relationships) == (0, 0)
    assert cells(store.read()) == {}
    assert store.load(tables(**frames)).added == 0


def test_awards_alone_get_stubs(store, tables, cells, province):
    loaded = tables(
        awards=[{k: v for k, v in r.items() if k != "tender_id"} for r in province["awards"]]
    )
    store.load(loaded)
    assert cells(store.read()) == cells(loaded)
    assert counts(store)["GRANTED"] == 2


def test_reading_says_which_columns_hold_something(store, tables):
    store.load(tables(people=[{"person_id": "P", "name": "x"}]))
    assert store.read().given == {"people": {"person_id", "name"}}


def test_remove_takes_everything(store, province, tables):
    store.load(tables(**province))
    store.remove()
    with pytest.raises(StoreError, match="no graph"):
        store.read()
    store.load(tables(**province))
    assert counts(store)["Award"] == 2


def test_without_a_graph_every_question_says_so(store, pristine):
    for ask in (store.read, store.remove, lambda: store.query("RETURN 1")):
        with pytest.raises(StoreError, match=r"no graph.*graphgov load"):
            ask()


def test_a_query_cannot_write(store, province, tables):
    store.load(tables(**province))
    with pytest.raises(StoreError):
        store.query("MATCH (n) DETACH DELETE n")
    assert counts(store)["Award"] == 2


def test_a_wrong_statement_is_one_line(store, province, tables):
    store.load(tables(**province))
    with pytest.raises(StoreError) as caught:
        store.query("MATCH (n) RETUR n")
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_answered_with_a_suggestion(store, province, tables):
    store.load(tables(**province))
    with pytest.raises(ConfigError, match="owners_of"):
        store.query("owner_of")
    with pytest.raises(ConfigError, match="company"):
        store.query("owners_of", {"companie": "C1"})
    with pytest.raises(ConfigError, match="needs the parameter"):
        store.query("owners_of")


# Tables of odd but valid values, past ingest: the store must not care how they came about.

WORDS = st.text(
    alphabet=st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20
) | st.sampled_from(HOSTILE)
VALUES = {
    Type.ID: WORDS,
    Type.IDS: WORDS,
    Type.TEXT: WORDS,
    Type.CHOICE: WORDS,
    Type.DATE: st.dates(),
    Type.TIME: st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 30)),
    Type.MONEY: st.decimals(
        min_value=Decimal(-(10**33)), max_value=Decimal(10**33), places=4, allow_nan=False
    ),
    Type.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
    Type.SHARE: st.floats(0, 1),
    Type.INTEGER: st.integers(-(2**63), 2**63 - 1),
    Type.YEAR: st.integers(1, 9999),
    Type.BOOLEAN: st.booleans(),
}


def _row(draw, table, key, **fixed):
    free = {
        c.name: draw(VALUES[c.type] if c.required else st.none() | VALUES[c.type])
        for c in table.columns
        if c.name not in (*fixed, "row_key", "dataset", "extra") and not c.ref
    }
    refs = {c.name: None for c in table.columns if c.ref}
    return {**refs, **free, "extra": None, "dataset": "", "row_key": key, **fixed}


@st.composite
def odd_tables(draw):
    people = draw(st.lists(WORDS, min_size=1, max_size=3, unique=True))
    companies = draw(st.lists(WORDS, min_size=2, max_size=3, unique=True))
    made = {
        "people": [
            _row(draw, TABLES["people"], f"p{i}", person_id=p) for i, p in enumerate(people)
        ],
        "companies": [
            _row(draw, TABLES["companies"], f"c{i}", company_id=c) for i, c in enumerate(companies)
        ],
        "bodies": [_row(draw, TABLES["bodies"], "b0", body_id="B")],
        "officers": [
            _row(draw, TABLES["officers"], f"o{i}", person_id=people[0], company_id=c)
            for i, c in enumerate(companies)
        ],
        "thresholds": [_row(draw, TABLES["thresholds"], "h0")],
    }
    award = _row(draw, TABLES["awards"], "", award_id="A", buyer_id="B", company_id="")
    made["awards"] = [
        {**award, "company_id": c, "row_key": f"a{i}"} for i, c in enumerate(companies)
    ]
    return made


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=odd_tables())
def test_odd_values_come_back(store, cells, made):
    con = connect()
    create_tables(con)
    for name, rows in made.items():
        marks = ", ".join("?" for _ in TABLES[name].columns)
        con.executemany(
            f'INSERT INTO "{name}" VALUES ({marks})',
            [[row[c.name] for c in TABLES[name].columns] for row in rows],
        )
    loaded = Tables(con)
    store.load(loaded)
    store.load(loaded)
    assert cells(store.read()) == cells(loaded)
    store.remove()


def test_times_are_utc(store, tables):
    loaded = read_frames(
        {"tenders": [{"tender_id": "T", "buyer_id": "B", "published_at": "2024-01-01T01:00"}]},
        timezone="Asia/Shanghai",
    )
    store.load(loaded)
    found = store.query("MATCH (t:Tender) RETURN t.published_at")[1][0][0]
    assert found == datetime.combine(date(2023, 12, 31), time(17))
