"""What the indicators on two bidders under one roof share: their meetings, words and flags."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.detector import Detector, Findings
from graphgov.indicators._contests import rows_of, span, sums_of
from graphgov.network.shared_contacts import KINDS, Contacts
from graphgov.network.shared_control import Behind, Common
from graphgov.network.shared_rivals import Met, Rivals
from graphgov.schema import CERTAINTIES, Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.spans import I64

BOOL = npt.NDArray[np.bool_]
_CONTACT_WORDS = {
    "phone": ("a telephone number", "电话号码"),
    "email": ("an e-mail address", "电子邮箱"),
    "domain": ("an e-mail domain", "邮箱域名"),
    "address": ("a postal address", "地址"),
}
_JOIN = {"en": "; ", "zh": "；"}


@dataclass(frozen=True)
class Encounter:
    """Two companies and the lots on which they bid against each other.

    Args:
        place: Which pair.
        a, b: Their ids, a < b.
        lots: Lots, in time order.
        tenders: Their tenders.
        rows: Bid and award rows of the two on these lots, in content order.
    """

    place: int
    a: str
    b: str
    lots: tuple[int, ...]
    tenders: tuple[str, ...]
    rows: Sequence[Mapping[str, Any]]

    @property
    def awards(self) -> list[Mapping[str, Any]]:
        """Rows of awards that one of the two won."""
        return [row for row in self.rows if row["table"] == "awards"]

    @property
    def won(self) -> int:
        """How many awards one of them won."""
        return len({row["id"] for row in self.awards})

    @property
    def amounts(self) -> dict[str, Decimal]:
        """What they won, by currency."""
        return sums_of(self.awards)

    @property
    def bodies(self) -> list[str]:
        """Who called the tenders, most of them first."""
        calls: dict[str, set[str]] = {}
        for row in self.rows:
            calls.setdefault(row["buyer_id"], set()).add(row["id"])
        return sorted(calls, key=lambda body: (-len(calls[body]), body))

    @property
    def days(self) -> tuple[date | None, date | None]:
        """First and last day."""
        return span(self.rows)


def encounters(snap: Snapshot, market: Rivals, a: I64, b: I64, met: Met) -> Iterator[Encounter]:
    """The pairs that met, with the rows their flags rest on.

    Args:
        snap: What they are in.
        market: Its rivals.
        a: Codes of the smaller companies.
        b: Codes of the larger companies.
        met: The meetings that matter.
    """
    if not len(met.pair):
        return
    places = np.vstack([np.tile(met.lot, 2), np.concatenate([a[met.pair], b[met.pair]])])
    rows = rows_of(snap, market.seen, places, np.tile(met.pair, 2))
    order = np.lexsort((met.lot, market.day[met.lot], met.pair))
    pair, lot = met.pair[order], met.lot[order]
    cuts = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
    ids = market.seen.companies
    tenders = market.seen.lots["tender_id"]
    for begin, end in zip(cuts, np.append(cuts[1:], len(pair)), strict=True):
        place, lots = int(pair[begin]), tuple(lot[begin:end].tolist())
        named = sorted({tenders[i].as_py() for i in lots})
        yield Encounter(
            place, ids[int(a[place])], ids[int(b[place])], lots, tuple(named), rows[place]
        )


def pair_flag(
    detector: Detector,
    snap: Snapshot,
    seen: Encounter,
    *,
    score: float,
    facts: Mapping[str, object],
    evidence: Iterable[Evidence] = (),
    members: Iterable[Member] = (),
    certainty: str = "documented",
    value: float | None = None,
    threshold: float | None = None,
    p_value: float | None = None,
    q_value: float | None = None,
    person_id: str = "",
) -> Flag:
    """A flag on two companies that bid against each other; it adds who, where, when, how much."""
    awards = {row["id"]: row["company_id"] for row in seen.awards}
    winners = set(awards.values())
    first, last = seen.days
    bodies = seen.bodies
    own = [Member("company", key, "winner" if key in winners else "bidder")
           for key in (seen.a, seen.b)]  # fmt: skip
    own += [Member("tender", key, "process") for key in seen.tenders]
    own += [Member("award", key, "award") for key in awards]
    own += [Member("body", key, "buyer") for key in bodies]
    return detector.flag(
        (seen.a, seen.b),
        score=score,
        value=value,
        threshold=threshold,
        p_value=p_value,
        q_value=q_value,
        amounts=seen.amounts,
        first_on=first,
        last_on=last,
        body_id=bodies[0] if len(bodies) == 1 else "",
        person_id=person_id,
        certainty=certainty,
        facts={
            "one": snap.name("company", seen.a),
            "two": snap.name("company", seen.b),
            "lots": len(seen.lots),
            "lots_en": "1 lot" if len(seen.lots) == 1 else f"{len(seen.lots):,} lots",
            "won": seen.won,
            "bodies": [snap.name("body", key) for key in bodies],
            "first": first.isoformat() if first else "?",
            "last": last.isoformat() if last else "?",
            "amounts": [[c, str(v)] for c, v in sorted(seen.amounts.items())],
            **facts,
        },
        evidence=[
            *(Evidence(row["table"], row["row_key"], row["id"]) for row in seen.rows),
            *evidence,
        ],
        members=[*own, *members],
    )


def company_rows(snap: Snapshot, ids: Iterable[str]) -> dict[str, Evidence]:
    """The rows of some companies, as evidence."""
    asked = sorted(set(ids))
    if not asked:
        return {}
    rows = snap.sql(
        "SELECT company_id, row_key FROM companies SEMI JOIN asked USING (company_id)",
        asked=pa.table({"company_id": pa.array(asked, pa.string())}),
    )
    return {
        row["company_id"]: Evidence("companies", row["row_key"], row["company_id"])
        for row in rows.to_pylist()
    }


def contact_words(found: Contacts, rows: Iterable[int]) -> dict[str, list[str]]:
    """Shared contacts in words, by language; the values themselves stay in the register."""
    said: dict[str, list[str]] = {"en": [], "zh": []}
    for row in rows:
        kind = int(found.kind[row])
        holders, all_of = int(found.holders[row]), int(found.population[kind])
        english, chinese = _CONTACT_WORDS[KINDS[kind]]
        said["en"].append(f"{english} that {holders:,} of {all_of:,} companies have")
        said["zh"].append(f"{all_of:,}家公司中{holders:,}家使用的{chinese}")
    return said


def joined(said: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Phrases in a row, by language."""
    return {language: _JOIN[language].join(parts) for language, parts in said.items()}


def owner_of(snap: Snapshot, found: Behind, common: Common) -> tuple[str, str, str]:
    """Kind, id and name of who stands behind two companies."""
    kind, key = found.base.name(common.node)
    return kind, key, snap.name(kind, key)


def owner_members(found: Behind, common: Common) -> list[Member]:
    """Who stands behind two companies, and the companies in between."""
    kind, key = found.base.name(common.node)
    out = [Member(kind, key, "holder")]
    out += [Member("company", found.base.name(n)[1], "through") for n in common.through]
    return out


def certainty_of(common: Common) -> str:
    """The weakest link of the ways down to both companies."""
    return CERTAINTIES[common.certainty]


def covered(market: Rivals, stated: BOOL) -> tuple[int, int]:
    """How many pairs of rivals there are, and of how many both companies state something."""
    a, b = market.pairs
    return len(a), int((stated[a] & stated[b]).sum())


def not_stated(subjects: int, missing: Iterable[str]) -> Findings:
    """Nothing could be compared, because none of these columns holds anything."""
    names = list(missing)
    return Findings(
        subjects=subjects,
        missing=";".join(names),
        reason=f"not computable, because there is no {', no '.join(names)}",
    )


def partly(subjects: int, computable: int, what: str) -> str:
    """Why the rest could not be computed; nothing where there is no rest."""
    if computable >= subjects:
        return ""
    return (
        f"not computable, because of {subjects - computable} pairs of rivals at least one company "
        f"states {what}"
    )


def in_force(rows_start: I64, rows_end: I64, day: I64) -> BOOL:
    """Links that held on the day of a meeting; a meeting without a day knows undated ones only."""
    return np.asarray((rows_start <= day) & (day <= rows_end))


def local_day(snap: Snapshot) -> str:
    """SQL: the day of an instant in the dataset's zone; `{0}` is the instant."""
    zone = snap.timezone.replace("'", "''").replace("{", "").replace("}", "")
    return f"((({{0}}) AT TIME ZONE 'UTC') AT TIME ZONE '{zone}')::DATE"
