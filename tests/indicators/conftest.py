"""A small made-up market that every detector is run on, with and without things to find."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.ingest import read_frames
from graphgov.snapshot import Snapshot, take

Row = dict[str, Any]
Frames = dict[str, list[Row]]

REGIONS = ("North", "South", "West")
DIVISIONS = ("4521", "7110", "0311", "3010")
FIRST = date(2021, 1, 4)
LINE = 100_000


def _world() -> Frames:
    """Twelve bodies with two officials each, forty-eight firms with an owner each."""
    frames: Frames = {t: [] for t in ("bodies", "companies", "people", "offices", "officers")}
    frames["ownership"] = []
    for i in range(12):
        key = f"B{i:02d}"
        kind = "county" if i % 2 else "agency"
        frames["bodies"].append(
            {
                "body_id": key,
                "name": f"Office {i}",
                "kind": kind,
                "region": REGIONS[i % 3],
                "jurisdiction": "PR",
            }
        )
        for j, role in enumerate(("head", "procurement")):
            person = f"O{i:02d}{j}"
            frames["people"].append({"person_id": person, "name": f"Official {i}-{j}"})
            frames["offices"].append(
                {"person_id": person, "body_id": key, "role": role, "started_on": "2018-01-01"}
            )
    for i in range(48):
        key, owner = f"C{i:02d}", f"P{i:02d}"
        frames["companies"].append(
            {
                "company_id": key,
                "name": f"Firm {i}",
                "region": REGIONS[i % 3],
                "founded_on": "2010-05-05",
            }
        )
        frames["people"].append({"person_id": owner, "name": f"Owner {i}"})
        frames["ownership"].append(
            {
                "owner_id": owner,
                "owner_kind": "person",
                "company_id": key,
                "share": 0.8,
                "started_on": "2010-05-05",
            }
        )
        frames["officers"].append(
            {
                "person_id": owner,
                "company_id": key,
                "role": "legal_representative",
                "started_on": "2010-05-05",
            }
        )
    return frames


def _buy(frames: Frames, n: int, day: date, body: int, firms: list[int], **more: Any) -> None:
    """One process: the first firm of the list wins."""
    tender, method = f"T{n:05d}", more["method"]
    amount = more["amount"]
    frames["tenders"].append(
        {
            "tender_id": tender,
            "buyer_id": f"B{body:02d}",
            "title": more["title"],
            "method": method,
            "category": more["category"],
            "region": REGIONS[body % 3],
            "estimated_value": round(amount * 1.1, 2),
            "currency": "CNY",
            "status": "complete",
            "published_at": f"{day - timedelta(days=40)}T09:00:00Z",
            "bids_due_at": f"{day - timedelta(days=15)}T09:00:00Z",
            "bidders": len(firms),
        }
    )
    frames["awards"].append(
        {
            "award_id": f"A{n:05d}",
            "buyer_id": f"B{body:02d}",
            "company_id": f"C{firms[0]:02d}",
            "awarded_on": str(day),
            "amount": round(amount, 2),
            "currency": "CNY",
            "tender_id": tender,
            "status": "active",
        }
    )
    frames["decisions"].append(
        {
            "person_id": f"O{body:02d}{n % 2}",
            "award_id": f"A{n:05d}",
            "role": "approver",
            "decided_on": str(day),
            "recused": False,
        }
    )
    for j, firm in enumerate(firms):
        frames["bids"].append(
            {
                "bid_id": f"D{n:05d}{j}",
                "tender_id": tender,
                "company_id": f"C{firm:02d}",
                "amount": round(amount * (1 + 0.03 * j), 2),
                "currency": "CNY",
                "status": "valid",
            }
        )


def build_market(*, schemes: bool, seed: int = 5, processes: int = 1200) -> Frames:
    """Honest trade, and on top of it a household, a splitter, a ring and a favourite."""
    rng = np.random.default_rng(seed)
    frames = _world()
    frames |= {"tenders": [], "awards": [], "bids": [], "decisions": []}
    frames["ties"] = [
        {
            "person_a": f"O{i:02d}0",
            "person_b": f"P{(i * 5 + 1) % 48:02d}",
            "kind": "classmate",
            "certainty": "declared",
            "started_on": "2000-09-01",
        }
        for i in range(12)
    ]
    frames["thresholds"] = [
        {"jurisdiction": "PR", "method": "open", "amount": LINE, "currency": "CNY"}
    ]
    n = 0
    for _ in range(processes):
        body, line = int(rng.integers(12)), int(rng.integers(4))
        day = FIRST + timedelta(days=int(rng.integers(1000)))
        local = [c for c in range(48) if c % 4 == line and (c // 4) % 3 == body % 3]
        away = [c for c in range(48) if c % 4 == line and (c // 4) % 3 != body % 3]
        size = 1 + int(rng.binomial(4, 0.5))
        firms = [int(c) for c in rng.permutation(local + away[:3])[:size]]
        small = bool(rng.random() < 0.45)
        amount = float(rng.uniform(8_000, 99_000) if small else rng.lognormal(12.8, 0.6))
        _buy(
            frames,
            n,
            day,
            body,
            firms[:1] if small else firms,
            amount=amount,
            method="direct" if small else "open",
            category=DIVISIONS[line],
            title=f"{('Road works', 'Design', 'Vegetables', 'Computers')[line]} {n}",
        )
        n += 1
    if schemes:
        _plant(frames, rng, n)
    return frames


def _plant(frames: Frames, rng: np.random.Generator, n: int) -> None:
    frames["ties"].append(
        {
            "person_a": "O030",
            "person_b": "P44",
            "kind": "spouse",
            "certainty": "documented",
            "started_on": "2005-05-01",
        }
    )
    for k in range(14):  # the spouse's firm is alone at the office of its owner's husband
        _buy(
            frames,
            n,
            FIRST + timedelta(days=60 * k),
            3,
            [44],
            amount=300_000.0 + k,
            method="open",
            category="4521",
            title=f"Bridge {k}",
        )
        n += 1
    for k in range(12):  # four purchases a season, each a little under the line
        day = FIRST + timedelta(days=300 * (k // 4) + 3 * (k % 4))
        _buy(
            frames,
            n,
            day,
            5,
            [17],
            amount=96_000.0 + 100 * k,
            method="direct",
            category="7110",
            title=f"Survey {k}",
        )
        n += 1
    ring = [3, 15, 27, 39]
    for k in range(40):  # the four bid together and take turns
        firms = [ring[(k + j) % 4] for j in range(4)]
        outsider = [int(rng.choice([7, 11, 19, 23]))] if k % 5 == 0 else []
        _buy(
            frames,
            n,
            FIRST + timedelta(days=24 * k),
            9,
            firms + outsider,
            amount=500_000.0 + 1000 * k,
            method="open",
            category="3010",
            title=f"Servers {k}",
        )
        n += 1


@pytest.fixture(scope="session")
def snapshot() -> Callable[..., Snapshot]:
    """Like the fixture of every room, but one that fixtures of a module may use."""

    def make(*, as_of: str | None = None, **tables: Any) -> Snapshot:
        data = read_frames({name: rows for name, rows in tables.items() if rows})
        rejects = data.con.execute("SELECT * FROM rejects").fetchall()
        assert not rejects, rejects
        return take(data, as_of=date.fromisoformat(as_of) if as_of else None)

    return make


@pytest.fixture(scope="session")
def market() -> Callable[..., Frames]:
    """`market(schemes=…, seed=…, processes=…)` → rows by table."""
    return build_market


def build_lot(frames: Frames, key: str, prices: dict[str, float], **more: Any) -> None:
    """One tender with its bids; the first bidder wins unless `winner` names another.

    `out` are those disqualified, `lot` puts the rows into a lot of the tender.
    """
    lot, out = more.get("lot"), more.get("out", ())
    winner = more.get("winner", next(iter(prices)))
    buyer, status = more.get("buyer", "B1"), more.get("award", "active")
    if not any(row["tender_id"] == key for row in frames.setdefault("tenders", [])):
        frames["tenders"].append(
            {
                "tender_id": key,
                "buyer_id": buyer,
                "title": f"Works {key}",
                "method": "open",
                "category": more.get("category", "4521"),
                "region": "North",
                "criteria": more.get("criteria"),
            }
        )
    if winner:
        frames.setdefault("awards", []).append(
            {
                "award_id": f"A-{key}-{lot or ''}",
                "tender_id": key,
                "lot_id": lot,
                "buyer_id": buyer,
                "company_id": winner,
                "awarded_on": more.get("on", "2023-05-01"),
                "amount": prices[winner],
                "currency": "CNY",
                "status": status,
            }
        )
    for firm, price in prices.items():
        frames.setdefault("bids", []).append(
            {
                "bid_id": f"D-{key}-{lot or ''}-{firm}",
                "tender_id": key,
                "lot_id": lot,
                "company_id": firm,
                "amount": price,
                "currency": more.get("currency", {}).get(firm, "CNY"),
                "status": "disqualified" if firm in out else "valid",
            }
        )


@pytest.fixture(scope="session")
def lot() -> Callable[..., None]:
    """`lot(frames, key, {firm: price, …}, winner=…, out=…, lot=…)`: adds one to the frames."""
    return build_lot


Pattern = Callable[[np.random.Generator], list[float]]


def build_priced(
    pattern: Pattern,
    *,
    together: int = 14,
    apart: int = 12,
    alone: int = 0,
    peers: int = 400,
    usual: Pattern | None = None,
    bidders: int = 4,
    seed: int = 6,
) -> Frames:
    """Honest lots, and lots where the firms `acme` and `zed` meet, whose prices are a pattern's.

    `apart` honest lots of each of the two, `alone` lots of the pattern with acme but not zed;
    `usual` makes the prices of the other lots.
    """
    rng = np.random.default_rng(seed)
    frames: Frames = {}

    def honest(rng: np.random.Generator) -> list[float]:
        return [float(p) for p in 1000 * np.exp(rng.normal(0, 0.08, bidders))]

    def add(key: str, first: list[str], prices: list[float]) -> None:
        rest = [f"f{i:02d}" for i in rng.permutation(30)[: bidders - len(first)]]
        firms = [first[i] for i in rng.permutation(len(first))] + rest
        asked = {f: round(p, 2) for f, p in zip(firms, sorted(prices), strict=True)}
        build_lot(frames, key, asked, buyer=f"Q{len(frames.get('tenders', [])) % 7}")

    for i in range(peers):
        add(f"P{i:03d}", [], (usual or honest)(rng))
    for i in range(apart):
        add(f"Y{i:02d}", ["acme"], (usual or honest)(rng))
        add(f"Z{i:02d}", ["zed"], (usual or honest)(rng))
    for i in range(alone):
        add(f"S{i:02d}", ["acme"], pattern(rng))
    for i in range(together):
        add(f"T{i:02d}", ["acme", "zed"], pattern(rng))
    return frames


@pytest.fixture(scope="session")
def priced() -> Callable[..., Frames]:
    """`priced(pattern, together=…, apart=…, alone=…, usual=…)` → rows by table."""
    return build_priced


def build_signed(frames: Frames, key: str, **more: Any) -> None:
    """One award with a contract, and what became of it.

    `amend` holds (day, change of amount, new end), `paid` (day, amount), `due` (day due, day met).
    """
    on, amount = more.get("on", "2022-03-01"), more.get("amount", 1000)
    frames.setdefault("awards", []).append(
        {
            "award_id": f"A{key}",
            "buyer_id": more.get("buyer", "B1"),
            "company_id": more.get("company", "acme"),
            "awarded_on": on,
            "amount": more.get("awarded", amount),
            "currency": more.get("award_currency", "CNY"),
            "category": more.get("category", "4521"),
            "method": "open",
            "title": f"Works {key}",
            "status": more.get("award_status"),
            "tender_id": more.get("tender"),
        }
    )
    frames.setdefault("contracts", []).append(
        {
            "contract_id": f"K{key}",
            "award_id": f"A{key}",
            "signed_on": on,
            "starts_on": on,
            "ends_on": more.get("ends", "2022-12-31"),
            "completed_on": more.get("completed"),
            "amount": amount,
            "currency": more.get("currency", "CNY"),
            "status": more.get("status", "active"),
        }
    )
    for i, (day, change, end) in enumerate(more.get("amend", ())):
        row = {"amendment_id": f"M{key}-{i}", "contract_id": f"K{key}", "amended_on": day}
        frames.setdefault("amendments", []).append(
            row | {"amount_change": change, "new_ends_on": end}
        )
    for i, (day, part) in enumerate(more.get("paid", ())):
        row = {"payment_id": f"Y{key}-{i}", "contract_id": f"K{key}", "paid_on": day}
        frames.setdefault("payments", []).append(
            row | {"amount": part, "currency": more.get("paid_in", "CNY")}
        )
    for i, (due, met) in enumerate(more.get("due", ())):
        row = {"milestone_id": f"S{key}-{i}", "contract_id": f"K{key}", "due_on": due}
        frames.setdefault("milestones", []).append(
            row | {"met_on": met, "kind": more.get("kind", "delivery")}
        )


@pytest.fixture(scope="session")
def signed() -> Callable[..., None]:
    """`signed(frames, key, amount=…, amend=…, paid=…, due=…)`: adds a contract to the frames."""
    return build_signed
