"""On a market without schemes, dealt out anew, every stated chance is one.

Every detector that there is, is asked; a new one is covered by being there. Whether as many
p-values as it gives could tell of a chance that is off by a factor is checked as well.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import ndtr, ndtri

from graphgov.detector import Detector, Findings, run
from graphgov.ingest import read_frames
from graphgov.roster import known_detectors
from graphgov.snapshot import Snapshot, take
from graphgov.synth import province
from graphgov.synth.null import SHUFFLES, null_of, read_text

F64 = npt.NDArray[np.float64]
CLASSES = list(known_detectors().values())
AWARDS, DRAWS = 2500, 5
ENOUGH = 5200  # p-values from which no more are drawn
# How many may lie below a level: a twentieth is what counts, more tell sooner.
BARS = {0.05: (0.04, 0.06), 0.2: (0.17, 0.23), 0.5: (0.44, 0.56)}
TELLING = 320  # p-values with which a factor in all of them shows
TAIL_TELLING = 5200  # with which one in the tail alone does
FACTOR = 1.4
each = pytest.mark.parametrize("cls", CLASSES, ids=[c.code for c in CLASSES])
Dealt = Callable[[str, int], Snapshot]
Asked = Callable[[type[Detector]], list[Findings]]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    place = tmp_path_factory.mktemp("clean")
    province(place, awards=AWARDS, seed=3, strength=0)
    return read_text(place)


@pytest.fixture(scope="module")
def dealt(tables: dict[str, object]) -> Dealt:
    """`dealt(null, draw)`: a small clean province after that shuffle, made once."""
    return cache(lambda null, draw: take(read_frames(SHUFFLES[null](tables, draw))))


@pytest.fixture(scope="module")
def asked(dealt: Dealt) -> Asked:
    """`asked(cls)`: what it finds in as many shuffled provinces as it needs."""

    @cache
    def ask(cls: type[Detector]) -> list[Findings]:
        found: list[Findings] = []
        for draw in range(DRAWS):
            found.append(run(cls(), dealt(null_of(cls), draw)))
            size = chances(found).size
            hopeless = draw == 1 and size * DRAWS < 2 * TELLING
            if found[-1].p_values is None or size >= ENOUGH or hopeless:
                break
        return found

    return ask


def chances(found: list[Findings]) -> F64:
    stated = [f.p_values for f in found if f.p_values is not None]
    return np.concatenate(stated) if stated else np.empty(0)


def stated(asked: Asked, cls: type[Detector]) -> F64:
    p_values = chances(asked(cls))
    if not p_values.size:
        pytest.skip("states no chance of its own")
    return p_values


def complaints(p_values: F64) -> list[str]:
    """Levels below which too many or too few p-values lie."""
    said = []
    for level, (least, most) in BARS.items():
        low, high = wilson(int((p_values < level).sum()), p_values.size)
        if low > most or high < least:
            said.append(f"{low:.3f} to {high:.3f} of {p_values.size} are below {level}")
    return said


@each
def test_p_values_are_uniform_by_chance(cls: type[Detector], asked: Asked) -> None:
    p_values = stated(asked, cls)
    assert np.all(np.isfinite(p_values))
    assert np.all((p_values >= 0) & (p_values <= 1))
    assert not complaints(p_values)


@each
def test_few_are_reported_by_chance(cls: type[Detector], asked: Asked) -> None:
    stated(asked, cls)
    found = asked(cls)
    flagged = sum(f.p_value is not None and f.p_value < 0.05 for one in found for f in one.flags)
    told = sum(max(f.computable, len(f.p_values)) for f in found if f.p_values is not None)
    assert wilson(flagged, told)[0] <= 0.06


@each
def test_chances_that_are_off_by_a_factor_would_show(cls: type[Detector], asked: Asked) -> None:
    size = stated(asked, cls).size
    if size < TELLING:
        pytest.skip(f"looks at {size} units here, too few to tell")
    exact = (np.arange(size) + 0.5) / size
    assert not complaints(exact)
    assert complaints(exact / FACTOR)
    assert complaints(np.minimum(exact * FACTOR, 1.0))
    if size >= TAIL_TELLING:
        wider = ndtri(0.05) / ndtri(0.05 * FACTOR)
        assert complaints(ndtr(ndtri(exact) * wider))


@each
def test_chances_do_not_depend_on_the_order_of_rows(
    cls: type[Detector], asked: Asked, tables: dict[str, object], turned: Snapshot
) -> None:
    if chances(asked(cls)).size == 0 or null_of(cls) != "competitions":
        pytest.skip("states no chance of its own, or under another shuffle")
    first = asked(cls)[0].p_values
    again = run(cls(), turned).p_values
    assert first is not None
    assert again is not None
    assert np.allclose(np.sort(again), np.sort(first), rtol=1e-9, atol=1e-12)


@pytest.fixture(scope="module")
def turned(tables: dict[str, object]) -> Snapshot:
    """The first of the shuffled provinces with all rows in another order."""
    frames = SHUFFLES["competitions"](tables, 0)
    rng = np.random.default_rng(0)
    return take(read_frames({n: f.iloc[rng.permutation(len(f))] for n, f in frames.items()}))


@each
def test_every_detector_names_a_shuffle(cls: type[Detector]) -> None:
    assert null_of(cls) in SHUFFLES


def wilson(hits: int, n: int, z: float = 3.0) -> tuple[float, float]:
    """Three standard errors: many detectors are asked, and their units share bids."""
    if n == 0:
        return 0.0, 1.0
    share, room = hits / n, z * z / n
    half = z * np.sqrt(share * (1 - share) / n + room / (4 * n))
    return (share + room / 2 - half) / (1 + room), (share + room / 2 + half) / (1 + room)
