"""Pairs of ids that may be one thing, for a person to judge; nothing is merged here.

Ids are compared only inside blocks that share something: a comparable name, an identifier, a
telephone number or an e-mail address. A block of more than `MOST_IN_BLOCK` ids says nothing
about any two of them and is passed over, so that common names and shared switchboards do not
explode; a finer block (name with birth date, name with telephone, …) still finds them. At most
`MOST_PAIRS` pairs are given, the best first chosen. Pairs judged already are left out, and so
are pairs that differ in birth date, birth year, gender or in an identifier of one scheme.
"""

from dataclasses import dataclass

import pyarrow as pa

from graphgov.identity.names import comparable
from graphgov.schema import Tables

MOST_IN_BLOCK = 20
MOST_PAIRS = 100_000
SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("a", pa.string()),
        ("b", pa.string()),
        ("score", pa.float64()),
        ("why", pa.string()),
    ]
)


@dataclass(frozen=True)
class _Rules:
    """How ids of one kind are compared.

    Args:
        cells: SQL of what is compared, by name; besides `name`.
        blocks: Groups of cells that must all agree for two ids to be compared.
        differ: Cells in which a pair must not differ.
        scores: What must agree, the score it gives and the words for it, best first.
    """

    kind: str
    table: str
    cells: dict[str, str]
    blocks: tuple[tuple[str, ...], ...]
    differ: tuple[str, ...]
    scores: tuple[tuple[tuple[str, ...], float], ...]


_PHONE = "CASE WHEN length(regexp_replace(phone, '[^0-9]', '', 'g')) >= 7 THEN right("
_PHONE += "regexp_replace(phone, '[^0-9]', '', 'g'), 9) END"
_EMAIL = "CASE WHEN contains(email, '@') THEN lower(email) END"
# Not \w, which is ASCII alone here: two streets of one number would look the same.
_ADDRESS = "nullif(regexp_replace(lower(address), '[^\\p{L}\\p{N}]', '', 'g'), '')"
_ID = "upper(regexp_replace(identifier, '[\\s.-]', '', 'g'))"
_CONTACT = {"phone": _PHONE, "email": _EMAIL, "address": _ADDRESS}
_WORDS = {
    "name": "the same name, whatever the order of words",
    "born": "the same birth date",
    "year": "the same birth year",
    "phone": "the same telephone number",
    "email": "the same e-mail address",
    "address": "the same address",
    "hometown": "the same home town",
    "code": "the same identifier",
}
_PERSON = _Rules(
    "person",
    "people",
    {
        **_CONTACT,
        "born": "birth_date::VARCHAR",
        "year": "coalesce(birth_year, year(birth_date))::VARCHAR",
        "hometown": "lower(hometown)",
        "gender": "lower(gender)",
    },
    (
        ("name",),
        ("name", "born"),
        ("name", "year"),
        ("name", "phone"),
        ("name", "email"),
        ("name", "address"),
        ("name", "hometown"),
        ("born", "phone"),
        ("born", "email"),
    ),
    ("born", "year", "gender"),
    (
        (("name", "born", "phone"), 0.97),
        (("name", "born", "email"), 0.97),
        (("name", "born", "address"), 0.95),
        (("name", "born"), 0.9),
        (("name", "email"), 0.85),
        (("name", "phone"), 0.8),
        (("name", "address"), 0.75),
        (("name", "year", "hometown"), 0.7),
        (("born", "phone"), 0.65),
        (("born", "email"), 0.65),
        (("name", "year"), 0.6),
        (("name", "hometown"), 0.45),
        (("name",), 0.3),
    ),
)
_COMPANY = _Rules(
    "company",
    "companies",
    {**_CONTACT, "code": _ID, "scheme": "lower(identifier_scheme)"},
    (
        ("code",),
        ("name",),
        ("name", "phone"),
        ("name", "address"),
        ("name", "email"),
        ("phone", "address"),
    ),
    ("code",),
    (
        (("name", "code"), 0.98),
        (("code",), 0.9),
        (("name", "phone"), 0.85),
        (("name", "email"), 0.85),
        (("name", "address"), 0.85),
        (("name",), 0.5),
        (("phone", "address"), 0.35),
    ),
)
_BODY = _Rules("body", "bodies", _COMPANY.cells, _COMPANY.blocks, ("code",), _COMPANY.scores)


def candidates(tables: Tables) -> pa.Table:
    """Pairs for review: `kind`, `a`, `b` (a < b), `score` in [0, 1], `why`; sorted.

    Args:
        tables: Validated input; not changed.
    """
    con = tables.con
    parts = []
    try:
        for rules in (_BODY, _COMPANY, _PERSON):
            _compare_names(tables, rules)
            con.execute(_pairs_sql(rules))
            parts.append(con.execute(_scored_sql(rules)).to_arrow_table().cast(SCHEMA))
    finally:
        for name in ("idc_names", "idc_cells", "idc_pairs"):
            con.execute(f"DROP TABLE IF EXISTS temp.{name}")
    found = pa.concat_tables(parts)
    if found.num_rows > MOST_PAIRS:
        best = [("score", "descending"), ("kind", "ascending"), ("a", "ascending")]
        found = found.sort_by([*best, ("b", "ascending")]).slice(0, MOST_PAIRS)
    return found.sort_by([("kind", "ascending"), ("a", "ascending"), ("b", "ascending")])


def _compare_names(tables: Tables, rules: _Rules) -> None:
    con = tables.con
    rows = con.execute(f"SELECT DISTINCT name FROM {rules.table} WHERE name IS NOT NULL")
    names = [row[0] for row in rows.fetchall()]
    plain = [comparable(n, company=rules.kind != "person") or None for n in names]
    batch = pa.table({"name": pa.array(names, pa.string()), "plain": pa.array(plain, pa.string())})
    con.register("idc_batch", batch)
    con.execute("CREATE OR REPLACE TEMP TABLE idc_names AS SELECT * FROM idc_batch")
    con.unregister("idc_batch")
    cells = ", ".join(f"{sql} AS {name}" for name, sql in rules.cells.items())
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE idc_cells AS SELECT t.{rules.kind}_id AS id, "
        f"n.plain AS name, {cells} FROM {rules.table} t LEFT JOIN idc_names n USING (name)"
    )


def _pairs_sql(rules: _Rules) -> str:
    parts = []
    for block in rules.blocks:
        by = ", ".join(block)
        held = " AND ".join(f"{name} IS NOT NULL" for name in block)
        parts.append(
            f"SELECT a.id AS a, b.id AS b FROM idc_cells a JOIN idc_cells b USING ({by}) "
            f"SEMI JOIN (SELECT {by} FROM idc_cells WHERE {held} GROUP BY {by} "
            f"HAVING count(*) BETWEEN 2 AND {MOST_IN_BLOCK}) USING ({by}) WHERE a.id < b.id"
        )
    return f"CREATE OR REPLACE TEMP TABLE idc_pairs AS {' UNION '.join(parts)}"


def _scored_sql(rules: _Rules) -> str:
    agree = {n: f"coalesce(a.{n} = b.{n}, false)" for n in ("name", *rules.cells)}
    if "scheme" in rules.cells:  # without a scheme a code says less, but it says something
        agree["code"] = f"({agree['code']} AND coalesce(a.scheme = b.scheme, true))"
    differ = []
    for name in rules.differ:
        same_scheme = " AND a.scheme = b.scheme" if name == "code" else ""
        differ.append(f"coalesce(a.{name} <> b.{name}{same_scheme}, false)")
    score = " ".join(
        f"WHEN {' AND '.join(agree[n] for n in names)} THEN {value}"
        for names, value in rules.scores
    )
    why = ", ".join(
        f"CASE WHEN {agree[n]} THEN '{words}' END" for n, words in _WORDS.items() if n in agree
    )
    return (
        f"SELECT '{rules.kind}' AS kind, p.a, p.b, (CASE {score} END)::DOUBLE AS score, "
        f"concat_ws('; ', {why}) AS why FROM idc_pairs p JOIN idc_cells a ON a.id = p.a "
        f"JOIN idc_cells b ON b.id = p.b WHERE NOT ({' OR '.join(differ)}) AND score IS NOT NULL "
        f"AND NOT EXISTS (FROM judgements j WHERE j.kind = '{rules.kind}' "
        f"AND least(j.a, j.b) = p.a AND greatest(j.a, j.b) = p.b)"
    )
