"""Detectors are looked at two at a time, of different families as long as there are any."""

import gc
import signal
import time
from threading import Barrier, Event, Lock, main_thread
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


def test_of_two_failures_the_first_in_their_order_is_raised():
    later_failed = Event()

    def look(one):
        if one.code == "C01":
            assert later_failed.wait(30)
            raise ValueError("C01")
        if one.code == "E01":
            later_failed.set()
            raise ValueError("E01")
        return Findings()

    with pytest.raises(ValueError, match="C01"):
        side_by_side(look, _made("C01", "E01"))


def test_those_before_a_failure_are_still_looked_at_and_none_after_it():
    failed, begun, lock = Event(), [], Lock()

    def look(one):
        with lock:
            begun.append(one.code)
        if one.code == "E01":
            failed.set()
            raise ValueError("E01")
        assert failed.wait(30)
        if one.code == "C02":
            raise ValueError("C02")
        return Findings()

    with pytest.raises(ValueError, match="C02"):
        side_by_side(look, _made("C01", "C02", "E01", "E03", "F01"))
    assert sorted(begun) == ["C01", "C02", "E01"]


def test_after_an_interrupt_nothing_new_begins():
    both, begun, lock, usual = Barrier(2, timeout=30), [], Lock(), gc.get_threshold()

    def look(one):
        with lock:
            begun.append(one.code)
        both.wait()
        if one.code == "C01":
            signal.pthread_kill(main_thread().ident, signal.SIGINT)
        time.sleep(0.5)  # longer than the main thread takes to notice
        return Findings()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    try:
        with pytest.raises(KeyboardInterrupt):
            side_by_side(look, _made("C01", "C02", "E01", "E03", "F01", "H01"))
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(begun) == ["C01", "E01"]
    assert gc.get_threshold() == usual


def test_nothing_to_look_with_finds_nothing():
    assert side_by_side(lambda one: Findings(), []) == []
