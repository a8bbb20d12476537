import csv
from pathlib import Path

import pandas as pd
import pytest

from graphgov.synth import province

Tables = dict[str, pd.DataFrame]


def read_all(folder: Path) -> Tables:
    return {p.stem: pd.read_csv(p, dtype=str, keep_default_na=False) for p in folder.glob("*.csv")}


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A province of 20 000 awards: its summary and its data, all cells text."""
    summary = province(tmp_path_factory.mktemp("synth") / "p", awards=20_000, seed=4711)
    return summary, read_all(summary.folder)


@pytest.fixture(scope="session")
def data(made):
    return made[1]


@pytest.fixture(scope="session")
def market(data):
    """Award rows with day, price against estimate, and the scheme that steered them, if any."""
    rows = data["awards"].drop_duplicates("award_id")
    tenders = data["tenders"][["tender_id", "estimated_value", "published_at", "bidders"]]
    rows = rows.merge(tenders, on="tender_id")
    rows["day"] = pd.to_datetime(rows["awarded_on"])
    rows["value"] = rows["amount"].astype(float)
    rows["estimate"] = rows["estimated_value"].astype(float)
    rows["ratio"] = rows["value"] / rows["estimate"]
    truth = data["truth"]
    won = truth[(truth["item"] == "scheme") & (truth["kind"] == "award")]
    names = won[["item_id", "type", "id"]].rename(columns={"id": "award_id", "type": "scheme"})
    rows = rows.merge(names, on="award_id", how="left")
    rows["steered"] = rows["scheme"].notna()
    return rows


@pytest.fixture(scope="session")
def ends(data):
    """Known pairs of people, both ways."""
    ties = data["ties"]
    return set(zip(ties["person_a"], ties["person_b"], strict=True)) | set(
        zip(ties["person_b"], ties["person_a"], strict=True)
    )


@pytest.fixture
def run_folder(tmp_path):
    """Writes a truth file and the two files of a run that evaluation reads."""

    def make(truth, cases):
        with (tmp_path / "truth.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(("item_id", "item", "type", "kind", "id"))
            out.writerows(truth)
        with (tmp_path / "cases.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(("case_id", "rank", "score"))
            # Written worst first: the rank counts, not the row.
            out.writerows((f"k{n}", n, 1.0 / n) for n in range(len(cases), 0, -1))
        with (tmp_path / "case_members.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(("case_id", "kind", "id", "name", "role"))
            for n, members in enumerate(cases, 1):
                out.writerows((f"k{n}", kind, key, "", "") for kind, key in members)
        return tmp_path / "truth.csv", tmp_path

    return make
