"""Tables of the market: tenders, bids, awards, contracts."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from graphgov.synth.cells import dates, money, opaque_ids, pick, times, write
from graphgov.synth.demand import DIRECT, Tenders
from graphgov.synth.market import Bids
from graphgov.synth.tables import Ids
from graphgov.synth.words import TRADES, join, take
from graphgov.synth.world import Floats, Ints, World

_METHODS = ["open", "selective", "limited", "direct"]
_SCHEME = "CPV"
_Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


def _category(rng: np.random.Generator, tenders: Tenders) -> tuple[pa.Array, pa.Array]:
    """Codes and titles; a narrow trade has a code of its own."""
    narrow = int(tenders.niche.max(initial=-1)) + 1
    codes = [t.code for t in TRADES]
    titles = [t.title for t in TRADES]
    where = tenders.trade.copy()
    for number in range(narrow):
        rows = tenders.niche == number
        division = TRADES[int(tenders.trade[rows][0])].code[:2] if rows.any() else "38"
        codes.append(f"{division}9{10_000 + number * 7 % 90_000:05d}")
        titles.append("Special equipment and spare parts")
        where[rows] = len(codes) - 1
    parts = ["supply", "annual purchase", "first batch", "additional need", "new site", "renewal"]
    chosen = rng.integers(len(parts), size=len(tenders))
    joint = tenders.title_of >= 0
    chosen[joint] = tenders.title_of[joint] % len(parts)
    return take(codes, where), join(take(titles, where), ", ", take(parts, chosen))


def write_market(
    folder: Path,
    rng: np.random.Generator,
    world: World,
    tenders: Tenders,
    bids: Bids,
    ids: Ids,
) -> dict[str, int]:
    """Tenders, bids, awards and contracts."""
    count = len(tenders)
    category, title = _category(rng, tenders)
    shared: dict[str, pa.Array | str] = {
        "buyer_id": pick(ids.bodies, tenders.body),
        "title": title,
        "method": take(_METHODS, tenders.method),
        "category": category,
        "region": take(world.places, world.body_region[tenders.body]),
        "currency": "CNY",
    }
    due = tenders.day - rng.integers(2, 14, count)
    published = due - np.where(tenders.method == DIRECT, 3, rng.integers(8, 30, count))
    silent = (tenders.method == DIRECT) & (rng.random(count) < 0.4)
    bidders = np.bincount(bids.tender, minlength=count)
    mixed = pa.array(bids.mixed)
    rows = {
        "tenders": write(
            folder,
            "tenders",
            rng,
            {
                "tender_id": ids.tenders,
                **shared,
                "category_scheme": _SCHEME,
                "estimated_value": money(tenders.estimate),
                "published_at": times(rng, published, 1, 9),
                "bids_due_at": times(rng, due, 1, 9),
                "status": "complete",
                "bidders": pa.array(bidders),
                "criteria": pa.compute.if_else(mixed, "mixed", "price"),
                "price_weight": pa.compute.if_else(mixed, "0.6", "1"),
            },
        )
    }
    partner = _consortia(rng, tenders, bids)
    bid_ids = opaque_ids(rng, "O", len(bids.tender))
    rows["bids"] = _bids(folder, rng, bids, bid_ids, partner, ~silent, due, ids)
    rows["awards"] = _awards(
        folder, rng, tenders, bids, pick(bid_ids, bids.won), partner, ~silent, shared, ids
    )
    rows["contracts"] = _contracts(folder, rng, tenders, bids.price[bids.won], ids)
    return rows


def _consortia(rng: np.random.Generator, tenders: Tenders, bids: Bids) -> Ints:
    """For each tender the position of a losing bid whose firm joins the winner, or -1."""
    first = np.searchsorted(bids.tender, np.arange(len(tenders)))
    number = np.bincount(bids.tender, minlength=len(tenders))
    other = np.where(bids.won == first, first + 1, first)
    joins = (number >= 4) & (rng.random(len(tenders)) < 0.015)
    return np.where(joins, other, -1)


def _bids(
    folder: Path,
    rng: np.random.Generator,
    bids: Bids,
    bid_ids: pa.Array,
    partner: Ints,
    recorded: _Flags,
    due: Ints,
    ids: Ids,
) -> int:
    leads = np.arange(len(bids.tender))
    joint = np.nonzero(partner >= 0)[0]
    leads[partner[joint]] = bids.won[joint]
    submitted = times(rng, due[bids.tender] - 1 - rng.integers(0, 2, len(leads)), 1, 9)
    out = (rng.random(len(leads)) < 0.02) & (leads == np.arange(len(leads)))
    out[bids.won] = False
    keep = np.nonzero(recorded[bids.tender])[0]
    leads = leads[keep]
    return write(
        folder,
        "bids",
        rng,
        {
            "bid_id": pick(bid_ids, leads),
            "tender_id": pick(ids.tenders, bids.tender[keep]),
            "company_id": pick(ids.firms, bids.firm[keep]),
            "amount": money(bids.price[leads]),
            "currency": "CNY",
            "submitted_at": pick(submitted, leads),
            "status": take(["valid", "disqualified"], out[keep].astype(np.int64)),
        },
    )


def _awards(
    folder: Path,
    rng: np.random.Generator,
    tenders: Tenders,
    bids: Bids,
    bid_ids: pa.Array,
    partner: Ints,
    recorded: _Flags,
    shared: dict[str, pa.Array | str],
    ids: Ids,
) -> int:
    count = len(tenders)
    amount = bids.price[bids.won].copy()
    slip = np.nonzero(rng.random(count) < 1 / 2500)[0]
    amount[slip] *= rng.choice([10.0, 100.0], size=len(slip))
    joint = np.nonzero(partner >= 0)[0]
    row = np.concatenate([np.arange(count), joint])
    firm = np.concatenate([bids.firm[bids.won], bids.firm[partner[joint]]])
    same = {k: c if isinstance(c, str) else pick(c, row) for k, c in shared.items()}
    status = take(["active", "cancelled"], (rng.random(count) < 0.004).astype(np.int64))
    return write(
        folder,
        "awards",
        rng,
        {
            "award_id": pick(ids.awards, row),
            **same,
            "company_id": pick(ids.firms, firm),
            "awarded_on": dates(tenders.day[row]),
            "amount": money(amount[row]),
            "tender_id": pick(ids.tenders, row),
            "bid_id": pa.compute.if_else(pa.array(recorded[row]), pick(bid_ids, row), None),
            "status": pick(status, row),
        },
    )


def _contracts(
    folder: Path, rng: np.random.Generator, tenders: Tenders, amount: Floats, ids: Ids
) -> int:
    count = len(tenders)
    signed = tenders.day + rng.integers(3, 30, count)
    starts = signed + rng.integers(1, 40, count)
    return write(
        folder,
        "contracts",
        rng,
        {
            "contract_id": opaque_ids(rng, "K", count),
            "award_id": ids.awards,
            "signed_on": dates(signed),
            "starts_on": dates(starts),
            "ends_on": dates(starts + rng.integers(20, 720, count)),
            "amount": money(amount),
            "currency": "CNY",
            "status": "active",
        },
    )
