"""The study of labelled tenders reads prices, their number and markets, and nothing else."""

import csv
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from graphgov.models.price_features import FEATURES, GROUPS, REPEATS, group_of, own, repeats
from graphgov.models.price_model import Effort, train
from graphgov.stats.screens import ladders

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("GRAPHGOV_COLLUSION_DATA", "") or
            ROOT.parent / "shared" / "data" / "collusion-six-markets")  # fmt: skip
QUICK = Effort(folds=3, rounds=15, trees=10)
Tender = tuple[str, int, list[float]]


@pytest.fixture(scope="module")
def study() -> ModuleType:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        spec = importlib.util.spec_from_file_location("study", ROOT / "benchmarks/collusion.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules["study"] = module
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.pop(0)


def made(seed: int = 3, count: int = 240) -> list[Tender]:
    """Two markets; in lots of rings losing bids are close and far from the lowest."""
    rng = np.random.default_rng(seed)
    out: list[Tender] = []
    for i in range(count):
        rigged, level = int(rng.random() < 0.4), float(rng.lognormal(11, 1))
        n = int(rng.integers(1, 7))
        others = 1.1 + 0.01 * rng.random(n) if rigged else np.exp(rng.normal(0.05, 0.1, n))
        prices = [round(level, 2), *(round(float(level * o), 2) for o in others[1:])]
        out.append(("Italy" if i % 2 else "Atlantis", rigged, prices))
    return out


def real() -> list[Tender]:
    """The small markets of the data."""
    with (DATA / "tenders.csv").open(encoding="utf-8") as file:
        kept = {r["tender_index"]: r for r in csv.DictReader(file)
                if r["market"] in ("Brazil", "Italy", "Switzerland_Ticino")}  # fmt: skip
    prices: dict[str, list[float]] = {key: [] for key in kept}
    with (DATA / "bids.csv").open(encoding="utf-8") as file:
        for r in csv.DictReader(file):
            if r["tender_index"] in prices:
                prices[r["tender_index"]].append(float(r["bid_value_eur"]))
    return [(r["market"], int(r["collusive"]), prices[k]) for k, r in kept.items()]


def write(folder: Path, tenders: list[Tender], *, mix: int | None = None) -> list[str]:
    """The two tables; with `mix` rows in another order, other ids, bids in other places."""
    folder.mkdir()
    rng = np.random.default_rng(mix)
    many = len(tenders)
    ids = [str(v) for v in (range(many) if mix is None else rng.permutation(9 * many)[:many])]
    rows: list[list[Any]] = [[k, m, len(p), c] for k, (m, c, p) in zip(ids, tenders, strict=True)]
    bids: list[list[Any]] = []
    for key, (_, _, prices) in zip(ids, tenders, strict=True):
        order = range(len(prices)) if mix is None else rng.permutation(len(prices))
        bids += [[key, place, prices[i]] for place, i in enumerate(order)]
    if mix is not None:
        rows = [rows[i] for i in rng.permutation(many)]
        bids = [bids[i] for i in rng.permutation(len(bids))]
    tables = {"tenders": (["tender_index", "market", "n_bids", "collusive"], rows),
              "bids": (["tender_index", "bid_position", "bid_value_eur"], bids)}  # fmt: skip
    for name, (head, body) in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *body])
    return ids


def answers(study: ModuleType, folder: Path, ids: list[str]) -> list[float]:
    """Held-out probabilities, tender by tender in the order they were made."""
    data = study.read(folder)
    found = study.cross_validated(data, 2, QUICK, 0)["model"]
    told = dict(zip(data.ids, found.tolist(), strict=True))
    return [told[key] for key in ids]


@pytest.mark.parametrize("source", ["made", "real"])
def test_ids_positions_and_order_of_rows_say_nothing(
    source: str, study: ModuleType, tmp_path: Path
) -> None:
    if source == "real" and not (DATA / "tenders.csv").is_file():
        pytest.skip("the labelled tenders of six markets are not on this machine")
    tenders = made() if source == "made" else real()
    plain = write(tmp_path / "plain", tenders)
    mixed = write(tmp_path / "mixed", tenders, mix=5)
    one, two = (answers(study, tmp_path / n, k) for n, k in (("plain", plain), ("mixed", mixed)))
    np.testing.assert_array_equal(one, two)
    said = np.array([c for _, c, _ in tenders], bool)
    judged = np.array([len(p) >= 2 for _, _, p in tenders])
    assert study.figures(np.array(one)[judged], said[judged])["auc"] > 0.7


def test_a_split_of_somebody_else_is_left_out_of_learning(
    study: ModuleType, tmp_path: Path
) -> None:
    tenders = made()
    ids = write(tmp_path / "a", tenders)
    turned = [(m, 1 - c, p) if i < 60 else (m, c, p) for i, (m, c, p) in enumerate(tenders)]
    write(tmp_path / "b", turned)
    out = set(ids[:60])
    one, two = (study.held_out(study.read(tmp_path / n), out, QUICK) for n in "ab")
    assert one["tenders"] == sum(len(p) >= 2 for _, _, p in tenders[:60])
    assert one["auc"] > 0.8
    assert one["auc"] == pytest.approx(1 - two["auc"], abs=2e-4)


def test_unlabelled_tenders_get_a_probability(study: ModuleType, tmp_path: Path) -> None:
    write(tmp_path / "known", made())
    ids = write(tmp_path / "asked", made(seed=8, count=30))
    out = tmp_path / "out.csv"
    study.predict(study.read(tmp_path / "known"), tmp_path / "asked", out, QUICK)
    with out.open(encoding="utf-8") as file:
        rows = {r["tender_index"]: r["probability"] for r in csv.DictReader(file)}
    assert set(rows) == set(ids)
    for key, (_, _, prices) in zip(ids, made(seed=8, count=30), strict=True):
        assert (rows[key] == "") == (len(prices) < 2)


def test_what_a_lot_is_told_by_repeated_prices_never_counts_itself() -> None:
    """With random labels nothing is learnt; a lot that saw its own label would betray it."""
    rng = np.random.default_rng(1)
    lot = np.repeat(np.arange(400), 3)
    price = rng.integers(100, 140, 1200).astype(float)  # everything repeats
    said = rng.random(400) < 0.5
    model = train(ladders(lot, price), np.zeros(400, np.int64), said, QUICK)
    assert abs(float(np.mean((model.held_out > 0.5) == said)) - 0.5) < 0.09


def test_repeated_prices_are_looked_up_in_their_own_market() -> None:
    known = ladders([0, 0, 1, 1, 2], [10.0, 20.0, 10.0, 30.0, 10.0])
    asked = ladders([0, 0, 1], [10.0, 99.0, 10.0])
    markets, said = np.array([0, 0, 1]), np.array([True, True, False])
    found = repeats(asked, np.array([0, 1]), known, markets, said)
    columns = dict(zip(REPEATS, found.T, strict=True))
    np.testing.assert_allclose(columns["same_price_share"], [0.5, 1.0])
    np.testing.assert_allclose(columns["asked_before"], np.log1p([2, 1]))
    none = repeats(asked, np.array([0, 1]), ladders([], []), np.empty(0, int), np.empty(0, bool))
    np.testing.assert_array_equal(none, 0.0)


def test_features_change_neither_with_order_nor_with_other_lots() -> None:
    rng = np.random.default_rng(2)
    lot, price = rng.integers(0, 60, 300), rng.lognormal(9, 0.2, 300).round(2)
    order = rng.permutation(300)
    one, two = own(ladders(lot, price)), own(ladders(lot[order], price[order]))
    alone = own(ladders(lot[lot == 7], price[lot == 7]))
    place = int(np.flatnonzero(np.unique(lot) == 7)[0])
    for name in FEATURES:
        np.testing.assert_array_equal(one[name], two[name])
        np.testing.assert_allclose(one[name][place], alone[name][0], rtol=1e-12)
    assert {group_of(name) for name in (*FEATURES, *REPEATS)} == set(GROUPS)
