"""Cases: order, identity, money, kinds, and what never becomes one."""

import random
from decimal import Decimal

import msgspec
import pytest

from graphgov.cases import build
from graphgov.cases.build import MOST_CASES
from graphgov.config import Config
from graphgov.errors import ConfigError
from graphgov.ingest import read_frames
from graphgov.snapshot import take


def award(key, amount, currency="CNY", company="C1", **more):
    row = {"award_id": key, "buyer_id": "B1", "company_id": company, "awarded_on": "2022-03-01"}
    return row | {"amount": amount, "currency": currency} | more


AWARDS = [
    award("A1", "100.10"),
    award("A2", "50.05"),
    award("A3", "7", "EUR"),
    award("A4", "9", None),
    award("A5", "1000", "USD", "C1"),
    award("A5", "1000", "USD", "C2"),
    award("A6", "33", "CNY", status="cancelled"),
]
NODES = {
    "bodies": [{"body_id": f"B{i}", "name": f"Office {i}"} for i in range(1, 4)],
    "people": [{"person_id": f"P{i}", "name": f"Person {i}"} for i in range(1, 4)],
    "companies": [{"company_id": f"C{i}", "name": f"Firm {i}"} for i in range(1, 6)],
}


@pytest.fixture(scope="module")
def snap():
    return take(read_frames({"awards": AWARDS, **NODES}, dataset="", timezone="UTC"))


def test_nothing_makes_no_case(snap, make_flag):
    assert build(snap, []) == []
    assert build(snap, [make_flag("D01", "", "C1", "B1", class_="data")]) == []


def test_one_amount_per_currency_and_unknown_ones_apart(snap, make_flag):
    flag = make_flag("E01", "P1", "C1", "B1", awards=("A1", "A2", "A3", "A4"))
    (case,) = build(snap, [flag])
    assert case.amounts == (
        ("", Decimal("9.0000")),
        ("CNY", Decimal("150.1500")),
        ("EUR", Decimal("7.0000")),
    )


def test_money_of_a_consortium_counts_once(snap, make_flag):
    flags = [
        make_flag("E01", "P1", "C1", "B1", awards=("A5",)),
        make_flag("E01", "P1", "C2", "B1", awards=("A5",)),
    ]
    (case,) = build(snap, flags)
    assert case.amounts == (("USD", Decimal("1000.0000")),)


def test_an_award_that_two_flags_cite_counts_once(snap, make_flag):
    flags = [make_flag(c, "P1", "C1", "B1", awards=("A1", "A2")) for c in ("E01", "E05")]
    (case,) = build(snap, flags)
    assert case.amounts == (("CNY", Decimal("150.1500")),)
    assert {m.id for m in case.members if m.kind == "award"} == {"A1", "A2"}


def test_a_cancelled_or_unknown_award_has_no_money(snap, make_flag):
    (case,) = build(snap, [make_flag("E01", "P1", "C1", "B1", awards=("A6", "nowhere"))])
    assert case.amounts == ()


def test_best_first_and_ranks_without_gaps(snap, make_flag):
    flags = [make_flag("E01", f"P{i}", f"C{i}", f"B{i}", points=i + 1) for i in (1, 2, 3)]
    cases = build(snap, flags)
    assert [c.rank for c in cases] == [1, 2, 3]
    assert [c.title.split()[1] for c in cases] == ["3", "2", "1"]
    scores = [c.score for c in cases]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < s <= 1 for s in scores)


def test_a_chain_with_an_advantage_is_above_a_chain_and_above_an_advantage(snap, make_flag):
    flags = [
        make_flag("E01", "P1", "C1", "B1", points=0.8, p_value=0.6),
        make_flag("E01", "P2", "C2", "B2", points=4 + 0.5),
        make_flag("D01", "", "C2", "B2", points=4),
        make_flag("E05", "P3", "C3", "B3", points=4),
        make_flag("D01", "", "C3", "B3", points=4),
    ]
    assert build(snap, flags)[0].title.startswith("Office 2")


def test_equal_scores_go_by_kinds_of_evidence_then_money_then_recency(snap, make_flag):
    one = make_flag("F01", "", "C1", "B1", points=3)  # 8 from one kind
    two = [make_flag("F01", "", "C2", "B1", points=2.75), make_flag("D04", body="B1")]
    two[1] = make_flag("R018", "", "C2", "B1", points=10)  # 7 + 1 from two
    rich = make_flag("F01", "", "C3", "B1", points=3, awards=("A1",))
    later = [
        make_flag("F01", "", f"L{year}", "B1", points=3, day=f"{year}-01-01")
        for year in (2028, 2023, 2027, 2026, 2024, 2025)
    ]
    cases = build(snap, [one, *two, rich, *later])
    firms = [next(m.id for m in c.members if m.kind == "company") for c in cases]
    assert firms == ["C2", "C3", *(f"L{year}" for year in range(2028, 2022, -1)), "C1"]


def test_equal_cases_have_one_order_whatever_comes_first(snap, make_flag):
    flags = [make_flag("F01", "", f"X{i}", "B1") for i in range(20)]
    ranked = [c.case_id for c in build(snap, flags)]
    random.Random(1).shuffle(flags)
    assert [c.case_id for c in build(snap, flags)] == ranked
    assert len(set(ranked)) == 20


def test_the_case_id_is_that_of_the_core_whatever_else_is_found(snap, make_flag):
    lead = make_flag("E01", "P1", "C1", "B1")
    (alone,) = build(snap, [lead])
    others = [make_flag("E01", "P2", "C2", "B2", points=9), make_flag("H01", "", "C1", "B1")]
    found = build(snap, [*others, lead])
    assert [c.case_id for c in found if "Person 1" in c.title] == [alone.case_id]
    assert found[1].case_id == alone.case_id
    assert found[1].rank == 2
    (weaker,) = build(snap, [msgspec.structs.replace(lead, score=0.5)])
    assert weaker.case_id == alone.case_id


def test_ids_that_look_like_separators_do_not_make_two_cases_one(snap, make_flag):
    flags = [
        make_flag("E01", "P", "C", "B"),
        make_flag("D04", companies=("P", "|", "B", "C")),
        make_flag("D04", companies=("a\x1fb", "c", "d")),
        make_flag("D04", companies=("a", "b\x1fc", "e")),
    ]
    assert len({c.case_id for c in build(snap, flags)}) == 4


def test_a_thousand_at_most(snap, make_flag):
    flags = [make_flag("F01", "", f"X{i}", "B1") for i in range(MOST_CASES + 50)]
    cases = build(snap, flags)
    assert len(cases) == MOST_CASES
    assert len({c.case_id for c in cases}) == MOST_CASES


def test_an_anomaly_does_not_lift_a_case_over_the_bar(snap, make_flag):
    weak = make_flag("D01", "", "C1", "B1", points=2)
    odd = make_flag("H01", "", "C1", "B1", points=90)
    assert build(snap, [weak, odd]) == []
    strong = make_flag("D01", "", "C1", "B1", points=8)
    (case,) = build(snap, [strong, odd])
    assert case.flag_ids == (strong.flag_id, odd.flag_id)
    assert case.summary.startswith(strong.reason)
    assert case.score > build(snap, [strong])[0].score


def test_the_bar_is_a_setting(snap, make_flag):
    flags = [make_flag("F01", "", "C1", "B1", points=2)]
    assert build(snap, flags, Config(cases={"min_points": 3.9}))
    assert not build(snap, flags, Config(cases={"min_points": 4.1}))


@pytest.mark.parametrize("section", [{"min_point": 1}, {"widen_share": 2.0}, {"min_points": -1}])
def test_a_wrong_setting_is_refused(snap, section):
    with pytest.raises(ConfigError):
        build(snap, [], Config(cases=section))


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (["E01"], "cronyism"),
        (["E15"], "cronyism"),
        (["E01", "D01", "F01"], "cronyism"),
        (["D01"], "clustering"),
        (["F01", "R018", "H01"], "clustering"),
        (["G02"], "integrity"),
        (["E01", "G02"], "mixed"),
    ],
)
def test_kinds(snap, make_flag, codes, kind):
    flags = [
        make_flag(c, "P1" if c[0] == "E" else "", "C1", "B1", points=9 if c == "D01" else 3)
        for c in codes
    ]
    flags = [msgspec.structs.replace(f, score=0.85) if f.family == "G" else f for f in flags]
    (case,) = build(snap, flags)
    assert case.kind == kind


def test_a_ring_is_collusion_and_with_its_official_mixed(snap, make_flag):
    ring = make_flag("D04", companies=("C1", "C2", "C3"))
    (case,) = build(snap, [ring])
    assert case.kind == "collusion"
    turns = make_flag("E03", "P1", "C1", "B1", companies=("C1", "C2", "C3"))
    (case,) = build(snap, [ring, turns])
    assert case.kind == "mixed"


def test_a_faint_second_kind_has_no_say(snap, make_flag):
    flags = [
        make_flag("E01", "P1", "C1", "B1", points=20),
        make_flag("G02", "", "C1", "B1", points=0.5),
    ]
    (case,) = build(snap, flags)
    assert (case.kind, len(case.flag_ids)) == ("cronyism", 2)


def test_certainty_is_that_of_what_carries_the_case(snap, make_flag):
    lead = make_flag("E01", "P1", "C1", "B1", points=9, certainty="declared")
    weaker = make_flag("E01", "P2", "C1", "B1", points=4, certainty="inferred")
    side = make_flag("R018", "", "C1", "B1")
    (case,) = build(snap, [weaker, side, lead])
    assert case.certainty == "declared"


def test_days_span_all_flags_and_may_be_unknown(snap, make_flag):
    flags = [
        make_flag("E01", "P1", "C1", "B1", day="2022-03-01"),
        make_flag("E05", "P1", "C1", "B1", day="2019-01-02"),
        make_flag("F01", "", "C1", "B1", day=""),
    ]
    (case,) = build(snap, flags)
    assert (str(case.first_on), str(case.last_on)) == ("2019-01-02", "2022-03-01")
    (case,) = build(snap, flags[2:])
    assert case.first_on is case.last_on is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_rows_in_another_order_give_the_same_cases(snapshot, make_flag, language):
    flags = [make_flag("E01", f"P{i}", f"C{i}", f"B{i}", awards=("A1",)) for i in (1, 2, 3)]
    flags += [make_flag("D01", "", f"C{i}", "B1", awards=("A3", "A2")) for i in (1, 2, 3)]
    one = build(snapshot(awards=AWARDS, **NODES), flags, language=language)
    back = {name: rows[::-1] for name, rows in NODES.items()}
    two = build(snapshot(awards=AWARDS[::-1], **back), flags[::-1], language=language)
    assert one == two
    assert len(one) == 3
