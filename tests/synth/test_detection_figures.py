"""How the benchmark of detection adds up its records."""

import importlib.util
import math
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "detection_figures.py"


@pytest.fixture(scope="module")
def figures():
    spec = importlib.util.spec_from_file_location("detection_figures_tested", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def record(*outcomes, schemes=()):
    return {"cases": [[s, o] for s, o in outcomes], "schemes": list(schemes)}


def test_the_cut_lets_in_as_many_cases_as_the_rate_allows(figures):
    hits = [(0.9 - 0.01 * i, "hit") for i in range(9)]
    one = record(*hits, (0.5, "miss"), (0.4, "hit"), (0.3, "miss"))
    assert figures.cut([one], 0.1) == 0.4
    assert figures.cut([one], 0.2) == 0.3
    assert figures.cut([record((0.9, "again"), (0.8, "hit"))], 0.1) == math.inf
    assert figures.cut([], 0.1) == math.inf


def test_cases_of_one_score_stand_or_fall_together(figures):
    tied = record((0.9, "hit"), (0.5, "hit"), (0.5, "miss"), (0.5, "miss"))
    assert figures.cut([tied], 0.4) == 0.9
    assert figures.cut([tied], 0.5) == 0.5


def test_the_cut_is_one_for_all_provinces(figures):
    good = record((0.9, "hit"), (0.8, "hit"), schemes=[["kin", 1], ["ring", None]])
    poor = record((0.95, "miss"), (0.7, "miss"), (0.6, "hit"), schemes=[["kin", 3]])
    assert figures.cut([good, poor], 0.34) == 0.8
    assert figures.powers([good, poor], 0.34) == {"kin": 0.5, "ring": 0.0}
    assert figures.reached([good, poor], 2) == {"kin": 0.5, "ring": 0.0}


def test_intervals_hold_the_mean_and_need_two_runs(figures):
    runs = [{"x": v} for v in (0.1, 0.2, 0.3, 0.4)]
    told = figures.over_seeds(runs, figures.averages(lambda r: r["x"]))[""]
    assert told.low < told.value == 0.25 < told.high
    assert told.low >= 0.1
    assert told.high <= 0.4
    alone = figures.over_seeds(runs[:1], figures.averages(lambda r: r["x"]))[""]
    assert (alone.low, alone.high) == (None, None)


WORSE = {
    "far below": ("up", (0.5, 0.45, 0.55), (0.8, 0.7, 0.9), True),
    "inside the old interval": ("up", (0.72, 0.7, 0.74), (0.8, 0.7, 0.9), False),
    "old value inside the new interval": ("up", (0.6, 0.4, 0.85), (0.8, 0.7, 0.9), False),
    "better": ("up", (0.95, 0.94, 0.96), (0.8, 0.7, 0.9), False),
    "more where less is better": ("down", (9, 8, 10), (3, 2, 4), True),
    "less where less is better": ("down", (1, 0.5, 1.5), (3, 2, 4), False),
    "no interval": ("up", (0.1, None, None), (0.8, 0.7, 0.9), False),
}


@pytest.mark.parametrize(("better", "new", "old", "told"), WORSE.values(), ids=WORSE)
def test_worse_is_worse_than_both_intervals_allow(figures, better, new, old, told):
    assert figures.Figure(*new, better).worse_than(figures.Figure(*old, better)) is told


def test_bars_hold_at_the_line(figures):
    assert figures.Figure(0.88, 0.8, 0.9, "up", 0.88).met
    assert not figures.Figure(0.879, 0.8, 0.9, "up", 0.88).met
    assert figures.Figure(3.0, 2, 4, "down", 3).met
    assert figures.Figure(0.1, 0, 1, "up").met is None


def test_only_the_shuffle_that_suits_an_indicator_counts(figures):
    row = {"tests": 6000, "below": 300, "odd": 0, "computable": 6000, "reported": 1}
    bad = row | {"below": 3000}
    told = figures.calibration(
        [
            {"kind": "competitions", "p": {"E05": row, "D04": bad}},
            {"kind": "competitions", "p": {"E05": row}},
            {"kind": "bidders", "p": {"E05": bad, "D04": row}},
        ],
        {"E05": "competitions", "D04": "bidders"},
    )
    assert told["E05"]["tests"] == 12_000
    assert told["E05"]["share"] == told["D04"]["share"] == 0.05
    assert (told["E05"]["enough"], told["D04"]["enough"]) == (True, False)
    assert told["E05"]["met"]


@pytest.mark.parametrize(
    ("below", "odd", "reported", "met"),
    [(500, 0, 0, True), (700, 0, 0, False), (300, 0, 0, False), (500, 1, 0, False),
     (500, 0, 700, False), (630, 0, 610, True)],
)  # fmt: skip
def test_calibration_meets_its_bar_or_not(figures, below, odd, reported, met):
    row = {"tests": 10_000, "below": below, "odd": odd, "computable": 10_000, "reported": reported}
    told = figures.calibration([{"kind": "bidders", "p": {"X": row}}], {"X": "bidders"})
    assert told["X"]["met"] is met


def test_what_a_family_adds_is_the_difference(figures):
    full = {"precision": {"50": 0.6}, "recall": {"100": 0.7}, "average_precision": 0.5,
            "look_alikes": {"50": 4}}  # fmt: skip
    less = {"precision_50": 0.5, "recall_100": 0.7, "average_precision": 0.4, "look_alikes_50": 6}
    told = figures.ablation_figures(
        [full | {"without": {"family E": less}}, full | {"without": {}}]
    )
    assert told["family E"]["precision_50"].value == pytest.approx(0.05)
    assert told["family E"]["look_alikes_50"].value == -1
    again = figures.from_json(figures.as_json(told["family E"]))
    assert again == told["family E"]
