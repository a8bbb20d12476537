"""Winners, or those behind them, with the telephone or address of who decides."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.network.shared_contacts import KINDS, WEIGHT, values
from graphgov.network.ties import specificity
from graphgov.schema import CERTAINTIES, REF_KINDS, Evidence, Flag, Member
from graphgov.snapshot import Snapshot

_TABLES = ("companies", "people", "bodies")
_COLUMNS = tuple(f"{t}.{c}" for t in _TABLES for c in ("phone", "email", "address"))
_FULL = 1.5  # weighted contacts at which the score stops rising
_OFFICE = 0.6  # of the score where the contact is the body's own, which may be a slip of typing
_WORDS = {
    "phone": ("telephone number", "电话号码"),
    "email": ("e-mail address", "电子邮箱"),
    "address": ("postal address", "地址"),
}
_JOIN = {"en": " and ", "zh": "和"}


@dataclass(frozen=True)
class OfficialContact(Detector):
    """A winner has the telephone number, mailbox or address of an official who decides.

    Method: Compare telephone numbers, e-mail and postal addresses, normalised, of a winner and of
        its heads, controllers, directors and owners of a quarter with those of the people who
        decided the award or were head, deputy or procurement officer of the body that day, and
        of the body itself. A telephone number or mailbox counts 0.8, an address 0.5, times its
        rarity; flag pairs of body and company that reach **min_links**.
    Example: The supplier of school meals gives the mobile number of the county's procurement
        officer.
    Why: Who answers the telephone of both sides deals with nobody but themselves. Agencies type
        their own number into both places, and a village has one address.
    Score: 0.2, rising to 0.6; 0.6 of it where the contact is the body's own.
    Skips: Values that more than **max_holders** companies, people and bodies have, or that more
        than two companies share with a body; state-owned companies; an official who is one and
        the same person as the owner (E15 looks at that).
    Source: OCP Red flags (2024) R043.
    """

    code: ClassVar = "R043"
    title: ClassVar = {
        "en": "Bidder has the same contact information as an official",
        "zh": "投标人与官员联系方式相同",
    }
    class_: ClassVar = "tie"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "weighted contacts"
    needs: ClassVar = ("awards.company_id",)
    wants: ClassVar = (
        *_COLUMNS, "awards.tender_id", "awards.currency", "awards.status", "decisions.person_id",
        "decisions.award_id", "decisions.tender_id", "decisions.recused", "offices.person_id",
        "offices.body_id", "offices.role", "offices.started_on", "offices.ended_on",
        "officers.person_id", "officers.company_id", "officers.role", "officers.started_on",
        "officers.ended_on", "officers.certainty", "ownership.owner_id", "ownership.owner_kind",
        "ownership.company_id", "ownership.share", "ownership.share_min", "ownership.started_on",
        "ownership.ended_on", "ownership.certainty", "companies.name", "companies.state_owned",
        "people.name", "bodies.name", "rates.*",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{company}, or who stands behind it, has the same {shared[en]:text} as {official} of "
            "{body}, which awarded it {count:n} contracts between {first} and {last} for "
            "{amounts:money}; {holders:n} companies, people and bodies have it in all.",
            "Somebody may have typed the buyer's own contact into the supplier's record, an agency "
            "may serve both, and in a village many live at one address.",
        ),
        "zh": (
            "{company}或其背后人员与{body}的{official}使用相同的{shared[zh]:text}；该单位在{first}至"
            "{last}期间向其授予{count:n}项合同，合计{amounts:money}；共有{holders:n}个主体使用该信息。",
            "可能误将采购人自身的联系方式录入供应商信息，代理机构可能同时服务双方，"
            "村镇中也可能多人共用一个地址。",
        ),
    }

    min_links: float = bounded(0.6, low=0.1, high=3.0)
    max_holders: int = bounded(5, low=2, high=50)

    def find(self, snap: Snapshot) -> Findings:
        """One flag per body and company."""
        subjects = snap.subjects("body_company")
        sides = [[f"{t}.{c}" for c in ("phone", "email", "address")] for t in _TABLES]
        if not any(map(snap.has, sides[0] + sides[1])) or not any(
            map(snap.has, sides[1] + sides[2])
        ):
            why = f"not computable, because there is no {', no '.join(_COLUMNS)}"
            return Findings(subjects=subjects, missing=";".join(_COLUMNS), reason=why)
        given = _values(snap)
        population = dict.fromkeys(KINDS, 0)
        for row in snap.sql(_POPULATION, v=given).to_pylist():
            population[row["kind"]] = row["n"]
        found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        for row in snap.sql(_SHARED.replace("{most}", str(self.max_holders)), v=given).to_pylist():
            found[row["body_id"], row["company_id"]].append(row)
        flags = [
            flag
            for key, rows in sorted(found.items())
            if (flag := self._flag(snap, *key, rows, population)) is not None
        ]
        computable = int(snap.sql(_COVERED, v=given)["n"][0].as_py())
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=computable,
            reason=f"not computable, because of {subjects - computable} pairs the company or the "
            "body and its officials state no contact"
            if computable < subjects
            else "",
        )

    def _flag(
        self,
        snap: Snapshot,
        body: str,
        company: str,
        rows: Sequence[Mapping[str, Any]],
        population: Mapping[str, int],
    ) -> Flag | None:
        best: dict[str, float] = {}
        for row in rows:
            rare = float(specificity(np.array([row["holders"]]), population[row["kind"]])[0])
            own = 1.0 if row["official"] else _OFFICE
            worth = WEIGHT[KINDS.index(row["kind"])] * rare * own
            best[row["kind"]] = max(best.get(row["kind"], 0.0), worth)
        personal = any(row["official"] for row in rows)
        links = sum(best.values())
        if links < self.min_links * (1.0 if personal else _OFFICE) - 1e-9:
            return None
        awards = {row["award_id"]: row for row in rows}
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        for row in awards.values():
            amounts[row["currency"] or ""] += row["amount"]
        days = sorted(row["awarded_on"] for row in rows)
        officials = sorted({row["official"] for row in rows if row["official"]})
        behind = sorted({row["behind"] for row in rows if row["behind"]})
        kinds = [kind for kind in _WORDS if kind in best]
        names = [snap.name("person", key) for key in officials] or [snap.name("body", body)]
        parts = zip(("en", "zh"), zip(*(_WORDS[kind] for kind in kinds), strict=True), strict=True)
        evidence = {Evidence("awards", row["award_key"], row["award_id"]) for row in rows}
        for row in rows:
            evidence |= {Evidence(*pair) for pair in _rows(row)}
        return self.flag(
            (body, company),
            score=0.2 + 0.4 * min(1.0, links / _FULL),
            value=round(links, 6),
            threshold=self.min_links,
            amounts=dict(amounts),
            first_on=days[0],
            last_on=days[-1],
            body_id=body,
            company_id=company,
            person_id=officials[0] if len(officials) == 1 else "",
            certainty=CERTAINTIES[max(row["certainty"] for row in rows)],
            facts={
                "company": snap.name("company", company),
                "body": snap.name("body", body),
                "official": ", ".join(names[:3]),
                "shared": {language: _JOIN[language].join(words) for language, words in parts},
                "holders": max(row["holders"] for row in rows),
                "count": len(awards),
                "first": days[0].isoformat(),
                "last": days[-1].isoformat(),
                "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
            },
            evidence=evidence,
            members=[
                Member("company", company, "winner"),
                Member("body", body, "buyer"),
                *(Member("person", key, "official") for key in officials),
                *(Member("person", key, "holder") for key in behind),
                *(Member("award", key, "award") for key in awards),
            ],
        )


def _rows(row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Table, row key and id of the rows that state the contact, and of the edges used."""
    there = (row["there_tab"], row["there_key"], row["official"] or row["body_id"])
    here = (row["here_tab"], row["here_key"], row["behind"] or row["company_id"])
    out = [there, here]
    out += [(row[tab], row[key], "") for tab, key in (("post_tab", "post_key"),
            ("part_tab", "part_key")) if row[key]]  # fmt: skip
    return out


def _values(snap: Snapshot) -> pa.Table:
    """All contact values with the table they stand in."""
    parts = []
    for kind in ("company", "person", "body"):
        rows = values(snap, kind)
        tab = pa.array([REF_KINDS[kind]], pa.string()).take(pa.array(np.zeros(len(rows), np.int8)))
        parts.append(rows.append_column("tab", tab))
    return pa.concat_tables(parts)


_BEHIND = """behind AS (
        SELECT person_id, company_id, started_on, ended_on, certainty, row_key, 'officers' AS tab
        FROM officers WHERE role IN ('legal_representative', 'actual_controller', 'director')
        UNION ALL
        SELECT owner_id, company_id, started_on, ended_on, certainty, row_key, 'ownership'
        FROM ownership WHERE owner_kind = 'person' AND coalesce(share_min, share, 1) >= 0.25
    )"""
_POPULATION = """SELECT kind, count(*)::BIGINT AS n FROM (SELECT DISTINCT kind, tab, id FROM v)
    GROUP BY kind"""
_GRADE = "CASE {0} WHEN 'documented' THEN 0 WHEN 'declared' THEN 1 ELSE 2 END"
_SHARED = f"""WITH n AS (
        SELECT kind, value, count(DISTINCT (tab, id)) AS holders,
            count(DISTINCT id) FILTER (tab = 'companies') AS firms,
            count(DISTINCT id) FILTER (tab = 'bodies') AS offices
        FROM v GROUP BY kind, value
        HAVING count(DISTINCT (tab, id)) BETWEEN 2 AND {{most}}
    ), few AS (SELECT v.*, n.holders FROM v JOIN n USING (kind, value)
        WHERE n.offices = 0 OR n.firms <= 2
    ), {_BEHIND}, here AS (
        SELECT f.kind, f.value, f.holders, f.id AS company_id, NULL AS behind,
            f.tab AS here_tab, f.row_key AS here_key, NULL::DATE AS since, NULL::DATE AS until,
            0 AS certainty, '' AS post_tab, '' AS post_key
        FROM few f WHERE f.tab = 'companies'
        UNION ALL
        SELECT f.kind, f.value, f.holders, b.company_id, f.id, f.tab, f.row_key, b.started_on,
            b.ended_on, {_GRADE.format("b.certainty")}, b.tab, b.row_key
        FROM few f JOIN behind b ON f.tab = 'people' AND b.person_id = f.id
    ), won AS (
        SELECT w.award_id, w.company_id, w.buyer_id AS body_id, w.tender_id, w.awarded_on,
            w.amount, w.currency, w.row_key AS award_key
        FROM wins w SEMI JOIN here USING (company_id)
        JOIN companies c USING (company_id) WHERE NOT coalesce(c.state_owned, false)
    ), official AS (SELECT * FROM few WHERE tab = 'people'
    ), part AS (
        SELECT d.person_id, w.award_id, w.company_id, 'decisions' AS part_tab,
            d.row_key AS part_key
        FROM decisions d SEMI JOIN official o ON o.id = d.person_id
        JOIN won w ON w.award_id = d.award_id WHERE NOT coalesce(d.recused, false)
        UNION ALL
        SELECT d.person_id, w.award_id, w.company_id, 'decisions', d.row_key
        FROM decisions d SEMI JOIN official o ON o.id = d.person_id
        JOIN won w ON w.tender_id = d.tender_id
        WHERE d.award_id IS NULL AND NOT coalesce(d.recused, false)
        UNION ALL
        SELECT x.person_id, w.award_id, w.company_id, 'offices', x.row_key
        FROM offices x SEMI JOIN official o ON o.id = x.person_id
        JOIN won w ON w.body_id = x.body_id
        WHERE coalesce(x.role, 'head') IN ('head', 'deputy', 'procurement')
            AND coalesce(x.started_on, w.awarded_on) <= w.awarded_on
            AND coalesce(x.ended_on, w.awarded_on) >= w.awarded_on
    ), there AS (
        SELECT o.kind, o.value, o.id AS official, o.tab AS there_tab, o.row_key AS there_key,
            p.award_id, p.company_id, p.part_tab, p.part_key
        FROM official o JOIN part p ON p.person_id = o.id
        UNION ALL
        SELECT f.kind, f.value, NULL, f.tab, f.row_key, w.award_id, w.company_id, '', ''
        FROM few f JOIN won w ON f.tab = 'bodies' AND w.body_id = f.id
    )
    SELECT DISTINCT w.*, h.kind, h.holders, h.behind, h.here_tab, h.here_key, h.certainty,
        h.post_tab, h.post_key, t.official, t.there_tab, t.there_key, t.part_tab, t.part_key
    FROM there t
    JOIN here h ON h.kind = t.kind AND h.value = t.value AND h.company_id = t.company_id
        AND (t.official IS NULL OR h.behind IS DISTINCT FROM t.official)
    JOIN won w ON w.award_id = t.award_id AND w.company_id = t.company_id
    WHERE coalesce(h.since, w.awarded_on) <= w.awarded_on
        AND coalesce(h.until, w.awarded_on) >= w.awarded_on
        AND NOT (t.official IS NOT NULL AND EXISTS (
            SELECT 1 FROM behind b WHERE b.person_id = t.official
                AND b.company_id = w.company_id))
    ORDER BY ALL"""
_COVERED = f"""WITH {_BEHIND}, firm AS (
        SELECT id AS company_id FROM v WHERE tab = 'companies'
        UNION SELECT b.company_id FROM v JOIN behind b ON v.tab = 'people' AND v.id = b.person_id
    ), office AS (
        SELECT id AS buyer_id FROM v WHERE tab = 'bodies'
        UNION SELECT o.body_id FROM v JOIN offices o ON v.tab = 'people' AND v.id = o.person_id
    )
    SELECT count(*)::BIGINT AS n FROM (SELECT DISTINCT buyer_id, company_id FROM wins)
    SEMI JOIN firm USING (company_id) SEMI JOIN office USING (buyer_id)"""
