"""Weights: what a flag is worth, what may carry a case, what beats what."""

import math
from itertools import pairwise

import msgspec
import pytest

from graphgov.cases.weigh import (
    CLUSTERS,
    USUAL,
    case_score,
    cluster,
    contributions,
    points,
    starts_a_case,
    worth,
)
from graphgov.detector import surprise


@pytest.mark.parametrize("p_value", [0.5, 0.01, 1e-3, 1e-12, 1e-80, 1e-290])
def test_points_are_the_powers_of_ten_of_a_p_value(make_flag, p_value):
    flag = msgspec.structs.replace(make_flag("D01"), score=surprise(p_value))
    assert points(flag) == pytest.approx(-math.log10(p_value), rel=1e-6)


def test_a_score_of_one_is_finite(make_flag):
    flag = msgspec.structs.replace(make_flag("D01"), score=1.0)
    assert math.isfinite(points(flag))
    assert 0.99 < case_score([flag]) <= 1.0


def test_a_broken_rule_counts_by_its_score(make_flag):
    flag = make_flag("E15", "P", "C", "B")
    assert points(flag) == flag.score
    assert worth(flag) == pytest.approx(1.2 * flag.score)


def test_one_fact_counts_once(make_flag):
    strong, weak = make_flag("E05", points=5), make_flag("D01", points=4)
    assert cluster("E05") == cluster("D01")
    assert contributions([strong, weak]) == contributions([strong])
    assert case_score([strong, weak]) == case_score([strong])


def test_an_indicator_that_nobody_placed_only_supports(make_flag):
    flag = make_flag("Z99", points=4)
    assert contributions([flag]) == {"other Z": pytest.approx(0.3)}
    assert not starts_a_case(flag)


def test_no_indicator_is_in_two_clusters():
    codes = [code for codes in CLUSTERS.values() for code in codes]
    assert len(codes) == len(set(codes))


def test_fifty_new_indicators_cannot_drown_a_case(make_flag):
    new = [make_flag(f"Z{i}", "P", "C", "B", points=30) for i in range(50)]
    strong, weak = make_flag("E01", points=4), make_flag("E01", points=3.5)
    assert case_score([strong]) > case_score([weak, *new])


def test_what_many_reach_is_worth_nothing(make_flag):
    for code, usual in USUAL.items():
        assert worth(make_flag(code, points=usual)) == pytest.approx(0, abs=1e-6)
        assert worth(make_flag(code, points=usual + 1)) > 1


@pytest.mark.parametrize("advantage", [1.4, 3.0, 8.0, 30.0])
@pytest.mark.parametrize("rarity", [0.5, 2.0, 4.0])
def test_a_documented_chain_with_an_advantage_beats_either_alone(make_flag, advantage, rarity):
    both = make_flag("E01", points=advantage + rarity)
    tie_alone = make_flag("E01", points=rarity, p_value=1.0)
    jump, link = make_flag("E05", points=advantage), make_flag("D01", points=advantage)
    together = case_score([both, jump, link])
    assert together > case_score([both]) > case_score([tie_alone])
    assert together > case_score([jump, link])
    assert case_score([both]) > case_score([link])
    assert case_score([both]) > case_score([jump])


def test_a_tie_told_three_times_is_not_three_ties(make_flag):
    tie, rule = make_flag("E01", points=4.0), make_flag("E15")
    jump = make_flag("E05", points=3.0)
    alone = contributions([tie])["tie with advantage"]
    told = contributions([tie, rule, jump])
    assert told["tie with advantage"] == alone
    assert told["broken rule"] == pytest.approx(worth(rule) / 10)
    assert told["advantage"] == pytest.approx(worth(jump) / 10)


def test_more_never_weighs_less(make_flag):
    flags = [make_flag(c, points=p) for p, c in enumerate(("E01", "F01", "H01", "R018", "D04"), 1)]
    rising = [case_score(flags[:n]) for n in range(len(flags) + 1)]
    assert rising[0] == 0
    assert all(a < b for a, b in pairwise(rising))
    assert case_score(flags[::-1]) == rising[-1]


@pytest.mark.parametrize(
    ("code", "changes", "may"),
    [
        ("E01", {}, True),
        ("E01", {"certainty": "inferred", "p_value": 0.01}, True),
        ("E01", {"certainty": "inferred", "p_value": 0.2}, True),
        ("E01", {"certainty": "inferred", "p_value": 0.25}, False),
        ("E01", {"certainty": "inferred", "p_value": None}, False),
        ("E01", {"certainty": "declared", "p_value": None}, True),
        ("E15", {}, True),
        ("E15", {"certainty": "inferred"}, False),
        ("D01", {"certainty": "inferred", "p_value": None}, True),
        ("H01", {}, False),
        ("H99", {}, False),
        ("R018", {}, False),
        ("D01", {"class_": "data"}, False),
        ("E01", {"class_": "data"}, False),
        ("D01", {"person_id": "", "company_id": "", "body_id": ""}, False),
    ],
)
def test_what_may_carry_a_case(make_flag, code, changes, may):
    flag = msgspec.structs.replace(make_flag(code, "P", "C", "B"), **changes)
    assert starts_a_case(flag) is may


def test_a_group_may_carry_a_case(make_flag):
    assert starts_a_case(make_flag("D04", companies=("A", "B", "C")))
