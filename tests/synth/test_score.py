import json

import pytest

from graphgov.errors import InputError
from graphgov.synth import evaluate

KIN = [
    ("S1", "scheme", "direct_kin", "person", "ana"),
    ("S1", "scheme", "direct_kin", "person", "bo"),
    ("S1", "scheme", "direct_kin", "body", "town"),
    ("S1", "scheme", "direct_kin", "company", "acme"),
]
SPLIT = [
    ("S2", "scheme", "splitting", "body", "school"),
    ("S2", "scheme", "splitting", "company", "zed"),
]
RING = [("S3", "scheme", "rotation_ring", "company", f"r{n}") for n in range(7)]
TWIN = [
    ("L1", "look_alike", "namesake", "person", "eve"),
    ("L1", "look_alike", "namesake", "company", "omega"),
]
P, B, C = "person", "body", "company"

ONE_CASE = {
    "person and company": (KIN, [(P, "ana"), (C, "acme")], True),
    "the other person will do": (KIN, [(P, "bo"), (C, "acme")], True),
    "person without company": (KIN, [(P, "ana"), (B, "town")], False),
    "body does not stand in for people": (KIN, [(B, "town"), (C, "acme")], False),
    "id of another kind": (KIN, [(P, "acme"), (C, "ana")], False),
    "body where there are no people": (SPLIT, [(B, "school"), (C, "zed")], True),
    "company where there are no people": (SPLIT, [(C, "zed")], False),
    "half of a ring": (RING, [(C, f"r{n}") for n in range(4)], True),
    "just under half of a ring": (RING, [(C, f"r{n}") for n in range(3)], False),
    "half of a small ring is not enough": (RING[:4], [(C, "r0"), (C, "r1")], False),
    "three of a small ring": (RING[:4], [(C, "r0"), (C, "r1"), (C, "r3")], True),
    "no members": (KIN + RING, [], False),
}


@pytest.mark.parametrize(("truth", "case", "hit"), ONE_CASE.values(), ids=ONE_CASE)
def test_one_case_hits_by_the_rule(run_folder, truth, case, hit):
    found = evaluate(*run_folder(truth, [case]))
    assert found.precision[50] == pytest.approx(hit / 50)
    assert found.average_precision == pytest.approx(hit / found.schemes)


def test_a_scheme_counts_once_and_later_cases_for_it_are_misses(run_folder):
    hit = [(P, "ana"), (C, "acme")]
    miss = [(P, "nobody"), (C, "none")]
    split = [(B, "school"), (C, "zed")]
    found = evaluate(*run_folder(KIN + SPLIT, [hit, hit, miss, split]), k=(2, 4))
    assert found.precision == {2: 0.5, 4: 0.5}
    assert found.recall == {2: 0.5, 4: 1.0}
    assert found.average_precision == pytest.approx((1 / 1 + 2 / 4) / 2)
    assert found.ranks == {"S1": 1, "S2": 4}


def test_a_case_that_finds_two_schemes_is_one_hit(run_folder):
    both = [(P, "ana"), (C, "acme"), (B, "school"), (C, "zed")]
    found = evaluate(*run_folder(KIN + SPLIT, [both]), k=(1,))
    assert (found.precision[1], found.recall[1], found.average_precision) == (1.0, 1.0, 0.5)


def test_look_alikes_count_only_where_no_scheme_is_hit(run_folder):
    twin = [(P, "eve"), (C, "omega")]
    mixed = [*twin, (P, "ana"), (C, "acme")]
    half = [(P, "eve"), (C, "acme")]
    found = evaluate(*run_folder(KIN + TWIN, [mixed, mixed, half, twin]), k=(3, 4))
    assert found.look_alikes == {3: 0, 4: 1}
    assert found.look_alike_types == {}
    assert evaluate(*run_folder(KIN + TWIN, [twin]), k=(3,)).look_alike_types == {"namesake": 1}


def test_rings_of_other_makers_are_known_by_their_members(run_folder):
    other = [("9", "scheme", "kartell 串标", "company", f"r{n}") for n in range(6)]
    named = [*RING, ("S3", "scheme", "rotation_ring", "body", "town")]
    members = [(C, "r0"), (C, "r1"), (C, "r2")]
    assert evaluate(*run_folder(other, [members])).recall[50] == 1
    # A ring that also names a body is hit by its companies; splitting never is.
    assert evaluate(*run_folder(named, [[(B, "town"), *members]])).recall[50] == 0
    assert evaluate(*run_folder(named, [[*members, (C, "r5")]])).recall[50] == 1


def test_found_by_type_and_prints(run_folder):
    found = evaluate(*run_folder(KIN + SPLIT + RING + TWIN, [[(B, "school"), (C, "zed")]]))
    assert found.found == {"direct_kin": (0, 1), "rotation_ring": (0, 1), "splitting": (1, 1)}
    assert "splitting" in found.table()
    assert "fewer than 50 cases" in found.table()
    assert json.loads(found.json())["precision"] == {"50": 0.02, "100": 0.01}


def test_no_schemes_and_no_cases(run_folder):
    found = evaluate(*run_folder([], []))
    assert (found.schemes, found.cases, found.average_precision) == (0, 0, 0)
    assert found.recall[100] == 0
    assert found.table()


def test_broken_files_are_named(tmp_path, run_folder):
    with pytest.raises(InputError, match=r"truth\.csv"):
        evaluate(tmp_path / "truth.csv", tmp_path)
    truth, out = run_folder([*KIN, ("S1", "scheme", "other", "person", "x")], [])
    with pytest.raises(InputError, match="two types"):
        evaluate(truth, out)
    truth.write_text("item_id,item\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column 'type'"):
        evaluate(truth, out)
