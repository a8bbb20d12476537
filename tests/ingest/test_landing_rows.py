"""Repeats, contradictions, references, stubs, counts: nothing is lost in silence."""

import random

import pytest

from graphgov.schema import TABLES


def award(key="A1", company="C1", **cells):
    row = {"award_id": key, "buyer_id": "B1", "company_id": company}
    return row | {"awarded_on": "2024-03-01", "amount": "5"} | cells


def rejects(data, columns="file, line, field, code"):
    return data.con.execute(f"SELECT {columns} FROM rejects").fetchall()


def ids(data, table, column=None):
    column = column or TABLES[table].key[0]
    return [r[0] for r in data.con.execute(f'SELECT "{column}" FROM {table} ORDER BY 1').fetchall()]


def add_up(data):
    return all(c.rows_in == c.kept + c.rejected + c.repeated for c in data.counts.values())


def test_an_identical_repeat_is_kept_once_and_cites_the_first(tables):
    data = tables(awards=[award("A2"), award(), award(amount="5.00"), award()])
    counts = data.counts["awards"]
    assert (counts.rows_in, counts.kept, counts.repeated, counts.rejected) == (4, 2, 2, 0)
    found = data.con.execute("SELECT id, line FROM sources WHERE \"table\" = 'awards'").fetchall()
    assert sorted(found) == [("A1", 2), ("A2", 1)]


def test_contradictions_are_all_rejected(tables):
    rows = [award(), award(amount="6"), award(title="x"), award("A2")]
    data = tables(awards=rows)
    assert ids(data, "awards") == ["A2"]
    assert [r[1:] for r in rejects(data)] == [(i, "award_id", "contradiction") for i in (1, 2, 3)]
    (reason,) = data.con.execute("SELECT DISTINCT reason FROM rejects").fetchone()
    assert reason == "3 rows with this award_id disagree in amount, title"


def test_two_publications_of_one_row_do_not_contradict(tables):
    rows = [award(source="x", retrieved_on="2024-04-01"), award(source="y"), award()]
    data = tables(awards=rows)
    assert ids(data, "awards") == ["A1"]
    assert data.counts["awards"].repeated == 2


def test_unknown_columns_can_contradict(tables):
    data = tables(bodies=[{"body_id": "B", "name": "b", "x": i} for i in ("1", "2")])
    assert data.counts["bodies"].rejected == 2


def test_a_consortium_is_several_rows_that_agree(tables):
    data = tables(awards=[award(), award(company="C2"), award("A2"), award("A2", "C2", amount="6")])
    assert ids(data, "awards") == ["A1", "A1"]
    assert [r[1] for r in rejects(data)] == [3, 4]


def test_a_joint_bid_is_several_rows_that_agree(tables):
    def bid(key, company, **cells):
        return {"bid_id": key, "tender_id": "T", "company_id": company} | cells

    data = tables(
        tenders=[{"tender_id": "T", "buyer_id": "B"}],
        bids=[bid("D1", "C1"), bid("D1", "C2"), bid("D2", "C1"), bid("D2", "C2", amount="1")],
    )
    assert ids(data, "bids") == ["D1", "D1"]


def test_rows_without_a_key_may_be_alike(tables):
    tie = {"person_a": "P", "person_b": "Q", "kind": "friend"}
    data = tables(ties=[tie, tie | {"note": "seen"}, tie])
    assert (data.counts["ties"].kept, data.counts["ties"].repeated) == (2, 1)


def test_parties_of_awards_become_stubs(tables):
    data = tables(
        awards=[award(tender_id="T1")],
        bodies=[{"body_id": "B9", "name": "b", "parent_id": "B0"}],
        companies=[{"company_id": "C9", "name": "c"}],
        bids=[{"bid_id": "D", "tender_id": "T1", "company_id": "C2"}],
        contracts=[{"contract_id": "K", "award_id": "A1"}],
        subcontracts=[{"contract_id": "K", "company_id": "C3"}],
    )
    assert rejects(data) == []
    query = "SELECT {}_id, name, listed FROM {} ORDER BY 1"
    assert data.con.execute(query.format("company", "companies")).fetchall() == [
        ("C1", None, False),
        ("C2", None, False),
        ("C3", None, False),
        ("C9", "c", True),
    ]
    assert data.con.execute(query.format("body", "bodies")).fetchall() == [
        ("B0", None, False),
        ("B1", None, False),
        ("B9", "b", True),
    ]
    assert data.con.execute("SELECT tender_id, buyer_id FROM tenders").fetchall() == [("T1", "B1")]
    assert data.counts["companies"].stubs == 3
    assert data.counts["companies"].rows_in == 1


def test_ends_of_edges_must_exist_where_their_table_does(tables):
    data = tables(
        people=[{"person_id": "P", "name": "p"}],
        bodies=[{"body_id": "B", "name": "b"}],
        companies=[{"company_id": "C", "name": "c"}],
        offices=[{"person_id": "P", "body_id": b} for b in ("B", "B?")],
        officers=[{"person_id": p, "company_id": "C"} for p in ("P", "P?")],
        ties=[{"person_a": "P", "person_b": q, "kind": "kin"} for q in ("P", "P?")],
        spells=[{"person_id": "P?", "kind": "work", "organisation": "o"}],
        ownership=[
            {"owner_id": i, "owner_kind": k, "company_id": "C"}
            for i, k in [("P", "person"), ("C", "person"), ("C", "company"), ("B", "body")]
        ],
    )
    assert rejects(data) == [
        ("officers", 2, "person_id", "unknown_reference"),
        ("offices", 2, "body_id", "unknown_reference"),
        ("ownership", 2, "owner_id", "unknown_reference"),
        ("spells", 1, "person_id", "unknown_reference"),
        ("ties", 2, "person_b", "unknown_reference"),
    ]


def test_ends_of_edges_are_stubs_where_their_table_does_not_exist(tables):
    data = tables(
        offices=[{"person_id": "P1", "body_id": "B"}],
        ownership=[{"owner_id": "P2", "owner_kind": "person", "company_id": "C"}],
        sanctions=[{"subject_kind": "company", "subject_id": "C2", "list": "debarred"}],
    )
    assert rejects(data) == []
    assert ids(data, "people") == ["P1", "P2"]
    assert ids(data, "companies") == ["C", "C2"]
    assert data.con.execute("SELECT DISTINCT listed FROM people").fetchall() == [(False,)]


def test_an_empty_node_table_is_a_table(tables):
    data = tables(people=[], ties=[{"person_a": "P", "person_b": "Q", "kind": "kin"}])
    assert data.counts["ties"].rejected == 1


def test_a_rejected_row_takes_along_what_hangs_on_it(tables):
    data = tables(
        awards=[award(amount="x"), award("A2")],
        contracts=[{"contract_id": k, "award_id": a} for k, a in [("K1", "A1"), ("K2", "A2")]],
        payments=[
            {"payment_id": p, "contract_id": k, "amount": 1}
            for p, k in [("P1", "K1"), ("P2", "K2")]
        ],
        items=[{"item_id": "I", "owner_kind": "award", "owner_id": "A1"}],
    )
    assert ids(data, "contracts") == ["K2"]
    assert ids(data, "payments") == ["P2"]
    assert ids(data, "items") == []
    said = data.con.execute("SELECT reason FROM rejects WHERE code = 'unknown_reference'")
    assert all(r[0].endswith("whose row was rejected itself") for r in said.fetchall())


def test_awards_survive_the_reject_of_their_tender_and_company(tables):
    data = tables(
        tenders=[{"tender_id": "T", "buyer_id": "B1", "published_at": "never"}],
        companies=[{"company_id": "C1", "name": ""}],
        awards=[award(tender_id="T")],
        bids=[{"bid_id": "D", "tender_id": "T", "company_id": "C1"}],
    )
    assert (data.counts["awards"].kept, data.counts["bids"].kept) == (1, 1)
    assert data.con.execute("SELECT buyer_id FROM tenders").fetchall() == [("B1",)]


def test_a_bid_on_an_unknown_tender_is_a_reject(tables):
    data = tables(awards=[award()], bids=[{"bid_id": "D", "tender_id": "T", "company_id": "C"}])
    (reason,) = data.con.execute("SELECT reason FROM rejects").fetchone()
    assert reason == "tender_id is not in tenders, and there is no such table"


def test_every_id_but_a_lot_gets_the_prefix(tables):
    data = tables(
        dataset="X",
        awards=[award(tender_id="T", lot_id="L", bid_id="D")],
        mandates=[
            {"mandate_id": m, "name": "n", "metric": "m", "target": 1, "starts_on": "2024-01-01",
             "applies_to": a} for m, a in [("M1", "county"), ("M2", "B1")]
        ],
        judgements=[{"kind": "person", "a": "1", "b": "2", "verdict": "same"}],
        withheld=[{"kind": "person", "id": "1"}],
    )  # fmt: skip
    assert rejects(data) == []
    row = data.con.execute(
        "SELECT award_id, buyer_id, company_id, tender_id, bid_id, lot_id, dataset FROM awards"
    ).fetchone()
    assert row == ("X:A1", "X:B1", "X:C1", "X:T", "X:D", "L", "X")
    assert ids(data, "companies") == ["X:C1"]
    assert ids(data, "mandates", "applies_to") == ["X:B1", "county"]
    assert ids(data, "judgements", "a") == ["X:1"]
    assert ids(data, "withheld", "id") == ["X:1"]


def messy(seed):
    chance = random.Random(seed)
    people = [{"person_id": f"P{i}", "name": f"n{i}"} for i in range(20)]
    awards = [
        award(
            f"A{chance.randrange(25)}",
            f"C{chance.randrange(5)}",
            amount=chance.choice(["1", "1", "1", "2", "x"]),
            tender_id=chance.choice(["", "T1", "T2"]),
        )
        for _ in range(60)
    ]
    contracts = [
        {"contract_id": f"K{chance.randrange(15)}", "award_id": f"A{chance.randrange(30)}"}
        for _ in range(30)
    ]
    ties = [
        {"person_a": f"P{chance.randrange(22)}", "person_b": f"P{chance.randrange(22)}", "kind": k}
        for k in chance.choices(["kin", "friend", "cousin"], k=40)
    ]
    return {"people": people, "awards": awards, "contracts": contracts, "ties": ties}


@pytest.mark.parametrize("seed", range(3))
def test_order_of_rows_and_tables_leaves_no_trace(tables, seed):
    frames = messy(seed)
    one = tables(**frames)
    chance = random.Random(seed + 100)
    mixed = {n: chance.sample(rows, len(rows)) for n, rows in reversed(frames.items())}
    two = tables(**mixed)
    for name in TABLES:
        query = f"SELECT * FROM {name}"
        assert one.con.execute(query).fetchall() == two.con.execute(query).fetchall(), name
    assert one.counts == two.counts
    assert add_up(one)
    query = "SELECT file, field, code, value, reason FROM rejects ORDER BY ALL"
    assert one.con.execute(query).fetchall() == two.con.execute(query).fetchall()
    query = 'SELECT "table", row_key, id FROM sources'
    assert one.con.execute(query).fetchall() == two.con.execute(query).fetchall()


@pytest.mark.parametrize("seed", range(3))
def test_reading_what_was_kept_keeps_it_all(tables, seed):
    one = tables(**messy(seed))
    kept = {}
    for name in ("people", "awards", "contracts", "ties", "tenders"):
        columns = [c.name for c in TABLES[name].file_columns]
        rows = one.con.execute(f"SELECT {', '.join(columns)} FROM {name}").fetchall()
        kept[name] = [dict(zip(columns, row, strict=True)) for row in rows]
    two = tables(**kept)
    assert rejects(two) == []
    assert not any(c.repeated for c in two.counts.values())
    query = "SELECT award_id, row_key FROM awards"
    assert one.con.execute(query).fetchall() == two.con.execute(query).fetchall()


def test_a_source_row_for_every_row_kept(tables):
    data = tables(**messy(1))
    found = data.con.execute('SELECT "table", count(*) FROM sources GROUP BY ALL').fetchall()
    assert dict(found) == {n: c.kept for n, c in data.counts.items() if c.kept}
