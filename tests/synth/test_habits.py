"""Other habits change what they say they change, and nothing else is made differently."""

from dataclasses import fields, replace

import pandas as pd
import pytest

from graphgov.synth import province
from graphgov.synth.habits import OTHERS, USUAL, Habits
from graphgov.synth.schemes import TIE_MISSING

FAVOURED = ("direct_kin", "classmate", "hometown", "colleague", "through_partner", "through_shell")
SUPPLIERS = ("captive", "incumbent", "tied_incumbent")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The tables of one province under given habits, made once."""
    known = {}

    def make(habits: Habits = USUAL):
        if habits not in known:
            folder = tmp_path_factory.mktemp("province")
            province(folder, awards=6000, seed=3, habits=habits)
            names = ("truth", "tenders", "awards", "bids")
            known[habits] = {n: pd.read_csv(folder / f"{n}.csv", dtype=str) for n in names}
        return known[habits]

    return make


def ids(data, kind, *types):
    truth = data["truth"]
    mine = truth["type"].str.removesuffix(TIE_MISSING).isin(types) & (truth["kind"] == kind)
    return set(truth[mine]["id"])


def estimates(data, tenders):
    own = data["tenders"].set_index("tender_id")["estimated_value"].astype(float)
    return own.loc[sorted(set(tenders) & set(own.index))]


def size(data):
    """How large steered purchases are, against those of everybody."""
    won = data["awards"][data["awards"]["award_id"].isin(ids(data, "award", *FAVOURED))]
    return (
        estimates(data, won["tender_id"]).median()
        / estimates(data, data["awards"]["tender_id"]).median()
    )


def margin(data):
    """By how much favoured firms undercut the next bid, in the middle."""
    bids = data["bids"].assign(amount=data["bids"]["amount"].astype(float))
    won = data["awards"][data["awards"]["award_id"].isin(ids(data, "award", *FAVOURED))]
    prices = bids[bids["tender_id"].isin(won["tender_id"])].sort_values("amount")
    first, second = (prices.groupby("tender_id")["amount"].nth(i) for i in (0, 1))
    owner = prices["tender_id"]
    first, second = (one.set_axis(owner.loc[one.index]) for one in (first, second))
    return (second / first.loc[second.index] - 1).median()


def lines(data, *types):
    """Lines of business in which each firm bids, on average."""
    bids = data["bids"].merge(data["tenders"], on="tender_id")
    bids = bids[bids["company_id"].isin(ids(data, "company", *types))]
    return bids.groupby("company_id")["category"].nunique().mean()


def spread(data):
    """Standard deviation of the days on which suppliers of one body bid there."""
    bids = data["bids"].merge(data["awards"][["tender_id", "awarded_on", "buyer_id"]])
    bids = bids[bids["company_id"].isin(ids(data, "company", *SUPPLIERS))]
    pairs = bids.assign(day=pd.to_datetime(bids["awarded_on"])).groupby(["company_id", "buyer_id"])
    seen = pairs["day"].agg(["std", "size"]).query("size >= 10")  # their own body
    return seen["std"].dt.days.mean()


def above(data):
    """Share of bids above the estimate."""
    bids = data["bids"].merge(data["tenders"], on="tender_id")
    return (bids["amount"].astype(float) > bids["estimated_value"].astype(float)).mean()


def bids_of_favoured(data):
    return data["bids"]["company_id"].isin(ids(data, "company", *FAVOURED)).mean()


@pytest.mark.parametrize(
    ("change", "measure", "factor"),
    [
        ({"large": False}, size, 0.8),
        ({"narrow": False}, margin, 1.3),
        ({"lines": 1}, lambda data: lines(data, *FAVOURED), 0.8),
        ({"known": 0.3}, bids_of_favoured, 1.2),
        ({"broad": True}, lambda data: lines(data, *SUPPLIERS), 1.15),
        ({"passing": True}, spread, 0.9),
    ],
)
def test_each_habit_shows(made, change, measure, factor):
    usual, other = measure(made()), measure(made(replace(USUAL, **change)))
    assert other < factor * usual if factor < 1 else other > factor * usual


def test_honest_bids_above_the_estimate(made):
    assert above(made()) < 0.01  # bids of favoured firms that failed lie above the best one
    assert above(made(replace(USUAL, above=True))) > 0.05


def test_every_habit_has_a_province_of_its_own_and_one_of_all(made):
    *single, every = OTHERS.values()
    for field in fields(Habits):
        usual = getattr(USUAL, field.name)
        assert any(getattr(one, field.name) != usual for one in single)
        assert getattr(every, field.name) != usual


def test_schemes_stay_as_many(made):
    every = list(OTHERS.values())[-1]
    count = {h: made(h)["truth"].query("item == 'scheme'")["item_id"].nunique() for h in
             (USUAL, every)}  # fmt: skip
    assert count[every] == count[USUAL]
