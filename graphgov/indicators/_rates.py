"""How often something happens to a unit, against other units of the same kind."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from graphgov.stats.dispersed import dispersed_tails, intra_class, randomised, rate_elsewhere
from graphgov.stats.fdr import benjamini_hochberg

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
BOOL = npt.NDArray[np.bool_]
_SEED = 17
# Weight of all groups against one: in trials, and in hits where these are expected by kind.
_TRIALS, _HITS = 20.0, 3.0


class Rates(NamedTuple):
    """How often something happened to each unit, and would by its peers' rates.

    Attributes:
        code: The units, ascending; other columns have one entry for each.
        p: P(as many or more) of a beta-binomial around the rates of others.
        q: After Benjamini and Hochberg over all units.
        randomised: For tests of calibration.
    """

    code: I64
    trials: I64
    hits: I64
    expected: F64
    p: F64
    q: F64
    randomised: F64

    def of(self, code: int) -> int:
        """The place of a unit."""
        return int(np.searchsorted(self.code, code))

    def p_of(self, code: int) -> float:
        """The chance of as many at a unit."""
        return float(self.p[self.of(code)])

    def facts(self, code: int) -> dict[str, object]:
        """What a sentence says about a unit."""
        at = self.of(code)
        return {
            "unit_all": int(self.trials[at]),
            "unit_hits": int(self.hits[at]),
            "unit_expected": round(float(self.expected[at]), 3),
            "unit_p_value": float(f"{self.p[at]:.6g}"),
        }


def rates(
    unit: npt.ArrayLike, group: npt.ArrayLike, hit: BOOL, like: npt.ArrayLike | None = None
) -> Rates:
    """The rate of every unit against other units of the same groups (recipe S-BB).

    Args:
        unit: Code from 0 per trial, such as the buyer's.
        group: Code from 0 per trial, such as the category's.
        hit: Whether it happened.
        like: Code from 0 per trial of what sets its chance whatever the group, such as the
            number of bidders; groups then differ by a factor.
    """
    units, groups = np.asarray(unit, np.int64), np.asarray(group, np.int64)
    none = np.empty(0)
    if len(units) == 0:
        empty = np.empty(0, np.int64)
        return Rates(empty, empty, empty, none, none, none, none)
    chance = np.ones(len(units))
    if like is not None:
        alike, kind = _by_unit(units, np.asarray(like, np.int64))
        chance = rate_elsewhere(_sums(kind, hit), _sums(kind, chance), *alike)[kind]
    (owner, peers), at = _by_unit(units, groups)
    n, k, prior = np.bincount(at), _sums(at, hit), _sums(at, chance)
    weight = _TRIALS if like is None else _HITS
    usual = rate_elsewhere(k, prior, owner, peers, weight) * prior / n
    code, place = np.unique(owner, return_inverse=True)
    trials, hits = (np.bincount(place, weights=v).astype(np.int64) for v in (n, k))
    expected = np.bincount(place, weights=n * usual).astype(np.float64)
    mean = np.clip(expected / trials, 1e-6, 1 - 1e-6)
    at_least, above = dispersed_tails(hits, trials, mean, intra_class(hits, trials, mean))
    return Rates(
        code, trials, hits, expected, at_least, benjamini_hochberg(at_least),
        randomised(at_least, above, _SEED),
    )  # fmt: skip


def _sums(code: I64, values: npt.NDArray[Any]) -> F64:
    return np.bincount(code, weights=values).astype(np.float64)


def _by_unit(units: I64, groups: I64) -> tuple[tuple[I64, I64], I64]:
    """Unit and group of every pair of them, and the pair of each row."""
    wide = int(groups.max()) + 1
    cells, at = np.unique(units * wide + groups, return_inverse=True)
    return (cells // wide, cells % wide), at
