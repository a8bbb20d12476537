"""What is new, grown or gone since an earlier run."""

from datetime import date

import pytest

from graphgov.errors import ConfigError
from graphgov.report.changes import changes, read_earlier
from graphgov.report.files import write_json, write_results
from graphgov.schema import Case, Flag, Member, Results


def flag(key):
    return Flag(
        flag_id=key,
        indicator="E01",
        family="E",
        class_="tie",
        subject_kind="award",
        subject_id=key,
        score=0.5,
    )


def case(key, members, flags=(), rank=1):
    return Case(
        case_id=key,
        rank=rank,
        score=0.5,
        kind="mixed",
        title="",
        summary="",
        amounts=(),
        flag_ids=tuple(flags),
        members=tuple(Member("person" if m.islower() else "award", m, "x") for m in members),
        first_on=None,
        last_on=None,
        certainty="documented",
    )


@pytest.fixture
def compare(tmp_path):
    def compared(old, new, old_flags=(), new_flags=()):
        results = Results("r", date(2024, 1, 1), cases=old, flags=[flag(f) for f in old_flags])
        write_results(tmp_path, results)
        write_json(tmp_path / "manifest.json", {})
        return changes(read_earlier(tmp_path), new, [flag(f) for f in new_flags])

    return compared


def test_nothing_changed(compare):
    same = [case("c1", "ab", ["f"])]
    assert compare(same, same, ["f"], ["f"]) == []


def test_new_and_gone(compare):
    rows = compare([case("c1", "ab")], [case("c2", "xy")], ["f1"], ["f2"])
    assert rows == [
        ("case", "c1", "gone", "c1"),
        ("case", "c2", "new", ""),
        ("flag", "f1", "gone", "f1"),
        ("flag", "f2", "new", ""),
    ]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ("abxy", [("case", "c2", "grown", "c1")]),
        ("axyz", [("case", "c1", "gone", "c1"), ("case", "c2", "new", "")]),
        ("abcd", []),
        ("ab", []),
    ],
    ids=["half of the earlier core and more", "a quarter", "all", "half and nothing new"],
)
def test_a_case_is_known_by_half_of_its_earlier_core(compare, members, expected):
    assert compare([case("c1", "abcd", ["f"])], [case("c2", members, ["f"])]) == expected


def test_a_further_flag_makes_a_case_grow(compare):
    rows = compare([case("c1", "ab", ["f"])], [case("c1", "ab", ["f", "g"])])
    assert rows == [("case", "c1", "grown", "c1")]


def test_awards_are_not_core(compare):
    rows = compare([case("c1", "aXYZ")], [case("c2", "bXYZ")])
    assert [row[2] for row in rows] == ["gone", "new"]


def test_the_same_id_is_the_same_case_even_with_a_nearer_one(compare):
    rows = compare(
        [case("c1", "abc"), case("c2", "abd", rank=2)],
        [case("c2", "abc"), case("c1", "abd", rank=2)],
    )
    assert rows == [("case", "c1", "grown", "c1"), ("case", "c2", "grown", "c2")]


def test_an_earlier_case_is_matched_once_by_the_most_alike(compare):
    rows = compare([case("c1", "abcd")], [case("c2", "ab"), case("c3", "abc", rank=2)])
    assert rows == [("case", "c2", "new", "")]


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="not the output of a run"):
        read_earlier(tmp_path)
