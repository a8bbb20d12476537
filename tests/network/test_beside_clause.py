"""What a sentence says of the lines of business and of the years next to a span."""

import pytest

from graphgov.network.telling import beside_clause
from graphgov.stats.circumstances import Beside


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (None, ""),
        (Beside(0, 1, 1), ""),
        (
            Beside(1, None, None),
            "; it took part in one line of business there in that time",
        ),
        (
            Beside(3, 0, None),
            "; it took part in 3 lines of business there in that time, not once in the year before",
        ),
        (
            Beside(2, 2, 1000),
            "; it took part in 2 lines of business there in that time, twice in the year before, "
            "1,000 times in the year after",
        ),
    ],
)
def test_only_what_is_known_is_said(told: Beside | None, words: str) -> None:
    clause = beside_clause(told)
    assert clause["en"] == words
    assert bool(clause["zh"]) == bool(words)
