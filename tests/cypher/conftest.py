"""A province with something to find for every question, and near misses, in both stores."""

from datetime import date
from decimal import Decimal

import pytest

from graphgov.ingest import read_frames
from graphgov.schema import Case, Community, Evidence, Flag, Member, Results
from graphgov.store import open_store

# Header and rows of each table, cells separated by `|`; an empty cell is unknown.
PROVINCE = {
    "bodies": """
        body_id|name|kind
        B1|Roads Bureau|city
        B2|School Board|school
    """,
    "people": """
        person_id|name|birth_year|hometown
        P1|Ana|1970|Hill
        P2|Bo||
        P3|Cy||
        P4|Di||
        P5|Ed||Acre
        P6|Fay||
        P7|Gus||
    """,
    # C5 was founded a month before its first award, C6 half a year and a day.
    "companies": """
        company_id|name|founded_on|phone|email|region
        C1|Acme|2010-01-01|1|a@x|Hill
        C2|Zed|2011-01-01|2||
        C3|Hold|2012-01-01|1||
        C4|Never|2013-01-01|1||
        C5|Fresh|2019-05-01||a@x|
        C6|Settled|2018-12-02|||
        C7|Ring|2000-01-01|||
        C8|Link|2000-01-01|||
        C9|Gone|2000-01-01|||
    """,
    "tenders": """
        tender_id|buyer_id|title
        T1|B1|Bridge
        T2|B1|Road
        T3|B1|Tunnel
        T4|B2|Roof
        T5|B1|Kerb
    """,
    # C3 loses thrice to C1 and never wins; C2 loses twice but won T4 against it; C4 withdrew once;
    # C6 was only invited. T5 has one bid that counts.
    "bids": """
        bid_id|tender_id|company_id|amount|currency|status
        b11|T1|C1|90|CNY|valid
        b12|T1|C2|95|CNY|valid
        b13|T1|C3|99|CNY|
        b14|T1|C4|98|CNY|valid
        b21|T2|C1|80|CNY|valid
        b22|T2|C2|85|CNY|valid
        b23|T2|C3|86|CNY|disqualified
        b24|T2|C4|87|CNY|withdrawn
        b31|T3|C1|70|CNY|valid
        b33|T3|C3|75|CNY|valid
        b36|T3|C6||CNY|invited
        b41|T4|C1|60|CNY|valid
        b42|T4|C2|55|CNY|valid
        b51|T5|C1|9|CNY|valid
        b54|T5|C4|8|CNY|withdrawn
    """,
    # A3 is a consortium. A6 was cancelled. A7 is in another currency. A0 is from before.
    "awards": """
        award_id|buyer_id|company_id|awarded_on|amount|currency|tender_id|method|category|status|title
        A0|B1|C1|2017-03-01|10.10|CNY|||45||
        A1|B1|C1|2019-03-01|90.20|CNY|T1|open|45|active|Bridge
        A2|B1|C1|2019-06-01|80|CNY|T2|limited|45||Road
        A3|B1|C1|2020-01-15|70|CNY|T3|limited|45||Tunnel
        A3|B1|C7|2020-01-15|70|CNY|T3|limited|45||Tunnel
        A4|B2|C2|2020-02-01|55|CNY|T4||80||Roof
        A5|B1|C1|2020-03-01|9|CNY|T5|direct|45||Kerb
        A6|B1|C4|2019-04-01|85|CNY||limited|45|cancelled|Off
        A7|B1|C2|2019-04-02|95|EUR||limited|45||Abroad
        A8|B1|C5|2019-06-01|96|CNY||limited|45||Paint
        A9|B1|C6|2019-06-01|97|CNY||limited|30||Pens
        AA|B1|C1|2019-07-01|99.5|CNY||limited|45||Signs
        AB|B1|C1|2019-07-02|100|CNY||direct|45||Lamps
        AC|B1|C3|2015-01-01|98|CNY||limited|45||Early
        AD|B2|C1|2021-05-01|40|CNY||||active|Desks
        AE|B2|C6|2021-06-01|41|CNY||||active|Chairs
        AF|B2|C6|2020-12-01|42|CNY||||active|Boards
        AG|B2|C5|2021-07-01|43|CNY||||cancelled|Chalk
        AH|B1|C3|2018-05-01|50|CNY|||||Late
    """,
    "contracts": """
        contract_id|award_id|signed_on|amount|currency
        K1|A1|2019-03-10|90|CNY
        K2|A2|2019-06-10||
        K3|A3|2020-02-01|70|CNY
    """,
    # K1 grows by 20 and shrinks by 5; K2 by 8 of 80, which is a tenth; K3 shrinks.
    "amendments": """
        amendment_id|contract_id|amended_on|amount_change
        M1|K1|2019-09-01|20.50
        M2|K1|2019-10-01|-5
        M3|K2|2019-09-01|8
        M4|K3|2020-09-01|-7
        M5|K3|2020-10-01|
    """,
    "payments": """
        payment_id|contract_id|invoiced_on|accepted_on|due_on|paid_on|amount|currency
        Y1|K1|2019-04-01||2019-05-01|2019-04-20|45|CNY
        Y2|K1|2019-06-01||2019-07-01||45|CNY
        Y3|K3|2020-03-01||2020-04-01|2020-09-01|70|CNY
        Y4|K2|2019-07-01|2019-07-05|||80|CNY
    """,
    "subcontracts": """
        contract_id|company_id|amount|currency|signed_on
        K1|C2|30|CNY|2019-04-01
        K2|C4|10|CNY|2019-07-01
        K3|C6|5|CNY|2020-03-01
        K3|C7|6|CNY|2020-03-01
    """,
    # Ana led B1, then B2. Ed bought for B1 and left it; Fay still holds her post.
    "offices": """
        person_id|body_id|post|role|started_on|ended_on|certainty
        P1|B1|Director|head|2018-01-01|2020-12-31|documented
        P1|B2|Chair|head|2021-02-01||documented
        P5|B1||procurement|2015-01-01|2019-06-30|documented
        P6|B2|Clerk|member|2016-01-01||declared
    """,
    # Di was Ana's spouse until 2017. Gus is family of Fay, who recused herself.
    "ties": """
        person_a|person_b|kind|started_on|ended_on|certainty
        P2|P1|parent|||documented
        P3|P2|friend|2016-01-01||
        P4|P1|spouse|2000-01-01|2017-12-31|documented
        P6|P7|sibling|||declared
        P1|P5|colleague|2018-01-01||declared
        P3|P3|kin|||
    """,
    "decisions": """
        person_id|tender_id|award_id|role|decided_on|recused
        P1|T1|A1|approver|2019-02-28|
        P1|T2||approver||false
        P1||AC|evaluator||
        P1||AH|evaluator||
        P1||A9|expert||
        P6||A4|evaluator||true
        P5||A2|procurement_officer||
    """,
    "ownership": """
        owner_id|owner_kind|company_id|share|started_on|ended_on|certainty
        P2|person|C1|0.6|2015-01-01||documented
        C3|company|C1|0.4|||declared
        P4|person|C3|1|||documented
        P7|person|C2|0.5|||documented
        C7|company|C8|0.3|||documented
        C8|company|C9|0.2|||documented
        C9|company|C7|0.1|||inferred
        C8|company|C7|0.7||2010-12-31|documented
        P5|person|C6|0.25|||documented
        B2|body|C5|1|||documented
    """,
    "officers": """
        person_id|company_id|role|started_on|ended_on|certainty
        P3|C2|director|2018-06-01||documented
        P5|C1|manager|2019-12-01||declared
        P5|C3|supervisor|2024-01-01||documented
    """,
    "spells": """
        person_id|kind|organisation|unit|started_on|ended_on
        P1|study|Hill School|Law|1988-09-01|1992-06-30
        P2|study|Hill School|Art|1992-06-30|1995-06-30
        P3|study|Hill School|Art|1992-07-01|1995-06-30
        P4|work|Hill School||1990-01-01|
        P6|study|Hill School||1991-09-01|
    """,
    "sanctions": """
        subject_kind|subject_id|list|started_on|ended_on
        company|C1|debarred|2019-05-01|2019-06-30
        person|P7|dishonest_debtor|2020-01-01|
        company|C5|tax_violation|2019-06-02|
    """,
    "debts": """
        debt_id|body_id|creditor_kind|creditor_id|kind|amount|currency|incurred_on|due_on|settled_on
        D1|B1|company|C1|account|7|CNY|2019-01-01|2019-12-31|
        D2|B1|||loan|8|CNY|2018-01-01|2020-12-31|2020-06-01
        D3|B2|person|P1|bond|9|EUR|2020-01-01||
    """,
    # The stricter line of 2021 was not in force; the one for schools binds no city.
    "thresholds": """
        method|amount|currency|category_prefix|body_kind|starts_on|ends_on
        open|100|CNY|45|||2020-12-31
        open|98|CNY|45||2021-01-01|
        selective|97|CNY||school||
    """,
}
MEMBERS = (
    Member("award", "A1", "award"),
    Member("body", "B1", "buyer"),
    Member("company", "C1", "winner"),
    Member("person", "P1", "official"),
    Member("person", "P2", "relative"),
    Member("person", "withheld-1", "relative"),  # masked: nobody in the graph
)
FLAGS = [
    Flag(
        flag_id=key,
        indicator=code,
        family=code[0],
        class_="tie",
        subject_kind="award",
        subject_id="A1",
        score=score,
        amounts=(("CNY", Decimal("90.2")),),
        members=members,
        evidence=(Evidence("awards", "0123", "A1"),),
        reason=reason,
        innocent="They may not have known.",
        facts={},
    )
    for key, code, score, members, reason in (
        ("f1", "E01", 0.9, MEMBERS, "Tied."),
        ("f2", "R018", 0.4, MEMBERS[:3], "One bid."),
        ("f3", "F01", 0.5, (Member("company", "C2", "winner"),), "Elsewhere."),
    )
]
DAY = date(2019, 3, 1)
CASES = [
    Case("c1", 1, 0.9, "cronyism", "1st", "", (), ("f1", "f2"), MEMBERS, DAY, DAY, "declared"),
    Case("c2", 2, 0.5, "mixed", "2nd", "", (), ("f3",), FLAGS[2].members, DAY, None, "inferred"),
]
COMMUNITIES = [
    Community("cobidding", "k", "company", "C1", 0.5),
    Community("cobidding", "k", "company", "C3", 1.0),
    Community("wins", "k", "body", "B1", 1.0),
]


def _frame(text):
    head, *rows = (line.strip().split("|") for line in text.strip().splitlines())
    return [
        {name: cell for name, cell in zip(head, row, strict=True) if cell != ""} for row in rows
    ]


@pytest.fixture(scope="session")
def results():
    """A run with two cases; the second has nothing to do with the first."""
    return Results("run-1", date(2024, 6, 1), FLAGS, CASES, COMMUNITIES)


@pytest.fixture(scope="session")
def frames():
    """Rows of the province by table."""
    return {name: _frame(text) for name, text in PROVINCE.items()}


@pytest.fixture(scope="module", params=["embedded", "neo4j"])
def stores(request, tmp_path_factory):
    """`stores(tables)` puts tables into a new graph, of either kind in turn, and returns it."""
    with pytest.MonkeyPatch.context() as patch:
        made = []

        def fill(tables):
            if request.param == "embedded":
                store = open_store(tmp_path_factory.mktemp("graph") / "case.lbug")
            else:
                server = request.getfixturevalue("neo4j_server")
                patch.setenv("NEO4J_PASSWORD", server.password)
                with server.driver() as driver:
                    request.getfixturevalue("servers").wipe(driver)
                store = open_store(server.uri, user=server.user)
            made.append(store)
            store.load(tables)
            return store

        yield fill
        for store in made:
            store.close()


@pytest.fixture(scope="module")
def graph(stores, frames, results):
    """The province and its run in a store."""
    tables = read_frames(frames, dataset="", timezone="UTC")
    assert not tables.con.execute("SELECT * FROM rejects").fetchall()
    store = stores(tables)
    store.save(results)
    return store


@pytest.fixture
def ask(graph):
    """`ask(name, **params)`: rows of an answer as dicts."""

    def rows(name, **params):
        columns, found = graph.query(name, params)
        return [dict(zip(columns, row, strict=True)) for row in found]

    return rows
