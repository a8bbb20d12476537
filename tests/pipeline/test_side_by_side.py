"""Detectors are looked at two at a time, of different families as long as there are any."""

from threading import Barrier, Lock
from types import SimpleNamespace
from typing import Any

import pytest

from graphgov.detector import Findings, side_by_side


def _made(*codes: str) -> list[Any]:
    return [SimpleNamespace(code=code, family=code[0]) for code in codes]


def test_findings_come_in_the_order_of_the_detectors():
    detectors = _made("C01", "C02", "E01", "E03", "F01", "H01", "A18")

    found = side_by_side(lambda one: Findings(reason=one.code), detectors)

    assert [f.reason for f in found] == [one.code for one in detectors]


def test_two_of_a_family_run_together_only_when_nothing_else_waits():
    detectors = _made("C01", "C02", "C03", "E01", "E03", "E05")
    both, lock, seen = Barrier(2, timeout=30), Lock(), []

    def look(one):
        both.wait()  # two have begun
        with lock:
            seen.append(one.code)
        both.wait()  # neither begins another before both are noted
        return Findings()

    side_by_side(look, detectors)

    together = [{code[0] for code in seen[i : i + 2]} for i in range(0, len(seen), 2)]
    assert together == [{"C", "E"}] * 3


def test_the_last_family_is_shared_by_both():
    both = Barrier(2, timeout=30)

    def look(one):
        both.wait()
        return Findings()

    assert len(side_by_side(look, _made("E01", "E03", "E05", "E06"))) == 4


@pytest.mark.parametrize("bad", [{"E03", "C02"}, {"C01", "E03"}, {"E03"}])
def test_the_first_failure_in_their_order_is_raised(bad):
    detectors = _made("C01", "C02", "E01", "E03", "F01")

    def look(one):
        if one.code in bad:
            raise ValueError(one.code)
        return Findings()

    for _ in range(20):
        with pytest.raises(ValueError, match=min(bad)):
            side_by_side(look, detectors)


def test_nothing_to_look_with_finds_nothing():
    assert side_by_side(lambda one: Findings(), []) == []
