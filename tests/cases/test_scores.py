"""Scores of bodies, people and companies: who gets one, and what its columns mean."""

import random

import pytest

from graphgov.cases import scores
from graphgov.cases.weigh import case_score
from graphgov.stats.fdr import benjamini_hochberg, cauchy_combination


def by_id(found):
    return {(s.subject_kind, s.subject_id): s for s in found}


def test_everybody_a_flag_is_about_has_one_score(make_flag):
    flags = [
        make_flag("E03", "P1", "C1", "B1", companies=("C1", "C2")),
        make_flag("D04", companies=("C2", "C3", "C4")),
        make_flag("D01", "", "C1", "B1", class_="data"),
        make_flag("D01", "", "C9", "B9", class_="data"),
    ]
    found = scores(flags)
    keys = [(s.subject_kind, s.subject_id) for s in found]
    companies = [("company", f"C{n}") for n in (1, 2, 3, 4)]
    assert keys == [("body", "B1"), *companies, ("person", "P1")]
    assert by_id(found)["company", "C2"].flags == 2
    assert by_id(found)["company", "C1"].flags == 1


def test_nothing_gives_nothing():
    assert scores([]) == []


def test_the_score_is_that_of_all_flags_together(make_flag):
    flags = [make_flag("E01", "P1", "C1", "B1"), make_flag("H01", "", "C1", "B1", points=9)]
    found = by_id(scores(flags))
    assert found["company", "C1"].score == case_score(flags)
    assert found["person", "P1"].score == case_score(flags[:1])


def test_the_p_value_is_the_cauchy_combination_and_a_lone_one_is_itself(make_flag):
    flags = [
        make_flag("D01", "", "C1", "B1", p_value=0.004),
        make_flag("E05", "P1", "C1", "B1", p_value=0.03),
        make_flag("E15", "P1", "C1", "B2"),
    ]
    found = by_id(scores(flags))
    assert found["company", "C1"].p_value == cauchy_combination([0.004, 0.03])
    assert found["person", "P1"].p_value == 0.03
    assert found["body", "B2"].p_value is None
    assert found["body", "B2"].q_value is None


def test_a_p_value_of_zero_or_one_stays_in_bounds(make_flag):
    flags = [make_flag("D01", "", "C1", "B1", p_value=p, window=str(p)) for p in (0.0, 1.0, 0.5)]
    for score in scores(flags):
        assert 0 <= score.p_value <= score.q_value <= 1


def test_q_values_are_within_a_kind_and_count_those_without_a_flag(make_flag):
    chances = [0.001, 0.02, 0.03]
    flags = [make_flag("D01", "", f"C{n}", "B1", p_value=p) for n, p in enumerate(chances)]
    alone = [s.q_value for s in scores(flags) if s.subject_kind == "company"]
    assert alone == pytest.approx(list(benjamini_hochberg(chances)))
    found = scores(flags, {"company": 30, "body": 10, "person": 5})
    among = [s.q_value for s in found if s.subject_kind == "company"]
    assert among == pytest.approx(list(benjamini_hochberg([*chances, *[1.0] * 27]))[:3])


def test_a_count_that_is_too_small_does_not_break(make_flag):
    flags = [make_flag("D01", "", f"C{n}", "B1") for n in range(3)]
    assert len(scores(flags, {"company": 1})) == 4


def test_top_indicators_weigh_most_and_come_once(make_flag):
    flags = [make_flag("R018", "", "C1", "B1", points=9, window=str(n)) for n in range(5)] + [
        make_flag("E01", "P1", "C1", "B1", points=2),
        make_flag("F01", "", "C1", "B1", points=4),
        make_flag("H01", "", "C1", "B1", points=1),
    ]
    assert by_id(scores(flags))["company", "C1"].top_indicators == "F01 E01 R018"


def test_order_of_flags_does_not_matter(make_flag):
    flags = [
        make_flag(code, "P1", f"C{n % 4}", f"B{n % 3}", p_value=0.001 * (n + 1), window=str(n))
        for n, code in enumerate(["E01", "E05", "D01", "F01", "R018", "H01"] * 5)
    ]
    first = scores(flags)
    random.Random(3).shuffle(flags)
    assert scores(flags) == first
    assert len(first) == 8
