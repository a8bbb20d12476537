"""The converter of Philippine public works, which only benchmarks use."""

import csv
import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "ph_dpwh.py"


@pytest.fixture(scope="module")
def dpwh():
    spec = importlib.util.spec_from_file_location("ph_dpwh", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def contract(*bidders, **changes):
    return json.dumps(
        {
            "contractId": "18CH0091",
            "description": "A bridge",
            "category": "Bridges, Roads",
            "infraType": "Bridges",
            "status": "Completed",
            "location": {"region": "Region III", "province": "Pampanga 2nd DEO"},
            "startDate": "2018-08-24",
            "contractEffectivityDate": "2018-08-23",
            "completionDate": "2019-04-20",
            "expiryDate": "2019-04-21",
            "bidders": [
                {"name": n, "pcabId": p, "isWinner": not i} for i, (n, p) in enumerate(bidders)
            ],
            "procurement": {
                "abc": "29,399,932.88",
                "advertisementDate": "2018-04-18 00:00:00.0000000",
                "bidSubmissionDeadline": "2018-05-15 00:00:00.0000000",
                "dateOfAward": None,
                "awardAmount": "27915995.05",
            },
        }
        | changes
    )


def test_a_joint_venture_is_one_bid_of_its_members(dpwh):
    joint = "ACME, INC. (05349) / BOLT & CO. ([REVOKED] 10) / SHIMIZU CORP (JV ID: JV-17-2396)"
    tables = dpwh.convert([contract((joint, ""), ("ZED (F (8431)", "8431"))])
    assert [(b["bid_id"], b["company_id"]) for b in tables["bids"]] == [
        ("18CH0091/1", "PCAB-5349"),
        ("18CH0091/1", "PCAB-10"),
        ("18CH0091/1", "name:SHIMIZU CORP"),
        ("18CH0091/2", "PCAB-8431"),
    ]
    assert {c["company_id"]: c["name"] for c in tables["companies"]} == {
        "PCAB-5349": "ACME, INC.",
        "PCAB-10": "BOLT & CO.",
        "name:SHIMIZU CORP": "SHIMIZU CORP",
        "PCAB-8431": "ZED (F",
    }
    assert len(tables["awards"]) == 3
    assert {a["awarded_on"] for a in tables["awards"]} == {"2018-08-23"}
    assert tables["tenders"][0]["estimated_value"] == "29399932.88"
    assert tables["tenders"][0]["bidders"] == 2


def test_without_a_winner_there_is_no_award(dpwh):
    tables = dpwh.convert([contract()])
    assert not tables["awards"]
    assert not tables["contracts"]
    assert len(tables["tenders"]) == 1


def test_the_order_of_lines_does_not_matter(dpwh, tmp_path):
    lines = [contract(("A (1)", "1")), contract(("A. (1)", "1"), contractId="X")]
    for name, order in (("x", lines), ("y", lines[::-1])):
        dpwh.write(dpwh.convert(order), tmp_path / name)
    for file in sorted((tmp_path / "x").iterdir()):
        assert file.read_bytes() == (tmp_path / "y" / file.name).read_bytes()


def test_the_real_sample(dpwh, data, tmp_path):
    source = data / "ph-dpwh-bidders"
    if not source.is_dir():
        pytest.skip("the sample of DPWH contracts is not there")
    assert dpwh.main([str(source), str(tmp_path)]) == 0
    with (tmp_path / "awards.csv").open(encoding="utf-8", newline="") as rows:
        awards = list(csv.DictReader(rows))
    assert len({a["award_id"] for a in awards}) == 1038
    assert all(float(a["amount"]) >= 0 for a in awards)
