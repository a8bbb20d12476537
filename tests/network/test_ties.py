import numpy as np
import pytest

from graphgov.network.paths import chains
from graphgov.network.ties import (
    KINDS,
    UNKNOWN_SHARE,
    edge_specificity,
    specificity,
    tie_graph,
)

PEOPLE = [{"person_id": p, "name": p} for p in ("cy", "ann", "bo", "dee")]
COMPANIES = [{"company_id": c, "name": c} for c in ("Z", "A")]
AWARD = {
    "award_id": "1",
    "buyer_id": "b",
    "company_id": "A",
    "awarded_on": "2024-05-01",
    "amount": "10",
}
TIES = [
    {"person_a": "ann", "person_b": "bo", "kind": "spouse", "certainty": "documented"},
    {
        "person_a": "ann",
        "person_b": "cy",
        "kind": "colleague",
        "certainty": "declared",
        "started_on": "2001-01-01",
        "ended_on": "2005-01-01",
    },
]
OFFICERS = [{"person_id": "cy", "company_id": "Z", "role": "director"}]
OWNERSHIP = [
    {"owner_id": "bo", "owner_kind": "person", "company_id": "A", "share": "0.6"},
    {"owner_id": "A", "owner_kind": "company", "company_id": "Z", "share_min": "0.2"},
    {"owner_id": "dee", "owner_kind": "person", "company_id": "Z"},
    {"owner_id": "b", "owner_kind": "body", "company_id": "Z", "share": "0.1"},
]


@pytest.fixture
def frames():
    return {
        "people": PEOPLE,
        "companies": COMPANIES,
        "awards": [AWARD],
        "ties": TIES,
        "officers": OFFICERS,
        "ownership": OWNERSHIP,
    }


def told(graph):
    return sorted(
        (
            *graph.name(int(a)),
            *graph.name(int(b)),
            KINDS[int(k)],
            round(float(w), 6),
            int(c),
        )
        for a, b, k, w, c in zip(
            graph.a, graph.b, graph.kind, graph.weight, graph.certainty, strict=True
        )
    )


def test_catalogue_vector_of_specificity():
    assert specificity([50], 10_000) == pytest.approx([0.622073], abs=1e-6)


def test_specificity_stays_between_everybody_and_a_pair():
    assert specificity([2, 10_000, 1], 10_000).tolist() == [1, 0, 1]
    assert specificity([2], 2).tolist() == [1]


def test_every_kind_of_row_becomes_a_tie(snapshot, frames):
    assert told(tie_graph(snapshot(**frames))) == [
        ("company", "A", "company", "Z", "owner", 0.2, 0),
        ("person", "ann", "person", "bo", "spouse", 1.0, 0),
        ("person", "ann", "person", "cy", "colleague", 0.5, 1),
        ("person", "bo", "company", "A", "owner", 0.6, 0),
        ("person", "cy", "company", "Z", "director", 0.7, 0),
        ("person", "dee", "company", "Z", "owner", UNKNOWN_SHARE, 0),
    ]


def test_rows_of_the_input_in_another_order_give_the_same_graph(snapshot, frames):
    plain = tie_graph(snapshot(**frames))
    turned = tie_graph(snapshot(**{k: v[::-1] for k, v in frames.items()}))
    assert told(plain) == told(turned)
    for name in ("a", "b", "start", "end", "weight", "table"):
        assert (getattr(plain, name) == getattr(turned, name)).all()
    assert plain.row_key == turned.row_key


def test_renamed_ids_do_not_change_strength(snapshot, frames):
    new = {"ann": "zz", "bo": "yy", "cy": "xx", "dee": "ww", "A": "Q", "Z": "B"}
    renamed = {
        table: [{k: new.get(v, v) for k, v in row.items()} for row in rows]
        for table, rows in frames.items()
    }
    one, two = tie_graph(snapshot(**frames)), tie_graph(snapshot(**renamed))
    for company in ("A", "Z"):
        was = chains(one, [one.person("ann")]).tie(one.person("ann"), one.company(company))
        now = chains(two, [two.person("zz")]).tie(two.person("zz"), two.company(new[company]))
        assert was == pytest.approx(now, rel=1e-12)
        assert was > 0


def test_a_dataset_without_ties_has_an_empty_graph(snapshot):
    graph = tie_graph(snapshot(awards=[AWARD]))
    assert graph.nodes == 1
    assert len(chains(graph, [])) == 0
    assert len(chains(graph, [0])) == 0


def test_a_tie_of_which_both_ends_have_many_weighs_less():
    kind = KINDS.index("classmate")
    a, b = np.triu_indices(11, 1)  # a class of eleven
    a, b = np.append(a, 20), np.append(b, 21)  # and a pair
    rare = edge_specificity(
        a.astype(np.int32), b.astype(np.int32), np.full(len(a), kind, np.int8), 1000
    )
    assert rare[:-1] == pytest.approx(np.log(1000 / 11) / np.log(500))
    assert rare[-1] == 1


def test_the_only_friend_of_a_hub_keeps_weight_and_kin_is_never_common():
    friend, sibling = KINDS.index("friend"), KINDS.index("sibling")
    a, b = np.zeros(60, np.int32), np.arange(1, 61, dtype=np.int32)
    assert (edge_specificity(a, b, np.full(60, friend, np.int8), 100) == 1).all()
    a, b = (v.astype(np.int32) for v in np.triu_indices(40, 1))
    assert (edge_specificity(a, b, np.full(len(a), sibling, np.int8), 100) == 1).all()


def test_a_tie_told_twice_is_one_neighbour():
    kind = np.full(2, KINDS.index("classmate"), np.int8)
    twice = edge_specificity(np.array([0, 1], np.int32), np.array([1, 0], np.int32), kind, 50)
    assert twice.tolist() == [1, 1]
