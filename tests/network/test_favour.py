from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from graphgov.network.favour import (
    HALF_SIZE,
    OTHER_REASON,
    combined,
    decades,
    spans_of,
    term_queries,
    total,
)
from graphgov.network.terms import Terms
from graphgov.stats.exact import Tail
from graphgov.stats.market import Advantage, AwardRow

HELD = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 50), st.integers(0, 50)),
    max_size=12,
)
GROUPS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 50), st.integers(0, 50)),
    max_size=8,
)


def ints(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def terms_of(rows: list[tuple[int, int, int, int]]) -> Terms:
    person, body, start, end = (ints([r[i] for r in sorted(rows)]) for i in range(4))
    return Terms(person, body, start, end, person * 0, tuple(("k",) for _ in rows))


@settings(max_examples=200, deadline=None)
@given(HELD, GROUPS)
def test_terms_are_cut_to_windows(
    held: list[tuple[int, int, int, int]], groups: list[tuple[int, int, int, int]]
) -> None:
    person, company, since, until = (ints([g[i] for g in groups]) for i in range(4))
    found = term_queries(terms_of(held), person, company, since, until)
    for g, (p, c, low, high) in enumerate(groups):
        assert spans_of(found, g) == [
            (b, c, max(s, low), min(e, high)) for q, b, s, e in sorted(held) if q == p
        ]
    assert found.group.tolist() == sorted(found.group.tolist())


def test_without_windows_terms_stay_whole() -> None:
    found = term_queries(terms_of([(1, 2, 3, 4)]), ints([0, 1]), ints([7, 8]))
    assert spans_of(found, 0) == []
    assert spans_of(found, 1) == [(2, 8, 3, 4)]


def views(
    bids: list[float], jump: list[float], share: list[float], *, contests: int = 5, wins: int = 5,
    outside: float = 2.0, odds: float = 0.0, circumstances: float = 0.0,
) -> Advantage:  # fmt: skip
    n = len(bids)
    zero = np.zeros(n)

    def tail(p: list[float]) -> Tail:
        return Tail(zero, np.array(p))

    return Advantage(
        wins=np.full(n, wins), expected=zero + 1, outside_wins=np.full(n, 1),
        outside_expected=zero + outside, p_share=np.array(share), contests=np.full(n, contests),
        contest_wins=np.full(n, 1), contest_expected=zero + 1, bids=tail(bids), jump=tail(jump),
        odds=zero + odds, circumstances=zero + circumstances,
    )  # fmt: skip


def test_decades_join_tie_and_advantage_and_are_damped() -> None:
    seen = views([0.1], [0.01], [0.001], odds=2.0)
    size = 5 + 5 / 2  # wins, and contests at half weight
    assert decades(seen)[0] == pytest.approx(3 * size / (size + HALF_SIZE))
    assert decades(seen, 1.5)[0] == pytest.approx(4.5 * size / (size + HALF_SIZE))
    assert decades(seen, np.array([1.5]))[0] == decades(seen, 1.5)[0]
    assert decades(replace(seen, wins=np.array([0])))[0] == 0


def test_circumstances_are_added_as_they_are() -> None:
    plain = decades(views([0.1], [0.01], [0.001], odds=2.0))[0]
    seen = views([0.1], [0.01], [0.001], odds=2.0, circumstances=0.5)
    assert decades(seen)[0] == pytest.approx(plain + 0.5)
    assert decades(replace(seen, circumstances=np.array([-9.0])))[0] == 0


def test_a_steady_firm_takes_back_what_its_tie_says() -> None:
    assert (
        decades(views([1.0], [1.0], [1.0], odds=-1.5), 2.0)[0]
        < decades(views([1.0], [1.0], [1.0]), 2.0)[0]
    )
    assert decades(views([1.0], [1.0], [1.0], odds=-1.0), 0.0)[0] == 0


def test_a_story_that_fits_badly_counts_tenfold_at_most() -> None:
    far, ten = (decades(views([1.0], [1.0], [1.0], odds=o), 2.0)[0] for o in (-9.0, -1.0))
    nine = decades(views([1.0], [1.0], [1.0], odds=-0.9), 2.0)[0]
    assert far == ten < nine


def test_what_was_won_without_the_official_is_taken_off() -> None:
    seen = views([1.0], [1.0], [1.0], odds=2.0)
    more = replace(seen, outside_wins=np.array([29]))  # 30 to 3, where 2 were expected
    size = 5 + 5 / 2
    taken = (decades(seen)[0] - decades(more)[0]) * (size + HALF_SIZE) / size
    assert taken == pytest.approx(OTHER_REASON)
    fewer = replace(seen, outside_wins=np.array([0]))  # no reward: the odds have it already
    assert decades(fewer)[0] == decades(seen)[0]


@pytest.mark.parametrize("name", ["bids", "jump", "share"])
def test_a_smaller_chance_never_lowers_the_evidence(name: str) -> None:
    steps = [1.0, 0.5, 0.05, 1e-4, 1e-12, 0.0]
    rest = [0.3] * len(steps)
    parts = {k: steps if k == name else rest for k in ("bids", "jump", "share")}
    assert np.all(np.diff(combined(views(**parts))) <= 1e-12)


def test_views_with_nothing_to_say_are_left_out() -> None:
    alone = combined(views([1.0], [1.0], [0.004], contests=0, outside=0.0))
    assert alone[0] == pytest.approx(0.004)
    with_jump = combined(views([1.0], [0.01], [0.2], contests=0))
    scores = np.tan((0.5 - np.array([0.01, 0.2])) * np.pi).mean()
    assert with_jump[0] == pytest.approx(0.5 - np.arctan(scores) / np.pi)


def test_the_catalogue_vector() -> None:
    assert combined(views([0.01], [0.2], [0.6]))[0] == pytest.approx(0.0289697, abs=1e-6)


def test_a_lost_contest_does_not_wipe_out_strong_evidence() -> None:
    assert combined(views([1.0], [0.01], [0.01], contests=1))[0] < 0.03
    assert combined(views([1.0], [1.0], [1.0]))[0] > 0.9


@pytest.mark.parametrize("dependence", [0.0, 0.7])
def test_it_is_calibrated_on_chance(dependence: float) -> None:
    rng = np.random.default_rng(3)
    common = rng.normal(size=40_000)
    bids, jump, share = (
        stats.norm.sf(
            np.sqrt(dependence) * common + np.sqrt(1 - dependence) * rng.normal(size=40_000)
        )
        for _ in range(3)
    )
    found = combined(views(list(bids), list(jump), list(share)))
    assert 0.045 < (found < 0.05).mean() < 0.06
    assert (found < 0.001).mean() < 0.0016


def test_money_of_an_award_won_together_counts_once() -> None:
    day = date(2023, 1, 1)
    rows = [
        AwardRow("A1", "k1", day, Decimal(10), "CNY"),
        AwardRow("A1", "k2", day, Decimal(10), "CNY"),
        AwardRow("A2", "k3", day, Decimal("0.5"), "CNY"),
        AwardRow("A3", "k4", day, Decimal(7), "EUR"),
    ]
    assert total(rows) == {"CNY": Decimal("10.5"), "EUR": Decimal(7)}
    assert total([]) == {}
