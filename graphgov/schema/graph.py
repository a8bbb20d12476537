"""The graph: which label or relationship each table becomes, declared as data.

A table is carried either by nodes (its rows are nodes) or by relationships (its rows are
relationships). Awards are both: the award is one node, each of its rows is a `WON_BY`, so a
consortium is one node with several of them. Relationships that only repeat a reference of a
node's row (`CALLED`, `GRANTED`, `ABOUT`, …) can be made again from the node at any time; the
node keeps the id too, so that a reference to something that is not there is not lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from graphgov.schema.columns import REF_KINDS, Column, Type
from graphgov.schema.tables import TABLES

ROW_KEY = "row_key"
_MARKS = ("dataset", "row_key", "source")
_ROW_MARKS = ("source", "retrieved_on", "dataset", "row_key", "extra")


@dataclass(frozen=True)
class Node:
    """A label and the table whose rows (or entities) it holds.

    Args:
        key: The unique property: an id, or `row_key` where rows have no single id.
    """

    label: str
    table: str
    key: str

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns kept as properties."""
        entity = TABLES[self.table].entity
        rows = TABLES[self.table].key if entity else ()
        return tuple(
            c for c in TABLES[self.table].columns if c.name == entity or c.name not in rows
        )


@dataclass(frozen=True)
class Relation:
    """A relationship type between two labels, and the columns it is made from.

    Args:
        start: Label of the start node, found by the id in `start_column`.
        end: Label of the end node, found by the id in `end_column`.
        names: Columns kept as properties.
        is_row: The relationship is a row of the table, not a reference repeated.
        when: Column and word that a row must have.
        via: Table through which the end is found: the row with the id in `end_column`
            says in its column `via_column` which one it is.
        role: Kept as the property `role`.
    """

    type: str
    start: str
    end: str
    table: str
    start_column: str
    end_column: str
    names: tuple[str, ...] = _MARKS
    is_row: bool = False
    when: tuple[str, str] | None = None
    via: str = ""
    via_column: str = ""
    role: str = ""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns kept as properties."""
        return tuple(TABLES[self.table].by_name[n] for n in self.names)


def _node(label: str, table: str, key: str = "") -> Node:
    spec = TABLES[table]
    single = spec.entity or (spec.key[0] if len(spec.key) == 1 else "")
    return Node(label, table, key or single or ROW_KEY)


_NODES = (
    _node("Body", "bodies"),
    _node("Person", "people"),
    _node("Company", "companies"),
    _node("Tender", "tenders"),
    _node("Award", "awards"),
    _node("Contract", "contracts"),
    _node("Lot", "lots"),
    _node("Item", "items"),
    _node("Amendment", "amendments"),
    _node("Milestone", "milestones"),
    _node("Payment", "payments"),
    _node("Spell", "spells"),
    _node("Sanction", "sanctions"),
    _node("Disclosure", "disclosures"),
    _node("Debt", "debts"),
    _node("Mandate", "mandates"),
    _node("Threshold", "thresholds"),
    _node("Rate", "rates"),
    _node("Judgement", "judgements"),
    _node("Withheld", "withheld"),
)
NODES: Mapping[str, Node] = MappingProxyType({n.label: n for n in _NODES})
NODE_OF_TABLE: Mapping[str, Node] = MappingProxyType({n.table: n for n in _NODES})
LABEL_OF_KIND: Mapping[str, str] = MappingProxyType(
    {kind: NODE_OF_TABLE[t].label for kind, t in REF_KINDS.items() if t in NODE_OF_TABLE}
)


def _row(
    type_: str,
    start: str,
    end: str,
    table: str,
    start_column: str,
    end_column: str,
    when: tuple[str, str] | None = None,
) -> Relation:
    ends = {start_column, end_column, *TABLES[table].any_of}
    names = tuple(c.name for c in TABLES[table].columns if c.name not in ends)
    return Relation(
        type_, start, end, table, start_column, end_column, names, is_row=True, when=when
    )


def _about(
    label: str,
    end_column: str,
    end: str = "",
    *,
    kind: str = "",
    role: str = "",
    via: tuple[str, str] = ("", ""),
) -> tuple[Relation, ...]:
    """`ABOUT` of one reference, once per label it may point at."""
    node = NODES[label]
    ends: list[tuple[str, tuple[str, str] | None]] = [(end, None)]
    if via[0]:
        ends = [(end, (kind, "bid"))]
    elif kind:
        words = TABLES[node.table].by_name[kind].choices or tuple(LABEL_OF_KIND)
        ends = [(label_, (kind, k)) for k, label_ in LABEL_OF_KIND.items() if k in words]
    return tuple(
        Relation(
            "ABOUT",
            label,
            target,
            node.table,
            node.key,
            end_column,
            when=when,
            via=via[0],
            via_column=via[1],
            role=role,
        )
        for target, when in ends
    )


RELATIONS: tuple[Relation, ...] = (
    Relation("CALLED", "Body", "Tender", "tenders", "buyer_id", "tender_id"),
    Relation("LED_TO", "Tender", "Award", "awards", "tender_id", "award_id"),
    Relation("GRANTED", "Body", "Award", "awards", "buyer_id", "award_id"),
    Relation(
        "WON_BY", "Award", "Company", "awards", "award_id", "company_id", _ROW_MARKS, is_row=True
    ),
    Relation("SIGNED_AS", "Award", "Contract", "contracts", "award_id", "contract_id"),
    Relation("PART_OF", "Body", "Body", "bodies", "body_id", "parent_id"),
    _row("BID_ON", "Company", "Tender", "bids", "company_id", "tender_id"),
    _row("HELD_OFFICE", "Person", "Body", "offices", "person_id", "body_id"),
    _row("DECIDED", "Person", "Tender", "decisions", "person_id", "tender_id"),
    _row("DECIDED", "Person", "Award", "decisions", "person_id", "award_id"),
    *(
        _row("OWNS", label, "Company", "ownership", "owner_id", "company_id", ("owner_kind", kind))
        for kind, label in LABEL_OF_KIND.items()
        if kind in ("person", "company", "body")
    ),
    _row("OFFICER_OF", "Person", "Company", "officers", "person_id", "company_id"),
    _row("TIED_TO", "Person", "Person", "ties", "person_a", "person_b"),
    _row("SUBCONTRACTED", "Company", "Contract", "subcontracts", "company_id", "contract_id"),
    *_about("Lot", "tender_id", "Tender"),
    *_about("Item", "owner_id", kind="owner_kind"),
    *_about("Item", "owner_id", "Tender", kind="owner_kind", via=("bids", "tender_id")),
    *_about("Amendment", "contract_id", "Contract"),
    *_about("Milestone", "contract_id", "Contract"),
    *_about("Payment", "contract_id", "Contract"),
    *_about("Spell", "person_id", "Person"),
    *_about("Sanction", "subject_id", kind="subject_kind"),
    *_about("Disclosure", "body_id", "Body"),
    *_about("Debt", "body_id", "Body", role="debtor"),
    *_about("Debt", "creditor_id", kind="creditor_kind", role="creditor"),
    *_about("Mandate", "applies_to", "Body"),
    *_about("Judgement", "a", kind="kind", role="a"),
    *_about("Judgement", "b", kind="kind", role="b"),
    *_about("Withheld", "id", kind="kind"),
)


@dataclass(frozen=True)
class ResultNode:
    """A label that a run writes; `uid` is its unique property.

    Args:
        properties: Name and type, without `uid` and `run_id`, which all of them have.
    """

    label: str
    properties: tuple[tuple[str, Type], ...]


RESULT_KEY = "uid"
RESULT_NODES: tuple[ResultNode, ...] = (
    ResultNode("Run", (("as_of", Type.DATE), ("current", Type.BOOLEAN))),
    ResultNode(
        "Flag",
        (
            ("flag_id", Type.ID),
            ("indicator", Type.TEXT),
            ("family", Type.TEXT),
            ("class", Type.TEXT),
            ("subject_kind", Type.TEXT),
            ("subject_id", Type.ID),
            ("score", Type.NUMBER),
            ("value", Type.NUMBER),
            ("unit", Type.TEXT),
            ("threshold", Type.NUMBER),
            ("p_value", Type.NUMBER),
            ("q_value", Type.NUMBER),
            ("amounts", Type.TEXT),
            ("first_on", Type.DATE),
            ("last_on", Type.DATE),
            ("certainty", Type.TEXT),
            ("reason", Type.TEXT),
            ("innocent", Type.TEXT),
            ("facts", Type.TEXT),
            ("evidence", Type.TEXT),
        ),
    ),
    ResultNode(
        "Case",
        (
            ("case_id", Type.ID),
            ("rank", Type.INTEGER),
            ("score", Type.NUMBER),
            ("kind", Type.TEXT),
            ("title", Type.TEXT),
            ("summary", Type.TEXT),
            ("amounts", Type.TEXT),
            ("first_on", Type.DATE),
            ("last_on", Type.DATE),
            ("certainty", Type.TEXT),
        ),
    ),
    ResultNode("Community", (("graph", Type.TEXT), ("community_id", Type.ID))),
)
# Type → (start, end, properties) of what a run writes; `run_id` on all of them.
MEMBER_LABELS = ("Body", "Person", "Company", "Tender", "Award", "Contract")
RESULT_RELATIONS: tuple[tuple[str, str, str, tuple[tuple[str, Type], ...]], ...] = (
    *(("ABOUT", "Flag", label, (("role", Type.TEXT),)) for label in MEMBER_LABELS),
    ("CONTAINS", "Case", "Flag", ()),
    *(("INVOLVES", "Case", label, (("role", Type.TEXT),)) for label in MEMBER_LABELS),
    *(("HAS", "Community", label, (("stability", Type.NUMBER),)) for label in MEMBER_LABELS),
)
