"""Several releases of one process become one by OCDS's rules."""

import itertools
import json
import random

import pytest
from ocdsmerge import Merger

from graphgov.ingest.ocds_merge import MergeConflict, instant, merge
from graphgov.ingest.ocds_spool import Kind, Place, Waiting


def waiting(*releases, kind=Kind.RELEASE):
    return [
        Waiting(kind, Place(0, 1, f"/{i}"), json.loads(t := json.dumps(r)), len(t), t)
        for i, r in enumerate(releases)
    ]


def value(amount):
    return {"value": {"amount": amount, "currency": "EUR"}}


def test_the_latest_word_holds_whatever_the_order_of_files(tmp_path, read, release):
    parts = [
        release(id="r1", date="2024-01-01T00:00:00Z", tender={"id": "t", "title": "Old"}),
        release(id="r2", date="2024-02-01T00:00:00Z", award=value(2), tender={"title": "New"}),
        release(id="r3", date="2024-03-01T00:00:00Z", award=value(3), tender=None, buyer=None),
    ]
    contents = []
    for order in itertools.permutations(parts):
        folder = tmp_path / str(len(contents))
        folder.mkdir()
        for index, part in enumerate(order):
            (folder / f"{index}.json").write_text(json.dumps(part))
        seen = read(folder)
        contents.append(seen.content())
        assert seen.one("awards")["amount"] == "3"
        assert seen.one("tenders")["title"] == "New"
        assert seen.one("tenders")["document_no"] == "t"
    assert all(c == contents[0] for c in contents)


def test_equal_dates_are_decided_by_the_release_id(read_json, release):
    first, second = release(id="a", award=value(1)), release(id="b", award=value(2))
    for order in ([first, second], [second, first]):
        assert read_json(order).one("awards")["amount"] == "2"


def test_dates_are_compared_as_instants():
    assert instant("2024-01-01T01:00:00+03:00") < instant("2023-12-31T23:00:00Z")
    assert instant("2024-01-01") == instant("2024-01-01T00:00:00Z")
    assert instant("soon") == "soon"
    assert instant(None) == instant("") == ""


def test_awards_of_different_releases_add_up(read_json, release):
    other = release(id="r2", date="2024-05-01T00:00:00Z", award={"id": "a2"} | value(9))
    assert sorted(a["award_id"] for a in read_json([release(), other]).awards) == [
        "ocds-1/a1",
        "ocds-1/a2",
    ]


def test_a_null_takes_a_value_away(read_json, release):
    gone = release(id="r2", date="2024-05-01T00:00:00Z", tender={"id": "t", "title": None})
    assert "title" not in read_json([release(), gone]).one("tenders")


def test_one_release_in_two_versions_counts_once_in_the_richer(read_json, release):
    plain = release(
        parties=None,
        buyer={"name": "City"},
        award={"suppliers": [{"name": "Acme"}]},
    )
    for order in ([plain, release()], [release(), plain]):
        seen = read_json(order)
        assert seen.one("awards")["company_id"] == "C1"
        assert [c["company_id"] for c in seen.companies] == ["C1"]


def test_a_supplier_known_by_name_in_one_release_is_not_a_second_one(read_json, release):
    plain = release(
        id="r0", date="2023-01-01T00:00:00Z", parties=None, award={"suppliers": [{"name": " ACME"}]}
    )
    assert read_json([plain, release()]).one("awards")["company_id"] == "C1"


def test_merging_agrees_with_the_library_on_well_formed_releases():
    """Oracle: ocdsmerge with the rules it would fetch, of which only `omitWhenMerged` bites."""
    random.seed(7)
    rules = {("id",): "omitWhenMerged", ("date",): "omitWhenMerged", ("tag",): "omitWhenMerged"}
    for _ in range(20):
        releases = [
            {
                "ocid": "o",
                "id": f"r{i}",
                "date": f"2024-{i + 1:02}-01T00:00:00Z",
                "parties": [{"id": f"p{random.randrange(3)}", "name": f"n{i}", "roles": ["buyer"]}],
                "awards": [
                    {
                        "id": f"a{random.randrange(3)}",
                        "status": random.choice(["active", "pending"]),
                        "suppliers": [{"id": f"s{random.randrange(2)}", "name": f"S{i}"}],
                    }
                ],
            }
            for i in range(5)
        ]
        expected = Merger(merge_rules=rules).create_compiled_release(releases)
        random.shuffle(releases)
        found = merge("o", waiting(*releases)).release
        assert {k: found[k] for k in ("parties", "awards")} == {
            k: expected[k] for k in ("parties", "awards")
        }


def test_shapes_that_contradict_are_one_reject(read_json, release):
    first = release(planning={"budget": [{"id": "b"}]})
    second = release(id="r2", date="2024-05-01T00:00:00Z", planning={"budget": {"x": {"y": 1}}})
    seen = read_json([first, second, release(ocid="ocds-2")])
    assert [r.code for r in seen.rejects] == ["merge_conflict"]
    assert [a["award_id"] for a in seen.awards] == ["ocds-2/a1"]
    with pytest.raises(MergeConflict):
        merge("ocds-1", waiting(first, second))


def test_merged_awards_point_to_the_release_that_spoke_last(read_json, release):
    late = release(id="r2", date="2024-05-01T00:00:00Z", award=value(4))
    seen = read_json([late, release()])
    assert [p[2] for p in seen.places["awards"]] == ["/0/awards/0"]
