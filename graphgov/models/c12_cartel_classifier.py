"""Lots whose prices are like those of lots that were found to be collusive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.errors import ConfigError, suggest
from graphgov.models.collusion_labels import Labels, read_labels
from graphgov.models.price_features import GROUPS
from graphgov.models.price_model import Effort, PriceModel, train
from graphgov.network.priced_lots import CONTROL, PricedLots, priced_lots
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.from_snapshot import lots_of
from graphgov.stats.conformal import conformal_p
from graphgov.stats.exact import draws_for
from graphgov.stats.fdr import benjamini_hochberg

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
BOOL = npt.NDArray[np.bool_]

MARKETS = {
    "division": "p.division",
    "region": "p.region",
    "jurisdiction": "b.jurisdiction",
}
_SEED = 12
_MOST_EXPLAINED = 2000


@dataclass(frozen=True)
class CartelClassifier(Detector):
    """A lot's prices are like those of lots of its market that were found to be collusive.

    Method: Learns from **labels**, a CSV file of tenders that are known to be collusive or not
        (`tender_id`, `collusive`, where needed `lot_id`). Features are the screens C01 to C09,
        of all bids and of three or four of them, distances, digits, level and number of prices,
        and how lots were labelled in which the same price was asked; boosted and random trees
        and a logistic regression are cross-fitted, weighed and calibrated market by market on
        lots they never saw (**folds**, **rounds**, **trees**, **seed**). Markets (**market**:
        `division`, `region`, `jurisdiction` or several joined by `+`) need **min_labels**
        labelled lots, **min_each** of either kind; all others stay silent. The p-value is the
        rank of the probability among labelled clean lots.
    Example: The agency found sixty rigged road works; eleven others look just like them.
    Why: What a cartel does to prices shows again where it was not yet looked for. Labels hold
        those who were caught; a market that changes looks different for honest reasons.
    Score: The calibrated probability.
    Skips: Labelled lots themselves; probabilities below **min_probability**; fewer than two
        bidders; bids in several currencies or ten times apart; everything without **labels**.
    Source: Huber and Imhof 2019; Rodriguez and others 2022; Wallimann and others 2022. How well
        it does on real labels: `benchmarks/results/collusion.md`.
    """

    code: ClassVar = "C12"
    title: ClassVar = {"en": "Prices like those of known rings", "zh": "报价与已知串标项目相似"}
    class_: ClassVar = "anomaly"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "probability"
    needs: ClassVar = ("bids.amount",)
    wants: ClassVar = (
        *CONTROL,
        "bids.bid_id", "bids.lot_id", "bids.currency", "bids.status",
        "tenders.method", "tenders.status", "tenders.title", "tenders.category", "tenders.region",
        "tenders.criteria", "tenders.published_at", "tenders.submission_starts_at",
        "tenders.bids_due_at", "tenders.procuring_entity_id",
        "lots.*", "lots.status", "lots.title", "awards.tender_id", "awards.lot_id",
        "awards.currency", "awards.status", "awards.method", "awards.category", "awards.region",
        "bodies.name", "bodies.region", "bodies.jurisdiction", "companies.name", "rates.*",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{bidders:n} bids for {title} of {body}, {lowest:money} to {highest:money}, look like "
            "those of lots of this market that were found to be collusive (probability "
            "{probability:pct}, learnt from {labelled:n} labelled lots of which {known:n} were), "
            "above all in: {why_en:names}; {companies:names} won for {amounts:money}.",
            "Labels hold only those who were caught, and a market whose costs, bidders or rules "
            "change looks different for honest reasons.",
        ),
        "zh": (
            "{body}的“{title}”有{bidders:n}份报价（{lowest:money}至{highest:money}），与本市场已认定"
            "串标的标段相似（概率{probability:pct}，依据{labelled:n}个已标注标段，其中{known:n}个被"
            "认定），主要在于：{why_zh:names}；由{companies:names}中标，金额{amounts:money}。",
            "标注只包含已被查处者；市场的成本、投标人或规则变化，也会因正当原因使报价不同。",
        ),
    }

    labels: str = ""
    market: str = "jurisdiction+division"
    min_labels: int = bounded(60, low=20, high=1_000_000)
    min_each: int = bounded(15, low=5, high=1_000_000)
    min_probability: float = bounded(0.8, low=0.5, high=1.0)
    folds: int = bounded(6, low=2, high=20)
    rounds: int = bounded(120, low=5, high=2000)
    trees: int = bounded(100, low=5, high=5000)
    seed: int = bounded(0, low=0, high=1_000_000)

    def __post_init__(self) -> None:
        """Read the labels at once, so that a wrong file is told before the work begins.

        Raises:
            ConfigError: The file or the words of `market` are wrong.
        """
        if not isinstance(self.labels, str) or not isinstance(self.market, str):
            raise ConfigError("[models.C12] labels and market must be text.")
        for word in self.market.split("+"):
            if word not in MARKETS:
                raise ConfigError(f"[models.C12] market {word!r}: {suggest(word, MARKETS)}")
        known = read_labels(Path(self.labels), "[models.C12] labels") if self.labels else None
        # The run must depend on what the file says, and not on where it stands.
        object.__setattr__(self, "_known", known)
        if known:
            told = f"{Path(self.labels).name} (sha256 {known.sha256})"
            object.__setattr__(self, "labels", told)

    def find(self, snap: Snapshot) -> Findings:
        """Lots without a label in markets that have labels."""
        lots = priced_lots(snap)
        subjects = len(lots.why)
        known: Labels | None = self.__dict__["_known"]
        if known is None:
            why = "not computable, because [models.C12] labels names no file of labelled tenders"
            return Findings(subjects=subjects, missing="labels", reason=why)
        view = _View.of(snap, lots, known, self.market.split("+"))
        taught = view.taught(self.min_labels, self.min_each)
        if not taught.any():
            why = "not computable, because no market has enough labelled tenders of either kind"
            return Findings(subjects=subjects, missing="labels", reason=why)
        asked = np.isin(view.market, view.market[taught]) & (view.label < 0)
        model = train(
            lots.bids.take(taught), view.market[taught], view.label[taught] == 1,
            Effort(self.folds, self.rounds, self.trees, self.seed),
        )  # fmt: skip
        probability = model.probability(lots.bids.take(asked), view.market[asked])
        p, drawn = _ranks(probability, view.market[asked], model, view, taught)
        q = benjamini_hochberg(p)
        rows = np.flatnonzero(probability >= self.min_probability)
        rows = rows[np.lexsort((rows, -probability[rows]))][:_MOST_EXPLAINED]
        rows = np.sort(rows)
        places = np.flatnonzero(asked)[rows]
        why_told = _reasons(model, view, lots, places, probability[rows])
        facts = _rows(snap, lots, places)
        flags = [
            self._flag(snap, view, lots, int(place), fact, told, chances)
            for place, fact, told, chances in zip(
                places, facts, why_told, zip(probability[rows], p[rows], q[rows], strict=True),
                strict=True,
            )
        ]  # fmt: skip
        computable = int(asked.sum() + taught.sum())
        silent = "the rest has no comparable prices or lies in a market with too few labels"
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=computable,
            missing="labels" if computable < subjects else "",
            reason=f"not computable, because {silent}" if computable < subjects else "",
            p_values=drawn,
        )

    def _flag(
        self,
        snap: Snapshot,
        view: "_View",
        lots: PricedLots,
        place: int,
        row: Mapping[str, Any],
        why: Sequence[str],
        chances: tuple[float, float, float],
    ) -> Flag:
        probability, p_value, q_value = (float(v) for v in chances)
        prices = lots.bids.of(place)
        bids = sorted(row["bids"] or [], key=lambda b: (b["amount"] or Decimal(0), b["id"]))
        currency = next((b["currency"] for b in bids if b["currency"]), "")
        awards, amounts = row["awards"] or [], dict[str, Decimal]()
        for award in {a["id"]: a for a in awards}.values():
            key = award["currency"] or ""
            amounts[key] = amounts.get(key, Decimal(0)) + award["amount"]
        winners = sorted({a["company_id"] for a in awards})
        days: list[date] = [a["on"] for a in awards]
        labelled, known = view.counts(int(view.market[place]))
        losers = sorted({b["company_id"] for b in bids} - set(winners))
        subject = (row["tender_id"], row["lot"]) if row["lot"] else row["tender_id"]
        return self.flag(
            subject,
            subject_kind="lot" if row["lot"] else "tender",
            score=probability,
            value=round(probability, 6),
            threshold=self.min_probability,
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=min(days, default=None),
            last_on=max(days, default=None),
            body_id=row["buyer_id"],
            company_id=winners[0] if len(winners) == 1 else "",
            facts={
                "title": row["title"] or row["tender_id"],
                "body": snap.name("body", row["buyer_id"]),
                "companies": [snap.name("company", c) for c in winners] or ["?"],
                "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
                "bidders": len(prices),
                "lowest": [[currency, f"{prices[0]:.2f}"]],
                "highest": [[currency, f"{prices[-1]:.2f}"]],
                "probability": round(probability, 6),
                "labelled": labelled,
                "known": known,
                "why_en": [GROUPS[name].en for name in why] or ["the whole picture"],
                "why_zh": [GROUPS[name].zh for name in why] or ["整体"],
            },
            evidence=[
                Evidence("tenders", row["row_key"], row["tender_id"]),
                *(Evidence("bids", b["row_key"], b["id"]) for b in bids),
                *(Evidence("awards", a["row_key"], a["id"]) for a in awards),
            ],
            members=[
                Member("tender", row["tender_id"], "process"),
                Member("body", row["buyer_id"], "buyer"),
                *(Member("company", c, "winner") for c in winners),
                *(Member("company", c, "bidder") for c in losers),
                *(Member("award", a["id"], "award") for a in awards),
            ],
        )


@dataclass(frozen=True, eq=False)
class _View:
    """Market and label of each lot with prices; -1 for neither."""

    market: I64
    label: I64

    @staticmethod
    def of(snap: Snapshot, lots: PricedLots, known: Labels, words: Sequence[str]) -> "_View":
        keys = ", ".join(f"coalesce({MARKETS[word]}, '')" for word in words)
        rows = snap.sql(
            _MARKETS.format(keys=keys), asked=lots.seen.lots.take(pa.array(lots.bids.lot))
        )
        tenders, named = rows["tender_id"].to_pylist(), rows["lot"].to_pylist()
        label = [
            known.of.get((tender, lot), known.of.get((tender, "")))
            for tender, lot in zip(tenders, named, strict=True)
        ]
        codes = np.array([-1 if said is None else int(said) for said in label], np.int64)
        return _View(rows["market"].to_numpy().astype(np.int64), codes)

    def taught(self, least: int, each: int) -> BOOL:
        """Labelled lots of markets that have enough of them."""
        wide = int(self.market.max(initial=0)) + 1
        yes, no = (np.bincount(self.market[self.label == v], minlength=wide) for v in (1, 0))
        speaks = (yes + no >= least) & (np.minimum(yes, no) >= each)
        return np.asarray((self.label >= 0) & speaks[self.market])

    def counts(self, market: int) -> tuple[int, int]:
        """Labelled lots of a market, and those found to be collusive."""
        mine = self.label[(self.market == market) & (self.label >= 0)]
        return len(mine), int(mine.sum())


def _ranks(
    probability: F64, market: I64, model: PriceModel, view: _View, taught: BOOL
) -> tuple[F64, F64]:
    """Conformal p-values among labelled clean lots of the market, plain and randomised."""
    clean = view.label[taught] == 0
    of_market = view.market[taught]
    p, drawn = np.ones(len(probability)), np.ones(len(probability))
    u = draws_for(probability, market.astype(np.float64), seed=_SEED)
    for code in np.unique(market):
        mine = market == code
        base = model.held_out[clean & (of_market == code)]
        p[mine] = conformal_p(probability[mine], base)
        above = conformal_p(np.nextafter(probability[mine], 2.0), base) - 1.0 / (len(base) + 1)
        drawn[mine] = above + u[mine] * (p[mine] - above)
    return p, drawn


def _reasons(
    model: PriceModel, view: _View, lots: PricedLots, places: I64, probability: F64
) -> list[list[str]]:
    """Up to three groups of features without which the probability would fall most."""
    if len(places) == 0:
        return []
    keep = np.zeros(len(lots.bids), np.bool_)
    keep[places] = True
    without = model.without(lots.bids.take(keep), view.market[places])
    falls = {name: np.round(probability - p, 9) for name, p in without.items()}
    names = list(falls)
    table = np.column_stack([falls[name] for name in names])
    order = np.argsort(-table, axis=1, kind="stable")[:, :3]
    return [[names[j] for j in row if table[i, j] > 0.01] for i, row in enumerate(order.tolist())]


def _rows(snap: Snapshot, lots: PricedLots, places: I64) -> list[Mapping[str, Any]]:
    asked = lots.seen.lots.take(pa.array(lots.bids.lot[places])).select(
        ["process", "tender_id", "lot", "split"]
    )
    return list(snap.sql(_ROWS, asked=asked).to_pylist())


_MARKETS = """SELECT p.tender_id, p.lot,
        (dense_rank() OVER (ORDER BY {keys}) - 1)::BIGINT AS market
    FROM asked p LEFT JOIN tenders t USING (tender_id) LEFT JOIN bodies b
        ON b.body_id = t.buyer_id
    ORDER BY p.process"""
_ROWS = f"""WITH offer AS (
        SELECT l.process, list({{'id': b.bid_id, 'row_key': b.row_key, 'company_id': b.company_id,
            'amount': b.amount, 'currency': b.currency}} ORDER BY b.bid_id, b.company_id) AS bids
        FROM bids b JOIN asked l ON b.tender_id = l.tender_id
            AND (NOT l.split OR coalesce(b.lot_id, '') = l.lot)
        WHERE coalesce(b.status, 'valid') = 'valid' AND b.amount > 0 GROUP BY l.process
    ), prize AS (
        SELECT l.process, list({{'id': w.award_id, 'row_key': w.row_key, 'on': w.awarded_on,
            'company_id': w.company_id, 'amount': w.amount, 'currency': w.currency}}
            ORDER BY w.award_id, w.company_id) AS awards
        FROM wins w JOIN asked l ON w.tender_id = l.tender_id
            AND (NOT l.split OR list_contains({lots_of("w.lot_id")}, l.lot))
        GROUP BY l.process
    )
    SELECT l.*, t.row_key, t.buyer_id, coalesce(o.title, t.title) AS title, bids, awards
    FROM asked l JOIN tenders t USING (tender_id) LEFT JOIN offer USING (process)
    LEFT JOIN prize USING (process)
    LEFT JOIN lots o ON l.split AND o.tender_id = l.tender_id AND o.lot_id = l.lot
    ORDER BY l.process"""
