from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgov.network.nullmodels import reshuffle
from graphgov.network.projection import Pairs, bidding, project, validate
from graphgov.stats.exact import hypergeometric_tail

quick = settings(derandomize=True, deadline=None, max_examples=50)
markets = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 6)), min_size=1, max_size=60)


def market(bids, lots=12, companies=7, **options):
    return bidding(
        [b[0] for b in bids], [b[1] for b in bids], lots=lots, companies=companies, **options
    )


@quick
@given(markets)
def test_pairs_equal_networkx(bids):
    graph = nx.Graph()
    for lot, company in bids:
        graph.add_edge(f"lot{lot}", company)
    for lot in [n for n in graph if isinstance(n, str)]:
        if len(graph[lot]) < 2:
            graph.remove_node(lot)
    companies = [n for n in graph if not isinstance(n, str)]
    want = nx.bipartite.overlap_weighted_projected_graph(graph, companies, jaccard=True)
    found = project(market(bids))
    got = {(int(a), int(b)): w for a, b, w in zip(found.a, found.b, found.weight, strict=True)}
    assert got == {
        tuple(sorted(e[:2])): pytest.approx(e[2]) for e in want.edges.data("weight") if e[2] > 0
    }
    assert (found.joint <= found.lots[found.a]).all()


@quick
@given(markets, st.randoms(use_true_random=False))
def test_order_and_repetition_of_bids_do_not_matter(bids, random):
    mixed = bids + bids[:5]
    random.shuffle(mixed)
    one, two = market(bids), market(mixed)
    assert (one.lot == two.lot).all()
    assert (one.company == two.company).all()


def test_lots_of_one_and_of_many_are_left_out():
    bids = [(0, 0), (1, 0), (1, 1), *((2, c) for c in range(5))]
    found = market(bids, max_size=4)
    assert found.size[:3].tolist() == [0, 2, 0]
    assert found.lot.tolist() == [1, 1]
    assert len(project(market([(0, 0)])).a) == 0


def test_one_stratum_is_the_plain_hypergeometric():
    rng = np.random.default_rng(1)
    x = market(list(zip(rng.integers(0, 12, 60), rng.integers(0, 7, 60), strict=True)))
    pairs = project(x)
    found = validate(x, pairs, min_joint=1)
    n = int((x.size > 0).sum())
    want = hypergeometric_tail(pairs.joint, n, pairs.lots[pairs.a], pairs.lots[pairs.b])
    assert found.tail.p == pytest.approx(want.p, rel=1e-10)
    assert found.expected == pytest.approx(pairs.lots[pairs.a] * pairs.lots[pairs.b] / n)


def test_a_pair_below_the_minimum_is_a_test_but_never_found():
    x = market([(0, 0), (0, 1), (1, 2), (1, 3), (2, 2), (2, 3)])
    found = validate(x, project(x), min_joint=2)
    assert found.tests == 2
    assert found.tail.p[0] == 1
    assert found.tail.p[1] == pytest.approx(1 / 3)
    assert found.q_value[1] == pytest.approx(2 / 3)


def test_sharing_a_trade_is_no_tie_once_trades_are_strata():
    # Two trades; everybody bids at random inside their own.
    rng = np.random.default_rng(2)
    bids, trade = [], np.repeat([0, 1], 150)
    for lot in range(300):
        firms = rng.choice(12, 4, replace=False) + 12 * trade[lot]
        bids += [(lot, int(f)) for f in firms]
    x = market(bids, lots=300, companies=24)
    pairs = project(x)
    assert validate(x, pairs).discovered().mean() > 0.1
    assert not validate(x, pairs, stratum=trade).discovered().any()


def test_a_ring_is_found_among_honest_bidders():
    rng = np.random.default_rng(3)
    bids = []
    for lot in range(200):
        if lot % 4 == 0:
            bids += [(lot, f) for f in (0, 1, 2)]
        bids += [(lot, int(f)) for f in rng.choice(np.arange(3, 30), 4, replace=False)]
    x = market(bids, lots=200, companies=30)
    pairs = project(x)
    found = validate(x, pairs, day=np.arange(200))
    kept = pairs.take(found.bonferroni())
    ring = set(zip(kept.a.tolist(), kept.b.tolist(), strict=True))
    assert ring == set(combinations(range(3), 2))


def test_only_lots_of_the_common_span_count():
    # Both are active from day 5, when the later one came, to day 8, when the other left.
    early, late = (0, 2, 4, 5, 6, 8), (5, 6, 9, 14)
    bids = [(d, 0) for d in early] + [(d, 1) for d in late] + [(d, 2) for d in range(15)]
    x = market(bids, lots=15, companies=3)
    pairs = project(x)
    place = int(np.flatnonzero((pairs.a == 0) & (pairs.b == 1))[0])
    found = validate(x, pairs, day=np.arange(15))
    # Lots with one bidder do not count: of 5, 6 and 8 each bid on three and two.
    assert found.expected[place] == pytest.approx(2.0)
    assert found.tail.p[place] == pytest.approx(1.0)
    bids += [(d, 3) for d in range(15)]
    x = market(bids, lots=15, companies=4)
    found = validate(x, project(x), day=np.arange(15))
    # Now day 7 counts as well: two of four lots against three of four.
    assert found.expected[place] == pytest.approx(1.5)
    assert found.tail.p[place] == pytest.approx(0.5)


def chance_market(seed, lots=1200, companies=60):
    rng = np.random.default_rng(seed)
    weight = rng.pareto(2, companies) + 0.3
    stratum = rng.integers(0, 3, lots)
    bids = []
    for lot in range(lots):
        own = weight * (np.arange(companies) % 3 == stratum[lot])
        n = rng.integers(2, 6)
        bids += [(lot, int(f)) for f in rng.choice(companies, n, replace=False, p=own / own.sum())]
    return market(bids, lots=lots, companies=companies), stratum


def test_reshuffling_keeps_what_it_promises():
    x, stratum = chance_market(1)
    y = reshuffle(x, 7, stratum=stratum)
    assert (y.lot == x.lot).all()
    assert len(np.unique(y.lot.astype(int) * x.companies + y.company)) == len(y.lot)
    kind = stratum * 30 + x.size
    for company in range(x.companies):
        was, now = kind[x.lot[x.company == company]], kind[y.lot[y.company == company]]
        assert sorted(was) == sorted(now)
    assert (y.company != x.company).mean() > 0.5
    again = reshuffle(x, 7, stratum=stratum)
    assert (again.company == y.company).all()


def test_bidders_that_cannot_move_stay():
    x = market([(lot, c) for lot in range(4) for c in range(3)])
    assert (reshuffle(x, 1).company == x.company).all()


def all_pairs(x, stratum):
    """Every pair of a stratum, also those that never met."""
    met = project(x)
    joint = np.zeros((x.companies, x.companies), np.int64)
    joint[met.a, met.b] = met.joint
    active = [np.unique(x.company[stratum[x.lot] == s]) for s in range(3)]
    pairs = np.array([p for firms in active for p in combinations(firms.tolist(), 2)], np.int32)
    a, b = pairs[:, 0], pairs[:, 1]
    return Pairs(a, b, joint[a, b], np.zeros(len(a)), met.lots)


def test_in_a_shuffled_market_p_values_by_place_are_uniform():
    low = []
    for seed in range(4):
        x, stratum = chance_market(seed)
        y = reshuffle(x, seed, stratum=stratum)
        found = validate(y, all_pairs(y, stratum), stratum=stratum, min_joint=0, by_place=True)
        low.append((found.tail.randomised(seed=1) < 0.05).mean())
        assert found.discovered().sum() <= 1
    assert 0.035 < np.mean(low) < 0.065


def test_by_lots_never_claims_more_than_by_place_in_small_lots():
    x, stratum = chance_market(5)
    pairs = all_pairs(x, stratum)
    lots, places = (validate(x, pairs, stratum=stratum, by_place=b).tail.p for b in (False, True))
    assert (lots >= places - 1e-9).mean() > 0.95


def test_names_of_companies_do_not_matter():
    x, stratum = chance_market(6)
    turned = bidding(x.lot, x.companies - 1 - x.company, lots=x.lots, companies=x.companies)
    one = validate(x, project(x), stratum=stratum, by_place=True)
    two = validate(turned, project(turned), stratum=stratum, by_place=True)
    assert sorted(one.tail.p) == pytest.approx(sorted(two.tail.p), rel=1e-9)
