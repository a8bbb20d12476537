import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgov.errors import InputError
from graphgov.network.ids import Index
from graphgov.network.paths import chains, tie_strength
from graphgov.network.ties import FADE_DAYS, FADED_OUT, KINDS, TieGraph
from graphgov.stats.spans import FAR

quick = settings(derandomize=True, deadline=None, max_examples=50)


def between(graph, source, target, **options):
    found = chains(graph, [graph.person(source)], **options)
    return found, graph.person(source), graph.company(target)


def test_catalogue_vector(graph):
    g = graph(
        ("o", "wife", "spouse", 1.0),
        ("wife", "S", "owner", 0.6),
        ("o", "mate", "classmate", 0.6 * 0.8),
        ("mate", "S", "legal_representative", 1.0),
    )
    found, o, s = between(g, "o", "S")
    assert [s for s, _ in found.best(o, s)] == pytest.approx([0.30, 0.24])
    assert found.tie(o, s) == pytest.approx(0.468)
    assert tie_strength([]) == 0


def test_a_chain_says_its_steps_in_walking_order(graph):
    g = graph(
        ("wife", "o", "spouse", 1.0, {"start": 100, "end": 900}),
        ("wife", "S", "owner", 0.6, {"start": 400, "certainty": 2}),
    )
    found, _, _ = between(g, "o", "S")
    chain = found.chain(0)
    assert [(s.from_id, s.to_id, s.kind, s.row_key) for s in chain.steps] == [
        ("o", "wife", "spouse", "row0"),
        ("wife", "S", "owner", "row1"),
    ]
    assert chain.certainty == "inferred"
    assert (chain.start.isoformat(), chain.end.isoformat()) == ("1971-02-05", "1972-06-19")
    assert chain.dated


def test_one_undated_tie_makes_a_chain_undated(graph):
    g = graph(("o", "w", "spouse", 1.0), ("w", "S", "owner", 0.6, {"start": 400}))
    found, _, _ = between(g, "o", "S")
    assert not found.chain(0).dated


def test_a_late_short_chain_does_not_hide_an_old_long_one(graph):
    g = graph(
        ("o", "S", "director", 0.7, {"start": 5000}),
        ("o", "w", "spouse", 1.0, {"start": 10}),
        ("w", "S", "owner", 0.6, {"start": 10}),
    )
    found, o, s = between(g, "o", "S")
    assert found.tie(o, s, on=4999) == pytest.approx(0.3)
    assert found.tie(o, s, on=5000) == pytest.approx(1 - 0.7 * 0.3)


@pytest.mark.parametrize(
    ("on", "there"),
    [
        pytest.param(99, False, id="the day before the later tie began"),
        pytest.param(100, True, id="the day it began"),
        pytest.param(200, True, id="the last day of the earlier one"),
        pytest.param(201, False, id="the day after"),
    ],
)
def test_a_chain_holds_while_all_its_ties_do(graph, on, there):
    g = graph(
        ("o", "w", "spouse", 1.0, {"start": 10, "end": 200}),
        ("w", "S", "owner", 0.6, {"start": 100}),
    )
    found, o, s = between(g, "o", "S")
    assert bool(found.best(o, s, on=on)) is there
    assert bool(len(between(g, "o", "S", on=on)[0])) is there


def test_ties_that_never_met_in_time_are_no_chain(graph):
    g = graph(
        ("o", "w", "spouse", 1.0, {"end": 99}),
        ("w", "S", "owner", 0.6, {"start": 100}),
    )
    assert len(between(g, "o", "S")[0]) == 0


def test_work_fades_school_lasts_marriage_ends(graph):
    end = {"start": 0, "end": 1000}
    g = graph(
        ("o", "S", "director", 1.0),
        ("c", "o", "colleague", 0.5, end),
        ("m", "o", "classmate", 0.5, end),
        ("s", "o", "spouse", 0.5, end),
    )
    found = chains(g, [g.person(p) for p in "cms"])
    late = 1000 + int(FADE_DAYS)
    s = g.company("S")
    assert found.tie(g.person("c"), s, on=1000) == pytest.approx(0.25)
    assert found.tie(g.person("c"), s, on=late) == pytest.approx(0.25 / np.e, rel=1e-3)
    assert found.tie(g.person("c"), s, on=1001 + FADED_OUT) == 0
    assert found.tie(g.person("m"), s, on=late) == pytest.approx(0.25)
    assert found.tie(g.person("s"), s, on=1001) == 0


def test_two_rows_on_one_pair_are_one_link(graph):
    g = graph(
        ("o", "S", "owner", 0.3),
        ("o", "S", "legal_representative", 1.0),
        ("o", "w", "spouse", 1.0),
        ("w", "o", "in_law", 0.85),
        ("w", "T", "owner", 1.0),
    )
    found = chains(g, [g.person("o")])
    assert found.tie(g.person("o"), g.company("S")) == 1.0
    assert found.tie(g.person("o"), g.company("T")) == pytest.approx(0.5)


def test_a_holding_costs_no_link_downwards_only(graph):
    g = graph(("o", "A", "owner", 1.0), ("A", "S", "owner", 0.8))
    assert between(g, "o", "S")[0].strength == pytest.approx([1.0, 0.8])
    g = graph(("o", "A", "owner", 1.0), ("S", "A", "owner", 0.8))
    assert between(g, "o", "S")[0].strength == pytest.approx([1.0, 0.4])


def test_weakest_certainty_can_be_asked_for(graph):
    g = graph(
        ("o", "S", "owner", 0.3, {"certainty": 1}),
        ("o", "w", "spouse", 1.0, {"certainty": 2}),
        ("w", "S", "owner", 1.0),
    )
    found, o, s = between(g, "o", "S")
    assert [x for x, _ in found.best(o, s, certainty=1)] == pytest.approx([0.3])
    assert found.best(o, s, certainty=0) == []


@pytest.mark.parametrize(
    "wrong", [{"floor": 0}, {"max_len": 0}, {"max_len": 7}, {"damping": 1.5}], ids=str
)
def test_bounds_are_kept(graph, wrong):
    g = graph(("o", "S", "owner", 0.3))
    with pytest.raises(InputError):
        chains(g, [0], **wrong)


def test_a_village_of_thousands_stays_cheap():
    members = 600
    a, b = np.triu_indices(members, 1)
    people = Index.of([f"{i:05}" for i in range(members)])
    n = len(a)
    g = TieGraph(
        people,
        Index.of(["S"]),
        np.append(a, 7).astype(np.int32),
        np.append(b, members).astype(np.int32),
        np.append(np.full(n, KINDS.index("hometown")), KINDS.index("owner")).astype(np.int8),
        np.append(np.full(n, 0.1), 1.0),
        np.zeros(n + 1, np.int8),
        np.full(n + 1, -FAR, np.int32),
        np.full(n + 1, FAR, np.int32),
        np.zeros(n + 1, np.int8),
        [""] * (n + 1),
    )
    found = chains(g, np.arange(members), floor=0.03)
    assert len(found) == members
    assert found.tie(0, members) == pytest.approx(0.05)


ties = st.lists(
    st.tuples(
        st.sampled_from("opqrs"),
        st.sampled_from("opqrsABC"),
        st.sampled_from([0.3, 0.5, 0.6, 0.9, 1.0]),
        st.integers(0, 60),
        st.integers(0, 60),
    ).filter(lambda t: t[0] != t[1]),
    min_size=1,
    max_size=14,
)


def oracle(g, rows, source, floor):
    """Every simple path of NetworkX with its strength and window, parallel ties apart."""
    multi = nx.MultiGraph()
    for place in range(len(rows)):
        multi.add_edge(int(g.a[place]), int(g.b[place]), key=place)
    companies = [n for n in multi if n >= len(g.people)]
    found = set()
    if source not in multi:
        return found
    for target in companies:
        for path in nx.all_simple_edge_paths(multi, source, target, cutoff=4):
            edges = [key for *_, key in path]
            strength = float(np.prod(g.weight[edges])) * 0.5 ** (len(edges) - 1)
            start, end = g.start[edges].max(), g.usable_end[edges].min()
            if strength >= floor and start <= end:
                found.add((target, tuple(edges), round(strength, 9), int(start), int(end)))
    return found


@quick
@given(rows=ties)
def test_equals_all_simple_paths_of_networkx(rows):
    people, companies = Index.of("opqrs"), Index.of("ABC")
    node = {**{p: i for i, p in enumerate("opqrs")}, **{c: 5 + i for i, c in enumerate("ABC")}}
    kinds = [KINDS.index("owner" if b.isupper() else "friend") for _, b, *_ in rows]
    g = TieGraph(
        people,
        companies,
        np.array([node[r[0]] for r in rows], np.int32),
        np.array([node[r[1]] for r in rows], np.int32),
        np.array(kinds, np.int8),
        np.array([r[2] for r in rows]),
        np.zeros(len(rows), np.int8),
        np.array([min(r[3:]) for r in rows], np.int32),
        np.array([max(r[3:]) for r in rows], np.int32),
        np.zeros(len(rows), np.int8),
        [""] * len(rows),
    )
    for floor in (1e-9, 0.1):
        found = chains(g, [node["o"]], floor=floor)
        got = {
            (
                int(found.target[i]),
                tuple(e for e in found.edges[i].tolist() if e >= 0),
                round(float(found.strength[i]), 9),
                int(found.start[i]),
                int(found.end[i]),
            )
            for i in range(len(found))
        }
        assert len(got) == len(found)
        assert got == oracle(g, rows, node["o"], floor)


@quick
@given(rows=ties, extra=ties)
def test_a_further_tie_never_lowers_the_best_chain(rows, extra):
    def best(some):
        node = {p: i for i, p in enumerate("opqrsABC")}
        g = TieGraph(
            Index.of("opqrs"),
            Index.of("ABC"),
            np.array([node[r[0]] for r in some], np.int32),
            np.array([node[r[1]] for r in some], np.int32),
            np.zeros(len(some), np.int8),
            np.array([r[2] for r in some]),
            np.zeros(len(some), np.int8),
            np.full(len(some), -FAR, np.int32),
            np.full(len(some), FAR, np.int32),
            np.zeros(len(some), np.int8),
            [""] * len(some),
        )
        found = chains(g, [node["o"]], floor=1e-9)
        return [max([s for s, _ in found.best(0, t)], default=0.0) for t in (5, 6, 7)]

    assert all(m >= f for f, m in zip(best(rows), best(rows + extra), strict=True))


@quick
@given(rows=ties)
def test_where_there_are_too_many_the_floor_rises(rows):
    node = {p: i for i, p in enumerate("opqrsABC")}
    g = TieGraph(
        Index.of("opqrs"),
        Index.of("ABC"),
        np.array([node[r[0]] for r in rows], np.int32),
        np.array([node[r[1]] for r in rows], np.int32),
        np.zeros(len(rows), np.int8),
        np.array([r[2] for r in rows]),
        np.zeros(len(rows), np.int8),
        np.full(len(rows), -FAR, np.int32),
        np.full(len(rows), FAR, np.int32),
        np.zeros(len(rows), np.int8),
        [""] * len(rows),
    )
    everything = chains(g, np.arange(len(g.people)), floor=0.03)
    few = chains(g, np.arange(len(g.people)), floor=0.03, most=3)
    assert len(few) <= 3 or few.floor == 1.0
    strong = everything.strength >= few.floor - 1e-12
    assert few.floor > 0.03 or len(everything) <= 3
    assert few.strength.tolist() == everything.strength[strong].tolist()
    assert few.edges.tolist() == everything.edges[strong].tolist()


def test_blocks_do_not_change_the_result(graph, monkeypatch):
    rng = np.random.default_rng(1)
    rows = [
        (f"p{a:02}", f"C{b:02}" if b < 15 else f"p{b:02}", "owner" if b < 15 else "kin", 0.9)
        for a, b in rng.integers(0, 40, (120, 2))
        if a != b
    ]
    g = graph(*rows)
    whole = chains(g, np.arange(len(g.people)), floor=0.05)
    monkeypatch.setattr("graphgov.network.paths._BLOCK", 7)
    parts = chains(g, np.arange(len(g.people)), floor=0.05)
    assert len(whole) > 200
    assert (whole.edges == parts.edges).all()
    assert (whole.strength == parts.strength).all()
