"""What people judged of earlier cases: what stays away, what comes back, what is learned."""

import random
from datetime import date

import pytest

from graphgov.cases import Judgement, Reviews, Sign, build, sort_out
from graphgov.cases.reviews import LEARNED_FROM, learned
from graphgov.ingest import read_frames
from graphgov.snapshot import take

DAY = date(2024, 5, 6)


@pytest.fixture(scope="module")
def snap():
    awards = [
        {"award_id": f"A{i}", "buyer_id": "B1", "company_id": f"C{i}", "amount": "100",
         "currency": "CNY", "awarded_on": "2022-03-01"}
        for i in range(1, 9)
    ]  # fmt: skip
    return take(read_frames({"awards": awards}, dataset="", timezone="UTC"))


def judged(case, flags, verdict="dismissed", **more):
    """What `graphgov review` keeps of a case."""
    core = {(m.kind, m.id) for m in case.members if m.kind in ("person", "body", "company")}
    signs = [
        Sign(f.flag_id, f.indicator, f.class_, f.score) for f in flags if f.flag_id in case.flag_ids
    ]
    given = {"case_id": case.case_id, "verdict": verdict, "on": DAY, "members": frozenset(core),
             "signs": tuple(signs)}  # fmt: skip
    return Judgement(**(given | more))


@pytest.fixture
def flags(make_flag):
    return [
        make_flag("E01", "P1", "C1", "B1", awards=("A1",)),
        make_flag("E05", "P1", "C1", "B1", awards=("A1",)),
        make_flag("E01", "P2", "C2", "B2", awards=("A2",)),
    ]


def test_without_judgements_nothing_changes(snap, flags):
    assert build(snap, flags, reviews=Reviews()) == build(snap, flags)
    assert sort_out(snap, flags)[1] == ()


def test_a_dismissed_case_stays_away_and_is_named(snap, flags):
    first, second = build(snap, flags)
    reviews = Reviews([judged(first, flags)])
    cases, dismissed = sort_out(snap, flags, reviews=reviews)
    assert dismissed == (first.case_id,)
    assert [c.case_id for c in cases] == [second.case_id]
    assert (cases[0].rank, cases[0].score) == (1, second.score)
    assert "reviewer" not in cases[0].summary


def test_new_evidence_brings_it_back_and_says_so(snap, flags, make_flag):
    first = build(snap, flags)[0]
    new = make_flag("F01", "", "C1", "B1", awards=("A3",))
    reviews = Reviews([judged(first, flags)])
    cases, dismissed = sort_out(snap, [*flags, new], reviews=reviews)
    assert dismissed == ()
    back = next(c for c in cases if new.flag_id in c.flag_ids)
    assert back.summary.startswith("A reviewer dismissed this lead on 2024-05-06; it is back")
    assert "F01" in back.summary.split(".")[0]
    zh = next(
        c for c in build(snap, [*flags, new], language="zh", reviews=reviews)
        if new.flag_id in c.flag_ids
    )  # fmt: skip
    assert zh.summary.startswith("审查人员曾于2024-05-06")


def test_a_side_fact_alone_is_no_new_evidence(snap, flags, make_flag):
    first = build(snap, flags)[0]
    odd = make_flag("H01", "", "C1", "B1", points=9)
    _, dismissed = sort_out(snap, [*flags, odd], reviews=Reviews([judged(first, flags)]))
    assert dismissed == (first.case_id,)


@pytest.mark.parametrize(
    ("core", "away"),
    [
        ([("person", "P1"), ("company", "C1"), ("body", "B1")], True),
        ([("person", "P1"), ("company", "C1"), ("body", "B9"), ("company", "C9")], True),
        ([("person", "P1"), ("company", "C8"), ("body", "B9"), ("company", "C9")], False),
        ([("company", "P1"), ("person", "C1")], False),
        ([], False),
    ],
    ids=["the same", "half of it", "less than half", "other kinds", "nobody"],
)
def test_a_judgement_holds_for_half_of_its_members(snap, flags, core, away):
    first = build(snap, flags)[0]
    one = judged(first, flags, case_id="another", members=frozenset(core))
    _, dismissed = sort_out(snap, flags, reviews=Reviews([one]))
    assert (dismissed == (first.case_id,)) is away


@pytest.mark.parametrize("verdict", ["confirmed", "unsure"])
def test_a_confirmed_or_unsure_case_is_marked(snap, flags, verdict):
    first = build(snap, flags)[0]
    cases, dismissed = sort_out(snap, flags, reviews=Reviews([judged(first, flags, verdict)]))
    assert dismissed == ()
    assert verdict in cases[0].summary.split(".")[0]
    assert first.summary in cases[0].summary
    assert (cases[0].score, cases[0].case_id) == (first.score, first.case_id)
    assert "reviewer" not in cases[1].summary


def test_the_last_judgement_counts_and_no_flag_is_forgotten(snap, flags):
    first = build(snap, flags)[0]
    part = judged(first, flags, signs=(judged(first, flags).signs[0],))
    once = Reviews([part])
    assert sort_out(snap, flags, reviews=once)[1] == ()  # the other flag is new
    both = [judged(first, flags, "unsure"), part]
    assert sort_out(snap, flags, reviews=Reviews(both))[1] == (first.case_id,)
    assert sort_out(snap, flags, reviews=Reviews(both[::-1]))[1] == ()


def test_the_closest_judgement_counts(snap, flags):
    first = build(snap, flags)[0]
    near = judged(first, flags, "confirmed", case_id="near")
    far = judged(first, flags, case_id="far", members=frozenset({("company", "C1")}))
    cases, _ = sort_out(snap, flags, reviews=Reviews([near, far]))
    assert "confirmed" in cases[0].summary


def lessons(n, *, share=0.5, seed=1, useful="E", useless="F"):
    """Judged cases in which one family tells and another does not."""
    rng = random.Random(seed)
    out = []
    for i in range(n):
        right = i < n * share
        strong, noise = 0.8 if right else 0.3, rng.choice([0.2, 0.9])
        strong += rng.uniform(-0.2, 0.1)
        signs = (
            Sign(f"a{i}", f"{useful}01", "tie", strong),
            Sign(f"b{i}", f"{useless}01", "statistical", noise),
        )
        out.append(
            Judgement(
                f"c{i:04d}",
                "confirmed" if right else "dismissed",
                DAY,
                frozenset({("company", f"X{i}")}),
                signs,
            )
        )
    return out


def test_families_are_weighed_anew_from_two_hundred_on():
    told = lessons(LEARNED_FROM)
    factors = learned(told)
    assert factors["E"] > 1 > factors["F"]
    assert all(0.25 <= f <= 4 for f in factors.values())
    assert learned(told[:-1]) == {}
    mixed = told[:]
    random.Random(3).shuffle(mixed)
    assert learned(mixed) == factors


def test_unsure_judgements_teach_nothing():
    told = [Judgement(j.case_id, "unsure", j.on, j.members, j.signs) for j in lessons(400)]
    assert learned(told) == {}


@pytest.mark.parametrize("share", [0.0, 0.1, 0.95, 1.0])
def test_one_sided_judgements_teach_nothing(share):
    assert learned(lessons(300, share=share)) == {}


def test_what_does_not_foretell_is_not_learned():
    rng = random.Random(5)
    told = [
        Judgement(f"c{i}", rng.choice(["confirmed", "dismissed"]), DAY, frozenset(),
                  (Sign(f"a{i}", "E01", "tie", 0.6), Sign(f"b{i}", "F01", "statistical", 0.6)))
        for i in range(300)
    ]  # fmt: skip
    assert learned(told) == {}


def test_learned_factors_reorder_the_queue_and_its_scores(snap, make_flag):
    tie = make_flag("E01", "P1", "C1", "B1", points=2.0, awards=("A1",))
    split = make_flag("F01", "", "C2", "B2", points=4.0, awards=("A2",))
    before = build(snap, [tie, split])
    assert before[0].flag_ids == (split.flag_id,)
    reviews = Reviews(lessons(LEARNED_FROM))
    after = build(snap, [tie, split], reviews=reviews)
    assert after[0].flag_ids == (tie.flag_id,)
    assert after[0].score > after[1].score
    assert reviews.count == LEARNED_FROM


@pytest.mark.parametrize(
    ("verdict", "said"),
    [("dismissed", "dismissed another"), ("confirmed", "confirmed another"), ("unsure", "unsure")],
)
def test_another_case_on_some_of_the_same_names_is_told_apart(snap, make_flag, verdict, said):
    """Two firms of one official are two cases; a word on one is none on the other."""
    one = make_flag("E01", "P1", "C1", "B1", awards=("A1",))
    two = make_flag("E01", "P1", "C2", "B1", awards=("A2",))
    (case,) = build(snap, [one])
    reviews = Reviews([judged(case, [one], verdict)])
    (other,) = build(snap, [two], reviews=reviews)
    assert said in other.summary
    assert "some of the same names" in other.summary
    assert "it is back" not in other.summary
    (zh,) = build(snap, [two], language="zh", reviews=reviews)
    assert "部分相同对象" in zh.summary
