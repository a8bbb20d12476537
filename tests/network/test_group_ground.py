import pytest

from graphgov.network.telling import group_ground


@pytest.mark.parametrize(
    ("together", "evenly", "turns", "word"),
    [
        pytest.param(1e-9, 0.2, 0.2, "together", id="come and stay away together"),
        pytest.param(0.3, 1e-3, 0.2, "evenly", id="share wins evenly"),
        pytest.param(0.3, 0.2, 1e-3, "8 times the winner", id="win in turns"),
        pytest.param(1e-3, 0.2, 1e-3, "8 times the winner", id="turns are named first when equal"),
    ],
)
def test_the_strongest_of_three_findings_is_told(together, evenly, turns, word):
    said = group_ground(together, evenly, turns, 8.2, 3.9)
    assert word in said["en"]
    assert set(said) == {"en", "zh"}
    assert not any(c.isascii() and c.isalpha() for c in said["zh"])
