from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r054_direct_then_changes import DirectThenChanges
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
LINE = {"method": "open", "amount": 100_000, "currency": "CNY", "starts_on": "2020-01-01"}
AWARD = {
    "award_id": "A1",
    "buyer_id": "B1",
    "company_id": "acme",
    "awarded_on": "2022-03-01",
    "amount": 80_000,
    "currency": "CNY",
    "method": "direct",
    "category": "4521",
    "title": "Roof",
}
CONTRACT = {"contract_id": "K1", "award_id": "A1", "signed_on": "2022-03-10"}


def change(key: str, amount: float | None, day: str = "2022-06-01") -> Row:
    return {
        "amendment_id": key,
        "contract_id": "K1",
        "amended_on": day,
        "amount_change": amount,
        "reason": "more",
    }


def find(
    snapshot: Snap,
    changes: list[Row],
    award: Row | None = None,
    contract: Row | None = None,
    line: Row | None = None,
    **settings: Any,
) -> Findings:
    snap = snapshot(
        awards=[AWARD | (award or {})],
        contracts=[CONTRACT | (contract or {})],
        amendments=changes,
        thresholds=[LINE | (line or {})],
    )
    return run(DirectThenChanges(**settings), snap)


def test_two_changes_carry_it_over_the_line(snapshot: Snap) -> None:
    findings = find(snapshot, [change("M1", 15_000), change("M2", 15_000, "2022-09-01")])
    (flag,) = findings.flags
    assert flag.subject_id == "K1"
    assert flag.class_ == "legal"
    assert flag.p_value is None
    assert flag.value == pytest.approx(1.1)
    assert flag.score == pytest.approx(1 - 1 / 2.2, abs=1e-6)
    assert flag.amounts == (("CNY", Decimal("110000.0000")),)
    assert flag.certainty == "documented"
    assert sorted(e.table for e in flag.evidence) == [
        "amendments", "amendments", "awards", "contracts", "thresholds",
    ]  # fmt: skip
    assert str(flag.last_on) == "2022-09-01"
    assert "CNY 110,000" in flag.reason
    assert (findings.subjects, findings.computable) == (1, 1)


CASES: dict[str, tuple[list[Row], Row, Row, Row, int]] = {
    "exactly the line": ([change("M1", 20_000)], {}, {}, {}, 1),
    "a cent below": ([change("M1", 19_999.99)], {}, {}, {}, 0),
    "no amount known": ([change("M1", None)], {}, {}, {}, 0),
    "less": ([change("M1", -20_000)], {}, {}, {}, 0),
    "less first, never over": (
        [change("M1", -30_000), change("M2", 40_000, "2022-07-01")], {}, {}, {}, 0),
    "over for a time": (
        [change("M1", 30_000), change("M2", -30_000, "2022-07-01")], {}, {}, {}, 1),
    "above from the start": ([change("M1", 20_000)], {"amount": 120_000}, {}, {}, 0),
    "tendered openly": ([change("M1", 30_000)], {"method": "open"}, {}, {}, 0),
    "by invitation": ([change("M1", 30_000)], {"method": "limited"}, {}, {}, 0),
    "method unknown": ([change("M1", 30_000)], {"method": None}, {}, {}, 0),
    "the contract's own amount": ([change("M1", 30_000)], {}, {"amount": 60_000}, {}, 0),
    "the contract in another currency": (
        [change("M1", 30_000)], {}, {"amount": 80_000, "currency": "USD"}, {}, 0),
    "the line began later": ([change("M1", 30_000)], {}, {}, {"starts_on": "2022-03-02"}, 0),
    "the line of another category": ([change("M1", 30_000)], {}, {}, {"category_prefix": "71"}, 0),
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "award", "contract", "line", "expected"), CASES.values(), ids=CASES
)
def test_what_crosses(
    changes: list[Row], award: Row, contract: Row, line: Row, expected: int, snapshot: Snap
) -> None:
    assert len(find(snapshot, changes, award, contract, line).flags) == expected


def test_a_line_without_dates_is_not_certain(snapshot: Snap) -> None:
    (flag,) = find(snapshot, [change("M1", 30_000)], line={"starts_on": None}).flags
    assert flag.certainty == "inferred"


def test_an_excess_may_be_asked_for(snapshot: Snap) -> None:
    """Innocent: an index clause carries the price a little over the line."""
    assert list(find(snapshot, [change("M1", 25_000)], min_excess=0.1).flags) == []
    assert len(find(snapshot, [change("M1", 31_000)], min_excess=0.1).flags) == 1


def test_a_later_change_is_not_known_yet(snapshot: Snap) -> None:
    snap = snapshot(
        as_of="2022-05-01", awards=[AWARD], contracts=[CONTRACT], thresholds=[LINE],
        amendments=[change("M1", 30_000)],
    )  # fmt: skip
    assert list(run(DirectThenChanges(), snap).flags) == []
