"""The draft of 2014, as Canada published it."""

import itertools

import pytest


def draft(step="0", day="2012-04-20", amount="735152", ends="2017-04-30", **changes):
    return {
        "releaseTag": "contractAmendment",
        "releaseID": "",
        "ocid": "PW-1",
        "formation": {"methodJustification": "", "method": "Open Bidding"},
        "buyer": {"id": {"name": "Public Works"}, "address": {"region": "Ontario"}},
        "contracts": [
            {
                "awardNotice": {"id": "N/1"},
                "isAmendment": step,
                "contractValue": {"amount": amount},
                "id": {"name": "N/1"},
                "contractPeriod": {"endDate": ends},
            }
        ],
        "awards": [
            {
                "notice": {"id": "N/1"},
                "awardDate": day,
                "suppliers": [
                    {
                        "id": {"name": "Capital Elevator Ltd.", "uid": "CAPITAL ELEVATOR"},
                        "address": {"street-address": "1 Main", "country-name": "CAN"},
                    }
                ],
                "itemsAwarded": [
                    {"classificationID": "5169C", "classificationDescription": "Elevators"}
                ],
            }
        ],
        **changes,
    }


def test_one_award_is_made_of_all_its_amendments(read_json):
    steps = [draft(), draft("1", "2012-06-07"), draft("2", "2013-03-27", ends="2018-04-30")]
    contents = []
    for order in itertools.permutations(steps):
        seen = read_json({"date": "constant:2014-07-26", "releases": list(order)})
        contents.append(seen.content())
    assert all(c == contents[0] for c in contents)
    award = seen.one("awards")
    assert award == {
        "award_id": "PW-1/N/1",
        "buyer_id": seen.one("bodies")["body_id"],
        "company_id": "CAPITAL ELEVATOR",
        "awarded_on": "2012-04-20",
        "amount": "735152",
        "tender_id": "PW-1",
        "title": "Elevators",
        "method": "open",
        "category": "5169C",
    }
    assert seen.one("contracts")["ends_on"] == "2017-04-30"
    assert sorted((a["amended_on"], a.get("new_ends_on")) for a in seen.amendments) == [
        ("2012-06-07", None),
        ("2013-03-27", "2018-04-30"),
    ]
    assert seen.one("companies") == {
        "company_id": "CAPITAL ELEVATOR",
        "name": "Capital Elevator Ltd.",
        "jurisdiction": "CAN",
        "address": "1 Main, CAN",
    }
    assert seen.one("bodies")["certainty"] == "inferred"


@pytest.mark.parametrize(
    ("word", "method"),
    [
        ("Traditional Competitive", "selective"),
        ("Traditional Non-Competitive", "direct"),
        ("Something else", None),
    ],
)
def test_methods_of_the_draft(read_json, word, method):
    seen = read_json(draft(formation={"method": word}))
    assert seen.one("tenders").get("method") == seen.one("awards").get("method") == method
    assert seen.one("tenders")["method_detail"] == word


def test_two_notices_of_one_process_are_two_awards(read_json):
    other = draft()
    other["awards"][0]["notice"]["id"] = other["contracts"][0]["awardNotice"]["id"] = "N/2"
    seen = read_json([draft(), other])
    assert {a["award_id"] for a in seen.awards} == {"PW-1/N/1", "PW-1/N/2"}
    assert len(seen.tenders) == 1


def test_what_lacks_something_is_a_reject(read_json):
    seen = read_json([draft(amount=""), draft(ocid="PW-2", buyer={}), draft(ocid="PW-3")])
    assert sorted((r.field, r.code) for r in seen.rejects) == [
        ("amount", "required"),
        ("buyer_id", "required"),
    ]
    assert seen.one("awards")["award_id"] == "PW-3/N/1"
