"""Every input table, declared once.

Validation, DDL, CSV templates and the documentation page are derived from `TABLES`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from graphgov.schema.columns import Column, Type

CERTAINTIES = ("documented", "declared", "inferred")
METHODS = ("open", "selective", "limited", "direct")


@dataclass(frozen=True)
class Table:
    """One table of a dataset.

    Args:
        name: File name without ending.
        group: `node`, `edge` or `context`.
        doc: What one row is.
        columns: In the order of the data model, without the common ones.
        key: Columns that identify a row; empty where rows have no id of their own.
        entity: The id shared by the rows of one thing; differs from `key` only where a
            consortium is several rows (awards, bids).
    """

    name: str
    group: str
    doc: str
    own_columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    entity: str = ""
    default_certainty: str = "documented"
    any_of: tuple[str, ...] = ()  # at least one of these must be given

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns, common and internal ones last."""
        common = [Column("source", doc="URL or document reference")]
        common.append(Column("retrieved_on", Type.DATE, doc="When the source was read"))
        if self.group == "edge":
            common.insert(0, Column("certainty", Type.CHOICE, choices=CERTAINTIES))
        if self.name in ("bodies", "companies", "people"):
            common.append(Column("listed", Type.BOOLEAN, internal=True))
            common.append(Column("certainty", Type.CHOICE, choices=CERTAINTIES, internal=True))
        common += [
            Column("dataset", Type.ID, internal=True),
            Column("row_key", Type.ID, internal=True),
            Column("extra", internal=True, doc="Unknown columns as a JSON object"),
        ]
        return self.own_columns + tuple(common)

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by name."""
        return MappingProxyType({c.name: c for c in self.columns})

    @cached_property
    def file_columns(self) -> tuple[Column, ...]:
        """The columns a file may have."""
        return tuple(c for c in self.columns if not c.internal)


def _id(name: str, ref: str = "", *, required: bool = True, kind: str = "") -> Column:
    return Column(name, Type.ID, required=required, ref=ref, ref_kind=kind)


def _ref(name: str, ref: str) -> Column:
    return _id(name, ref, required=False)


def _on(name: str, *, event: bool = True, end: bool = False, required: bool = False) -> Column:
    return Column(name, Type.DATE, required=required, event=event, end=end)


def _at(name: str, *, event: bool = True) -> Column:
    return Column(name, Type.TIME, event=event)


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(n) for n in names)


def _pick(name: str, *words: str, required: bool = False) -> Column:
    return Column(name, Type.CHOICE, required=required, choices=words)


def _money(name: str, *, required: bool = False) -> Column:
    return Column(name, Type.MONEY, required=required)


_CURRENCY = Column("currency", doc="ISO 4217 code")
_NAME = Column("name", required=True)
_CONTACT = _text("address", "phone", "email")
_IDENTIFIER = _text("identifier_scheme", "identifier")
_SPAN = (_on("started_on"), _on("ended_on", event=False, end=True))

_ALL = (
    Table(
        "bodies",
        "node",
        "A public body that buys, or a unit of one",
        (
            _id("body_id"),
            _NAME,
            _pick(
                "kind",
                "ministry",
                "province",
                "city",
                "county",
                "township",
                "agency",
                "school",
                "hospital",
                "soe",
                "other",
            ),
            *_text("region", "jurisdiction"),
            _ref("parent_id", "bodies"),
            *_CONTACT,
            *_IDENTIFIER,
        ),
        key=("body_id",),
    ),
    Table(
        "people",
        "node",
        "A person: an official, an owner, a relative",
        (
            _id("person_id"),
            _NAME,
            _on("birth_date", event=False),
            Column("birth_year", Type.YEAR),
            *_text("gender", "hometown"),
            *_CONTACT,
        ),
        key=("person_id",),
    ),
    Table(
        "companies",
        "node",
        "A company or other supplier",
        (
            _id("company_id"),
            _NAME,
            *_text("jurisdiction", "region"),
            _on("founded_on", event=False),
            _on("dissolved_on", event=False, end=True),
            Column("registered", Type.BOOLEAN, doc="In the business register"),
            *_text("legal_form", "industry"),
            _money("registered_capital"),
            _CURRENCY,
            Column("employees", Type.INTEGER),
            *_CONTACT,
            Column("state_owned", Type.BOOLEAN),
            *_IDENTIFIER,
        ),
        key=("company_id",),
    ),
    Table(
        "tenders",
        "node",
        "A contracting process",
        (
            _id("tender_id"),
            _id("buyer_id", "bodies"),
            _ref("procuring_entity_id", "bodies"),
            _ref("agency_id", "bodies"),
            *_text("title", "document_no"),
            _pick("method", *METHODS),
            *_text("method_detail", "rationale", "category", "category_scheme", "region"),
            _money("estimated_value"),
            _CURRENCY,
            _at("published_at"),
            _at("submission_starts_at", event=False),
            _at("bids_due_at", event=False),
            _at("opened_at"),
            _pick(
                "status", "planned", "active", "complete", "unsuccessful", "cancelled", "withdrawn"
            ),
            Column("bidders", Type.INTEGER, doc="Number of bidders"),
            _pick("criteria", "price", "quality", "mixed"),
            Column("price_weight", Type.NUMBER),
        ),
        key=("tender_id",),
    ),
    Table(
        "lots",
        "node",
        "A lot of a tender",
        (
            _id("tender_id", "tenders"),
            _id("lot_id"),
            *_text("title", "category"),
            _money("estimated_value"),
            _CURRENCY,
            Column("status"),
        ),
        key=("tender_id", "lot_id"),
    ),
    Table(
        "items",
        "node",
        "A line item of a tender, award, bid or contract",
        (
            _id("item_id"),
            _pick("owner_kind", "tender", "award", "bid", "contract", required=True),
            _id("owner_id", kind="owner_kind"),
            _id("lot_id", required=False),
            *_text("description", "classification", "classification_scheme"),
            Column("quantity", Type.NUMBER),
            Column("unit"),
            _money("unit_amount"),
            _CURRENCY,
        ),
        key=("item_id",),
    ),
    Table(
        "awards",
        "node",
        "A company that won an award; a consortium is several rows with one award_id",
        (
            _id("award_id"),
            _id("buyer_id", "bodies"),
            _id("company_id", "companies"),
            _on("awarded_on", required=True),
            _money("amount", required=True),
            _CURRENCY,
            _ref("tender_id", "tenders"),
            Column("lot_id", Type.IDS),
            _id("bid_id", required=False),
            Column("title"),
            _pick("method", *METHODS),
            *_text("category", "region"),
            _pick("status", "active", "pending", "cancelled", "unsuccessful"),
        ),
        key=("award_id", "company_id"),
        entity="award_id",
    ),
    Table(
        "contracts",
        "node",
        "A contract signed under an award",
        (
            _id("contract_id"),
            _id("award_id", "awards"),
            _on("signed_on"),
            _on("starts_on", event=False),
            _on("ends_on", event=False),
            _on("completed_on", end=True),
            _money("amount"),
            _CURRENCY,
            Column("status"),
            _on("published_on"),
            _on("terminated_on", end=True),
            Column("termination_reason"),
        ),
        key=("contract_id",),
    ),
    Table(
        "amendments",
        "node",
        "A change to a contract",
        (
            _id("amendment_id"),
            _id("contract_id", "contracts"),
            _on("amended_on"),
            _money("amount_change"),
            _on("new_ends_on", event=False),
            Column("reason"),
        ),
        key=("amendment_id",),
    ),
    Table(
        "milestones",
        "node",
        "Something due under a contract",
        (
            _id("milestone_id"),
            _id("contract_id", "contracts"),
            _pick("kind", "delivery", "report", "payment", "other", required=True),
            _on("due_on", event=False),
            _on("met_on", end=True),
        ),
        key=("milestone_id",),
    ),
    Table(
        "payments",
        "node",
        "A payment owed or made under a contract",
        (
            _id("payment_id"),
            _id("contract_id", "contracts"),
            _on("invoiced_on"),
            _on("accepted_on"),
            _on("due_on", event=False),
            _on("paid_on", end=True),
            _money("amount", required=True),
            _CURRENCY,
        ),
        key=("payment_id",),
    ),
    Table(
        "bids",
        "edge",
        "A company that bid; a joint bid is several rows with one bid_id",
        (
            _id("bid_id"),
            _id("tender_id", "tenders"),
            _id("company_id", "companies"),
            _id("lot_id", required=False),
            _money("amount"),
            _CURRENCY,
            _at("submitted_at"),
            _pick("status", "invited", "pending", "valid", "disqualified", "withdrawn"),
            Column("score", Type.NUMBER),
        ),
        key=("bid_id", "company_id"),
        entity="bid_id",
    ),
    Table(
        "offices",
        "edge",
        "A post a person holds or held at a body",
        (
            _id("person_id", "people"),
            _id("body_id", "bodies"),
            Column("post"),
            _pick("role", "head", "deputy", "procurement", "finance", "member"),
            *_SPAN,
        ),
    ),
    Table(
        "decisions",
        "edge",
        "A person's part in deciding a tender or an award",
        (
            _id("person_id", "people"),
            _ref("tender_id", "tenders"),
            _ref("award_id", "awards"),
            _pick("role", "approver", "evaluator", "procurement_officer", "expert"),
            _on("decided_on"),
            Column("recused", Type.BOOLEAN),
        ),
        any_of=("tender_id", "award_id"),
    ),
    Table(
        "ownership",
        "edge",
        "A share of a company held by a person, company or body",
        (
            _id("owner_id", kind="owner_kind"),
            _pick("owner_kind", "person", "company", "body", required=True),
            _id("company_id", "companies"),
            Column("share", Type.SHARE),
            Column("share_min", Type.SHARE),
            Column("share_max", Type.SHARE),
            *_SPAN,
        ),
    ),
    Table(
        "officers",
        "edge",
        "A person's role in a company",
        (
            _id("person_id", "people"),
            _id("company_id", "companies"),
            _pick(
                "role",
                "legal_representative",
                "director",
                "supervisor",
                "manager",
                "actual_controller",
            ),
            *_SPAN,
        ),
    ),
    Table(
        "ties",
        "edge",
        "A personal tie; undirected except parent, child and superior",
        (
            _id("person_a", "people"),
            _id("person_b", "people"),
            _pick(
                "kind",
                "spouse",
                "parent",
                "child",
                "sibling",
                "in_law",
                "kin",
                "classmate",
                "hometown",
                "colleague",
                "superior",
                "business_partner",
                "associate",
                "friend",
                required=True,
            ),
            *_SPAN,
            Column("note"),
        ),
        default_certainty="inferred",
    ),
    Table(
        "spells",
        "edge",
        "A spell of study or work in a person's life",
        (
            _id("person_id", "people"),
            _pick("kind", "study", "work", required=True),
            Column("organisation", required=True),
            *_text("unit", "post", "subject", "place"),
            *_SPAN,
        ),
    ),
    Table(
        "subcontracts",
        "edge",
        "A company hired under a contract",
        (
            _id("contract_id", "contracts"),
            _id("company_id", "companies"),
            _money("amount"),
            _CURRENCY,
            _on("signed_on"),
        ),
    ),
    Table(
        "sanctions",
        "context",
        "A listing of a person, company or body",
        (
            _pick("subject_kind", "person", "company", "body", required=True),
            _id("subject_id", kind="subject_kind"),
            Column("list", required=True),
            *_SPAN,
        ),
    ),
    Table(
        "disclosures",
        "context",
        "Something a body had to publish",
        (
            _id("body_id", "bodies"),
            Column("kind", required=True),
            _id("subject_id", required=False),
            _on("due_on", event=False),
            _on("published_on", end=True),
        ),
    ),
    Table(
        "debts",
        "context",
        "A debt of a body",
        (
            _id("debt_id"),
            _id("body_id", "bodies"),
            Column("creditor_kind"),
            _id("creditor_id", required=False),
            _pick("kind", "loan", "bond", "account"),
            _money("amount", required=True),
            _CURRENCY,
            _on("incurred_on"),
            _on("due_on", event=False),
            _on("settled_on", end=True),
        ),
        key=("debt_id",),
    ),
    Table(
        "mandates",
        "context",
        "A target set by a higher level",
        (
            _id("mandate_id"),
            _NAME,
            Column("metric", required=True),
            Column("target", Type.NUMBER, required=True),
            _pick("direction", "at_least", "at_most"),
            _on("starts_on", required=True, event=False),
            Column("applies_to"),
        ),
        key=("mandate_id",),
    ),
    Table(
        "thresholds",
        "context",
        "An amount from which a method of buying is obligatory",
        (
            *_text("jurisdiction", "body_kind", "category_prefix"),
            Column("method", required=True, doc="What the threshold obliges to"),
            _money("amount", required=True),
            _CURRENCY,
            _on("starts_on", event=False),
            _on("ends_on", event=False),
        ),
    ),
    Table(
        "rates",
        "context",
        "What one unit of a currency is worth in a base currency on a day",
        (
            Column("currency", required=True),
            Column("base", required=True),
            _on("on", required=True, event=False),
            Column("rate", Type.NUMBER, required=True),
        ),
        key=("currency", "base", "on"),
    ),
    Table(
        "judgements",
        "context",
        "What a person decided about two ids",
        (
            _pick("kind", "person", "company", "body", required=True),
            _id("a"),
            _id("b"),
            _pick("verdict", "same", "different", "unsure", required=True),
            Column("by"),
            _at("at", event=False),
        ),
    ),
    Table(
        "withheld",
        "context",
        "Someone or something to be masked in every output",
        (
            Column("kind", required=True),
            _id("id"),
            Column("reason"),
        ),
        key=("kind", "id"),
    ),
)

TABLES: Mapping[str, Table] = MappingProxyType({t.name: t for t in _ALL})
