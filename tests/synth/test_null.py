"""Shuffled provinces: what must change does, and nothing else."""

import pandas as pd
import pytest

from graphgov.ingest import read_frames
from graphgov.synth import province
from graphgov.synth.null import (
    SHUFFLES,
    deal_all,
    deal_bidders,
    deal_prices,
    move_competitions,
    read_text,
)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("null")
    province(folder, awards=3000, seed=8, strength=0)
    return read_text(folder)


@pytest.fixture(scope="module", params=list(SHUFFLES.values()), ids=lambda f: f.__name__)
def shuffle(request):
    return request.param


def rows(frame, columns=None):
    part = frame if columns is None else frame[list(columns)]
    return part.sort_values(list(part.columns), ignore_index=True)


def entries(tables):
    """How often each company bid or won, by number of competitors."""
    names = ["tender_id", "company_id"]
    both = pd.concat([tables["bids"][names], tables["awards"][names]]).drop_duplicates()
    both["size"] = both.groupby("tender_id")["company_id"].transform("size")
    return both.groupby(["size", "company_id"]).size().sort_index()


def test_the_same_draw_gives_the_same_and_another_does_not(tables, shuffle):
    one, again, other = shuffle(tables, 1), shuffle(tables, 1), shuffle(tables, 2)
    pd.testing.assert_frame_equal(one["awards"], again["awards"])
    assert not one["awards"].equals(other["awards"])
    assert not one["awards"].equals(tables["awards"])


def test_rows_in_another_order_are_shuffled_alike(tables, shuffle):
    turned = {name: frame.iloc[::-1].reset_index(drop=True) for name, frame in tables.items()}
    one, other = shuffle(tables, 5), shuffle(turned, 5)
    for name in tables:
        pd.testing.assert_frame_equal(rows(one[name]), rows(other[name]))


def test_what_comes_out_is_a_dataset(tables, shuffle):
    made = read_frames(shuffle(tables, 3))
    assert made.con.execute("SELECT count(*) FROM rejects").fetchone() == (0,)
    for name in tables:
        kept = made.con.execute(f'SELECT count(*) FROM "{name}"').fetchone()
        assert kept == (len(tables[name].drop_duplicates()),)


def test_only_the_tables_of_the_market_change(tables, shuffle):
    made = shuffle(tables, 3)
    same = {name for name in tables if made[name].equals(tables[name])}
    assert same >= {"bodies", "people", "companies", "offices", "decisions", "ties", "ownership"}


def test_buyers_dates_and_officials_stay_and_competitions_move(tables):
    made = move_competitions(tables, 3)
    stays = ["award_id", "tender_id", "buyer_id", "awarded_on", "title", "category", "method"]
    assert (
        rows(made["awards"], stays)
        .drop_duplicates(ignore_index=True)
        .equals(rows(tables["awards"], stays).drop_duplicates(ignore_index=True))
    )
    goes = ["bid_id", "company_id", "amount"]
    assert rows(made["awards"], goes).equals(rows(tables["awards"], goes))
    bids = made["bids"].merge(made["awards"], on=["bid_id", "company_id"], suffixes=("", "_won"))
    assert (bids["tender_id"] == bids["tender_id_won"]).all()
    assert len(bids) == len(tables["bids"].merge(tables["awards"], on=["bid_id", "company_id"]))
    count = made["bids"].groupby("tender_id")["company_id"].nunique()
    told = made["tenders"].set_index("tender_id").loc[count.index, "bidders"].astype(int)
    assert (count == told).all()


def test_a_competition_stays_among_its_kind(tables):
    made = move_competitions(tables, 3)
    pairs = made["awards"].merge(
        tables["awards"], on=["bid_id", "company_id"], suffixes=("", "_old")
    )
    pairs = pairs[pairs["bid_id"] != ""]
    assert (pairs["category"] == pairs["category_old"]).all()
    assert (pairs["method"] == pairs["method_old"]).all()
    assert (pairs["award_id"] != pairs["award_id_old"]).mean() > 0.5


def test_bids_are_handed_in_as_long_before_the_deadline_as_before(tables):
    def ahead(frames):
        due = frames["tenders"].set_index("tender_id")["bids_due_at"]
        late = pd.to_datetime(frames["bids"]["submitted_at"]) - pd.to_datetime(
            frames["bids"]["tender_id"].map(due)
        )
        keys = frames["bids"]["bid_id"] + frames["bids"]["company_id"]
        return pd.Series(late.to_numpy(), index=keys).sort_index()

    assert ahead(move_competitions(tables, 3)).equals(ahead(tables))


def test_dealt_bidders_keep_their_number_of_bids_and_bid_once(tables):
    made = deal_bidders(tables, 3)
    assert not made["bids"].duplicated(["tender_id", "company_id"]).any()
    others = [c for c in tables["bids"].columns if c != "company_id"]
    pd.testing.assert_frame_equal(made["bids"][others], tables["bids"][others])
    assert entries(made).equals(entries(tables))
    won = made["awards"][made["awards"]["bid_id"] != ""]
    assert len(won.merge(made["bids"], on=["bid_id", "company_id"])) == len(won)


def test_dealing_leaves_no_trace_of_who_won(tables):
    """A firm's record of wins says nothing about what it wins after the deal."""
    made = deal_bidders(tables, 3)

    def share(frames):
        bids = frames["bids"].merge(
            frames["awards"][["bid_id", "company_id"]].assign(won=1.0),
            on=["bid_id", "company_id"],
            how="left",
        )
        size = bids.groupby("tender_id")["company_id"].transform("size")
        bids = bids[size > 1].assign(excess=lambda b: b["won"].fillna(0) - 1 / size[size > 1])
        return bids.groupby("company_id")["excess"].agg(["mean", "size"])

    both = share(tables).merge(
        share(made), left_index=True, right_index=True, suffixes=("_old", "_new")
    )
    both = both[both["size_old"] >= 8]
    assert len(both) > 40
    assert abs(both["mean_old"].corr(both["mean_new"])) < 0.3


def test_prices_stay_in_their_lot_and_awards_follow(tables):
    made = deal_prices(tables, 3)
    others = [c for c in tables["bids"].columns if c != "amount"]
    pd.testing.assert_frame_equal(made["bids"][others], tables["bids"][others])
    asked = ["tender_id", "amount"]
    once = ["tender_id", "bid_id"]
    before, after = (frames["bids"].drop_duplicates(once) for frames in (tables, made))
    assert rows(after, asked).equals(rows(before, asked))
    # Partners of a joint bid ask for one price.
    assert made["bids"].drop_duplicates([*once, "amount"]).shape == after.shape
    assert len(after) < len(made["bids"])

    def paid(frames):
        won = frames["awards"].merge(frames["bids"], on=[*once, "company_id"])
        return (won["amount_x"] == won["amount_y"]).to_numpy()

    assert (paid(made) == paid(tables)).all()
    assert paid(made).mean() > 0.9


def test_who_is_put_out_has_nothing_to_do_with_dealt_prices(tables):
    made = deal_prices(tables, 3)

    def lowest(frames):
        bids = frames["bids"][frames["bids"]["amount"] != ""].drop_duplicates("bid_id")
        bids = bids.assign(amount=bids["amount"].astype(float), out=bids["status"] != "valid")
        lots = bids.groupby("tender_id")
        kept = bids[lots["out"].transform("any") & (lots["out"].transform("size") > 1)]
        low = kept.groupby("tender_id")["amount"].transform("min") == kept["amount"]
        chance = kept.groupby("tender_id")["out"].mean().mean()
        return kept["out"][low].mean(), chance, low.sum()

    seen, chance, lots = lowest(tables)
    assert seen < 0.3 * chance
    seen, chance, lots = lowest(made)
    assert abs(seen - chance) < 3 * (chance * (1 - chance) / lots) ** 0.5


def test_dealing_all_moves_competitions_and_names(tables):
    made, moved = deal_all(tables, 3), move_competitions(tables, 3)
    others = [c for c in tables["bids"].columns if c != "company_id"]
    pd.testing.assert_frame_equal(made["bids"][others], moved["bids"][others])
    assert (made["bids"]["company_id"] != moved["bids"]["company_id"]).mean() > 0.5
    assert entries(made).equals(entries(moved))


def test_awards_alone_are_enough():
    awards = pd.DataFrame(
        {
            "award_id": [f"A{i:03d}" for i in range(60)],
            "buyer_id": [f"B{i % 6}" for i in range(60)],
            "company_id": [f"C{i % 10}" for i in range(60)],
            "awarded_on": "2023-05-01",
            "amount": [str(1000 + i) for i in range(60)],
        }
    )
    for shuffle in (move_competitions, deal_bidders, deal_all):
        made = shuffle({"awards": awards}, 1)["awards"].sort_values("award_id", ignore_index=True)
        assert sorted(made["company_id"]) == sorted(awards["company_id"])
        assert not made["company_id"].equals(awards["company_id"])
        assert made["buyer_id"].equals(awards["buyer_id"])
    same = deal_prices({"awards": awards}, 1)["awards"]
    pd.testing.assert_frame_equal(same, awards)
