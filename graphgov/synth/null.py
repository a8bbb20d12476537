"""Chance provinces: the same trade, dealt out anew among like purchases.

In each shuffle what a test looks at is an accident, and everything else stays as it was.

`move_competitions`
    Who bid, at what prices, and who won goes as a whole to another purchase of the same kind,
    so that buyers, officials and dates have nothing to do with who wins.
`deal_bidders`
    The names on the bids are dealt out anew among competitions of the same kind and size, and
    within each competition among its bidders, so that nobody meets anybody, wins or loses more
    often than chance has it.
`deal_all`
    Both, one after the other: for what compares bodies as well as companies.
`deal_prices`
    The prices of each purchase are dealt out anew among its bids, so that who won, and whose bid
    was put out, has nothing to do with what was asked.

A detector says under which of them its chances hold (`Detector.null`).

Purchases are of the same kind if they agree in category, method and, as far as there are
enough of them, in region, year and value band. Cells are text, empty where unknown.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphgov.detector import Detector
from graphgov.network.nullmodels import reshuffle
from graphgov.network.projection import bidding
from graphgov.stats.strata import IDS, make_strata, shuffle_within, value_band

Frames = Mapping[str, pd.DataFrame]
_LEAST = 20  # purchases of one kind
_ALL_SIZES = 1000
_ANOTHER = 1_000_003  # makes one seed of another
# Subjects that are companies alone: moving whole competitions would leave them as they are.
_COMPANIES = frozenset({"company", "company_pair", "group", "community"})
_WITH_WINNER = ("company_id", "amount", "currency", "bid_id", "lot_id")
_WITH_BIDS = ("estimated_value", "currency", "bidders", "criteria", "price_weight")


def read_text(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables of a folder of CSV files as text; the truth is left out."""
    return {
        path.stem: pd.read_csv(path, dtype=str, keep_default_na=False)
        for path in sorted(folder.glob("*.csv"))
        if path.stem != "truth"
    }


def move_competitions(tables: Frames, seed: int) -> dict[str, pd.DataFrame]:
    """Bidders, prices and winners of each purchase go to another one of its kind.

    Buyer, dates, title and decisions stay; so do tenders that led to several awards.

    Args:
        tables: At least `awards`.
        seed: Of the draw.
    """
    held = _purchases(tables, alone=True)
    place = shuffle_within(_kinds(held), seed)
    here, there = held["award_id"].to_numpy(), held["award_id"].to_numpy()[place]
    goes = dict(zip(here, there, strict=True))
    called = held["tender_id"].to_numpy()
    moves = {a: b for a, b in zip(called, called[place], strict=True) if a}
    made = dict(tables)
    made["awards"] = _moved_awards(tables["awards"], goes)
    if "tenders" in tables:
        made["tenders"] = _with_cells(tables["tenders"], "tender_id", _WITH_BIDS, moves)
    if "bids" in tables:
        made["bids"] = _moved_bids(tables["bids"], tables.get("tenders"), moves)
    if "contracts" in tables:
        money = ("amount", "currency")
        if tables["contracts"]["award_id"].is_unique:
            made["contracts"] = _with_cells(tables["contracts"], "award_id", money, goes)
    if "items" in tables:
        made["items"] = _moved_items(tables["items"], {"award": goes, "tender": moves})
    return made


def deal_bidders(tables: Frames, seed: int) -> dict[str, pd.DataFrame]:
    """Each bid, won or lost, gets the name of another bidder on a purchase of its kind.

    Prices, places and disqualifications stay where they are; nobody bids twice on a purchase,
    and every company keeps its number of bids per kind and number of bidders.

    Args:
        tables: At least `awards`.
        seed: Of the draw.
    """
    held = _purchases(tables, alone=False)
    lots, names = held["process"].to_numpy(), _names(tables)
    lot_of = pd.Series(np.arange(len(lots)), index=lots)
    firm_of = pd.Series(np.arange(len(names)), index=names)
    entries = [(tables["awards"], _process(tables["awards"]))]
    if "bids" in tables:
        entries.append((tables["bids"], tables["bids"]["tender_id"]))
    places = [
        (process.map(lot_of).to_numpy(float), frame["company_id"].map(firm_of).to_numpy(np.int64))
        for frame, process in entries
    ]
    known = [
        (lot[np.isfinite(lot)].astype(np.int64), firm[np.isfinite(lot)]) for lot, firm in places
    ]
    market = bidding(
        np.concatenate([lot for lot, _ in known]),
        np.concatenate([firm for _, firm in known]),
        lots=len(lots),
        companies=len(names),
        min_size=1,
        max_size=_ALL_SIZES,
    )
    dealt = reshuffle(market, seed, stratum=_kinds(held))
    # Within a lot the names came back in order; the order must not tell who takes whose place.
    draws = np.random.default_rng([seed, 1]).random(len(dealt.lot))
    fresh = dealt.company[np.lexsort((draws, dealt.lot))]
    slot = market.lot.astype(np.int64) * len(names) + market.company
    made = dict(tables)
    for name, (frame, _), (lot, firm) in zip(("awards", "bids"), entries, places, strict=False):
        key = np.where(np.isfinite(lot), lot, 0).astype(np.int64) * len(names) + firm
        at = np.minimum(np.searchsorted(slot, key), len(slot) - 1)
        found = np.isfinite(lot) & (slot[at] == key)
        made[name] = frame.assign(company_id=names[np.where(found, fresh[at], firm)])
    return made


def deal_all(tables: Frames, seed: int) -> dict[str, pd.DataFrame]:
    """Competitions move, and then their bids get other names.

    Args:
        tables: At least `awards`.
        seed: Of the draws.
    """
    # Of the same seed the second deal could undo the first.
    return deal_bidders(move_competitions(tables, seed), seed + _ANOTHER)


def deal_prices(tables: Frames, seed: int) -> dict[str, pd.DataFrame]:
    """The prices of each lot go to other bids on it; who bid, won or was put out stays.

    What an award cost follows its bid's price where it was that price.

    Args:
        tables: At least `awards`; without `bids` nothing changes.
        seed: Of the draw.
    """
    made = dict(tables)
    if "bids" not in tables or "amount" not in tables["bids"]:
        return made
    bids = tables["bids"]
    key = ["tender_id", "bid_id"]
    lot = ["tender_id", *(c for c in ("lot_id", "currency") if c in bids)]
    offers = bids[bids["amount"] != ""].drop_duplicates(key).sort_values(key)
    place = shuffle_within(offers.groupby(lot, sort=True).ngroup().to_numpy(), seed)
    names = pd.MultiIndex.from_frame(offers[key])
    amounts = offers["amount"].to_numpy()
    before, after = pd.Series(amounts, index=names), pd.Series(amounts[place], index=names)
    own = pd.MultiIndex.from_frame(bids[key])
    known = own.isin(names) & (bids["amount"] != "").to_numpy()
    made["bids"] = bids.assign(amount=np.where(known, after.reindex(own), bids["amount"]))
    awards = tables["awards"]
    if {"bid_id", "amount", "tender_id"} <= set(awards.columns):
        won = pd.MultiIndex.from_frame(awards[key])
        paid = (before.reindex(won) == awards["amount"].to_numpy()).to_numpy()
        cost = np.where(paid, after.reindex(won), awards["amount"])
        made["awards"] = awards.assign(amount=cost)
    return made


SHUFFLES: Mapping[str, Callable[[Frames, int], dict[str, pd.DataFrame]]] = {
    "competitions": move_competitions,
    "bidders": deal_bidders,
    "all": deal_all,
    "prices": deal_prices,
}


def null_of(detector: Detector | type[Detector]) -> str:
    """The shuffle, a key of `SHUFFLES`, under which what a detector looks at is an accident."""
    return detector.null or ("bidders" if detector.subject_kind in _COMPANIES else "competitions")


def _process(awards: pd.DataFrame) -> "pd.Series[str]":
    called = _column(awards, "tender_id")
    return called.where(called != "", awards["award_id"])


def _names(tables: Frames) -> npt.NDArray[np.object_]:
    seen = [tables[t]["company_id"] for t in ("awards", "bids") if t in tables]
    return np.unique(pd.concat(seen).to_numpy(dtype=object))


def _column(frame: pd.DataFrame, name: str) -> "pd.Series[str]":
    return frame[name] if name in frame else pd.Series("", index=frame.index)


def _purchases(tables: Frames, *, alone: bool) -> pd.DataFrame:
    """One row per purchase, in order of ids: a tender, or an award without one.

    Args:
        tables: At least `awards`.
        alone: Only awards that are their tender's only one.
    """
    awards = tables["awards"].drop_duplicates("award_id").sort_values("award_id")
    process = _process(awards)
    once = ~process.duplicated(keep=False if alone else "first")
    awards, process = awards[once], process[once]
    amount = pd.to_numeric(_column(awards, "amount"), errors="coerce").to_numpy(float)
    held = pd.DataFrame(
        {
            "award_id": awards["award_id"],
            "tender_id": _column(awards, "tender_id"),
            "process": process,
            "called": _column(awards, "tender_id") != "",
            "year": _column(awards, "awarded_on").str[:4],
            "band": value_band(amount),
        }
    )
    for name in ("category", "method", "region"):
        held[name] = _or_of_tender(awards, tables.get("tenders"), name)
    return held.sort_values("process", ignore_index=True)


def _or_of_tender(
    awards: pd.DataFrame, tenders: pd.DataFrame | None, name: str
) -> "pd.Series[str]":
    own = _column(awards, name)
    if tenders is None or name not in tenders:
        return own
    there = tenders.drop_duplicates("tender_id").set_index("tender_id")[name]
    return own.where(own != "", _column(awards, "tender_id").map(there).fillna(""))


def _kinds(held: pd.DataFrame) -> IDS:
    names = ("called", "category", "method", "region", "year", "band")
    columns = {name: held[name].to_numpy() for name in names}
    return make_strata(columns, min_count=_LEAST, keep=3).ids


def _moved_awards(awards: pd.DataFrame, goes: Mapping[str, str]) -> pd.DataFrame:
    """Rows of each award with the columns of the award whose place they take."""
    first = awards.drop_duplicates("award_id").set_index("award_id", drop=False)
    target = awards["award_id"].map(goes).fillna(awards["award_id"])
    moved = first.loc[target.to_list()].set_index(awards.index)
    for name in _WITH_WINNER:
        if name in awards:
            moved[name] = awards[name]
    return moved


def _with_cells(
    frame: pd.DataFrame, key: str, columns: Sequence[str], moves: Mapping[str, str]
) -> pd.DataFrame:
    """Some cells of each row from the row that moves to its place."""
    comes = {there: here for here, there in moves.items()}
    known = set(frame[key])
    by_key = frame.drop_duplicates(key).set_index(key)
    source = [comes[k] if comes.get(k) in known else k for k in frame[key]]
    taken = [c for c in columns if c in frame]
    return frame.assign(**{c: by_key[c].loc[source].to_numpy() for c in taken})


def _moved_bids(
    bids: pd.DataFrame, tenders: pd.DataFrame | None, moves: Mapping[str, str]
) -> pd.DataFrame:
    """Bids on another tender, handed in as long before its deadline as before the old one's."""
    target = bids["tender_id"].map(moves).fillna(bids["tender_id"])
    moved = bids.assign(tender_id=target)
    if tenders is None or "submitted_at" not in bids or "bids_due_at" not in tenders:
        return moved
    unique = tenders.drop_duplicates("tender_id")
    due = pd.Series(_times(unique["bids_due_at"]).to_numpy(), index=unique["tender_id"])
    later = target.map(due).to_numpy() - bids["tender_id"].map(due).to_numpy()
    shifted = _times(bids["submitted_at"]) + later
    text = shifted.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return moved.assign(submitted_at=text.where(shifted.notna(), bids["submitted_at"]))


def _times(cells: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    return pd.to_datetime(cells, utc=True, errors="coerce", format="ISO8601").dt.tz_localize(None)


def _moved_items(items: pd.DataFrame, goes: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    owners = [
        goes.get(kind, {}).get(key, key)
        for kind, key in zip(items["owner_kind"], items["owner_id"], strict=True)
    ]
    return items.assign(owner_id=owners)
