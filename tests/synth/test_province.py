import hashlib
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import StandardScaler

from graphgov import ingest
from graphgov.errors import ConfigError
from graphgov.synth import province
from graphgov.synth.look_alikes import LOOK_ALIKES
from graphgov.synth.schemes import SCHEMES, TIE_MISSING

IDS = {"person": "people", "body": "bodies", "company": "companies", "award": "awards"}


def base_type(name: str) -> str:
    return name.removesuffix(TIE_MISSING)


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def members(data, item_id):
    truth = data["truth"]
    rows = truth[truth["item_id"] == item_id]
    return {kind: set(rows[rows["kind"] == kind]["id"]) for kind in IDS}


def schemes(data, *types):
    truth = data["truth"]
    wanted = truth[(truth["item"] == "scheme") & truth["type"].map(base_type).isin(types)]
    return wanted.drop_duplicates("item_id")[["item_id", "type"]].itertuples(index=False)


def test_engine_reads_it_without_a_reject(tmp_path):
    summary = province(tmp_path, awards=3000, seed=12)
    read = ingest.read([tmp_path])
    assert read.con.execute("SELECT count(*) FROM rejects").fetchone() == (0,)
    assert not read.unknown_columns
    for name, rows in summary.rows.items():
        assert read.counts[name].kept == rows > 0
        assert read.counts[name].stubs == 0


def test_everyone_in_the_truth_is_in_the_tables(data):
    truth = data["truth"]
    assert set(truth["item"]) == {"scheme", "look_alike"}
    assert not truth.duplicated().any()
    for kind, table in IDS.items():
        key = data[table].columns[0]
        assert key == f"{kind}_id"
        assert set(truth[truth["kind"] == kind]["id"]) <= set(data[table][key])
    assert set(truth["kind"]) == set(IDS)


def test_sizes_are_those_asked_for(made):
    summary, _ = made
    planted = dict.fromkeys(SCHEMES, 0)
    for name, count in summary.schemes.items():
        planted[base_type(name)] += count
    assert planted == dict(SCHEMES)
    assert summary.look_alikes == dict(LOOK_ALIKES)
    assert sum(LOOK_ALIKES.values()) == 180
    assert 54_000 <= summary.rows["bids"] <= 66_000


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_small_provinces_have_one_of_each(tmp_path, seed):
    summary = province(tmp_path, awards=500, seed=seed)
    assert {base_type(name) for name in summary.schemes} == set(SCHEMES)
    assert set(summary.look_alikes) == set(LOOK_ALIKES)


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        province(tmp_path / name, awards=400, seed=seed)
    first, again, other = (digests(tmp_path / n) for n in "abc")
    assert first == again
    alike = {name for name in first if first[name] == other[name]}
    assert not alike


@pytest.mark.parametrize(("awards", "strength"), [(199, 1.0), (400, -0.1), (400, float("nan"))])
def test_impossible_orders_are_refused(tmp_path, awards, strength):
    with pytest.raises(ConfigError):
        province(tmp_path / "p", awards=awards, strength=strength)
    assert not (tmp_path / "p").exists()


def test_clean_twin_has_the_same_look_alikes_and_no_scheme(tmp_path):
    bent = province(tmp_path / "bent", awards=2000, seed=3)
    clean = province(tmp_path / "clean", awards=2000, seed=3, strength=0)
    assert not clean.schemes
    assert clean.look_alikes == bent.look_alikes
    names = [pd.read_csv(f / "bodies.csv")["name"].sort_values().tolist() for f in
             (bent.folder, clean.folder)]  # fmt: skip
    assert names[0] == names[1]


def test_strength_steers_more(tmp_path):
    steered = []
    for strength in (0.4, 1.0, 2.0):
        folder = tmp_path / str(strength)
        province(folder, awards=6000, seed=5, strength=strength)
        truth = pd.read_csv(folder / "truth.csv")
        steered.append(int(((truth["item"] == "scheme") & (truth["kind"] == "award")).sum()))
    assert steered[0] * 1.5 < steered[1] < steered[2] / 1.2


def test_about_one_tie_in_eight_is_not_in_the_data(tmp_path):
    hidden = total = 0
    for seed in range(3):
        made = province(tmp_path / str(seed), awards=15_000, seed=seed)
        for name, count in made.schemes.items():
            if base_type(name) not in ("splitting", "rotation_ring"):
                total += count
                hidden += count * name.endswith(TIE_MISSING)
    assert stats.binomtest(hidden, total, 1 / 8).pvalue > 0.001


def test_recorded_direct_ties_are_there_and_hidden_ones_are_not(data, ends):
    owners = data["ownership"]
    seen = 0
    for item_id, name in schemes(data, "direct_kin", "classmate", "hometown", "colleague"):
        who = members(data, item_id)
        (firm,) = who["company"]
        owned = owners[(owners["company_id"] == firm) & (owners["owner_kind"] == "person")]
        assert who["person"] & set(owned["owner_id"])
        a, b = sorted(who["person"])
        assert ((a, b) in ends) != name.endswith(TIE_MISSING)
        seen += 1
    assert seen == 21


def test_partner_and_shell_chains_are_complete_or_marked(data, ends):
    holdings = set(data["ownership"][["owner_id", "company_id"]].itertuples(index=False, name=None))
    in_office = set(data["offices"]["person_id"])
    for item_id, name in schemes(data, "through_partner", "through_shell"):
        who = members(data, item_id)
        links = sum((a, b) in ends for a in who["person"] for b in who["person"] if a < b)
        links += sum((a, b) in holdings for a in who["company"] for b in who["company"])
        assert (links >= 2) != name.endswith(TIE_MISSING)
        assert who["person"] & in_office
        if base_type(name) == "through_shell":
            assert len(who["company"]) == 2
            assert len(set(data["bids"]["company_id"]) & who["company"]) == 1


def test_former_officials_join_before_the_awards(data, market):
    posts = data["officers"].set_index(["person_id", "company_id"])["started_on"]
    for item_id, name in schemes(data, "revolving_door"):
        who = members(data, item_id)
        key = (*who["person"], *who["company"])
        assert (key in posts.index) != name.endswith(TIE_MISSING)
        if key in posts.index:
            days = market[market["item_id"] == item_id]["day"]
            assert pd.Timestamp(posts[key]) < days.min()


def test_favoured_firms_also_trade_and_lose_elsewhere(data, market):
    bids, where = data["bids"], market.set_index("tender_id")["buyer_id"]
    lost_elsewhere = won_elsewhere = total = 0
    for item_id, name in schemes(data, *(set(SCHEMES) - {"rotation_ring"})):
        who = members(data, item_id)
        for firm in who["company"]:
            mine = bids[bids["company_id"] == firm]
            away = ~mine["tender_id"].map(where).isin(who["body"])
            wins = market[(market["company_id"] == firm) & ~market["buyer_id"].isin(who["body"])]
            if name.startswith("through_shell") and mine.empty:
                continue
            total += 1
            won_elsewhere += len(wins) > 0
            lost_elsewhere += int(away.sum()) > len(wins)
    assert won_elsewhere > 0.85 * total
    assert lost_elsewhere > 0.85 * total


def test_favoured_firms_also_lose_where_they_are_favoured(data, market):
    bids = data["bids"]
    for item_id, name in schemes(data, "classmate", "direct_kin", "hometown", "colleague"):
        who = members(data, item_id)
        here = market[market["buyer_id"].isin(who["body"])]
        tried = here["tender_id"].isin(bids[bids["company_id"].isin(who["company"])]["tender_id"])
        won = here["company_id"].isin(who["company"])
        assert 0.1 < (tried & won).sum() / tried.sum() < 0.95, name


def test_most_steered_awards_are_signed_by_somebody_else(data, market):
    signed = data["decisions"]
    signed = signed[signed["role"] == "approver"].set_index("award_id")["person_id"]
    own = total = 0
    for item_id, _ in schemes(data, "classmate", "direct_kin", "hometown", "colleague",
                              "through_partner", "taking_turns"):  # fmt: skip
        people = members(data, item_id)["person"]
        signer = market[market["item_id"] == item_id]["award_id"].map(signed).dropna()
        own += int(signer.isin(people).sum())
        total += len(signer)
    assert 0.05 < own / total < 0.45


def test_some_firms_follow_the_official_to_the_next_post(data):
    follow = [
        len(members(data, item_id)["body"]) > 1
        for item_id, _ in schemes(data, *(set(SCHEMES) - {"rotation_ring", "splitting"}))
    ]
    assert 0.02 < np.mean(follow) < 0.5


def test_prices_of_schemes_and_of_honest_bids_overlap(market):
    for method, most in (("open", 0.25), ("limited", 0.25), ("direct", 0.2)):
        rows = market[(market["method"] == method) & (market["ratio"] < 1.01)]
        bent, honest = rows[rows["steered"]]["ratio"], rows[~rows["steered"]]["ratio"]
        assert len(bent) > 40
        assert stats.ks_2samp(bent, honest).statistic < most, method


def test_rings_bid_against_outsiders_too(data, market):
    bids = data["bids"]
    for item_id, _ in schemes(data, "rotation_ring"):
        who = members(data, item_id)
        assert len(who["company"]) >= 4
        assert not who["person"] | who["body"]
        lots = market[market["item_id"] == item_id]["tender_id"]
        rivals = bids[bids["tender_id"].isin(lots)].groupby("tender_id")["company_id"].agg(set)
        assert rivals.map(lambda s, own=who["company"]: bool(s - own)).any()
        assert (rivals.map(lambda s, own=who["company"]: len(s & own)) >= 2).mean() > 0.6


def test_split_purchases_lie_under_the_threshold_close_together(data, market):
    limits = data["thresholds"]
    for item_id, _ in schemes(data, "splitting"):
        rows = market[market["item_id"] == item_id].sort_values("day")
        for row in rows.itertuples():
            now = limits[
                (limits["category_prefix"] == row.category[:2])
                & (limits["starts_on"] <= row.awarded_on)
                & ((limits["ends_on"] == "") | (limits["ends_on"] >= row.awarded_on))
            ]
            (limit,) = now["amount"].astype(float)
            assert 0.75 * limit < row.estimate < limit
        assert (rows["day"].diff().dt.days <= 20).sum() >= 2


def test_honest_values_bunch_under_thresholds_too(market):
    after = market[(market["day"] >= "2019-07-01") & ~market["category"].str.startswith("45")]
    honest = after[~after["steered"]]["estimate"]
    below = ((honest >= 340_000) & (honest < 400_000)).sum()
    above = ((honest >= 400_000) & (honest < 460_000)).sum()
    assert below > 1.25 * above


def test_years_end_in_a_rush(market):
    month = market["day"].dt.month.value_counts() / len(market)
    assert month[12] > 1.6 / 12
    assert (market["day"].dt.day_of_week < 5).all()


def test_officials_know_about_ten_people_and_many_own_local_firms(data):
    officials = set(data["offices"]["person_id"])
    weak = data["ties"][
        data["ties"]["kind"].isin(["classmate", "hometown", "colleague", "friend", "associate"])
    ]
    both = pd.concat([weak[["person_a", "person_b"]].set_axis(["a", "b"], axis=1),
                      weak[["person_b", "person_a"]].set_axis(["a", "b"], axis=1)])  # fmt: skip
    of_officials = both[both["a"].isin(officials)]
    assert 8 < len(of_officials) / len(officials) < 13
    owners = set(data["ownership"]["owner_id"])
    assert of_officials["b"].isin(owners).mean() > 0.35


def test_namesakes_share_a_name_and_not_an_id(data):
    names = data["people"].set_index("person_id")["name"]
    truth = data["truth"]
    rows = truth[(truth["type"] == "namesake") & (truth["kind"] == "person")]
    for _, pair in rows.groupby("item_id"):
        assert len(pair) == 2
        assert names[pair["id"]].nunique() == 1


def test_ties_after_the_wins_came_after_most_wins(data, market):
    ties = data["ties"]
    truth = data["truth"]
    after = total = 0
    for item_id in truth[truth["type"] == "tied_after"]["item_id"].unique():
        who = members(data, item_id)
        tie = ties[ties["person_a"].isin(who["person"]) & ties["person_b"].isin(who["person"])]
        began = pd.Timestamp(tie["started_on"].max())
        wins = market[
            market["company_id"].isin(who["company"]) & market["buyer_id"].isin(who["body"])
        ]
        total += len(wins)
        after += int((wins["day"] > began).sum())
    assert total > 50
    assert after < 0.2 * total


def test_consortia_and_decimal_slips_occur(data, market):
    awards = data["awards"]
    joint = awards[awards.duplicated("award_id", keep=False)].groupby("award_id")
    assert joint.ngroups > 20
    assert (joint["amount"].nunique() == 1).all()
    assert (joint["bid_id"].nunique() == 1).all()
    assert (joint["company_id"].nunique() == 2).all()
    slips = market[market["ratio"] > 5]
    assert 1 <= len(slips) <= 40


def test_winning_bid_is_the_award(data, market):
    bids = data["bids"].drop_duplicates("bid_id").set_index("bid_id")["amount"]
    rows = market[(market["bid_id"] != "") & (market["ratio"] < 1.01)]
    assert (rows["bid_id"].map(bids) == rows["amount"]).all()
    assert (market[market["bid_id"] == ""]["method"] == "direct").all()


def features(table, key):
    """What opaque ids, the place in the file and dates could give away."""
    digits = table[key].map(lambda text: int(re.sub(r"^[A-Z]", "", text), 16))
    columns = {
        "id": digits / 2**48,
        "low": digits % 97,
        "place": np.arange(len(table)),
    }
    if "awarded_on" in table:
        day = pd.to_datetime(table["awarded_on"])
        columns |= {"weekday": day.dt.day_of_week, "day": day.dt.day, "year": day.dt.year}
    return StandardScaler().fit_transform(pd.DataFrame(columns))


@pytest.mark.parametrize(
    ("table", "kind"), [("awards", "award"), ("companies", "company"), ("people", "person")]
)
def test_ids_order_and_dates_tell_nothing(data, table, kind):
    rows = data[table]
    truth = data["truth"]
    guilty = set(truth[(truth["item"] == "scheme") & (truth["kind"] == kind)]["id"])
    label = rows[f"{kind}_id"].isin(guilty)
    guess = cross_val_predict(
        LogisticRegression(class_weight="balanced"),
        features(rows, f"{kind}_id"),
        label,
        cv=5,
        method="predict_proba",
    )[:, 1]
    spread = 1 / np.sqrt(12 * label.sum())
    assert abs(roc_auc_score(label, guess) - 0.5) < 3.5 * spread + 0.01


def test_buyer_share_alone_finds_next_to_nothing(data, market):
    rows = market.assign(value=market[["value", "estimate"]].min(axis=1))
    pairs = rows.groupby(["buyer_id", "company_id"])["value"].agg(["sum", "size"]).reset_index()
    pairs["share"] = pairs["sum"] / pairs.groupby("buyer_id")["sum"].transform("sum")
    top = pairs[pairs["size"] >= 3].nlargest(50, "share")
    pairs_of = {
        (body, firm)
        for item_id, _ in schemes(data, *SCHEMES)
        for who in [members(data, item_id)]
        for body in who["body"]
        for firm in who["company"]
    }
    hits = sum((r.buyer_id, r.company_id) in pairs_of for r in top.itertuples())
    assert hits <= 8
