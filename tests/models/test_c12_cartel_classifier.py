from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphgov.config import make
from graphgov.detector import run
from graphgov.errors import ConfigError
from graphgov.models.c12_cartel_classifier import CartelClassifier
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Frames = dict[str, list[dict[str, Any]]]
QUICK: dict[str, Any] = {"folds": 3, "rounds": 20, "trees": 20, "min_probability": 0.7}


def lot(frames: Frames, key: str, prices: list[float], category: str, body: str) -> None:
    frames["tenders"].append(
        {"tender_id": key, "buyer_id": body, "title": f"Works {key}", "category": category,
         "method": "open", "currency": "CHF"}
    )  # fmt: skip
    frames["awards"].append(
        {"award_id": f"A{key}", "tender_id": key, "buyer_id": body, "company_id": "f0",
         "awarded_on": "2023-05-01", "amount": prices[0], "currency": "CHF"}
    )  # fmt: skip
    frames["bids"] += [
        {"bid_id": f"{key}-{i}", "tender_id": key, "company_id": f"f{i}", "amount": round(p, 2),
         "currency": "CHF", "status": "valid"}
        for i, p in enumerate(sorted(prices))
    ]  # fmt: skip


@pytest.fixture(scope="module")
def world() -> tuple[Frames, dict[str, int]]:
    """Roads: rigged lots have close losing bids far from the lowest; a clean market besides."""
    rng = np.random.default_rng(4)
    frames: Frames = {"tenders": [], "awards": [], "bids": []}
    frames["bodies"] = [{"body_id": b, "name": f"Office {b}", "jurisdiction": "GR"} for b in "PQ"]
    truth: dict[str, int] = {}
    for i in range(260):
        rigged, level = i % 3 == 0, float(rng.lognormal(12, 0.8))
        others = 1.08 + 0.01 * rng.random(4) if rigged else np.exp(rng.normal(0.05, 0.1, 4))
        lot(frames, f"R{i:03d}", [level, *(level * others)], "4523", "P")
        truth[f"R{i:03d}"] = int(rigged)
    for i in range(60):
        level = float(rng.lognormal(12, 0.8))
        others = [1.08 + 0.01 * float(v) for v in rng.random(4)]
        lot(frames, f"S{i:03d}", [level, *(level * o for o in others)], "0311", "Q")
    return frames, truth


def labels(path: Path, truth: dict[str, int], known: range) -> str:
    rows = [f"R{i:03d},{truth[f'R{i:03d}']}" for i in known]
    path.write_text("\ufefftender_id,collusive\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def learnt(
    world: tuple[Frames, dict[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> CartelClassifier:
    path = tmp_path_factory.mktemp("labels") / "known.csv"
    return CartelClassifier(labels=labels(path, world[1], range(180)), **QUICK)


def test_it_finds_what_looks_like_the_labelled_ones_and_is_silent_elsewhere(
    world: tuple[Frames, dict[str, int]], snapshot: Snap, learnt: CartelClassifier
) -> None:
    frames, truth = world
    findings = run(learnt, snapshot(**frames))
    rigged = {f"R{i:03d}" for i in range(180, 260) if truth[f"R{i:03d}"]}
    found = {flag.subject_id for flag in findings.flags}
    assert len(found & rigged) >= 0.8 * len(rigged)
    assert len(found - rigged) <= 4
    assert all("R180" <= key < "S" for key in found)
    assert "too few labels" in findings.reason
    assert findings.computable == 260
    assert findings.subjects == 320
    assert findings.p_values is not None
    flag = next(flag for flag in findings.flags if flag.subject_id in rigged)
    assert flag.score == pytest.approx(flag.value)
    assert {e.table for e in flag.evidence} == {"tenders", "bids", "awards"}
    for part in ("5 bids", "Office P", "180 labelled lots", "60 were"):
        assert part in flag.reason
    spoken = {word for f in findings.flags for word in f.facts["why_en"]}  # type: ignore[attr-defined]
    assert spoken & {"the distance of the lowest bids",
                     "how bids lie between the lowest and the highest",
                     "how much bids differ"}  # fmt: skip


def test_row_order_says_nothing(
    world: tuple[Frames, dict[str, int]], snapshot: Snap, learnt: CartelClassifier
) -> None:
    rng = np.random.default_rng(9)
    mixed = {k: [rows[i] for i in rng.permutation(len(rows))] for k, rows in world[0].items()}
    assert run(learnt, snapshot(**mixed)).flags == run(learnt, snapshot(**world[0])).flags


def test_without_labels_it_is_not_computable_and_says_so(
    world: tuple[Frames, dict[str, int]], snapshot: Snap, tmp_path: Path
) -> None:
    snap = snapshot(**world[0])
    findings = run(CartelClassifier(), snap)
    assert not findings.flags
    assert (findings.computable, findings.missing) == (0, "labels")
    assert findings.reason.startswith("not computable, because [models.C12] labels")
    few = CartelClassifier(labels=labels(tmp_path / "few.csv", world[1], range(40)))
    assert "no market has enough" in run(few, snap).reason
    one_sided = CartelClassifier(
        labels=labels(tmp_path / "one.csv", dict.fromkeys(world[1], 1), range(180))
    )
    assert "no market has enough" in run(one_sided, snap).reason


WRONG = {
    "no such file": (None, "cannot be read"),
    "not text": (b"\xff\xfe\x00tender", "not UTF-8"),
    "no column": (b"tender_id,label\nT,1\n", "no column 'collusive'"),
    "neither": (b"tender_id,collusive\nT,maybe\n", "line 2: 'maybe' is neither"),
    "no id": (b"tender_id,collusive\n,1\n", "the tender has no id"),
    "both": (b"tender_id,collusive\nT,1\nT,0\n", "line 3: 'T' is both"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_told_at_once(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        make(CartelClassifier, "models.C12", {"labels": str(path)})


def test_settings_in_words_are_checked() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'division'"):
        make(CartelClassifier, "models.C12", {"market": "divison"})
    with pytest.raises(ConfigError, match="must be text"):
        make(CartelClassifier, "models.C12", {"labels": 3})


def test_the_run_depends_on_what_the_file_says_and_not_where_it_stands(
    world: tuple[Frames, dict[str, int]], tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    one = CartelClassifier(labels=labels(tmp_path / "known.csv", world[1], range(90)))
    two = CartelClassifier(labels=labels(tmp_path / "a" / "known.csv", world[1], range(90)))
    other = CartelClassifier(labels=labels(tmp_path / "a" / "known.csv", world[1], range(91)))
    assert one == two
    assert one != other
    assert one.labels.startswith("known.csv (sha256 ")
