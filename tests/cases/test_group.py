"""Grouping: who shares a case, who does not, and how large one may grow."""

import random

import pytest

from graphgov.cases.group import (
    MOST_BODIES,
    MOST_COMPANIES,
    MOST_PEOPLE,
    MOST_SIDE_FLAGS,
    group,
    members,
)
from graphgov.schema import Member


def ids(made, kind):
    return {m.id for m in members(made) if m.kind == kind}


def test_flags_on_the_same_people_become_one(make_flag):
    flags = [
        make_flag("E01", "P", "C", "B"),
        make_flag("E05", "P", "C", "B"),
        make_flag("D01", "", "C", "B"),
        make_flag("E15", "P", "C", "B"),
        make_flag("F01", "", "C", "B"),
    ]
    (made,) = group(flags)
    assert {f.flag_id for f in made.flags} == {f.flag_id for f in flags}
    assert made.core == (("P",), ("B",), ("C",))


def test_strangers_stay_apart(make_flag):
    flags = [make_flag("E01", f"P{i}", f"C{i}", f"B{i}") for i in range(5)]
    assert len(group(flags)) == 5


def test_two_companies_of_one_body_are_two_cases(make_flag):
    assert len(group([make_flag("D01", "", "C1", "B"), make_flag("D01", "", "C2", "B")])) == 2


def test_two_officials_with_one_company_and_body_are_one_case(make_flag):
    flags = [make_flag("E01", "P1", "C", "B", points=5), make_flag("E01", "P2", "C", "B")]
    (made,) = group(flags)
    assert made.people == {"P1", "P2"}


def test_a_weak_second_official_neither_joins_nor_makes_the_same_case_again(make_flag):
    flags = [
        make_flag("E01", "P1", "C", "B", points=20),
        make_flag("E01", "P2", "C", "B", points=1),
    ]
    (made,) = group(flags)
    assert made.people == {"P1"}
    assert ids(made, "person") == {"P1"}


def test_one_company_and_official_at_two_bodies_are_one_case(make_flag):
    (made,) = group([make_flag("E01", "P", "C", "B1", points=4), make_flag("E01", "P", "C", "B2")])
    assert made.bodies == {"B1", "B2"}


def test_the_same_company_elsewhere_joins_without_a_person(make_flag):
    (made,) = group(
        [make_flag("E01", "P", "C", "B1", points=4), make_flag("D01", "", "C", "B2", points=30)]
    )
    assert made.bodies == {"B1", "B2"}


def test_another_official_of_another_body_keeps_the_same_company_apart(make_flag):
    flags = [make_flag("E01", "P1", "C", "B1", points=4), make_flag("E01", "P2", "C", "B2")]
    assert len(group(flags)) == 2


def test_a_weak_flag_adds_itself_but_no_names(make_flag):
    strong = make_flag("E01", "P", "C", "B", points=20)
    inside = make_flag("E05", "P", "C", "B", points=2, links=("X",))
    outside = make_flag("E01", "P", "C9", "B9", points=2, awards=("A9",))
    (made,) = group([strong, inside, outside])
    assert [f.flag_id for f in made.flags] == [strong.flag_id, inside.flag_id]
    assert made.core == (("P",), ("B",), ("C",))
    assert ids(made, "person") == {"P"}
    assert not ids(made, "award")


def test_the_share_decides_who_widens(make_flag):
    flags = [make_flag("E01", "P", "C1", "B", points=8), make_flag("E01", "P", "C2", "B", points=2)]
    assert group(flags, widen_share=0.25)[0].companies == {"C1", "C2"}
    assert group(flags, widen_share=0.26)[0].companies == {"C1"}


def test_a_broken_rule_is_never_too_weak(make_flag):
    flags = [make_flag("E01", "P", "C1", "B", points=30), make_flag("E15", "P", "C2", "B")]
    assert group(flags)[0].companies == {"C1", "C2"}


def test_people_between_the_ends_of_a_strong_chain_are_in_the_case(make_flag):
    (made,) = group([make_flag("E01", "P", "C", "B", links=("L",))])
    assert Member("person", "L", "link") in members(made)
    assert made.people == {"P"}


def test_firms_that_take_turns_are_in_the_core(make_flag):
    (made,) = group([make_flag("E03", "P", "C1", "B", companies=("C1", "C2", "C3"))])
    assert made.companies == {"C1", "C2", "C3"}
    assert ids(made, "company") == {"C1", "C2", "C3"}


def test_firms_of_a_weak_flag_are_not(make_flag):
    flags = [
        make_flag("E01", "P", "C1", "B", points=20),
        make_flag("E03", "P", "C1", "B", companies=("C1", "C2", "C3"), points=2),
    ]
    (made,) = group(flags)
    assert made.companies == ids(made, "company") == {"C1"}


def test_several_suppliers_of_a_split_purchase_are_in_the_core(make_flag):
    one = make_flag("F01", "", "", "B", companies=("C1", "C2"), role="supplier", window="pipes")
    two = make_flag("F01", "", "", "B", companies=("C3",), role="supplier", window="paint")
    first, second = group([one, two])
    assert {first.core, second.core} == {((), ("B",), ("C1", "C2")), ((), ("B",), ("C3",))}


def test_a_ring_found_twice_is_one_case(make_flag):
    flags = [
        make_flag("D04", companies=tuple("ABCDE")),
        make_flag("C10", companies=tuple("ABCDF"), points=4),
        make_flag("D04", companies=tuple("CDE"), points=2),
    ]
    (made,) = group(flags)
    assert made.companies == set("ABCDEF")


def test_rings_with_few_common_members_stay_apart(make_flag):
    flags = [
        make_flag("D04", companies=tuple("ABCDEF")),
        make_flag("D04", companies=tuple("FGHIJK")),
    ]
    assert len(group(flags)) == 2


@pytest.mark.parametrize("tie_points", [1, 9])
def test_a_ring_of_one_officials_firms_is_one_case(make_flag, tie_points):
    flags = [
        make_flag("E03", "P", "A", "B1", companies=tuple("ABC"), points=tie_points),
        make_flag("D04", companies=tuple("ABCD"), points=4),
    ]
    (made,) = group(flags)
    assert made.people == {"P"}
    assert made.companies == set("ABCD")


def test_one_tied_member_does_not_swallow_a_ring(make_flag):
    flags = [make_flag("D04", companies=tuple("ABCD")), make_flag("E01", "P", "A", "B1")]
    assert len(group(flags)) == 2


def test_a_larger_ring_than_a_core_holds_is_found_once(make_flag):
    many = tuple(f"C{i:02}" for i in range(MOST_COMPANIES + 8))
    flags = [make_flag("D04", companies=many, points=9)]
    flags.append(make_flag("C10", companies=(*many[1:], "X")))
    (made,) = group(flags)
    assert made.companies == set(many)


def test_flags_on_one_body_alone_are_one_case(make_flag):
    flags = [make_flag("G02", body="B", subject_kind="body", window=w) for w in "abc"]
    flags.append(make_flag("D01", "", "C", "B"))
    lengths = sorted(len(made.flags) for made in group(flags))
    assert lengths == [1, 3]


def test_a_flag_on_a_body_alone_is_not_about_every_case_there(make_flag):
    flags = [make_flag("E01", "P", "C", "B"), make_flag("G02", body="B", subject_kind="body")]
    assert len(group(flags)) == 2


def test_a_member_of_a_ring_at_one_body_is_a_case_of_its_own(make_flag):
    flags = [make_flag("D04", companies=tuple("ABC")), make_flag("D01", "", "A", "B1", points=20)]
    assert len(group(flags)) == 2


def test_flags_on_one_company_alone_are_one_case(make_flag):
    flags = [make_flag("R046", company="C", subject_kind="company", window=w) for w in "ab"]
    (made,) = group(flags)
    assert len(made.flags) == 2


def test_nothing_grows_out_of_what_may_not_carry(make_flag):
    flags = [
        make_flag("H01", "", "C", "B", points=50),
        make_flag("R018", "", "C", "B", points=50),
        make_flag("E01", "P", "C", "B", certainty="inferred", p_value=None),
        make_flag("E15", "P", "C", "B", certainty="inferred"),
        make_flag("D01", "", "C", "B", class_="data", points=50),
    ]
    assert group(flags) == []


def test_side_facts_join_their_pair_and_data_errors_do_not(make_flag):
    lead = make_flag("E01", "P", "C", "B")
    side = [
        make_flag("H01", "", "C", "B", points=90),
        make_flag("R018", "", "C", "B", awards=("A1",)),
    ]
    others = [
        make_flag("R018", "", "C2", "B", awards=("A2",)),
        make_flag("R018", "", "C", "B", class_="data", window="d", awards=("A3",)),
    ]
    (made,) = group([*others, *side, lead])
    assert {f.flag_id for f in made.flags} == {f.flag_id for f in (lead, *side)}
    assert ids(made, "award") == {"A1"}
    assert made.carrying == [lead]


def test_side_facts_are_bounded_and_the_strongest_stay(make_flag):
    side = [make_flag("R018", "", "C", "B", points=n, window=str(n)) for n in range(1, 200)]
    (made,) = group([make_flag("E01", "P", "C", "B"), *side])
    kept = [f for f in made.flags if f.indicator == "R018"]
    assert len(kept) == MOST_SIDE_FLAGS
    assert {f.flag_id for f in kept} == {f.flag_id for f in side[-MOST_SIDE_FLAGS:]}


def test_a_huge_company_does_not_swallow_the_queue(make_flag):
    flags = [make_flag("D01", "", "HUGE", f"B{i}", points=40) for i in range(40)]
    flags += [make_flag("E01", f"P{i}", f"C{i}", f"B{i}", points=6) for i in range(40)]
    made = group(flags)
    assert all(len(g.bodies) <= MOST_BODIES for g in made)
    assert sum(g.companies == {"HUGE"} for g in made) >= 40 / MOST_BODIES
    assert {p for g in made for p in g.people} == {f"P{i}" for i in range(40)}
    assert sum(len(g.flags) for g in made) == len(flags)


def test_a_long_career_does_not_swallow_the_queue(make_flag):
    flags = [make_flag("E01", "P", f"C{i}", f"B{i % 3}") for i in range(40)]
    made = group(flags)
    assert all(len(g.companies) <= MOST_COMPANIES for g in made)
    assert {c for g in made for c in g.companies} == {f"C{i}" for i in range(40)}


def test_a_chain_of_neighbours_is_cut(make_flag):
    flags = []
    for i in range(60):
        flags.append(make_flag("E01", f"P{i}", f"C{i}", "B"))
        flags.append(make_flag("E01", f"P{i + 1}", f"C{i}", "B"))
    assert all(len(g.people) <= MOST_PEOPLE for g in group(flags))


def test_more_officials_than_a_core_holds_make_no_second_case(make_flag):
    flags = [make_flag("E01", f"P{i:02}", "C", "B") for i in range(MOST_PEOPLE + 5)]
    (made,) = group(flags)
    assert len(made.people) == MOST_PEOPLE
    assert len(made.flags) == len(flags)


def crowd(make_flag, seed):
    """Many flags on few names, so that everything touches everything."""
    draw = random.Random(seed)
    flags = []
    for n in range(150):
        code = draw.choice(["E01", "E03", "E05", "D01", "F01", "D04", "E15", "H01", "R018", "G02"])
        few = tuple(f"C{i}" for i in sorted(draw.sample(range(15), 3)))
        person = f"P{draw.randrange(10)}" if code.startswith("E") else ""
        company = "" if code in ("D04", "G02") else f"C{draw.randrange(15)}"
        body = "" if code == "D04" else f"B{draw.randrange(8)}"
        many = few if code in ("D04", "E03") else ()
        points = draw.choice([0.5, 1, 2, 4, 9])
        flags.append(
            make_flag(code, person, company, body, points=points, companies=many, window=str(n))
        )
    return flags


@pytest.mark.parametrize("seed", range(5))
def test_order_of_flags_does_not_matter(make_flag, seed):
    flags = crowd(make_flag, seed)
    first = [(g.core, [f.flag_id for f in g.flags], members(g)) for g in group(flags)]
    random.Random(seed + 1).shuffle(flags)
    again = [(g.core, [f.flag_id for f in g.flags], members(g)) for g in group(flags)]
    assert first == again
    assert len(first) > 1


@pytest.mark.parametrize("seed", range(5))
def test_no_flag_twice_and_no_core_twice(make_flag, seed):
    made = group(crowd(make_flag, seed))
    placed = [f.flag_id for g in made for f in g.flags]
    assert len(placed) == len(set(placed))
    cores = [g.core for g in made]
    assert len(cores) == len(set(cores))
    assert len(placed) > len(made) > 1
