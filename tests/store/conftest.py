"""Stores under contract, and a small province to load into them."""

import pytest

from graphgov.schema import TABLES
from graphgov.store import open_store


@pytest.fixture
def embedded(tmp_path):
    """A graph in a file."""
    return open_store(tmp_path / "case.lbug")


@pytest.fixture
def pristine():
    """A test that asks for it gets a database without our constraints and indexes too."""


@pytest.fixture
def neo4j_store(neo4j_server, servers, monkeypatch, request):
    """An empty database of a real server; constraints of the test before may be there."""
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_server.password)
    with neo4j_server.driver() as driver:
        if "pristine" in request.fixturenames:
            servers.wipe(driver)
        else:
            driver.execute_query("MATCH (n) DETACH DELETE n")
    return open_store(neo4j_server.uri, user=neo4j_server.user)


@pytest.fixture(params=["embedded", "neo4j_store"])
def store(request):
    """Every store in turn: a test that asks for it is part of the contract."""
    opened = request.getfixturevalue(request.param)
    yield opened
    opened.close()


@pytest.fixture
def cells():
    """`cells(tables)`: every row of every table that has any, in an order of content."""

    def read(tables):
        rows = {n: tables.con.execute(f'SELECT * FROM "{n}"').fetchall() for n in TABLES}
        return {n: sorted(found, key=repr) for n, found in rows.items() if found}

    return read


@pytest.fixture
def province():
    """Frames of one of everything, a consortium and a chain of ties among it."""
    return {
        "bodies": [
            {"body_id": "B1", "name": "Roads Bureau", "kind": "city", "colour": "red"},
            {"body_id": "B2", "name": "Roads Bureau, North", "parent_id": "B1"},
        ],
        "people": [
            {"person_id": "P1", "name": "Ana", "birth_date": "1970-02-28", "birth_year": "1970"},
            {"person_id": "P2", "name": "Bo"},
            {"person_id": "P3", "name": "Cy"},
        ],
        "companies": [
            {"company_id": "C1", "name": "Acme", "registered": "true", "phone": "1"},
            {"company_id": "C2", "name": "Zed", "registered_capital": "123456789012345678.1234"},
            {"company_id": "C3", "name": "Hold", "state_owned": "false", "employees": "12"},
            {"company_id": "C4", "name": "Never", "phone": "1"},
        ],
        "tenders": [
            {
                "tender_id": "T1",
                "buyer_id": "B1",
                "procuring_entity_id": "B2",
                "method": "open",
                "estimated_value": "100000000000.0001",
                "published_at": "2024-01-01T23:30:00+08:00",
                "price_weight": "0.1",
            },
            {"tender_id": "T2", "buyer_id": "B2"},
        ],
        "lots": [{"tender_id": "T1", "lot_id": "L1", "estimated_value": "0.0001"}],
        "items": [
            {"item_id": "I1", "owner_kind": "tender", "owner_id": "T1", "quantity": "1e300"},
            {"item_id": "I2", "owner_kind": "bid", "owner_id": "b1", "unit_amount": "-0.3333"},
            {"item_id": "I3", "owner_kind": "award", "owner_id": "A1"},
            {"item_id": "I4", "owner_kind": "contract", "owner_id": "K1"},
        ],
        "awards": [
            {
                "award_id": "A1",
                "buyer_id": "B1",
                "company_id": company,
                "awarded_on": "2024-03-01",
                "amount": "99999999999.9999",
                "currency": "CNY",
                "tender_id": "T1",
                "lot_id": '["L1","L2"]',
                "source": f"https://example.org/{company}",
            }
            for company in ("C1", "C2")
        ]
        + [
            {
                "award_id": "A2",
                "buyer_id": "B2",
                "company_id": "C1",
                "awarded_on": "0001-01-01",
                "amount": "-1.10",
            }
        ],
        "contracts": [{"contract_id": "K1", "award_id": "A1", "ends_on": "9999-12-31"}],
        "amendments": [{"amendment_id": "M1", "contract_id": "K1", "amount_change": "0"}],
        "milestones": [{"milestone_id": "S1", "contract_id": "K1", "kind": "report"}],
        "payments": [{"payment_id": "Y1", "contract_id": "K1", "amount": "5"}],
        "bids": [
            {
                "bid_id": "b1",
                "tender_id": "T1",
                "company_id": company,
                "amount": "98.7654",
                "submitted_at": "1969-12-31T23:59:59.999999Z",
                "lot_id": "L9",
            }
            for company in ("C1", "C2", "C4")
        ],
        "offices": [
            {"person_id": "P1", "body_id": "B1", "role": "head", "started_on": "2020-01-01"}
        ],
        "decisions": [
            {"person_id": "P1", "tender_id": "T1", "award_id": "A1", "role": "approver"},
            {"person_id": "P1", "tender_id": "T2", "recused": "true"},
            {"person_id": "P3", "award_id": "A2", "decided_on": "2024-01-01"},
        ],
        "ownership": [
            {"owner_id": "P2", "owner_kind": "person", "company_id": "C3", "share": "0.6"},
            {"owner_id": "C3", "owner_kind": "company", "company_id": "C1", "share": "0.7"},
            {"owner_id": "C1", "owner_kind": "company", "company_id": "C3", "share": "0.2"},
            {"owner_id": "B2", "owner_kind": "body", "company_id": "C1", "share_min": "0.1"},
        ],
        "officers": [
            {"person_id": "P2", "company_id": "C1", "role": "director"},
            {"person_id": "P3", "company_id": "C2"},
        ],
        "ties": [
            {"person_a": "P1", "person_b": "P2", "kind": "sibling", "certainty": "documented"},
            {"person_a": "P2", "person_b": "P3", "kind": "friend", "note": "=1+1"},
            {"person_a": "P3", "person_b": "P3", "kind": "kin"},
        ],
        "spells": [{"person_id": "P1", "kind": "study", "organisation": "North School"}],
        "subcontracts": [{"contract_id": "K1", "company_id": "C4", "amount": "1"}],
        "sanctions": [{"subject_kind": "company", "subject_id": "C4", "list": "debarred"}],
        "disclosures": [{"body_id": "B1", "kind": "plan", "subject_id": "?"}],
        "debts": [
            {
                "debt_id": "D1",
                "body_id": "B1",
                "creditor_kind": "company",
                "creditor_id": "C1",
                "amount": "7",
            }
        ],
        "mandates": [
            {
                "mandate_id": "N1",
                "name": "Small firms",
                "metric": "share",
                "target": "0.3",
                "starts_on": "2024-01-01",
                "applies_to": "B1",
            }
        ],
        "thresholds": [{"method": "open", "amount": "1000000", "category_prefix": "45"}],
        "rates": [{"currency": "USD", "base": "CNY", "on": "2024-01-01", "rate": "7.1"}],
        "judgements": [
            {"kind": "person", "a": "P1", "b": "P9", "verdict": "unsure", "at": "2024-01-01T00:00Z"}
        ],
        "withheld": [{"kind": "person", "id": "P3"}],
    }
