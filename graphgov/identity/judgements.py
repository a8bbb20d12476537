"""Judgements and masking as one table: which id is read as which other one.

Applied when a snapshot is taken, never written into `Tables`: taking a judgement back is
taking its row out of the input.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable

import pyarrow as pa

from graphgov.schema import REF_KINDS, TABLES, Tables

SCHEMA = pa.schema(
    [("kind", pa.string()), ("id", pa.string()), ("new_id", pa.string()), ("masked", pa.bool_())]
)
Pair = tuple[str, str]


def pseudonyms(kind: str, keys: Iterable[str]) -> dict[str, str]:
    """What stands in for each masked id: eight hex digits, more where two would collide."""
    full = {k: hashlib.sha256(f"{kind}:{k}".encode()).hexdigest() for k in keys}
    short = Counter(digits[:8] for digits in full.values())
    return {
        key: f"withheld-{digits[:8] if short[digits[:8]] == 1 else digits[:32]}"
        for key, digits in full.items()
    }


def aliases(tables: Tables, *, mask_people: bool = False) -> pa.Table:
    """Ids to be read as another one: columns `kind`, `id`, `new_id`, `masked`, sorted.

    Ids judged the same become the smallest of them. A `different` verdict between two of a
    group leaves the whole group apart (see `conflicts`). Of several verdicts on one pair the
    latest counts; at the same time, the more careful one. What is withheld becomes a pseudonym.

    Args:
        tables: Validated input; not changed.
        mask_people: Withhold every person.
    """
    merged = {kind: _merged(tables, kind)[0] for kind in ("body", "company", "person")}
    hidden = _hidden(tables, mask_people)
    rows = []
    for kind in sorted(REF_KINDS):
        renamed = merged.get(kind, {})
        groups: dict[str, set[str]] = {}
        for key, first in renamed.items():
            groups.setdefault(first, {first}).add(key)
        masked = set(hidden.get(kind, ()))
        for first, members in groups.items():
            if masked & (members | {first}):
                masked |= members | {first}
        hiding = pseudonyms(kind, {renamed.get(key, key) for key in masked})
        for key in sorted(masked | set(renamed)):
            target = renamed.get(key, key)
            if key in masked:
                rows.append((kind, key, hiding[target], True))
            elif target != key:
                rows.append((kind, key, target, False))
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    return pa.table([pa.array(c, t) for c, t in zip(columns, SCHEMA.types, strict=True)], SCHEMA)


def conflicts(tables: Tables) -> list[tuple[str, tuple[str, ...]]]:
    """Groups judged the same that hold a pair judged different: (kind, ids), sorted."""
    return sorted(
        (kind, group)
        for kind in ("body", "company", "person")
        for group in _merged(tables, kind)[1]
    )


def verdicts(tables: Tables, kind: str) -> dict[Pair, str]:
    """The verdict that counts for each pair of ids, smaller id first."""
    rows = tables.con.execute(
        "SELECT a, b, verdict FROM judgements WHERE kind = ? AND a <> b "
        'ORDER BY "at" NULLS FIRST, '
        "CASE verdict WHEN 'same' THEN 0 WHEN 'unsure' THEN 1 ELSE 2 END, a, b",
        [kind],
    ).fetchall()
    return {(min(a, b), max(a, b)): verdict for a, b, verdict in rows}


def _merged(tables: Tables, kind: str) -> tuple[dict[str, str], list[tuple[str, ...]]]:
    """Ids by the smallest id of their group, and the groups left apart by a contradiction."""
    judged = verdicts(tables, kind)
    same = [pair for pair, verdict in judged.items() if verdict == "same"]
    apart = [pair for pair, verdict in judged.items() if verdict == "different"]
    found: dict[str, str] = {}
    refused = []
    for group in _groups(same):
        if any(a in group and b in group for a, b in apart):
            refused.append(tuple(sorted(group)))
        else:
            first = min(group)
            found.update((key, first) for key in group if key != first)
    return found, refused


def _groups(pairs: Iterable[Pair]) -> list[set[str]]:
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for a, b in pairs:
        x, y = root(a), root(b)
        if x != y:
            parent[max(x, y)] = min(x, y)
    groups: dict[str, set[str]] = {}
    for key in parent:
        groups.setdefault(root(key), set()).add(key)
    return list(groups.values())


def _hidden(tables: Tables, mask_people: bool) -> dict[str, set[str]]:
    hidden: dict[str, set[str]] = {}
    for kind, key in tables.con.execute("SELECT kind, id FROM withheld").fetchall():
        hidden.setdefault(str(kind).strip().lower(), set()).add(key)
    if mask_people:
        people = tables.con.execute(f"SELECT person_id FROM people {_person_refs()}").fetchall()
        hidden.setdefault("person", set()).update(row[0] for row in people)
    return hidden


def _person_refs() -> str:
    """Every other column in which a person's id can stand."""
    parts = []
    for table in TABLES.values():
        for column in table.columns:
            if column.ref == "people":
                parts.append(f'SELECT "{column.name}" FROM "{table.name}"')
            elif column.ref_kind:
                parts.append(
                    f'SELECT "{column.name}" FROM "{table.name}" '
                    f"WHERE \"{column.ref_kind}\" = 'person'"
                )
    return " ".join(f"UNION {part}" for part in parts)
