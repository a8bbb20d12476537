from itertools import permutations

import numpy as np
import pytest

from graphgov.network.favour_rounds import rounds_of


@pytest.mark.parametrize("seed", range(6))
def test_rounds_of_each_favour_are_those_one_can_count(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = 9
    links = {(a, b) for a, b in rng.integers(0, people, (4 + 8 * seed, 2)).tolist() if a != b}
    key = np.array(sorted(a * people + b for a, b in links), np.int64)
    counted = [
        sum({(a, b), (b, c), (c, a)} <= links for c in range(people) if c not in (a, b))
        for a, b in sorted(links)
    ]
    assert rounds_of(key, people).tolist() == counted
    whole = sum({(a, b), (b, c), (c, a)} <= links for a, b, c in permutations(range(people), 3))
    assert sum(counted) == whole


def test_nobody_favours_anybody() -> None:
    assert rounds_of(np.zeros(0, np.int64), 1).tolist() == []
