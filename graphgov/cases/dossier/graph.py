"""The network of one case: who and what is in it, and what joins them.

Things the flags rest on are `core`; owners, signers and suppliers around them are context,
bounded in number, and what is left out is counted so that the page can say so.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from graphgov.cases.dossier.fetch import Gathered, Ids, Row, ends
from graphgov.schema import Case, Flag

MOST_CONTEXT = {"supplier": 8, "signer": 5, "owner": 10}
_RANK = {"documented": 0, "declared": 1, "inferred": 2}
KIN = ("spouse", "parent", "child", "sibling", "in_law", "kin")


@dataclass
class Network:
    """Nodes and edges of one case while they are being collected."""

    nodes: dict[tuple[str, str], Row] = field(default_factory=dict)
    edges: dict[tuple[str, ...], Row] = field(default_factory=dict)
    omitted: dict[str, int] = field(default_factory=dict)

    def node(self, kind: str, key: str, *, core: bool) -> None:
        """Add something, or make it core."""
        node = self.nodes.setdefault((kind, key), {"kind": kind, "key": key, "core": core})
        node["core"] = node["core"] or core

    def edge(
        self, source: tuple[str, str], target: tuple[str, str], kind: str, **more: object
    ) -> Row:
        """Add a tie; two rows that say the same become one edge with both records."""
        sub = str(more.get("sub", ""))
        span = (str(more.get("from") or ""), str(more.get("to") or ""))
        where = (*source, *target, kind, sub, *span)
        old = self.edges.get(where)
        if old is None:
            base: Row = {"source": list(source), "target": list(target), "kind": kind}
            self.edges[where] = {**base, "records": [], **more}
            old = self.edges[where]
        return old


def network(case: Case, flags: Sequence[Flag], ids: Ids, got: Gathered) -> Network:
    """The network of one case."""
    net = Network()
    for kind, some in (("body", ids.bodies), ("person", ids.people), ("company", ids.companies)):
        for key in sorted(some):
            net.node(kind, key, core=True)
    evidence = {e.key for f in flags for e in f.evidence}
    if ids.bodies:
        _signers(net, ids, got)
    _owners(net, ids, got)
    _people(net, ids, got, evidence)
    _money(net, ids, got)
    _suppliers(net, ids, got)
    _together(net, ids, got)
    return net


def _certainty(row: Row) -> str:
    return str(row.get("certainty") or "documented")


def _tie(net: Network, row: Row, table: str, kind: str, evidence: Iterable[str]) -> None:
    source, target = ends(table, row)
    span = {"from": row.get("started_on"), "to": row.get("ended_on")}
    sub = row.get("kind") if table == "ties" else row.get("role")
    edge = net.edge(source, target, kind, sub=sub or "", **span)
    edge["records"].append([table, row["row_key"]])
    worst = max(_certainty(row), edge.get("certainty", "documented"), key=lambda c: _RANK.get(c, 2))
    edge["certainty"] = worst
    edge["cited"] = edge.get("cited", False) or row["row_key"] in evidence
    for name in ("post", "share", "share_min", "share_max", "note"):
        if row.get(name) not in (None, ""):
            edge[name] = row[name]


def _signers(net: Network, ids: Ids, got: Gathered) -> None:
    awards, tenders = case_awards(ids, got)
    signed: Counter[str] = Counter()
    for row in got.links["decisions"]:
        if row["award_id"] in awards or row["tender_id"] in tenders:
            signed[row["person_id"]] += 1
    others = sorted((p for p in signed if p not in ids.people), key=lambda p: (-signed[p], p))
    for person in others[: MOST_CONTEXT["signer"]]:
        net.node("person", person, core=False)
    net.omitted["signers"] = max(0, len(others) - MOST_CONTEXT["signer"])
    for person, count in sorted(signed.items()):
        if ("person", person) in net.nodes:
            net.nodes[("person", person)]["signed"] = count


def case_awards(ids: Ids, got: Gathered) -> tuple[set[str], set[str]]:
    """Award and tender ids of a case's companies at its bodies."""
    own = [
        w
        for w in got.wins
        if w["company_id"] in ids.companies and (not ids.bodies or w["buyer_id"] in ids.bodies)
    ]
    return {w["award_id"] for w in own}, {w["tender_id"] for w in own if w["tender_id"]}


def _owners(net: Network, ids: Ids, got: Gathered) -> None:
    around: Counter[tuple[str, str]] = Counter()
    for table in ("ownership", "officers"):
        for row in got.links[table]:
            source, target = ends(table, row)
            if target[1] in ids.companies and source not in net.nodes:
                around[source] += 1
    tied = {
        p
        for r in got.links["ties"]
        for p in (r["person_a"], r["person_b"])
        if r["person_a"] in ids.people or r["person_b"] in ids.people
    }
    order = sorted(around, key=lambda n: (n[1] not in tied, -around[n], n))
    for kind, key in order[: MOST_CONTEXT["owner"]]:
        if kind != "body":
            net.node(kind, key, core=False)
    net.omitted["owners"] = max(0, len(order) - MOST_CONTEXT["owner"])


def _people(net: Network, ids: Ids, got: Gathered, evidence: set[str]) -> None:
    for table, kind in (("offices", "office"), ("officers", "officer"), ("ownership", "owns")):
        for row in got.links[table]:
            if all(end in net.nodes for end in ends(table, row)):
                _tie(net, row, table, kind, evidence)
    for row in got.links["ties"]:
        if all(end in net.nodes for end in ends("ties", row)):
            _tie(net, row, "ties", "family" if row["kind"] in KIN else "personal", evidence)


def _award_edge(net: Network, buyer: str, company: str, totals: Iterable[Row]) -> Row | None:
    found = [t for t in totals if t["buyer_id"] == buyer and t["company_id"] == company]
    if not found:
        return None
    edge: Row = net.edge(("body", buyer), ("company", company), "award")
    edge["amounts"] = [[t["currency"], t["amount"]] for t in found]
    for name in ("awards", "single", "counted"):
        edge[name] = sum(t[name] for t in found)
    edge["certainty"] = "documented"
    edge["from"] = min(t["first_on"] for t in found)
    edge["to"] = max(t["last_on"] for t in found)
    return edge


def _money(net: Network, ids: Ids, got: Gathered) -> None:
    pairs = sorted({(t["buyer_id"], t["company_id"]) for t in got.supplied})
    for buyer, company in pairs:
        if buyer in ids.bodies and company in ids.companies:
            edge = _award_edge(net, buyer, company, got.supplied)
            if edge is not None:
                edge["cited"] = True
    for win in got.wins:
        where = ("body", win["buyer_id"], "company", win["company_id"], "award", "", "", "")
        if where in net.edges:
            net.edges[where]["records"].append(["awards", win["row_key"]])


def _suppliers(net: Network, ids: Ids, got: Gathered) -> None:
    others: dict[str, list[Decimal]] = defaultdict(list)
    for row in got.supplied:
        if row["buyer_id"] in ids.bodies and row["company_id"] not in ids.companies:
            others[row["company_id"]].append(Decimal(row["amount"]))
    order = sorted(others, key=lambda c: (-max(others[c]), c))
    if len(order) > MOST_CONTEXT["supplier"]:
        net.omitted["suppliers"] = len(order) - MOST_CONTEXT["supplier"]
    for company in order[: MOST_CONTEXT["supplier"]]:
        fresh = ("company", company) not in net.nodes
        net.node("company", company, core=False)
        if fresh:
            net.nodes[("company", company)]["supplier"] = True
    around = {key for kind, key in net.nodes if kind == "company"} - ids.companies
    for buyer, company in sorted({(t["buyer_id"], t["company_id"]) for t in got.supplied}):
        if buyer in ids.bodies and company in around:
            _award_edge(net, buyer, company, got.supplied)


def shared_contests(ids: Ids, got: Gathered) -> dict[tuple[str, str], list[Row]]:
    """Lots in which at least two companies of a case competed, with those companies' rows."""
    lots: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in got.contests:
        if row["company_id"] in ids.companies:
            lots[(row["tender_id"], row["lot"])].append(row)
    return {k: v for k, v in lots.items() if len(v) >= 2}


def _together(net: Network, ids: Ids, got: Gathered) -> None:
    met: Counter[tuple[str, str]] = Counter()
    won: Counter[tuple[str, str]] = Counter()
    for rows in shared_contests(ids, got).values():
        names = sorted(r["company_id"] for r in rows)
        winners = {r["company_id"] for r in rows if r["won"]}
        for i, a in enumerate(names):
            for b in names[i + 1 :]:
                met[(a, b)] += 1
                won[(a, b)] += bool(winners & {a, b})
    for (a, b), count in sorted(met.items()):
        edge = net.edge(("company", a), ("company", b), "met")
        edge.update(count=count, won=won[(a, b)], certainty="documented", cited=True)


def layers(net: Network, ids: Ids, cards: Mapping[tuple[str, str], Row]) -> None:
    """Give every node its place in the chain: body, official, other person, holding, company."""
    edges = net.edges.values()
    officials = {tuple(e["source"]) for e in edges if e["kind"] == "office"}
    suppliers = {tuple(e["target"]) for e in edges if e["kind"] == "award"}
    holders = {tuple(e["source"]) for e in edges if e["kind"] == "owns"}
    for where, node in net.nodes.items():
        if node["kind"] == "body":
            part = "body"
        elif node["kind"] == "person":
            part = "official" if where in officials or "signed" in node else "person"
        else:
            part = "holding" if where in holders and where not in suppliers else "company"
        node["part"] = part
        node["card"] = dict(cards.get(where, {}))
