"""What the kernels do beyond Cardinal's rules: strata, guards, reasons, evidence, any row order."""

import numpy as np
import pytest

from graphgov.stats.bids import deadlines, disqualified, equal_prices, price_ratio, rivals, single
from graphgov.stats.bids.frames import (
    ACTIVE,
    DISQUALIFIED,
    VALID,
    Awards,
    BidFrames,
    Bids,
    Items,
    Processes,
    Words,
)


def frames(processes):
    """Frames of [(bids, winner)], a bid being (tenderer, amount, status)."""
    n = len(processes)
    i32 = lambda values: np.array(values, np.int32)  # noqa: E731
    bids = [(p, *bid) for p, (listed, _) in enumerate(processes) for bid in listed]
    awards = [(p, winner) for p, (_, winner) in enumerate(processes) if winner is not None]
    return BidFrames(
        Processes(
            i32(range(n)), i32([0] * n), i32([-1] * n), i32([0] * n), i32([-1] * n),
            np.full(n, np.nan), i32([len(b) or -1 for b, _ in processes]),
            np.ones(n, np.bool_), np.ones(n, np.bool_),
        ),
        Bids(
            i32([b[0] for b in bids]), np.array([b[3] for b in bids], np.int8),
            np.array([b[2] for b in bids], np.float64), i32([0] * len(bids)),
            np.full(len(bids), -1, np.int8), np.arange(len(bids) + 1), i32([b[1] for b in bids]),
        ),
        Awards(
            i32([a[0] for a in awards]), np.full(len(awards), ACTIVE, np.int8),
            np.arange(len(awards) + 1), i32([a[1] for a in awards]),
        ),
        Items(i32([]), i32([]), i32([])),
        Words(methods=("open",), currencies=("USD",)),
        1, 0, 10,
    )  # fmt: skip


def pair(ratio, base=1.0):
    return [(1, base, VALID), (2, base * (1 + ratio), VALID)], 1


def test_each_stratum_has_its_own_fence():
    made = frames([pair(r) for r in [*range(1, 26), *range(101, 126)]])
    groups = np.repeat([0, 1], 25)
    one = price_ratio.discounted(made, price_ratio.RatioOptions(groups=groups, guarded=True))
    assert not one.processes.flagged.any()
    made = frames([pair(r) for r in [*range(1, 25), 100, *range(101, 126)]])
    one = price_ratio.discounted(made, price_ratio.RatioOptions(groups=groups, guarded=True))
    assert one.processes.leads()[0].tolist() == [24]
    assert one.bids.tolist() == [48, 49]


def test_where_a_fence_means_nothing_it_is_said():
    made = frames([pair(r) for r in range(1, 5)])
    guarded = price_ratio.discounted(made, price_ratio.RatioOptions(guarded=True))
    assert not guarded.processes.flagged.any()
    assert {guarded.reasons[place] for place in guarded.why} == {guarded.reasons[-1]}
    assert guarded.why.min() > 0


@pytest.mark.parametrize(
    ("process", "why"),
    [
        (pair(1), ""),
        (([], 1), "the winner has no valid bid with a price"),
        (([(1, 5.0, VALID)], 1), "nobody else has a valid bid with a price"),
        (([(1, 5.0, VALID), (2, 4.0, VALID)], 1), "so price did not decide alone"),
        (([(1, 5.0, VALID)], None), "not one award alone"),
    ],
)
def test_why_there_is_no_ratio(process, why):
    taken = price_ratio.ratios(frames([process]), price_ratio.RatioOptions())
    assert why in taken.reasons[taken.why[0]]
    assert (len(taken.process) == 1) == (why == "")


def test_without_a_currency_each_process_has_its_own_or_none():
    made = frames([pair(1), pair(2)])
    made.bids.currency[1] = 1
    taken = price_ratio.ratios(made, price_ratio.RatioOptions())
    assert taken.process.tolist() == [1]
    assert taken.reasons[taken.why[0]] == "its bids are in several currencies"


def test_evidence_of_disqualified_bids():
    out = [(1, 1.0, DISQUALIFIED), (2, 2.0, VALID), (3, 3.0, DISQUALIFIED)]
    made = frames([([(4, 1.0, VALID)], 4), (out, 2)])
    found = disqualified.lowest(made, disqualified.LowestOptions())
    assert (found.processes.leads()[0].tolist(), found.bids.tolist()) == ([1], [1])
    others = disqualified.all_others(made, disqualified.OthersOptions())
    assert others.processes.leads()[1].tolist() == [2.0]
    assert others.bids.tolist() == [1, 2, 3]
    assert others.awards.tolist() == [1]
    assert others.pairs.tolist() == [[1], [2]]


def test_the_order_of_processes_does_not_matter():
    pick = np.random.default_rng(3)
    kinds = [VALID, VALID, DISQUALIFIED]
    made = [
        ([(int(t), float(a), kinds[k]) for t, a, k in pick.integers(1, [9, 4, 4], (3, 3)) % 9], 1)
        for _ in range(60)
        if (kinds := [VALID, VALID, VALID, DISQUALIFIED])
    ]
    order = pick.permutation(len(made))
    one, other = frames(made), frames([made[i] for i in order])
    for kernel in (
        lambda f: equal_prices.equal(f, equal_prices.EqualOptions()),
        lambda f: rivals.unsuccessful(f, rivals.RivalOptions(threshold=0.6)),
        lambda f: disqualified.excessive(f, disqualified.ExcessOptions()),
        lambda f: single.single(f, single.SingleOptions()),
        deadlines.late,
    ):
        a, b = kernel(one), kernel(other)
        for left, right in zip(a.tenderers.leads(), b.tenderers.leads(), strict=True):
            np.testing.assert_array_equal(left, right)
        assert sorted(order[b.processes.leads()[0]]) == a.processes.leads()[0].tolist()
        assert a.meta == b.meta
