"""Which tenders are collusive, from prices, number of bids and market alone: a study.

Usage: python benchmarks/collusion.py DATA [--repeats 2] [--jobs 2]
       python benchmarks/collusion.py DATA --held-out IDS.csv
       python benchmarks/collusion.py DATA --predict FOLDER --out FILE.csv

DATA is a folder with `tenders.csv` (tender_index, market, n_bids, collusive) and `bids.csv`
(tender_index, bid_position, bid_value_eur). `--held-out` names a file whose first column lists
tenders to leave out of learning and to be judged by; `--predict` a folder of the same two tables
without labels. Tender ids join the tables and nothing else: neither they nor the positions of
bids nor the order of rows reach the model. The figures of the study go to
benchmarks/results/collusion.json and collusion.md.
"""

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import collusion_page
import numpy as np
from sklearn.metrics import roc_auc_score

from graphgov.models.price_model import (
    MEMBERS,
    Effort,
    PriceModel,
    content_order,
    fold_of,
    taken,
    train,
)
from graphgov.stats.screens import Ladders, ladders

RESULTS = Path(__file__).resolve().parent / "results"
FOLDS = 5
# The data's authors turned all amounts into euros at one rate per market. Taken back, so that
# round prices are round; one factor per market says nothing about a tender.
RATES = {"America": 0.84, "Brazil": 0.15, "Japan": 0.0078, "Switzerland_GR_SG": 0.92,
         "Switzerland_Ticino": 0.92}  # fmt: skip


@dataclass(frozen=True)
class Study:
    """Tenders in the order of their prices."""

    ids: tuple[str, ...]
    bids: Ladders
    market: np.ndarray
    collusive: np.ndarray
    markets: tuple[str, ...]

    @property
    def many(self) -> np.ndarray:
        """Tenders with two bids or more: the ones that are judged."""
        return self.bids.count >= 2

    def part(self, keep: np.ndarray) -> tuple[Ladders, np.ndarray, np.ndarray]:
        """Some of the tenders, as the model takes them."""
        return self.bids.take(keep), self.market[keep], self.collusive[keep]


def read(folder: Path, markets: Sequence[str] = ()) -> Study:
    """The data of a folder.

    Args:
        folder: Where the two tables are.
        markets: Names by code, where another folder gave them.
    """
    with (folder / "tenders.csv").open(encoding="utf-8") as file:
        tenders = {row["tender_index"]: row for row in csv.DictReader(file)}
    lot, price = [], []
    code = {key: i for i, key in enumerate(tenders)}
    with (folder / "bids.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rate = RATES.get(tenders[row["tender_index"]]["market"], 1.0)
            lot.append(code[row["tender_index"]])
            price.append(round(float(row["bid_value_eur"]) / rate, 6))
    bids = ladders(lot, price)
    keys = list(tenders)
    ids = [keys[i] for i in bids.lot]
    names = tuple(markets) or tuple(sorted({row["market"] for row in tenders.values()}))
    market = np.array([names.index(tenders[i]["market"]) for i in ids], np.int64)
    said = [tenders[i].get("collusive") or "0" for i in ids]
    collusive = np.array([text in ("1", "1.0", "True", "true") for text in said])
    order = content_order(bids, market, collusive)
    ordered = taken(bids, order)
    return Study(tuple(ids[i] for i in order), ordered, market[order], collusive[order], names)


def cross_validated(study: Study, folds: int, effort: Effort, seed: int) -> dict[str, np.ndarray]:
    """Probability of each tender, by models fitted without its fold; with the members' own."""
    fold = fold_of(study.market, study.collusive, study.many, folds=folds, seed=7000 + seed)
    found = np.full(len(study.ids), np.nan)
    members = np.full((len(study.ids), len(MEMBERS)), np.nan)
    for k in range(folds):
        model = train(*study.part(fold != k), effort)
        here = fold == k
        bids, market, _ = study.part(here)
        found[here], members[here] = model.probability(bids, market), model.raw(bids, market)
    return {"model": found, **{name: members[:, i] for i, name in enumerate(MEMBERS)}}


def one_market_out(study: Study, effort: Effort, market: int) -> dict[str, float]:
    """How a model of the other markets does in one that it never saw."""
    inside = study.market == market
    model = train(*study.part(~inside), effort)
    bids, codes, said = study.part(inside)
    probability = model.raw(bids, codes)[:, 3:].mean(axis=1)
    many = bids.count >= 2
    return figures(probability[many], said[many])


def figures(p: np.ndarray, said: np.ndarray) -> dict[str, float]:
    """Accuracy, AUC, balanced accuracy and Brier score of some probabilities."""
    told, yes = p > 0.5, float(said.mean())
    rates = [float((told == said)[said == label].mean()) for label in (False, True)]
    return {
        "tenders": len(p),
        "collusive": round(yes, 4),
        "accuracy": round(float((told == said).mean()), 4),
        "always_the_commoner": round(max(yes, 1 - yes), 4),
        "auc": round(float(roc_auc_score(said, p)), 4),
        "balanced_accuracy": round(sum(rates) / 2, 4),
        "brier": round(float(((p - said) ** 2).mean()), 4),
        "mean_probability": round(float(p.mean()), 4),
    }


def calibration(p: np.ndarray, said: np.ndarray) -> list[dict[str, float]]:
    """Said and seen, by tenths of probability."""
    place = np.minimum((p * 10).astype(int), 9)
    return [
        {
            "from": k / 10,
            "tenders": int((place == k).sum()),
            "said": round(float(p[place == k].mean()), 4),
            "seen": round(float(said[place == k].mean()), 4),
        }
        for k in range(10)
        if (place == k).any()
    ]


def slope_gap(p: np.ndarray, said: np.ndarray) -> float:
    """Expected calibration error over ten groups of equal size."""
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, 10) if len(part)]
    gaps = [abs(float(p[i].mean() - said[i].mean())) * len(i) for i in parts]
    return round(sum(gaps) / len(p), 4)


def judged(study: Study, runs: Sequence[Mapping[str, np.ndarray]]) -> dict[str, object]:
    """All figures of repeated cross-validation."""
    many, said = study.many, study.collusive
    each = [figures(run["model"][many], said[many]) for run in runs]
    p = np.mean([run["model"] for run in runs], axis=0)
    markets = {}
    for code, name in enumerate(study.markets):
        here = many & (study.market == code)
        parts = [figures(run["model"][here], said[here]) for run in runs]
        markets[name] = {
            **{key: round(float(np.mean([part[key] for part in parts])), 4) for key in parts[0]},
            "calibration_error": slope_gap(runs[0]["model"][here], said[here]),
        }
    return {
        "repeats": each,
        "accuracy": round(float(np.mean([one["accuracy"] for one in each])), 4),
        "auc": round(float(np.mean([one["auc"] for one in each])), 4),
        "accuracy_interval": wilson(float(np.mean([one["accuracy"] for one in each])), many.sum()),
        "brier": round(float(np.mean([one["brier"] for one in each])), 4),
        "markets": markets,
        "calibration": calibration(runs[0]["model"][many], said[many]),
        "calibration_error": slope_gap(runs[0]["model"][many], said[many]),
        "mean_over_repeats": figures(p[many], said[many]),
        "members": {name: _mean([figures(r[name][many], said[many]) for r in runs])
                    for name in MEMBERS},
    }  # fmt: skip


def _mean(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {key: round(float(np.mean([p[key] for p in parts])), 4) for key in ("accuracy", "auc")}


def wilson(share: float, n: int, z: float = 1.96) -> list[float]:
    """Bounds of a share seen in n tenders."""
    room = z * z / n
    half = z * np.sqrt(share * (1 - share) / n + room / (4 * n))
    return [round(float((share + room / 2 + side * half) / (1 + room)), 4) for side in (-1, 1)]


def listed(path: Path) -> set[str]:
    """The first column of a file."""
    with path.open(encoding="utf-8-sig") as file:
        return {row[0].strip() for row in csv.reader(file) if row}


def held_out(study: Study, ids: set[str], effort: Effort) -> dict[str, object]:
    """Figures on a split of somebody else's."""
    out = np.array([key in ids for key in study.ids])
    model = train(*study.part(~out), effort)
    bids, market, said = study.part(out)
    p, many = model.probability(bids, market), bids.count >= 2
    names = {study.markets[m]: (market == m) & many for m in np.unique(market)}
    return {
        **figures(p[many], said[many]),
        "markets": {k: figures(p[at], said[at]) for k, at in names.items()
                    if 0 < said[at].sum() < at.sum()},
    }  # fmt: skip


def predict(study: Study, folder: Path, out: Path, effort: Effort) -> None:
    """Probabilities of tenders without labels."""
    asked = read(folder, study.markets)
    model: PriceModel = train(study.bids, study.market, study.collusive, effort)
    found = dict(zip(asked.ids, model.probability(asked.bids, asked.market), strict=True))
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["tender_index", "probability"])
        writer.writerows((k, "" if np.isnan(p) else f"{p:.6f}") for k, p in sorted(found.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--held-out", type=Path)
    parser.add_argument("--predict", type=Path)
    parser.add_argument("--out", type=Path, default=Path("predictions.csv"))
    told = parser.parse_args()
    study, effort = read(told.data), Effort()
    if told.predict:
        predict(study, told.predict, told.out, effort)
        return
    if told.held_out:
        print(json.dumps(held_out(study, listed(told.held_out), effort), indent=2))
        return
    with ProcessPoolExecutor(told.jobs) as pool:
        runs = list(pool.map(partial(cross_validated, study, FOLDS, effort), range(told.repeats)))
        outside = list(pool.map(partial(one_market_out, study, effort), range(len(study.markets))))
    found = judged(study, runs)
    found["one_market_out"] = dict(zip(study.markets, outside, strict=True))
    found["protocol"] = {"folds": FOLDS, "repeats": told.repeats, "members_per_fit": effort.folds}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "collusion.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "collusion.md").write_text(collusion_page.page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
