"""The tie graph: who is close to whom, and who stands behind which company.

Nodes are people (their rank among `people`) and, after them, companies. A tie weighs what its
kind is worth, less where both ends have many of that kind, and knows its row, its certainty
and the days it was in force.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.network.ids import I32, Index
from graphgov.schema import CERTAINTIES
from graphgov.snapshot import Snapshot
from graphgov.stats.spans import FAR

F64 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int8]
BOOL = npt.NDArray[np.bool_]

# The catalogue's defaults (E.0); kinds it does not name stand beside their nearest relative.
BASE: Mapping[str, float] = MappingProxyType(
    {
        "spouse": 1.0,
        "parent": 1.0,
        "child": 1.0,
        "sibling": 1.0,
        "kin": 0.9,
        "in_law": 0.85,
        "classmate": 0.6,
        "superior": 0.6,
        "colleague": 0.5,
        "business_partner": 0.5,
        "associate": 0.4,
        "friend": 0.4,
        "hometown": 0.4,
        "legal_representative": 1.0,
        "actual_controller": 1.0,
        "director": 0.7,
        "supervisor": 0.5,
        "manager": 0.5,
        "officer": 0.5,
        "owner": 1.0,
    }
)
KINDS = tuple(BASE)
UNKNOWN_SHARE = 0.5  # an owner of record whose share is not published
# A fact that stays true: its end is the end of a course of study, not of the tie.
LASTING = frozenset({"parent", "child", "sibling", "kin", "classmate", "hometown"})
# Work and business ties weaken after their end, by the law's look-back of three years.
FADING = frozenset({"colleague", "superior", "business_partner"})
FADE_DAYS = 3 * 365.25
FADED_OUT = int(3 * FADE_DAYS)  # days after which a tie that fades is worth under 5 %
# Kinds of which a person may have very many; kin is never common.
COMMON = frozenset(
    {"classmate", "superior", "colleague", "business_partner", "associate", "friend", "hometown"}
)
CONFIDENCE = (1.0, 1.0, 0.8)  # of documented, declared and inferred ties
TABLES = ("ties", "officers", "ownership")

_SQL = f"""
WITH p AS (SELECT person_id, row_number() OVER (ORDER BY person_id) - 1 AS node FROM people),
c AS (SELECT company_id, (SELECT count(*) FROM people)
    + row_number() OVER (ORDER BY company_id) - 1 AS node FROM companies),
e AS (
    SELECT a.node AS a, b.node AS b, t.kind, 1.0 AS share, 0 AS "table", t.row_key,
        t.certainty, t.started_on, t.ended_on
    FROM ties t JOIN p a ON a.person_id = t.person_a JOIN p b ON b.person_id = t.person_b
    UNION ALL
    SELECT p.node, c.node, coalesce(o.role, 'officer'), 1.0, 1, o.row_key,
        o.certainty, o.started_on, o.ended_on
    FROM officers o JOIN p USING (person_id) JOIN c USING (company_id)
    UNION ALL
    SELECT coalesce(p.node, h.node), c.node, 'owner',
        coalesce(o.share, (o.share_min + o.share_max) / 2, o.share_min, o.share_max / 2,
            {UNKNOWN_SHARE}),
        2, o.row_key, o.certainty, o.started_on, o.ended_on
    FROM ownership o JOIN c USING (company_id)
    LEFT JOIN p ON p.person_id = CASE o.owner_kind WHEN 'person' THEN o.owner_id END
    LEFT JOIN c h ON h.company_id = CASE o.owner_kind WHEN 'company' THEN o.owner_id END
    WHERE coalesce(p.node, h.node) IS NOT NULL
)
SELECT a::INTEGER AS a, b::INTEGER AS b, kind, share::DOUBLE AS share, "table"::TINYINT AS "table",
    row_key, certainty,
    coalesce(date_diff('day', DATE '1970-01-01', started_on), -{FAR})::INTEGER AS since,
    coalesce(date_diff('day', DATE '1970-01-01', ended_on), {FAR})::INTEGER AS until
FROM e WHERE a <> b ORDER BY a, b, kind, since, until, row_key
"""


@dataclass(frozen=True, eq=False)
class TieGraph:
    """Ties as arrays, one place per row of input, in content order.

    Args:
        people: Index of people; node = code.
        companies: Index of companies; node = number of people + code.
        a: One end (the person, the owner).
        b: The other end.
        kind: Place in `KINDS`.
        weight: In [0, 1], specificity and confidence in it, fading not.
        certainty: 0 documented, 1 declared, 2 inferred.
        start: First day in force, days since 1970; `-FAR` where unknown.
        end: Last day in force; `FAR` where open.
        table: Place in `TABLES`.
        row_key: Row of that table.
    """

    people: Index
    companies: Index
    a: I32
    b: I32
    kind: I8
    weight: F64
    certainty: I8
    start: I32
    end: I32
    table: I8
    row_key: Sequence[str]

    @property
    def nodes(self) -> int:
        """How many people and companies."""
        return len(self.people) + len(self.companies)

    def person(self, key: str) -> int:
        """The node of a person, or -1."""
        return self.people.code(key)

    def company(self, key: str) -> int:
        """The node of a company, or -1."""
        code = self.companies.code(key)
        return -1 if code < 0 else code + len(self.people)

    def name(self, node: int) -> tuple[str, str]:
        """The kind and id of a node."""
        if node < len(self.people):
            return "person", self.people[node]
        return "company", self.companies[node - len(self.people)]

    @cached_property
    def fades(self) -> BOOL:
        """Ties that outlive their end, weakening."""
        return _is_in(self.kind, FADING)

    @cached_property
    def usable_end(self) -> I32:
        """The last day on which a tie can be part of a chain."""
        lasting = _is_in(self.kind, LASTING)
        faded = np.where(self.fades & (self.end < FAR), self.end + FADED_OUT, self.end)
        return np.where(lasting, FAR, faded).astype(np.int32)

    @cached_property
    def holding(self) -> BOOL:
        """A company's share of a company: going down it costs no extra step."""
        return np.asarray(self.a >= len(self.people))

    @cached_property
    def link(self) -> npt.NDArray[np.int64]:
        """One number per pair of nodes: rows on the same pair are one link told twice."""
        low, high = np.minimum(self.a, self.b), np.maximum(self.a, self.b)
        return low.astype(np.int64) * self.nodes + high


def tie_graph(snap: Snapshot) -> TieGraph:
    """The tie graph of a snapshot; made once."""
    return snap.memo("network.tie_graph", lambda: _read(snap))


def _read(snap: Snapshot) -> TieGraph:
    rows = snap.sql(_SQL)
    kinds = {name: place for place, name in enumerate(KINDS)}
    kind = _codes(rows["kind"], kinds)
    ranks = {name: place for place, name in enumerate(CERTAINTIES)}
    certainty = _codes(rows["certainty"], ranks)
    people = Index.of(snap.sql("SELECT person_id FROM people")["person_id"])
    companies = Index.of(snap.sql("SELECT company_id FROM companies")["company_id"])
    return make_graph(
        people,
        companies,
        a=rows["a"].to_numpy(),
        b=rows["b"].to_numpy(),
        kind=kind,
        share=rows["share"].to_numpy(),
        certainty=certainty,
        start=rows["since"].to_numpy(),
        end=rows["until"].to_numpy(),
        table=rows["table"].to_numpy(),
        row_key=rows["row_key"].to_pylist(),
    )


def _codes(words: pa.ChunkedArray, places: Mapping[str, int]) -> I8:
    """The place of each word; few words, many rows."""
    coded = words.combine_chunks().dictionary_encode()
    place = np.array([places[word] for word in coded.dictionary.to_pylist()], dtype=np.int8)
    found: I8 = place[coded.indices.to_numpy()]
    return found


def make_graph(
    people: Index,
    companies: Index,
    *,
    a: I32,
    b: I32,
    kind: I8,
    share: F64,
    certainty: I8,
    start: I32,
    end: I32,
    table: I8,
    row_key: Sequence[str],
) -> TieGraph:
    """A tie graph from edge arrays in content order; weights are worked out here.

    `share` is the weight of the row itself: an owner's share, else 1.
    """
    base = np.array([BASE[k] for k in KINDS])[kind]
    rare = edge_specificity(a, b, kind, len(people))
    weight: F64 = base * share * rare * np.array(CONFIDENCE)[certainty]
    return TieGraph(people, companies, a, b, kind, weight, certainty, start, end, table, row_key)


def specificity(holders: npt.ArrayLike, population: float) -> F64:
    """ln(N / n) / ln(N / 2) in [0, 1]: a pair alone has 1, what everybody shares has 0."""
    n = np.maximum(np.asarray(holders, dtype=np.float64), 2.0)
    if population <= 2:
        return np.ones_like(n)
    rare: F64 = np.clip(np.log(population / n) / np.log(population / 2), 0.0, 1.0)
    return rare


def edge_specificity(a: I32, b: I32, kind: I8, population: int) -> F64:
    """The specificity of each tie, its circle taken as the smaller of its ends' circles.

    Somebody with ten classmates is in a class of eleven. The smaller circle counts, so that
    the only friend of a person everybody knows stays a friend.
    """
    common = np.flatnonzero(_is_in(kind, COMMON))
    out = np.ones(len(a))
    ends = np.concatenate([a[common], b[common]]).astype(np.int64)
    others = np.concatenate([b[common], a[common]]).astype(np.int64)
    kinds = np.concatenate([kind[common], kind[common]]).astype(np.int64)
    keys = ends * len(KINDS) + kinds
    nodes = int(others.max(initial=0)) + 1
    neighbours = np.sort(keys * nodes + others)
    neighbours = neighbours[np.diff(neighbours, prepend=-1) > 0]
    circles, sizes = np.unique(neighbours // nodes, return_counts=True)
    size = sizes[np.searchsorted(circles, keys)] + 1
    smaller = np.minimum(size[: len(common)], size[len(common) :])
    out[common] = specificity(smaller, population)
    return out


def _is_in(kind: I8, names: frozenset[str]) -> BOOL:
    found: BOOL = np.array([k in names for k in KINDS])[kind]
    return found
