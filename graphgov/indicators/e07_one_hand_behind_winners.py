"""Companies under one hand that win at the same bodies as if they were strangers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._pairs import (
    certainty_of,
    company_rows,
    contact_words,
    joined,
    owner_members,
    owner_of,
)
from graphgov.network.shared_buyers import COLUMNS, SharedBuyers, shared_buyers
from graphgov.network.shared_contacts import COLUMNS as CONTACTS
from graphgov.network.shared_contacts import Contacts, Linked, contacts, linked
from graphgov.network.shared_control import COLUMNS as CONTROL
from graphgov.network.shared_control import Behind, Common, behind, nearest
from graphgov.network.shared_owners import related
from graphgov.network.shared_rivals import CATEGORY
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.spans import I64

_SEED = 7
_EPOCH = date(1970, 1, 1)
_SOURCES = ("ownership.owner_id", "officers.person_id", *CONTACTS)


@dataclass(frozen=True)
class OneHandBehindWinners(Detector):
    """Two companies under one control share more buyers in one trade than chance gives them.

    Method: Who stands behind a company on the day of an award: effective shares over chains and
        cross-holdings, control by more than half of the votes or by heading it. Two companies that
        share rare contacts worth **min_links** (R044) count as one hand too. Of two companies
        under one hand count the bodies at which both won in one category. Null: the second
        one's bodies are drawn from all links of company and body of its category and region
        (hypergeometric, summed over strata). Flag pairs with p at most **max_p**, q at most
        **max_q** and **min_awards** awards at the shared bodies while the hand was one.
    Example: Four counties buy lab furniture now from one firm, now from another; a Ms Wang owns
        sixty per cent of both, of one through a holding.
    Why: Firms of one hand can look like competition and like many small contracts. Sisters of
        an open group know the same customers and say so.
    Score: Surprise of the shared buyers.
    Skips: Control by bodies, state-owned companies and owners of more than fifty companies;
        sisters in different trades; edges out of force on the day.
    Source: Catalogue E07; integrated ownership after Brioschi and others 1989.
    """

    code: ClassVar = "E07"
    title: ClassVar = {"en": "One hand behind several winners", "zh": "多家中标人受同一方控制"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "company_pair"
    unit: ClassVar = "shared buyers"
    needs: ClassVar = ("awards.company_id",)
    wants: ClassVar = (*COLUMNS, *CONTROL, *CONTACTS)
    sentences: ClassVar = {
        "en": (
            "{one} and {two} ({ground[en]:text}) won {count:n} awards between {first} and {last} "
            "for {amounts:money} in the same trades at the same bodies ({bodies:names}); they "
            "share {shared:n} such buyers, where {expected:times} were to be expected.",
            "Sister firms of an open group may serve the same customers, an agent may lend both "
            "its telephone, and a register may not show that one was sold.",
        ),
        "zh": (
            "{one}与{two}（{ground[zh]:text}）在{first}至{last}期间于相同采购人（{bodies:names}）"
            "的相同品类中标{count:n}项，合计{amounts:money}；共同采购人{shared:n}个，"
            "预期约{expected:times}个。",
            "公开集团的姊妹企业可能服务于相同客户，代办机构可能为双方提供电话，"
            "登记也可能未反映其中一家已被出售。",
        ),
    }

    max_p: float = bounded(0.01, low=0.0, high=1.0)
    max_q: float = bounded(0.1, low=0.0, high=1.0)
    min_awards: int = bounded(4, low=2, high=1000)
    min_links: float = bounded(0.9, low=0.5, high=3.0)

    def find(self, snap: Snapshot) -> Findings:
        """One flag per pair of sisters."""
        if not any(snap.has(column) for column in _SOURCES):
            return Findings(
                missing=";".join(_SOURCES),
                reason=f"not computable, because there is no {', no '.join(_SOURCES)}",
            )
        found = behind(snap)
        att = contacts(snap)
        strong = _Contacts(att, linked(att), self.min_links)
        a, b = related(found)
        keys = np.unique(np.concatenate([a << 32 | b, strong.keys]))
        a, b = keys >> 32, keys & 0xFFFFFFFF
        keep = ~(found.base.state[a] & found.base.state[b])
        a, b = a[keep], b[keep]
        seen = shared_buyers(snap, a, b)
        testable = np.flatnonzero(seen.testable)
        p = seen.tail.p[testable]
        q = benjamini_hochberg(p)
        hits = testable[(p <= self.max_p) & (q <= self.max_q)]
        q_of = dict(zip(testable.tolist(), q.tolist(), strict=True))
        rows = _awards(snap, found, a, b, hits)
        flags = [
            flag
            for i in hits.tolist()
            if (flag := self._flag(snap, found, strong, (a, b), i, seen, q_of[i], rows[i]))
            is not None
        ]
        # Where nothing is left to test, what is not in the data at all may be why.
        gone = [] if len(testable) else [column for column in _SOURCES if not snap.has(column)]
        return Findings(
            flags=flags,
            subjects=len(a),
            computable=len(testable),
            missing=";".join(gone),
            reason="not computable, because the rest of the pairs under one owner never won in one "
            "trade and region"
            if len(testable) < len(a)
            else "",
            p_values=seen.tail.randomised(_SEED)[testable],
        )

    def _flag(
        self,
        snap: Snapshot,
        found: Behind,
        strong: "_Contacts",
        pairs: tuple[I64, I64],
        place: int,
        seen: SharedBuyers,
        q_value: float,
        rows: Sequence[Mapping[str, Any]],
    ) -> Flag | None:
        """The flag of a pair, of the awards while one hand controlled both."""
        first = found.base.first_company
        one, two = (first + int(p[place]) for p in pairs)
        shared = strong.rows(int(pairs[0][place]), int(pairs[1][place]))
        held: list[Mapping[str, Any]] = []
        commons: list[Common] = []
        for row in rows:
            day = (row["on"] - _EPOCH).days
            control = [c for c in found.common(one, two, day) if c.controls]
            commons += [nearest(control)] if control else []
            if control or shared:
                held.append(row)
        winners = {row["company_id"] for row in held}
        awards = {row["id"] for row in held}
        if len(winners) < 2 or len(awards) < self.min_awards:
            return None
        ground = contact_words(strong.att, shared)
        for language, words in ground.items():
            ground[language] = [_SHARE[language].format(word) for word in words]
        members: list[Member] = []
        person = ""
        if commons:
            kind, key, name = owner_of(snap, found, commons[-1])
            person = key if kind == "person" else ""
            members = owner_members(found, commons[-1])
            for language, words in ground.items():
                words.insert(0, _UNDER[language].format(name))
        names = [found.base.name(n)[1] for n in (one, two)]
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        for row in {row["id"]: row for row in held}.values():
            amounts[row["currency"] or ""] += row["amount"]
        bodies = sorted({row["buyer_id"] for row in held})
        days = sorted(row["on"] for row in held)
        p_value = float(seen.tail.p[place])
        edges = sorted({edge for c in commons for edge in c.rows})
        own = company_rows(snap, names).values() if shared else ()
        return self.flag(
            names,
            score=surprise(p_value),
            value=float(seen.shared[place]),
            p_value=p_value,
            q_value=q_value,
            amounts=dict(amounts),
            first_on=days[0],
            last_on=days[-1],
            body_id=bodies[0] if len(bodies) == 1 else "",
            person_id=person,
            certainty=certainty_of(commons[-1]) if commons else "documented",
            facts={
                "one": snap.name("company", names[0]),
                "two": snap.name("company", names[1]),
                "ground": joined(ground),
                "count": len(awards),
                "shared": int(seen.shared[place]),
                "expected": round(float(seen.expected[place]), 4),
                "bodies": [snap.name("body", body) for body in bodies],
                "first": days[0].isoformat(),
                "last": days[-1].isoformat(),
                "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
            },
            evidence=[
                *(Evidence("awards", row["row_key"], row["id"]) for row in held),
                *own,
                *(Evidence(table, edge) for table, edge in edges),
            ],
            members=[
                *(Member("company", name, "winner") for name in names),
                *(Member("body", body, "buyer") for body in bodies),
                *(Member("award", award, "award") for award in awards),
                *(m for m in members if m.id not in names),
            ],
        )


_SHARE = {"en": "both give {0}", "zh": "双方使用同一{0}"}
_UNDER = {"en": "both under {0}", "zh": "均受{0}控制"}


class _Contacts:
    """Pairs of companies whose shared contacts make them one hand."""

    def __init__(self, att: Contacts, by_contact: Linked, least: float) -> None:
        enough = np.flatnonzero(by_contact.weight >= least - 1e-9)
        self.att = att
        self.keys = by_contact.a[enough] << 32 | by_contact.b[enough]
        self._begins, self._ends = by_contact.begins[enough], by_contact.begins[enough + 1]

    def rows(self, a: int, b: int) -> range:
        """Rows of the contacts a pair shares; none where they are too few."""
        key = a << 32 | b
        at = int(np.searchsorted(self.keys, key))
        if at == len(self.keys) or self.keys[at] != key:
            return range(0)
        return range(int(self._begins[at]), int(self._ends[at]))


def _awards(
    snap: Snapshot, found: Behind, a: I64, b: I64, hits: I64
) -> dict[int, list[Mapping[str, Any]]]:
    """Awards of both companies at the bodies and categories where both won, by pair and day."""
    rows: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    if not len(hits):
        return rows
    ids = found.base.companies
    asked = pa.table(
        {
            "pair": pa.array(np.repeat(hits, 2)),
            "company_id": pa.array(ids.names(np.column_stack([a[hits], b[hits]]).ravel())),
        }
    )
    for row in snap.sql(_AWARDS, asked=asked).to_pylist():
        rows[row["pair"]].append(row)
    return rows


_AWARDS = f"""WITH w AS (
        SELECT s.pair, w.company_id, w.buyer_id, {CATEGORY.format("w.category")} AS category,
            coalesce(w.region, '') AS region, w.award_id AS id, w.awarded_on AS "on", w.amount,
            w.currency, w.row_key
        FROM wins w JOIN asked s USING (company_id)
    ), joint AS (
        SELECT pair, buyer_id, category, region FROM w GROUP BY ALL
        HAVING count(DISTINCT company_id) = 2
    )
    SELECT w.* FROM w SEMI JOIN joint USING (pair, buyer_id, category, region)
    ORDER BY pair, "on", id, company_id"""
