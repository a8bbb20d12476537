import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgov.errors import InputError
from graphgov.stats.strata import NO_BAND, make_strata, rate_without, shuffle_within, value_band

quick = settings(derandomize=True, deadline=None, max_examples=40)
rows = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from([1, 2, None]), st.sampled_from("xyz")),
    min_size=1,
    max_size=80,
)


def columns(cells):
    return {name: [c[i] for c in cells] for i, name in enumerate(("category", "year", "region"))}


def test_a_small_cell_drops_the_last_column_only():
    cells = [("a", 1, "x")] * 5 + [("a", 1, "y")] * 2 + [("a", 1, "z")] * 2
    strata = make_strata(columns(cells), min_count=4)
    assert strata.level.tolist() == [3] * 5 + [2] * 4
    assert strata.sizes.tolist() == [4, 5]


def test_a_leftover_joins_the_smallest_stratum_of_its_kind():
    cells = [("a", 1, "x")] * 6 + [("a", 2, "x")] * 5 + [("a", 2, "y")]
    strata = make_strata(columns(cells), min_count=5)
    assert strata.ids[-1] == strata.ids[-2] != strata.ids[0]
    assert strata.level[-1] == 1


def test_what_has_no_peers_stays_small():
    strata = make_strata(columns([("a", 1, "x")] * 9 + [("b", 1, "x")]), min_count=5)
    assert strata.enough(5).tolist() == [True] * 9 + [False]


@quick
@given(rows, st.integers(1, 10), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(cells, least, random):
    order = list(range(len(cells)))
    random.shuffle(order)
    plain = make_strata(columns(cells), min_count=least)
    mixed = make_strata(columns([cells[i] for i in order]), min_count=least)
    assert plain.ids[order].tolist() == mixed.ids.tolist()
    assert plain.sizes.tolist() == mixed.sizes.tolist()


@quick
@given(rows, st.integers(1, 10))
def test_strata_are_large_wherever_the_kept_cell_is(cells, least):
    strata = make_strata(columns(cells), min_count=least)
    kept = [c[0] for c in cells]
    for place, category in enumerate(kept):
        large = strata.sizes[strata.ids[place]] >= least
        assert large == (kept.count(category) >= least)
        same = strata.ids == strata.ids[place]
        assert {kept[i] for i in np.flatnonzero(same)} == {category}


def test_bad_columns_are_refused():
    with pytest.raises(InputError):
        make_strata({})
    with pytest.raises(InputError):
        make_strata({"a": [1, 2], "b": [1]})


def test_bands_change_at_powers_of_ten_and_their_roots():
    assert value_band([999.99, 1000, 3162, 3163, 0.5]).tolist() == [5, 6, 6, 7, -1]
    assert value_band([0, -5, np.nan, np.inf]).tolist() == [NO_BAND] * 4


def test_a_rate_leaves_the_row_or_its_unit_out():
    hits, ids, units = [1, 0, 1, 1], [0, 0, 0, 1], [7, 7, 8, 8]
    assert rate_without(hits, ids)[:3] == pytest.approx([0.5, 1.0, 0.5])
    assert np.isnan(rate_without(hits, ids)[3])
    assert rate_without(hits, ids, units)[:3] == pytest.approx([1.0, 1.0, 0.5])


def test_float_rates_do_not_care_about_row_order():
    rng = np.random.default_rng(1)
    hits, ids = rng.random(500) * 10.0 ** rng.integers(-9, 9, 500), rng.integers(0, 9, 500)
    order = rng.permutation(500)
    assert (rate_without(hits, ids)[order] == rate_without(hits[order], ids[order])).all()


def test_a_shuffle_stays_inside_strata():
    ids = np.random.default_rng(1).integers(0, 5, 200)
    place = shuffle_within(ids, seed=4)
    assert sorted(place.tolist()) == list(range(200))
    assert (ids[place] == ids).all()
    assert (place != np.arange(200)).mean() > 0.9
    assert (place == shuffle_within(ids, seed=4)).all()
