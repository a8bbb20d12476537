from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, coverage, run
from graphgov.indicators.d02_validated_pair import ValidatedPair
from graphgov.network.nullmodels import settled
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


def honest(lot: Lot, seed: int = 0, lots: int = 600, firms: int = 40, tag: str = "f") -> Frames:
    """Firms of one trade that bid wherever they like."""
    rng = np.random.default_rng(seed)
    frames: Frames = {}
    for i in range(lots):
        names = [f"{tag}{k:02d}" for k in rng.permutation(firms)[: int(rng.integers(2, 5))]]
        prices = {name: 1000 + float(rng.integers(1, 400)) for name in names}
        lot(frames, f"H{seed}-{i:03d}", prices, buyer=f"B{i % 7}", on=day(i % 700))
    return frames


def day(i: int) -> str:
    return str(np.datetime64("2021-01-01") + i)


def pair_at(frames: Frames, lot: Lot, times: int, one: str = "aa", two: str = "bb") -> None:
    for k in range(times):
        prices = {one: 1000.5 + k, two: 1100.0 + 3 * k, f"f{k % 9:02d}": 1200.0 + k}
        lot(frames, f"P{one}{k:02d}", prices, buyer=f"B{k % 7}", on=day(30 * k))


def subjects(findings: Findings) -> list[str]:
    return [flag.subject_id for flag in findings.flags]


def test_two_that_are_always_together(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    pair_at(frames, lot, 12)
    findings = run(ValidatedPair(), snapshot(**frames))
    assert subjects(findings) == ['["aa","bb"]']
    (flag,) = findings.flags
    assert flag.facts["lots"] == 12
    assert flag.value is not None
    assert flag.value > 2
    assert flag.p_value is not None
    assert flag.p_value < 1e-6
    assert flag.q_value is not None
    assert flag.p_value <= flag.q_value <= 0.01
    assert "won 12 of them for CNY 12,072" in flag.reason
    assert sum(e.table == "bids" for e in flag.evidence) == 24
    assert sum(e.table == "awards" for e in flag.evidence) == 12


@pytest.mark.parametrize(("times", "flagged"), [(4, False), (5, True)], ids=["a few", "enough"])
def test_a_few_meetings_are_no_pattern(times: int, flagged: bool, snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    pair_at(frames, lot, times)
    found = subjects(run(ValidatedPair(max_q=1.0), snapshot(**frames)))
    assert ('["aa","bb"]' in found) is flagged


def test_two_alone_in_a_niche_explain_themselves(snapshot: Snap, lot: Lot) -> None:
    """Innocent: nobody else could have bid."""
    frames = honest(lot)
    for k in range(30):
        prices = {"aa": 1000 + k, "bb": 1100 + k}
        lot(frames, f"N{k:02d}", prices, category="9911", on=day(20 * k))
    assert subjects(run(ValidatedPair(), snapshot(**frames))) == []


def test_partners_of_a_joint_bid_do_not_meet(snapshot: Snap, lot: Lot) -> None:
    """Innocent: the two bid as one."""
    frames = honest(lot)
    for k in range(12):
        lot(frames, f"J{k:02d}", {"aa": 1000 + k, f"f{k:02d}": 1200}, on=day(30 * k))
        partner = next(b for b in frames["bids"] if b["bid_id"] == f"D-J{k:02d}--aa")
        frames["bids"].append(partner | {"company_id": "bb"})
    assert '["aa","bb"]' not in subjects(run(ValidatedPair(), snapshot(**frames)))


def test_honest_bidders_are_not_flagged_and_chance_is_chance(snapshot: Snap, lot: Lot) -> None:
    seen = []
    for seed in range(3):
        findings = run(ValidatedPair(), snapshot(**honest(lot, seed)))
        assert subjects(findings) == []
        assert findings.p_values is not None
        seen += findings.p_values.tolist()
    assert len(seen) > 1500
    assert 0.035 < np.mean(np.array(seen) < 0.05) < 0.065


def test_settings_are_kept(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    pair_at(frames, lot, 12)
    snap = snapshot(**frames)
    assert subjects(run(ValidatedPair(min_lots=12), snap))
    assert not subjects(run(ValidatedPair(min_lots=13), snap))
    assert not subjects(run(ValidatedPair(min_lift=100.0), snap))
    assert not subjects(run(ValidatedPair(max_q=0.0), snap))


def test_what_all_share_is_taken_off() -> None:
    rng = np.random.default_rng(1)
    plain = rng.normal(size=5000)
    assert np.allclose(settled(plain), plain)
    lifted = plain * 2 + 1
    assert abs(np.median(settled(lifted))) < 0.05
    assert abs(settled(lifted).std() - 1) < 0.05
    assert settled(np.array([9.0, 9.0])).tolist() == [9.0, 9.0]


def sign(frames: Frames, firm: str, official: str, **more: Any) -> None:
    """One direct award and who decided it; awards follow each other by a week."""
    n = len(frames.setdefault("awards", []))
    award = {
        "award_id": f"S{n:04d}",
        "buyer_id": "Q1",
        "company_id": firm,
        "awarded_on": str(np.datetime64("2020-01-06") + 7 * n),
        "amount": 1000,
        "currency": "CNY",
        "category": "5550",
        "method": "direct",
    } | more
    frames["awards"].append(award)
    decided = {"person_id": official, "award_id": award["award_id"], "role": "approver"}
    frames.setdefault("decisions", []).append(decided)


def office(seed: int = 0, *, aa: str = "O2", bb: str = "O2", times: int = 12) -> Frames:
    """Four clerks and sixteen firms; `aa` and `bb` name who decides for the pair, or nobody."""
    rng = np.random.default_rng(seed)
    firms = [f"f{k:02d}" for k in rng.integers(16, size=190 - 2 * times)]
    names = rng.permutation([*firms, *["aa", "bb"] * times])
    frames: Frames = {}
    for firm in names.tolist():
        usual = f"O{rng.choice(4, p=[0.4, 0.3, 0.2, 0.1])}"
        sign(frames, firm, {"aa": aa, "bb": bb}.get(firm) or usual)
    return frames


def test_two_whose_officials_are_always_the_same(snapshot: Snap) -> None:
    findings = run(ValidatedPair(), snapshot(**office()))
    assert subjects(findings) == ['["aa","bb"]']
    (flag,) = findings.flags
    assert flag.facts["projections"] == ["shared officials"]
    assert flag.facts["officials"] == ["O2"]
    assert flag.body_id == "Q1"
    assert min(flag.facts["decided"]) >= 8
    assert flag.facts["decided"] == flag.facts["awards"]
    assert flag.p_value is not None
    assert flag.q_value is not None
    assert flag.p_value <= flag.q_value <= 0.01
    assert "had the same officials decide for them at Q1" in flag.reason
    assert {m.id for m in flag.members if m.kind == "person"} == {"O2"}
    tables = [e.table for e in flag.evidence]
    assert tables.count("decisions") == tables.count("awards") >= sum(flag.facts["decided"])
    assert flag.amounts == (("CNY", 1000 * tables.count("awards")),)
    assert findings.missing == "bids.bid_id;awards.tender_id"
    assert "co-bidding is not computable, because there is no bids.bid_id" in findings.reason


@pytest.mark.parametrize(
    "made",
    [
        {"aa": "", "bb": ""},
        {"aa": "O2", "bb": ""},
        {"aa": "O1", "bb": "O2"},
        {"times": 3},
    ],
    ids=["neither", "only one", "each its own", "three awards each"],
)
def test_what_is_no_common_desk(made: dict[str, Any], snapshot: Snap) -> None:
    for seed in range(2):
        assert '["aa","bb"]' not in subjects(run(ValidatedPair(), snapshot(**office(seed, **made))))


def test_two_specialists_of_one_body_share_who_is_in_charge(snapshot: Snap) -> None:
    """Innocent: one official looks after their trade, and nobody else sells it there."""
    frames = office(aa="", bb="")
    for k in range(60):
        sign(frames, ("cc", "dd")[k % 2], "O3", category="9911")
    assert subjects(run(ValidatedPair(), snapshot(**frames))) == []


def test_an_official_in_charge_of_a_finer_trade_is_no_sign(snapshot: Snap) -> None:
    """Innocent: of the body's caterers two make school lunches, which one official handles."""
    frames = office(aa="", bb="")
    rng = np.random.default_rng(5)
    for k in range(120):
        lunch = k % 2 == 0
        firm = ("cc", "dd", "ee")[int(rng.integers(3))] if lunch else f"f{k % 7:02d}"
        sign(frames, firm, "O3" if lunch else f"O{rng.integers(3)}",
             category="55512" if lunch else "55523", buyer_id="Q2")  # fmt: skip
    assert subjects(run(ValidatedPair(), snapshot(**frames))) == []


def test_one_who_signs_everything_is_no_sign(snapshot: Snap) -> None:
    frames = office(aa="", bb="")
    for row in frames["decisions"]:
        row["person_id"] = "O0" if int(row["award_id"][1:]) % 10 else row["person_id"]
    assert subjects(run(ValidatedPair(), snapshot(**frames))) == []


def test_those_in_office_at_the_time_are_no_sign(snapshot: Snap) -> None:
    """Innocent: two firms that sold while one official was there, before the next one came."""
    frames: Frames = {}
    rng = np.random.default_rng(2)
    for n in range(200):
        early = n < 104  # two years of weeks
        firm = ("aa", "bb", "f1", "f2")[int(rng.integers(4))] if early else f"g{rng.integers(5)}"
        sign(frames, firm, "O0" if early else "O1")
    assert subjects(run(ValidatedPair(), snapshot(**frames))) == []


def test_honest_offices_are_not_flagged_and_chance_is_chance(snapshot: Snap) -> None:
    seen: list[float] = []
    for seed in range(12):
        findings = run(ValidatedPair(), snapshot(**office(seed, aa="", bb="")))
        assert subjects(findings) == []
        assert findings.p_values is not None
        seen += findings.p_values.tolist()
    assert len(seen) > 500
    assert 0.03 < np.mean(np.array(seen) < 0.05) < 0.07


def test_a_pair_of_both_projections_is_told_once(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    pair_at(frames, lot, 12)
    alone = run(ValidatedPair(), snapshot(**frames)).flags[0]
    for table, rows in office().items():
        frames.setdefault(table, []).extend(rows)
    # The lots on which they met are decided at the same desk as well.
    for k in range(12):
        decided = {"person_id": "O2", "tender_id": f"Paa{k:02d}", "role": "approver"}
        frames["decisions"].append(decided)
    findings = run(ValidatedPair(), snapshot(**frames))
    assert subjects(findings) == ['["aa","bb"]']
    (flag,) = findings.flags
    assert flag.facts["projections"] == ["co-bidding", "shared officials"]
    assert flag.flag_id == alone.flag_id
    assert flag.score >= alone.score
    assert "bid against each other on 12 lots" in flag.reason
    assert "; also, had the same officials" in flag.reason
    awards = {e.id for e in flag.evidence if e.table == "awards"}
    worth = {a["award_id"]: a["amount"] for a in frames["awards"]}
    assert flag.amounts == (("CNY", sum(worth[key] for key in awards)),)
    assert not findings.missing


def test_without_decisions_meetings_go_on(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    pair_at(frames, lot, 12)
    findings = run(ValidatedPair(), snapshot(**frames))
    assert subjects(findings) == ['["aa","bb"]']
    assert findings.missing == "decisions.person_id"
    said = coverage(ValidatedPair(), findings)
    assert said.computable > 0
    assert "shared officials are not computable" in said.reason


def test_settings_of_shared_officials_are_kept(snapshot: Snap) -> None:
    snap = snapshot(**office())
    assert not subjects(run(ValidatedPair(min_decided=30), snap))
    assert not subjects(run(ValidatedPair(min_excess=100.0), snap))
    assert not subjects(run(ValidatedPair(max_q=0.0), snap))


def test_names_of_officials_stay_on_one_line(snapshot: Snap) -> None:
    frames = office()
    frames["people"] = [
        {"person_id": f"O{k}", "name": "{told}\u202e=cmd|\nline" if k == 2 else f"Clerk {k}"}
        for k in range(4)
    ]
    (flag,) = run(ValidatedPair(), snapshot(**frames)).flags
    assert "{told} =cmd| line" in flag.reason
    assert "\n" not in flag.reason
    assert "由相同官员" in run(ValidatedPair(), snapshot(**frames), "zh").flags[0].reason
