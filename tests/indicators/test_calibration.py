"""On a market without schemes, dealt out anew, every stated chance is one.

Every detector that there is, is asked; a new one is covered by being there.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from graphgov.detector import Detector, Findings, run
from graphgov.ingest import read_frames
from graphgov.roster import known_detectors
from graphgov.snapshot import Snapshot, take
from graphgov.synth import province
from graphgov.synth.null import deal_bidders, move_competitions, read_text

CLASSES = list(known_detectors().values())
# What is about companies alone is as it was when whole competitions move.
COMPANIES = ("company", "company_pair", "group", "community")
AWARDS, DRAWS = 2000, 2
each = pytest.mark.parametrize("cls", CLASSES, ids=[c.code for c in CLASSES])
Dealt = Callable[[Callable[..., object], int], Snapshot]


@pytest.fixture(scope="module")
def dealt(tmp_path_factory: pytest.TempPathFactory) -> Dealt:
    """`dealt(shuffle, draw)`: a small clean province after that shuffle, made once."""
    place = tmp_path_factory.mktemp("clean")
    province(place, awards=AWARDS, seed=3, strength=0)
    tables = read_text(place)

    @cache
    def get(shuffle: Callable[..., object], draw: int) -> Snapshot:
        return take(read_frames(shuffle(tables, draw)))

    return get


def findings(cls: type[Detector], dealt: Dealt) -> list[Findings]:
    shuffle = deal_bidders if cls.subject_kind in COMPANIES else move_competitions
    return [run(cls(), dealt(shuffle, draw)) for draw in range(DRAWS)]


@each
def test_p_values_are_uniform_by_chance(cls: type[Detector], dealt: Dealt) -> None:
    found = findings(cls, dealt)
    stated = [f.p_values for f in found if f.p_values is not None]
    if not stated:
        pytest.skip("states no chance of its own")
    p_values = np.concatenate(stated)
    assert np.all(np.isfinite(p_values))
    assert np.all((p_values >= 0) & (p_values <= 1))
    low, high = wilson(int((p_values < 0.05).sum()), p_values.size)
    assert low <= 0.06, f"too many small p-values: {low:.3f} to {high:.3f} of {p_values.size}"
    assert high >= 0.04, f"too few small p-values: {low:.3f} to {high:.3f} of {p_values.size}"
    flagged = sum(f.p_value is not None and f.p_value < 0.05 for one in found for f in one.flags)
    assert wilson(flagged, sum(f.computable for f in found))[0] <= 0.06


def wilson(hits: int, n: int, z: float = 3.0) -> tuple[float, float]:
    """Three standard errors: many detectors are asked, and their units share bids."""
    if n == 0:
        return 0.0, 1.0
    share, room = hits / n, z * z / n
    half = z * np.sqrt(share * (1 - share) / n + room / (4 * n))
    return (share + room / 2 - half) / (1 + room), (share + room / 2 + half) / (1 + room)
