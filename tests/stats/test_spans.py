import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgov.stats.spans import FAR, DayCount, Spans, Tally, slices, sums

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(-40, 40)), max_size=40)
DAYS = st.one_of(st.integers(-60, 60), st.sampled_from([-FAR, FAR]))
QUERIES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), DAYS, DAYS), max_size=12)


def columns(rows: list[tuple[int, ...]], width: int) -> list[np.ndarray]:
    table = np.array(rows, dtype=np.int32).reshape(-1, width)
    return [table[:, i] for i in range(width)]


@settings(max_examples=300, deadline=None)
@given(ROWS, QUERIES)
def test_spans_count_like_a_loop(rows: list[tuple[int, ...]], asked: list[tuple[int, ...]]) -> None:
    first, second, day = columns(rows, 3)
    spans = Spans(first, second, day, 5)
    low, high = spans.span(*columns(asked, 4))
    number, total = DayCount(spans, day)(*columns(asked, 4))
    for i, (a, b, start, end) in enumerate(asked):
        hits = {j for j, row in enumerate(rows) if row[:2] == (a, b) and start <= row[2] <= end}
        assert set(spans.order[low[i] : high[i]].tolist()) == hits
        assert number[i] == len(hits)
        assert total[i] == sum(rows[j][2] for j in hits)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(10, 10, 1), (11, 11, 0), (9, 9, 0), (-FAR, FAR, 2), (20, 10, 0), (-FAR, 9, 0), (21, FAR, 0),
     (10, 20, 2), (20, FAR, 1), (-FAR, 10, 1)],
)  # fmt: skip
def test_both_days_of_a_span_count(start: int, end: int, expected: int) -> None:
    zero = np.zeros(2, np.int32)
    spans = Spans(zero, zero, np.array([10, 20], np.int32), 1)
    one = np.zeros(1, np.int32)
    low, high = spans.span(one, one, np.array([start], np.int32), np.array([end], np.int32))
    assert high[0] - low[0] == expected


def test_nothing_in_nothing() -> None:
    none = np.zeros(0, np.int32)
    spans = Spans(none, none, none, 0)
    low, high = spans.span(none, none, none, none)
    assert low.size == high.size == 0
    one = np.zeros(1, np.int32)
    low, high = spans.span(one, one, one - FAR, one + FAR)
    assert low[0] == high[0] == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_slices_lie_end_to_end(pairs: list[tuple[int, int]]) -> None:
    bounds = [(a, a + n) for a, n in pairs]
    low, high = (np.array([b[i] for b in bounds], dtype=np.int64) for i in (0, 1))
    assert slices(low, high).tolist() == [i for a, b in bounds for i in range(a, b)]


@pytest.mark.parametrize("apart", [1, 10**9])
@pytest.mark.parametrize("least", [-50, 0])
@given(data=st.data())
def test_a_tally_counts(apart: int, least: int, data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.integers(least, 50).map(lambda k: k * apart), max_size=30))
    wanted = data.draw(st.lists(st.integers(-60, 60).map(lambda k: k * apart), max_size=30))
    found = Tally(np.array(keys, dtype=np.int64))(np.array(wanted, dtype=np.int64))
    assert found.tolist() == [keys.count(w) for w in wanted]


def test_sums_keep_groups_without_rows() -> None:
    group = np.array([0, 2, 2])
    assert sums(group, np.array([1.0, 2.0, 3.5]), 4).tolist() == [1.0, 0.0, 5.5, 0.0]
    assert sums(group[:0], group[:0], 2).tolist() == [0.0, 0.0]
