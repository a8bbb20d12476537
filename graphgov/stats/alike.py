"""Titles that read alike: codes that people use for one and the same object."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import sqrt

_ALIKE = 0.8  # cosine from which two titles name one object
_MOST_TITLES = 40  # compared at once; the cost is quadratic


def alike(titles: Mapping[int, Sequence[str]]) -> dict[int, int]:
    """Code → the smallest code whose titles read alike."""
    same = {code: code for code in titles}
    bags = [(code, _bag(title)) for code in sorted(titles) for title in sorted(set(titles[code]))][
        :_MOST_TITLES
    ]
    for i, (code, bag) in enumerate(bags):
        for other, other_bag in bags[:i]:
            if same[code] != same[other] and _cosine(bag, other_bag) >= _ALIKE:
                low, high = sorted((same[code], same[other]))
                same = {c: low if s == high else s for c, s in same.items()}
    return same


def _bag(title: str) -> Counter[str]:
    """Pairs of letters, which serve words and Chinese alike; digits tell lots, not objects."""
    letters = "".join(c for c in title.casefold() if c.isalpha())
    return Counter(letters[i : i + 2] for i in range(len(letters) - 1))


def _cosine(a: Counter[str], b: Counter[str]) -> float:
    dot = sum(n * b[k] for k, n in a.items())
    size = sqrt(sum(n * n for n in a.values()) * sum(n * n for n in b.values()))
    return dot / size if size else 0.0
