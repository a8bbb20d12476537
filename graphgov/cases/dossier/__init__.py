"""Dossiers: for each of the first cases, everything a page needs to show why it is there.

`build` gathers from the snapshot; nothing here knows HTML or a language. Words, positions and
colours belong to the report, which can be made again from what is written here.
"""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from graphgov.cases.dossier.fetch import (
    MOST_EVIDENCE,
    Gathered,
    Ids,
    Row,
    clean,
    ends,
    gather,
    is_ring,
)
from graphgov.cases.dossier.graph import Network, layers, network, shared_contests
from graphgov.cases.weigh import cluster, contributions
from graphgov.cases.weigh import points as weight
from graphgov.schema import Case, Flag
from graphgov.snapshot import Snapshot

__all__ = ["build"]

MOST_AWARDS = 400
MOST_SUPPLIERS = 11
FORMAT = 1


def build(
    snap: Snapshot, cases: Sequence[Case], flags: Mapping[str, Flag], *, top: int
) -> list[Row]:
    """One JSON-clean dossier per case, for the first `top` of them.

    Args:
        snap: What the flags were found in.
        cases: Best first.
        flags: By flag_id; a case may cite flags that are not there.
        top: How many cases get a dossier.
    """
    chosen = sorted(cases, key=lambda c: c.rank)[:top]
    if not chosen:
        return []
    got, ids = gather(snap, chosen, flags)
    names = snap.names()
    return [
        _dossier(case, [flags[f] for f in case.flag_ids if f in flags], i, got, names)
        for case, i in zip(chosen, ids, strict=True)
    ]


def _dossier(
    case: Case,
    flags: Sequence[Flag],
    ids: Ids,
    got: Gathered,
    names: Mapping[tuple[str, str], str],
) -> Row:
    net = network(case, flags, ids, got)
    layers(net, ids, got.cards)
    awards, left_out = _awards(flags, ids, got)
    roles = {(m.kind, m.id): m.role for m in case.members}
    number = {where: f"n{i}" for i, where in enumerate(sorted(net.nodes))}
    edges = _edges(net, number)
    money = _money(ids, got)
    ring = _ring(ids, got) if is_ring(case) else []
    used = set(net.nodes)
    used |= {("company", r["company_id"]) for r in awards}
    used |= {("body", r["buyer_id"]) for r in awards} | {("body", r["buyer"]) for r in ring}
    used |= {("person", p["id"]) for a in awards for p in a["signers"]}
    used |= {("company", c) for part in money for c in (r["company_id"] for r in part["rows"])}
    used |= {("body", b) for part in money for b in part["bodies"]}
    records = _records(flags, net, awards, got)
    used |= {end for r in records for end in _named(r)}
    return {
        "format": FORMAT,
        "case_id": case.case_id,
        "rank": case.rank,
        "score": round(case.score, 6),
        "kind": case.kind,
        "title": case.title,
        "summary": case.summary,
        "amounts": [[c, str(a)] for c, a in case.amounts],
        "first_on": clean(case.first_on),
        "last_on": clean(case.last_on),
        "certainty": case.certainty,
        "members": [
            {"kind": m.kind, "id": m.id, "role": m.role, "node": number.get((m.kind, m.id), "")}
            for m in sorted(set(case.members))
        ],
        "flags": _flags(case, flags, net, number, edges),
        "nodes": [
            {
                "id": number[where],
                "name": names.get(where, where[1]),
                "role": roles.get(where, ""),
                **net.nodes[where],
            }
            for where in sorted(net.nodes)
        ],
        "edges": edges,
        "awards": awards,
        "money": money,
        "ring": ring,
        "records": records,
        "names": {f"{k}:{i}": names[(k, i)] for k, i in sorted(used) if (k, i) in names},
        "omitted": {**net.omitted, "awards": left_out},
    }


def _edges(net: Network, number: Mapping[tuple[str, str], str]) -> list[Row]:
    made = []
    for i, where in enumerate(sorted(net.edges)):
        edge = dict(net.edges[where])
        edge["id"] = f"e{i}"
        edge["source"] = number[tuple(edge["source"])]
        edge["target"] = number[tuple(edge["target"])]
        edge["records"] = sorted(edge["records"])
        edge.setdefault("cited", False)
        made.append(edge)
    return made


def _points(case: Case, flags: Sequence[Flag]) -> dict[str, int]:
    """How the points of a case divide among its flags; they add up to its score.

    The strongest flag of each cluster brings what the cluster adds to the case; further flags
    speak of the same fact and bring nothing. Largest remainders make whole numbers.
    """
    brings = dict.fromkeys((f.flag_id for f in flags), 0.0)
    added = contributions(flags)
    for flag in sorted(flags, key=lambda f: (-weight(f), f.flag_id)):
        brings[flag.flag_id] = added.pop(cluster(flag.indicator), 0.0)
    whole = math.fsum(sorted(brings.values()))
    total = round(case.score * 100)
    if whole <= 0:
        return dict.fromkeys(brings, 0)
    shares = {key: total * value / whole for key, value in brings.items()}
    points = {key: int(share) for key, share in shares.items()}
    order = sorted(shares, key=lambda k: (points[k] - shares[k], k))
    for key in order[: total - sum(points.values())]:
        points[key] += 1
    return points


def _flags(
    case: Case,
    flags: Sequence[Flag],
    net: Network,
    number: Mapping[tuple[str, str], str],
    edges: Sequence[Row],
) -> list[Row]:
    points = _points(case, flags)
    made = []
    for flag in sorted(flags, key=lambda f: (-points[f.flag_id], -f.score, f.indicator, f.flag_id)):
        keys = {e.key for e in flag.evidence}
        nodes = {number[(m.kind, m.id)] for m in flag.members if (m.kind, m.id) in number}
        lit = [e for e in edges if keys & {k for _, k in e["records"]}]
        lit += [
            e
            for e in edges
            if e["kind"] in ("award", "met", "office") and {e["source"], e["target"]} <= nodes
        ]
        nodes |= {end for e in lit for end in (e["source"], e["target"])}
        made.append(
            {
                "flag_id": flag.flag_id,
                "indicator": flag.indicator,
                "class": flag.class_,
                "score": flag.score,
                "points": points[flag.flag_id],
                "reason": flag.reason,
                "innocent": flag.innocent,
                "p_value": clean(flag.p_value),
                "q_value": clean(flag.q_value),
                "amounts": [[c, str(a)] for c, a in flag.amounts],
                "first_on": clean(flag.first_on),
                "last_on": clean(flag.last_on),
                "certainty": flag.certainty,
                "facts": json.loads(json.dumps(flag.facts, default=str)),
                "nodes": sorted(nodes),
                "edges": sorted({e["id"] for e in lit}),
                "records": [[e.table, e.key] for e in flag.evidence[:MOST_EVIDENCE]],
                "records_left_out": max(0, len(flag.evidence) - MOST_EVIDENCE),
            }
        )
    return made


def _awards(flags: Sequence[Flag], ids: Ids, got: Gathered) -> tuple[list[Row], int]:
    cited = {e.id for f in flags for e in f.evidence if e.table in ("awards", "contracts")}
    cited |= {e.key for f in flags for e in f.evidence}
    signers: dict[str, list[Row]] = defaultdict(list)
    for row in got.links["decisions"]:
        about = row["award_id"] or f"tender {row['tender_id']}"
        signers[about].append({"id": row["person_id"], "role": row["role"] or ""})
    chosen = []
    for win in got.wins:
        inside = win["company_id"] in ids.companies and (
            not ids.bodies or win["buyer_id"] in ids.bodies
        )
        named = bool({win["award_id"], win["row_key"], win["tender_key"]} & cited)
        if not inside and not (named and not ids.companies):
            continue
        people = signers[win["award_id"]] + signers[f"tender {win['tender_id']}"]
        unique = {(p["id"], p["role"]) for p in people}
        chosen.append(
            {
                **{k: win[k] for k in ("award_id", "row_key", "buyer_id", "company_id")},
                "on": win["awarded_on"],
                "amount": win["amount"],
                "currency": win["currency"] or "",
                "title": win["title"] or win["tender_title"] or "",
                "tender_id": win["tender_id"] or "",
                "method": win["method"] or "",
                "category": win["category"] or "",
                "bidders": win["bid_count"],
                "members": win["members"],
                "signers": [{"id": i, "role": r} for i, r in sorted(unique)],
                "cited": named,
            }
        )
    chosen.sort(key=lambda a: (not a["cited"], -Decimal(a["amount"] or 0), a["award_id"]))
    kept = chosen[:MOST_AWARDS]
    kept.sort(key=lambda a: (a["on"] or "", a["award_id"], a["company_id"]))
    return kept, len(chosen) - len(kept)


def _money(ids: Ids, got: Gathered) -> list[Row]:
    """Per currency: what each supplier got from the bodies of a case, and from others.

    A case without bodies shows what its companies won in all.
    """
    here: dict[tuple[str, str], Row] = {}
    away: dict[tuple[str, str], Row] = {}
    for row in got.supplied:
        if row["buyer_id"] in ids.bodies:
            _add(here, row)
    for row in got.earned:
        if row["company_id"] in ids.companies and row["buyer_id"] not in ids.bodies:
            _add(away if ids.bodies else here, row)
    parts = []
    for currency in sorted({c for c, _ in (*here, *away)}):
        there = {k: v for (c, k), v in away.items() if c == currency}
        rows = {k: v for (c, k), v in here.items() if c == currency}
        for company in there:
            rows.setdefault(company, _nothing(company))
        total = sum((Decimal(r["amount"]) for r in rows.values()), Decimal(0))
        order = sorted(rows, key=lambda k: (-Decimal(rows[k]["amount"]), k))
        own = [k for k in order if k in ids.companies]
        shown = set(own) | set(order[: max(3, MOST_SUPPLIERS - len(own))])
        rest = [rows[k] for k in order if k not in shown]
        parts.append(
            {
                "currency": currency,
                "bodies": sorted(ids.bodies),
                "total": str(total),
                "awards": sum(r["awards"] for r in rows.values()),
                "rows": [
                    {**rows[k], "in_case": k in ids.companies, "elsewhere": there.get(k)}
                    for k in order
                    if k in shown
                ],
                "rest": {
                    "suppliers": len(rest),
                    "amount": str(sum((Decimal(r["amount"]) for r in rest), Decimal(0))),
                    "awards": sum(r["awards"] for r in rest),
                },
            }
        )
    return parts


def _nothing(company: str) -> Row:
    zero = dict.fromkeys(("awards", "single", "counted", "joint"), 0)
    return {"company_id": company, "amount": "0", "single_amount": "0", **zero}


def _add(into: dict[tuple[str, str], Row], row: Row) -> None:
    where = (row["currency"], row["company_id"])
    old = into.setdefault(where, _nothing(row["company_id"]))
    for name in ("amount", "single_amount"):
        old[name] = str(Decimal(old[name]) + Decimal(row[name] or 0))
    for name in ("awards", "single", "counted", "joint"):
        old[name] += row[name]


def _ring(ids: Ids, got: Gathered) -> list[Row]:
    """Who competed and who won, lot by lot, where at least two companies of a case met."""
    strip = []
    for (tender, lot), rows in shared_contests(ids, got).items():
        strip.append(
            {
                "tender_id": tender,
                "lot": lot,
                "on": rows[0]["awarded_on"],
                "buyer": rows[0]["buyer_id"],
                "competitors": rows[0]["competitors"],
                "bid": sorted(r["company_id"] for r in rows),
                "won": sorted(r["company_id"] for r in rows if r["won"]),
            }
        )
    strip.sort(key=lambda r: (r["on"] or "", r["tender_id"], r["lot"]))
    return strip[-MOST_AWARDS:]


def _records(
    flags: Sequence[Flag], net: Network, awards: Sequence[Row], got: Gathered
) -> list[Row]:
    """Every input row a flag cites or an edge shows, with what it says."""
    found: dict[tuple[str, str], Row] = {}
    for flag in flags:
        for item in flag.evidence[:MOST_EVIDENCE]:
            row = got.evidence.get((item.table, item.key))
            found[(item.table, item.key)] = row if row is not None else {"id": item.id}
    for table, some in got.links.items():
        keys = {k for e in net.edges.values() for t, k in e["records"] if t == table}
        found.update({(table, r["row_key"]): r for r in some if r["row_key"] in keys})
    for award in awards:
        found.setdefault(("awards", award["row_key"]), {**award, "awarded_on": award["on"]})
    return [
        {
            "table": table,
            "key": key,
            "ends": [list(end) for end in ends(table, row)] if "row_key" in row else [],
            "row": {
                k: v
                for k, v in row.items()
                if v is not None and k not in ("row_key", "dataset", "extra", "signers")
            },
        }
        for (table, key), row in sorted(found.items(), key=lambda pair: pair[0])
    ]


def _named(record: Row) -> list[tuple[str, str]]:
    return [(kind, key) for kind, key in record["ends"]]
