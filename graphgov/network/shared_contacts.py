"""Telephone numbers, e-mail and postal addresses that few companies share.

A value weighs by its rarity among all companies that state one: a pair alone has it in full,
what more than a handful of companies have (a business centre, an accountant's telephone, a
registration agent) is no link at all.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.network.ties import specificity
from graphgov.schema import REF_KINDS
from graphgov.snapshot import Snapshot
from graphgov.stats.spans import I64

F64 = npt.NDArray[np.float64]
KINDS = ("phone", "email", "domain", "address")
# The catalogue's weights (R044); an address counts less, a domain less than a mailbox.
WEIGHT = (0.8, 0.8, 0.5, 0.5)
MAX_HOLDERS = 10
SERVICE = 5  # what more companies share is a service's, and all it lends them counts once
COLUMNS = ("companies.phone", "companies.email", "companies.address")

_DIGITS = "translate(said, '０１２３４５６７８９', '0123456789')"
# The last eleven digits: a mobile number with or without the country's code, a landline too.
PHONE = (
    f"right(ltrim(regexp_replace(regexp_replace(lower({_DIGITS}), '(ext|x|转|#).*$', ''), "
    "'[^0-9]', '', 'g'), '0'), 11)"
)
_PUBLIC = (
    "gmail googlemail yahoo hotmail outlook live msn icloud me mac aol gmx web mail proton "
    "protonmail yandex qq foxmail 163 126 139 189 yeah sina sohu 21cn aliyun tom wo naver daum "
    "rediffmail zoho example"
)
_PUBLIC_DOMAINS = ", ".join(f"'{word}'" for word in _PUBLIC.split())


def values(snap: Snapshot, kind: str) -> pa.Table:
    """The normalised contact values of all companies, people or bodies; made once.

    One row per value: `id`, `row_key`, `kind` of value and `value`. Placeholders and values too
    short to point to one place are left out.

    Args:
        snap: Whose.
        kind: company, person or body.
    """
    return snap.memo(f"network.contact values {kind}", lambda: snap.sql(_values_sql(kind)))


def _values_sql(of: str) -> str:
    source = f"(SELECT {of}_id AS id, row_key, phone, email, address FROM {REF_KINDS[of]})"
    columns = "id, row_key"
    return f"""SELECT DISTINCT * FROM (
        SELECT {columns}, 'phone' AS kind, {PHONE} AS value FROM (
            SELECT {columns}, unnest(regexp_split_to_array(phone, '[;,/|、，；]')) AS said
            FROM {source} WHERE phone IS NOT NULL)
        UNION ALL SELECT {columns}, 'email', value FROM (
            SELECT {columns}, trim(unnest(regexp_split_to_array(lower(email), '[;,|、，；\\s]')))
                AS value
            FROM {source} WHERE contains(email, '@'))
        UNION ALL SELECT {columns}, 'address',
            regexp_replace(lower(nfc_normalize({_DIGITS})), '[^\\p{{L}}\\p{{N}}]', '', 'g')
        FROM (SELECT {columns}, address AS said FROM {source} WHERE address IS NOT NULL)
    ) WHERE CASE kind
        WHEN 'phone' THEN length(value) >= 7 AND value NOT LIKE '1234567%'
            AND len(list_distinct(string_split(value, ''))) >= 3
        WHEN 'email' THEN regexp_matches(value, '^[^@]+@[^@]+\\.[^@.]+$')
            AND NOT regexp_matches(value, '^(none|no|na|n/a|test|noreply|no-reply)@')
        ELSE length(value) >= 6 AND regexp_matches(value, '\\p{{N}}') END"""


_DOMAIN = "split_part(value, '@', 2)"
_VALUES = f"""w AS (
        SELECT id AS company_id, kind, value FROM v
        UNION SELECT id, 'domain', {_DOMAIN} FROM v
        WHERE kind = 'email' AND split_part({_DOMAIN}, '.', 1) NOT IN ({_PUBLIC_DOMAINS})
    )"""
_LINKS = f"""WITH {_VALUES}, c AS (
        SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies
    ), n AS (
        SELECT kind, value, count(DISTINCT company_id) AS holders FROM w GROUP BY kind, value
        HAVING count(DISTINCT company_id) BETWEEN 2 AND {{most}}
    ), h AS (
        SELECT w.kind, w.value, n.holders, c.company FROM w JOIN n USING (kind, value)
        JOIN c USING (company_id)
    )
    SELECT a.company AS a, b.company AS b, min(x.place)::INTEGER AS kind,
        min(a.holders)::BIGINT AS holders
    FROM h a JOIN h b ON a.kind = b.kind AND a.value = b.value AND a.company < b.company
    JOIN (VALUES ('phone', 0), ('email', 1), ('domain', 2), ('address', 3)) x(kind, place)
        ON x.kind = a.kind
    GROUP BY a.company, b.company, a.kind ORDER BY 1, 2, 3"""
_STATES = ", ".join(f"coalesce(bool_or(w.kind = '{kind}'), false) AS {kind}" for kind in KINDS)
_STATED = f"""WITH {_VALUES}
    SELECT {_STATES} FROM companies c LEFT JOIN w USING (company_id)
    GROUP BY c.company_id ORDER BY c.company_id"""


@dataclass(frozen=True, eq=False)
class Contacts:
    """What pairs of companies share, one row per pair and kind of contact, by pair.

    A mailbox stands for its domain; the rarest value of a kind counts.

    Args:
        a: Code of the smaller company.
        b: Code of the larger company.
        kind: Place in `KINDS`.
        holders: Companies that have the value.
        population: Companies that state such a value, per kind.
        stated: Per company, whether it states any.
    """

    a: I64
    b: I64
    kind: I64
    holders: I64
    population: I64
    stated: npt.NDArray[np.bool_]

    @property
    def rare(self) -> F64:
        """Specificity per row: 1 where the pair alone has it."""
        out = np.empty(len(self.kind))
        for place, count in enumerate(self.population.tolist()):
            own = self.kind == place
            out[own] = specificity(self.holders[own], float(count))
        return out

    def bits(self) -> F64:
        """-ln((n - 1) / (N - 1)) per row: how improbable it is that two share it (D06)."""
        others = np.maximum(self.population[self.kind] - 1, self.holders - 1)
        return np.asarray(np.log(others / (self.holders - 1)), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Linked:
    """Pairs that share something.

    Args:
        a: Code of the smaller company.
        b: Code of the larger company.
        weight: Sum of weight times rarity over kinds; what a service lends counts once.
        bits: Sum of improbabilities in the same way.
        begins: First row of each pair among the contacts, and the end.
    """

    a: I64
    b: I64
    weight: F64
    bits: F64
    begins: I64


def contacts(snap: Snapshot, max_holders: int = MAX_HOLDERS) -> Contacts:
    """All shared contact values of a snapshot; made once per setting.

    Args:
        snap: Where to look.
        max_holders: Companies above which a value links nobody.
    """
    return snap.memo(f"network.contacts {max_holders}", lambda: _read(snap, max_holders))


def _read(snap: Snapshot, most: int) -> Contacts:
    given = values(snap, "company")
    rows = snap.sql(_LINKS.replace("{most}", str(most)), v=given)
    a, b, kind, holders = (
        rows[name].to_numpy().astype(np.int64) for name in ("a", "b", "kind", "holders")
    )
    rows = snap.sql(_STATED, v=given)
    states = np.column_stack([rows[k].to_numpy(zero_copy_only=False) for k in KINDS]).astype(bool)
    # A shared mailbox is a shared domain: said once.
    pair = a << 32 | b
    doubled = (kind == KINDS.index("domain")) & np.isin(pair, pair[kind == KINDS.index("email")])
    keep = ~doubled
    return Contacts(
        a[keep],
        b[keep],
        kind[keep],
        holders[keep],
        states.sum(axis=0).astype(np.int64),
        np.asarray(states.any(axis=1)),
    )


def linked(found: Contacts) -> Linked:
    """The pairs of contacts, each with what its shared values weigh together."""
    pair = found.a << 32 | found.b
    new = np.ones(len(pair), dtype=bool)
    new[1:] = pair[1:] != pair[:-1]
    first = np.flatnonzero(new)
    of = np.cumsum(new) - 1
    most = np.zeros(len(first), dtype=np.int64)
    np.maximum.at(most, of, found.holders)
    service = most > SERVICE
    weights = np.array(WEIGHT)[found.kind] * found.rare
    return Linked(
        found.a[first],
        found.b[first],
        _together(weights, of, service),
        _together(found.bits(), of, service),
        np.append(first, len(pair)).astype(np.int64),
    )


def _together(values: F64, of: I64, service: npt.NDArray[np.bool_]) -> F64:
    """Per pair the sum, or where a service may lend them all the largest."""
    total = np.bincount(of, values, minlength=len(service)).astype(np.float64)
    largest = np.zeros(len(service))
    np.maximum.at(largest, of, values)
    return np.where(service, largest, total)
