"""What a dossier page draws: the gathered facts, in words and with places."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from graphgov.report.layout import place
from graphgov.report.sentences import (
    chance,
    number,
    one_line,
    record_dates,
    record_says,
    short_money,
    span,
    tie_label,
    tie_says,
)
from graphgov.report.strings import Words
from graphgov.schema.words import clean, money

Row = dict[str, Any]
_FEW = 4  # with fewer core nodes than this the surroundings are shown at once
_CARD = (
    "kind",
    "region",
    "jurisdiction",
    "birth_year",
    "hometown",
    "founded_on",
    "dissolved_on",
    "legal_form",
    "industry",
    "registered_capital",
    "employees",
    "state_owned",
    "registered",
    "address",
    "phone",
)


def dossier_page(
    dossier: Row,
    words: Words,
    titles: Mapping[str, str],
    places: Mapping[tuple[str, str], str],
    *,
    cases: int,
) -> Row:
    """The data island of one dossier.

    Args:
        dossier: As `graphgov.cases.dossier.build` made it.
        words: Of the language of the page.
        titles: Of indicators, by code.
        places: Where input rows stood, by (table, row_key).
        cases: How many there are in the queue.
    """
    by_node = {n["id"]: clean(n["name"]) for n in dossier["nodes"]}

    def name(kind: str, key: str) -> str:
        return clean(dossier["names"].get(f"{kind}:{key}", key))

    nodes = [_node(n, words) for n in dossier["nodes"]]
    edges = [_edge(e, words, by_node) for e in dossier["edges"]]
    ring = bool(dossier["ring"])
    _put(nodes, edges, ring=ring)
    members = {(m["kind"], m["id"]): m for m in dossier["members"]}
    return {
        "ui": words.page(),
        "lang": words.language,
        "case": {
            "id": dossier["case_id"],
            "rank": dossier["rank"],
            "score": round(dossier["score"] * 100),
            "kind": words(f"kind.{dossier['kind']}"),
            "title": one_line(dossier["title"]),
            **_summary(dossier),
            "amount": money(dossier["amounts"]) if dossier["amounts"] else words("unknown"),
            "period": span(words, dossier["first_on"], dossier["last_on"]),
            "certainty": dossier["certainty"],
            "certainty_word": words(f"certainty.{dossier['certainty']}"),
            "ring": ring,
            "rank_line": words("rank_line", rank=dossier["rank"], all=cases),
        },
        "flags": [_flag(f, words, titles) for f in dossier["flags"]],
        "nodes": nodes,
        "edges": edges,
        "people": _people(nodes, members, words),
        "awards": [_award(a, words, name) for a in dossier["awards"]],
        "money": [_money(part, words, name) for part in dossier["money"]],
        "ring": [{**lot, "buyer": name("body", lot["buyer"] or "")} for lot in dossier["ring"]],
        "companies": {
            key: name("company", key) for lot in dossier["ring"] for key in lot["bid"] + lot["won"]
        },
        "records": _records(dossier["records"], words, name, places),
        "omitted": [
            words("awards.left_out" if what == "awards" else f"omitted.{what}", n=count)
            for what, count in sorted(dossier["omitted"].items())
            if count
        ],
    }


def _node(node: Row, words: Words) -> Row:
    card = node["card"]
    known = [
        [words.value(label), words.value(_said(card[label]))] for label in _CARD if label in card
    ]
    return {
        "id": node["id"],
        "key": node["key"],
        "kind": node["kind"],
        "name": clean(node["name"]),
        "label": wrapped(clean(node["name"]), lines=3 if node["core"] else 2),
        "part": node["part"],
        "part_word": words(f"part.{node['part']}"),
        "role": words.value(node["role"]) if node["role"] else "",
        "core": node["core"],
        "card": known,
    }


def _summary(dossier: Row) -> Row:
    """The summary in two parts: what the strongest flag says, and the rest."""
    whole = dossier["summary"]
    lead = lead_of(whole, [f["reason"] for f in dossier["flags"]])
    return {"lead": lead, "rest": whole[len(lead) :].strip()}


def lead_of(summary: str, reasons: Iterable[str]) -> str:
    """The sentence of a flag that a summary begins with, or the whole summary."""
    fitting = [r for r in reasons if r and summary.startswith(r)]
    return max(fitting, key=len) if fitting else summary


def wrapped(name: str, width: int = 20, lines: int = 3) -> str:
    """A name in a few lines of about equal width; East Asian characters count twice."""
    made, line, used = [], "", 0
    for part in re.findall(
        r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+|\s+",
        name,
    ):
        size = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in part)
        if line.strip() and used + size > width and not part.isspace():
            made.append(line.strip())
            line, used = "", 0
        line += part
        used += size
    made.append(line.strip())
    made = [m if len(m) <= width + 4 else m[: width + 3] + "…" for m in made]
    return "\n".join(made if len(made) <= lines else [*made[: lines - 1], made[lines - 1] + "…"])


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(str(value))


def _edge(edge: Row, words: Words, names: Mapping[str, str]) -> Row:
    a, b = names[edge["source"]], names[edge["target"]]
    made = {
        "id": edge["id"],
        "source": edge["source"],
        "target": edge["target"],
        "kind": edge["kind"],
        "kind_word": words(f"edge.{edge['kind']}"),
        "label": tie_label(words, edge),
        "says": tie_says(words, edge, a, b),
        "span": span(words, edge.get("from"), edge.get("to")) if edge["kind"] != "met" else "",
        "from": str(edge.get("from") or "")[:10],
        "to": str(edge.get("to") or "")[:10],
        "certainty": edge.get("certainty", "documented"),
        "certainty_word": words(f"certainty.{edge.get('certainty', 'documented')}"),
        "cited": edge["cited"],
        "directed": edge["kind"] not in ("met", "family", "personal"),
        "records": [f"{t}:{k}" for t, k in edge["records"]],
        "records_word": _count(words, len(edge["records"])) if edge["records"] else "",
    }
    if edge["kind"] == "award":
        made["weight"] = float(max((number(a) for _, a in edge["amounts"]), default=Decimal(0)))
    elif edge["kind"] == "met":
        made["weight"] = float(edge["count"])
    return made


def _count(words: Words, n: int) -> str:
    return words("records_1") if n == 1 else words("records_n", n=n)


def _put(nodes: Sequence[Row], edges: Sequence[Row], *, ring: bool) -> None:
    """Places with and without the surroundings, so that neither picture has holes."""
    core = [n for n in nodes if n["core"]]
    inside = {n["id"] for n in core}
    within = [e for e in edges if e["source"] in inside and e["target"] in inside]
    for edge in edges:
        edge["core"] = False
    if core:
        at = place(core, within, ring=ring)
        for node in core:
            node["at"] = at[node["id"]]
        for edge in within:
            edge["core"], edge["bends_core"] = True, edge.pop("bends")
    at = place(nodes, edges, ring=ring)
    few = len(core) < _FEW
    for node in nodes:
        node["at_all"] = at[node["id"]]
        node.setdefault("at", node["at_all"])
        node["few"] = few


def _flag(flag: Row, words: Words, titles: Mapping[str, str]) -> Row:
    return {
        "id": flag["flag_id"],
        "code": flag["indicator"],
        "title": titles.get(flag["indicator"], flag["indicator"]),
        "points": flag["points"],
        "score": round(flag["score"] * 100),
        "class": flag["class"],
        "class_word": words(f"class.{flag['class']}"),
        "reason": flag["reason"],
        "innocent": flag["innocent"],
        "chance": chance(words, flag["p_value"]),
        "amount": money(flag["amounts"]) if flag["amounts"] else "",
        "span": span(words, flag["first_on"], flag["last_on"]) if flag["first_on"] else "",
        "certainty": flag["certainty"],
        "certainty_word": words(f"certainty.{flag['certainty']}"),
        "nodes": flag["nodes"],
        "edges": flag["edges"],
        "records": [f"{t}:{k}" for t, k in flag["records"]],
        "records_word": _count(words, len(flag["records"]) + flag["records_left_out"]),
        "left_out": words("records_more", n=flag["records_left_out"])
        if flag["records_left_out"]
        else "",
    }


def _people(
    nodes: Sequence[Row], members: Mapping[tuple[str, str], Row], words: Words
) -> list[Row]:
    shown = [
        {
            "node": n["id"],
            "name": n["name"],
            "key": n["key"],
            "part": n["part_word"],
            "role": n["role"],
            "core": n["core"],
            "known": "; ".join(f"{k}: {v}" for k, v in n["card"]),
        }
        for n in sorted(nodes, key=lambda n: (not n["core"], n["part"], n["name"], n["id"]))
    ]
    drawn = {(n["kind"], n["key"]) for n in nodes}
    for (kind, key), member in sorted(members.items()):
        if (kind, key) not in drawn and kind in ("body", "person", "company"):
            role = words.value(member["role"])
            row = {"node": "", "name": key, "key": key, "part": words(f"kind.{kind}")}
            shown.append({**row, "role": role, "core": True, "known": ""})
    return shown


def _award(award: Row, words: Words, name: Any) -> Row:
    amount = number(award["amount"])
    joint = words("joint", n=award["members"]) if (award["members"] or 1) > 1 else ""
    return {
        "id": award["award_id"],
        "on": str(award["on"] or "")[:10],
        "title": clean(award["title"]),
        "body": name("body", award["buyer_id"]),
        "company": name("company", award["company_id"]),
        "company_word": " ".join((name("company", award["company_id"]), joint)).strip(),
        "company_id": award["company_id"],
        "amount": float(amount),
        "amount_word": money([(award["currency"], amount)]),
        "short": short_money([[award["currency"], str(amount)]]),
        "bidders": award["bidders"],
        "method": words.value(award["method"]),
        "tender": award["tender_id"],
        "signers": _signers(award["signers"], words, name),
        "cited": award["cited"],
        "record": f"awards:{award['row_key']}",
    }


def _signers(people: Sequence[Row], words: Words, name: Any) -> str:
    roles: dict[str, list[str]] = {}
    for person in people:
        roles.setdefault(person["id"], []).append(words.value(person["role"]))
    said = []
    for key, some in roles.items():
        known = ", ".join(r for r in some if r)
        said.append(f"{name('person', key)} ({known})" if known else name("person", key))
    return "; ".join(said)


def _money(part: Row, words: Words, name: Any) -> Row:
    total = number(part["total"])
    rows = []
    for row in part["rows"]:
        amount = number(row["amount"])
        away = number(row["elsewhere"]["amount"]) if row["elsewhere"] else Decimal(0)
        single = (
            words("money.single", single=row["single"], counted=row["counted"])
            if row["counted"]
            else words("money.no_count")
        )
        said = words(
            "money.row",
            share=float(amount / total) if total else 0.0,
            awards=row["awards"],
            single=single,
        )
        if away:
            said += " · " + words(
                "money.elsewhere", amount=short_money([[part["currency"], str(away)]])
            )
        rows.append(
            {
                "name": name("company", row["company_id"]),
                "in_case": row["in_case"],
                "amount": float(amount),
                "single": float(number(row["single_amount"])),
                "elsewhere": float(away),
                "amount_word": short_money([[part["currency"], row["amount"]]]),
                "says": said,
            }
        )
    bodies = [name("body", b) for b in part["bodies"]]
    rest = part["rest"]
    title = words("money") if bodies else words("money.all")
    return {
        "title": words("money.one", body=bodies[0]) if len(bodies) == 1 else title,
        "total": short_money([[part["currency"], part["total"]]]),
        "rows": rows,
        "rest": {
            "name": words("money.rest", n=rest["suppliers"]),
            "amount": float(number(rest["amount"])),
            "amount_word": short_money([[part["currency"], rest["amount"]]]),
            "suppliers": rest["suppliers"],
        },
    }


_FIRST = ("offices", "ties", "officers", "ownership", "decisions", "awards", "contracts")


def _records(
    records: Sequence[Row], words: Words, name: Any, places: Mapping[tuple[str, str], str]
) -> list[Row]:
    """Posts and ties first, then awards, then the rest, each by date."""
    rank = {table: i for i, table in enumerate(_FIRST)}
    made = [(rank.get(r["table"], len(rank)), _record(r, words, name, places)) for r in records]
    made.sort(
        key=lambda pair: (pair[0], pair[1]["ref"].split(":")[0], pair[1]["on"], pair[1]["ref"])
    )
    return [record for _, record in made]


def _record(record: Row, words: Words, name: Any, places: Mapping[tuple[str, str], str]) -> Row:
    first, last = record_dates(record["row"])
    known = len(record["row"]) > 1
    certainty = record["row"].get("certainty") or ("documented" if known else "")
    return {
        "ref": f"{record['table']}:{record['key']}",
        "table": words.value(record["table"]),
        "key": record["key"],
        "on": first,
        "to": last,
        "who": " → ".join(name(kind, key) for kind, key in record["ends"]),
        "says": record_says(words, record, name),
        "certainty": words(f"certainty.{certainty}") if certainty else "",
        "where": " · ".join(
            clean(str(part))
            for part in (places.get((record["table"], record["key"])), record["row"].get("source"))
            if part
        ),
    }
