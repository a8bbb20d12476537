"""What the fields of OCDS become, one subject at a time."""

import json

import pytest

EUR = "EUR"


def money(amount):
    return {"amount": amount, "currency": EUR}


def test_a_release_becomes_its_rows(read_json, release):
    seen = read_json(release(award={"title": "Reams", "items": [{"id": "1", "quantity": 2.50}]}))
    assert seen.one("tenders") == {
        "tender_id": "ocds-1",
        "buyer_id": "B1",
        "title": "Paper",
        "document_no": "t",
        "method": "open",
    }
    assert seen.one("awards") == {
        "award_id": "ocds-1/a1",
        "buyer_id": "B1",
        "company_id": "C1",
        "awarded_on": "2024-01-31",
        "amount": "1000.5",
        "currency": EUR,
        "tender_id": "ocds-1",
        "title": "Reams",
        "status": "active",
    }
    assert seen.one("items") == {
        "item_id": "ocds-1/award/a1/1",
        "owner_kind": "award",
        "owner_id": "ocds-1/a1",
        "quantity": "2.5",
    }
    assert seen.one("bodies") == {"body_id": "B1", "name": "City"}
    assert seen.one("companies") == {"company_id": "C1", "name": "Acme"}
    assert not seen.rejects


def test_the_whole_of_a_tender(read_json, release):
    tender = {
        "id": "T-7",
        "title": "Road",
        "procurementMethod": "Selective",
        "procurementMethodDetails": "Restricted procedure",
        "procurementMethodRationale": "few firms",
        "procuringEntity": {"id": "B2", "name": "Office"},
        "items": [
            {"id": "1", "classification": {"scheme": "CPV", "id": "45000000"}},
            {"id": "2", "classification": {"scheme": "CPV", "id": "45000000"}},
            {"id": "3", "classification": {"scheme": "CPV", "id": "30000000"}},
        ],
        "value": money(5e6),
        "tenderPeriod": {"startDate": "2024-01-01T08:00:00Z", "endDate": "2024-01-20T12:00:00Z"},
        "bidOpening": {"date": "2024-01-20T13:00:00Z"},
        "datePublished": "2023-12-31T00:00:00Z",
        "status": "complete",
        "numberOfTenderers": 4,
        "awardCriteria": "priceOnly",
        "lots": [{"id": 1, "title": "North", "value": money(2), "status": "active"}, {"id": 2}],
    }
    seen = read_json(release(tender=tender))
    assert seen.one("tenders") == {
        "tender_id": "ocds-1",
        "buyer_id": "B1",
        "procuring_entity_id": "B2",
        "title": "Road",
        "document_no": "T-7",
        "method": "selective",
        "method_detail": "Restricted procedure",
        "rationale": "few firms",
        "category": "45000000",
        "category_scheme": "CPV",
        "estimated_value": "5000000.0",
        "currency": EUR,
        "published_at": "2023-12-31T00:00:00Z",
        "submission_starts_at": "2024-01-01T08:00:00Z",
        "bids_due_at": "2024-01-20T12:00:00Z",
        "opened_at": "2024-01-20T13:00:00Z",
        "status": "complete",
        "bidders": "4",
        "criteria": "price",
    }
    assert seen.lots == [
        {
            "tender_id": "ocds-1",
            "lot_id": "1",
            "title": "North",
            "estimated_value": "2",
            "currency": EUR,
            "status": "active",
        },
        {"tender_id": "ocds-1", "lot_id": "2"},
    ]
    assert {b["body_id"] for b in seen.bodies} == {"B1", "B2"}


@pytest.mark.parametrize(
    ("tender", "method", "detail"),
    [
        ({"procurementMethod": "open"}, "open", None),
        ({"procurementMethod": "LIMITED"}, "limited", None),
        (
            {"procurementMethod": "direct", "procurementMethodType": "reporting"},
            "direct",
            "reporting",
        ),
        ({"procurementMethod": "auction"}, None, "auction"),
        ({"procurementMethod": "auction", "procurementMethodDetails": "d"}, None, "auction; d"),
        ({"procurementMethodDetails": "open"}, None, "open"),
        ({"methodRationale": "Open"}, "open", "Open"),
        ({}, None, None),
    ],
)
def test_other_words_for_a_method_are_kept_as_detail(read_json, release, tender, method, detail):
    row = read_json(release(tender={"id": "t", **tender})).one("tenders")
    assert (row.get("method"), row.get("method_detail")) == (method, detail)


def test_the_announcement_is_the_first_release_tagged_tender(read_json, release):
    period = {"tenderPeriod": {"endDate": "2024-01-20T00:00:00Z"}}
    call = release(id="r0", date="2024-01-02T03:00:00Z", tag=["tender"], tender=period, awards=None)
    assert read_json([call, release()]).one("tenders")["published_at"] == "2024-01-02T03:00:00Z"
    export = release(date="2024-06-01T00:00:00Z", tag=["tender", "award"], tender=period)
    assert "published_at" not in read_json(export).one("tenders")


def test_a_consortium_is_several_rows_that_agree(read_json, release):
    both = [{"id": "C1", "name": "Acme"}, {"id": "C2", "name": "Bolt"}]
    first, second = read_json(release(award={"suppliers": both})).awards
    assert (first.pop("company_id"), second.pop("company_id")) == ("C1", "C2")
    assert first == second


@pytest.mark.parametrize(
    ("award", "lots"),
    [
        ({"relatedLots": ["2", "1", "2"]}, '["1", "2"]'),
        ({"relatedLots": ["1"]}, "1"),
        ({"relatedLots": [{"lotId": "1"}, {"id": 2}]}, '["1", "2"]'),
        ({"relatedLot": "1"}, "1"),
        ({"lotID": 1}, "1"),
        ({"items": [{"relatedLot": "b"}, {"relatedLot": "a"}]}, '["a", "b"]'),
        ({"items": [{"id": "1"}]}, None),
    ],
)
def test_an_award_keeps_all_its_lots(read_json, release, award, lots):
    assert read_json(release(award=award)).one("awards").get("lot_id") == lots


@pytest.mark.parametrize(
    ("award", "field", "why"),
    [
        ({"suppliers": []}, "company_id", "names no supplier"),
        ({"suppliers": [{"id": "", "name": " "}]}, "company_id", "names no supplier"),
        ({"value": None}, "amount", "has no value"),
        ({"value": {"currency": EUR}}, "amount", "has no value"),
        ({"date": None}, "awarded_on", "has no date, nor a contract"),
        ({"date": None, "value": None}, "amount", "has no value, and has no date"),
    ],
)
def test_an_award_that_lacks_something_is_a_reject(read_json, release, award, field, why):
    seen = read_json({"releases": [release(ocid="ocds-0"), release(award=award)]})
    assert [a["award_id"] for a in seen.awards] == ["ocds-0/a1"]
    (reject,) = seen.rejects
    assert (reject.code, reject.field, reject.value) == ("required", field, "a1")
    assert why in reject.reason
    assert "/releases/1/awards/0" in reject.reason


def test_nobody_bought(read_json, release):
    seen = read_json(release(buyer=None, parties=None))
    assert {r.field for r in seen.rejects} == {"buyer_id"}
    assert not seen.awards
    assert not seen.tenders


@pytest.mark.parametrize(
    "change",
    [
        {"buyer": None, "parties": None, "tender": {"procuringEntity": {"id": "B9", "name": "x"}}},
        {"buyer": None, "parties": [{"id": "B9", "name": "x", "roles": ["buyer"]}]},
        {"buyer": None, "parties": [{"id": "B9", "name": "x", "roles": ["procuringEntity"]}]},
        {"buyer": {"id": "B9"}, "parties": None},
        {"buyer": {"name": "CITY "}, "parties": [{"id": "B9", "name": "City", "roles": "buyer"}]},
    ],
)
def test_the_buyer_is_found_where_it_stands(read_json, release, change):
    seen = read_json(release(**change))
    assert seen.one("awards")["buyer_id"] == seen.one("bodies")["body_id"] == "B9"


def test_the_day_of_award_falls_back_to_the_first_signing(read_json, release):
    contracts = [
        {"id": "2", "awardID": "a1", "dateSigned": "2024-03-02T00:00:00Z"},
        {"id": "1", "awardID": "a1", "dateSigned": "2024-03-01T23:00:00-05:00"},
        {"id": "0", "awardID": "other", "dateSigned": "2024-01-01"},
    ]
    seen = read_json(release(award={"date": None}, contracts=contracts))
    assert seen.one("awards")["awarded_on"] == "2024-03-01"


@pytest.mark.parametrize("status", ["cancelled", "unsuccessful", "pending", "active"])
def test_awards_keep_their_status(read_json, release, status):
    assert read_json(release(award={"status": status})).one("awards")["status"] == status


def test_bids_with_their_bidders(read_json, release):
    joint = [{"id": "C1", "name": "Acme"}, {"id": "C2", "name": "Bolt"}]
    details = [
        {"id": "1", "tenderers": joint, "value": money("10.10"), "relatedLots": ["L1"]},
        {
            "id": 2,
            "tenderers": [joint[0]],
            "status": "disqualified",
            "date": "2024-01-05T01:02:03Z",
        },
        {"id": 3, "tenderers": [joint[0]], "status": "lost", "relatedLots": ["L1", "L2"]},
        {"id": 4, "tenderers": []},
    ]
    seen = read_json(release(bids={"details": details}, tender={"id": "t", "tenderers": joint}))
    first = {"bid_id": "ocds-1/1", "tender_id": "ocds-1", "lot_id": "L1", "amount": "10.10"}
    base = {"tender_id": "ocds-1", "company_id": "C1"}
    assert seen.bids == [
        first | {"currency": EUR, "company_id": "C1"},
        first | {"currency": EUR, "company_id": "C2"},
        base
        | {"bid_id": "ocds-1/2", "status": "disqualified", "submitted_at": "2024-01-05T01:02:03Z"},
        base
        | {
            "bid_id": "ocds-1/3",
            "status_as_published": "lost",
            "lots_as_published": '["L1", "L2"]',
        },
    ]
    assert [(r.field, r.value) for r in seen.rejects] == [("company_id", "4")]
    assert "/bids/details/3" in seen.rejects[0].reason
    assert seen.one("tenders")["bidders"] == "2"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("active", "valid"),
        ("qualified", "valid"),
        ("not-qualified", "disqualified"),
        ("notQualified", "disqualified"),
        ("Withdrawn", "withdrawn"),
        ("unsuccessful", None),
    ],
)
def test_words_of_publishers_for_the_status_of_a_bid(read_json, release, said, status):
    bid = {"id": "1", "status": said, "tenderers": [{"id": "C1"}]}
    row = read_json(release(bids={"details": [bid]})).one("bids")
    assert (row.get("status"), row.get("status_as_published")) == (status, None if status else said)


def test_tenderers_stand_for_bids_where_there_are_none(read_json, release):
    tenderers = [{"id": "C1", "name": "Acme"}, {"id": "C2", "name": "Bolt"}]
    seen = read_json(release(tender={"id": "t", "tenderers": tenderers}))
    assert seen.bids == [
        {"bid_id": f"ocds-1/tenderer/{c}", "tender_id": "ocds-1", "company_id": c}
        for c in ("C1", "C2")
    ]
    assert {c["company_id"] for c in seen.companies} == {"C1", "C2"}


def test_contracts_and_what_hangs_on_them(read_json, release):
    contract = {
        "id": 5,
        "awardID": "a1",
        "dateSigned": "2024-02-03T10:00:00Z",
        "period": {"startDate": "2024-02-04", "endDate": "2024-12-31T23:59:59Z"},
        "value": money(900),
        "status": "active",
        "datePublished": "2024-02-05T00:00:00Z",
        "items": [{"description": "Reams", "unit": {"name": "ream", "value": money(4.2)}}],
        "amendments": [{"id": "1", "date": "2024-05-01T00:00:00Z", "rationale": "more"}, {}],
        "milestones": [
            {
                "id": "m",
                "type": "delivery",
                "dueDate": "2024-06-01",
                "dateMet": "2024-06-02T00:00:00Z",
            }
        ],
        "implementation": {
            "transactions": [
                {"id": "p", "date": "2024-07-01T00:00:00Z", "value": money(100)},
                {"id": "q", "amount": money("200")},
            ],
            "milestones": [{"id": "n", "status": "met", "dateModified": "2024-08-01"}],
        },
    }
    seen = read_json(release(contracts=[contract]))
    own = "ocds-1/5"
    assert seen.one("contracts") == {
        "contract_id": own,
        "award_id": "ocds-1/a1",
        "signed_on": "2024-02-03",
        "starts_on": "2024-02-04",
        "ends_on": "2024-12-31",
        "amount": "900",
        "currency": EUR,
        "status": "active",
        "published_on": "2024-02-05",
    }
    assert seen.one("items")["unit_amount"] == "4.2"
    assert seen.one("amendments") == {
        "amendment_id": f"{own}/amendment/1",
        "contract_id": own,
        "amended_on": "2024-05-01",
        "reason": "more",
    }
    assert [(m["kind"], m.get("due_on"), m["met_on"]) for m in seen.milestones] == [
        ("delivery", "2024-06-01", "2024-06-02"),
        ("other", None, "2024-08-01"),
    ]
    assert [(p["payment_id"], p["amount"], p.get("paid_on")) for p in seen.payments] == [
        (f"{own}/payment/p", "100", "2024-07-01"),
        (f"{own}/payment/q", "200", None),
    ]


def test_a_contract_finds_its_award(read_json, release):
    contracts = [
        {"id": "1", "awardID": "a2"},
        {"id": "2", "extendsContractID": "1"},
    ]
    awards = release()["awards"] + release(award={"id": "a2"})["awards"]
    seen = read_json(release(awards=awards, contracts=[*contracts, {"id": "3"}]))
    assert [(c["contract_id"], c["award_id"]) for c in seen.contracts] == [
        ("ocds-1/1", "ocds-1/a2"),
        ("ocds-1/2", "ocds-1/a2"),
    ]
    assert [(r.field, r.value) for r in seen.rejects] == [("award_id", "3")]
    assert read_json(release(contracts=[{"id": "3"}])).one("contracts")["award_id"] == "ocds-1/a1"


def test_the_same_local_ids_in_two_processes_stay_apart(read_json, release):
    extra = {"contracts": [{"id": "1", "awardID": "a1"}], "bids": {"details": [{"id": "1"}]}}
    for bid in extra["bids"]["details"]:
        bid["tenderers"] = [{"id": "C1"}]
    seen = read_json([release(**extra), release(ocid="ocds-2", **extra)])
    for table, key in (("awards", "award_id"), ("contracts", "contract_id"), ("bids", "bid_id")):
        ids = [row[key] for row in seen.tables[table]]
        assert len(set(ids)) == len(ids) == 2, table
    assert len(seen.companies) == 1


class TestOrganisations:
    def company(self, read_json, release, supplier, parties=None):
        seen = read_json(release(award={"suppliers": [supplier]}, parties=parties))
        company = seen.one("companies")
        assert company["company_id"] == seen.one("awards")["company_id"]
        return company

    def test_its_own_id_comes_first(self, read_json, release):
        named = {"id": "X", "name": "Acme", "identifier": {"scheme": "S", "id": "9"}}
        parties = [{"id": "C1", "name": "Acme", "roles": []}]
        found = self.company(read_json, release, named, parties)
        assert found["company_id"] == "X"
        assert (found["identifier_scheme"], found["identifier"]) == ("S", "9")

    def test_then_its_identifier(self, read_json, release):
        named = {"name": "Acme", "identifier": {"scheme": "S", "id": 9}}
        parties = [{"id": "C1", "name": "Acme", "roles": []}]
        assert self.company(read_json, release, named, parties)["company_id"] == "S-9"
        bare = {"name": "Acme", "identifier": {"id": "9", "scheme": ""}}
        assert self.company(read_json, release, bare)["company_id"] == "9"

    def test_under_the_id_by_which_the_parties_know_it(self, read_json, release):
        identifier = {"scheme": "S", "id": "9"}
        parties = [{"id": "P", "name": "Acme Ltd", "identifier": identifier, "roles": []}]
        found = self.company(read_json, release, {"identifier": identifier}, parties)
        assert (found["company_id"], found["name"]) == ("P", "Acme Ltd")

    def test_then_the_party_of_its_name(self, read_json, release):
        parties = [{"id": "P", "name": "ACME  Ltd", "roles": ["supplier"]}]
        assert self.company(read_json, release, {"name": "Acme ltd"}, parties)["company_id"] == "P"

    def test_then_a_hash_of_its_name_as_an_inference(self, read_json, release):
        one = self.company(read_json, release, {"name": "Acme  Ltd"})
        two = self.company(read_json, release, {"name": " ACME ltd "})
        other = self.company(read_json, release, {"name": "Acme Ltd."})
        assert one["company_id"] == two["company_id"] != other["company_id"]
        assert one["company_id"].startswith("name:")
        assert one["certainty"] == "inferred"
        assert one["name"] == "Acme  Ltd"

    def test_an_id_is_no_inference(self, read_json, release):
        assert "certainty" not in self.company(read_json, release, {"id": "C9", "name": "Acme"})

    def test_a_name_in_another_language_is_better_than_none(self, read_json, release):
        named = {"id": "C9", "name": "", "name_fr": "Société", "name_en": "Company"}
        assert self.company(read_json, release, named)["name"] == "Company"
        assert self.company(read_json, release, {"id": "C9"})["name"] == "C9"

    def test_where_it_is_and_how_to_reach_it(self, read_json, release):
        party = {
            "id": "C1",
            "name": "Acme",
            "roles": ["supplier"],
            "address": {
                "streetAddress": "1 Main St",
                "locality": "Town",
                "region": "North",
                "postalCode": None,
                "countryName": "Utopia",
            },
            "contactPoint": {"telephone": "12", "email": "a@b.c", "name": "Ann"},
        }
        assert read_json(release(parties=[party])).one("companies") == {
            "company_id": "C1",
            "name": "Acme",
            "region": "North",
            "jurisdiction": "Utopia",
            "address": "1 Main St, Town, North, Utopia",
            "phone": "12",
            "email": "a@b.c",
        }

    def test_many_mentions_make_one_row_of_the_latest_words(self, read_json, release):
        def about(day, **words):
            party = {"id": "C1", "roles": ["supplier"], **words}
            return release(ocid=f"o-{day}", date=f"2024-01-{day}T00:00:00Z", parties=[party])

        said = [
            about("03", name="Acme Ltd"),
            about("02", name="Acme", address={"region": "South"}, contactPoint={"email": "b"}),
            about("01", name="Acme", address={"region": "North"}, contactPoint={"telephone": "1"}),
        ]
        expected = {
            "company_id": "C1",
            "name": "Acme",
            "region": "South",
            "address": "South",
            "email": "b",
            "phone": "1",
        }
        for order in (said, said[::-1]):
            found = read_json([{**r, "awards": None} for r in order]).one("companies")
            assert found == expected | {"name": "Acme Ltd"}

    def test_one_organisation_may_buy_and_sell(self, read_json, release):
        seen = read_json(release(award={"suppliers": [{"id": "B1", "name": "City"}]}))
        assert seen.one("bodies")["body_id"] == "B1"
        assert "B1" in {c["company_id"] for c in seen.companies}


def test_hostile_names_pass_through_unchanged(read_json, release):
    name = "=cmd|' /C calc'!A0<script>\x1b[31m\u202e'; MATCH (n) DETACH DELETE n //"
    seen = read_json(release(award={"suppliers": [{"id": "C1", "name": name}]}, parties=None))
    assert seen.one("companies")["name"] == name


def test_rows_of_the_engine_are_clean(release, tmp_path):
    """Through the landing: everything kept, nothing counted twice."""
    from graphgov.ingest import read

    (tmp_path / "a.json").write_text(json.dumps([release(), release(ocid="ocds-2"), {"ocid": "x"}]))
    (tmp_path / "b.json").write_text("{")
    tables = read([tmp_path])
    counts = {
        n: (c.rows_in, c.kept, c.rejected, c.repeated, c.stubs) for n, c in tables.counts.items()
    }
    assert counts["awards"] == (2, 2, 0, 0, 0)
    assert counts["tenders"] == (2, 2, 0, 0, 0)
    assert counts["companies"] == counts["bodies"] == (1, 1, 0, 0, 0)
    assert all(c.rows_in == c.kept + c.rejected + c.repeated for c in tables.counts.values())
    rejects = tables.con.execute("SELECT file, code FROM rejects").fetchall()
    assert rejects == [("b.json", "bad_json")]
    files = {f.name: dict(f.rows) for f in tables.files}
    assert files["a.json"]["awards"] == 2
