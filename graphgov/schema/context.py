"""What the facts are judged by: sanctions, rules, rates, judgements."""

from graphgov.schema.columns import Column, Type
from graphgov.schema.table import CURRENCY, NAME, SPAN, Table, at, id_, money, on, pick, text

CONTEXT = (
    Table(
        "sanctions",
        "context",
        "A listing of a person, company or body",
        (
            pick("subject_kind", "person", "company", "body", required=True),
            id_("subject_id", kind="subject_kind"),
            Column("list", required=True),
            *SPAN,
        ),
    ),
    Table(
        "disclosures",
        "context",
        "Something a body had to publish",
        (
            id_("body_id", "bodies"),
            Column("kind", required=True),
            id_("subject_id", required=False),
            on("due_on", event=False),
            on("published_on", end=True),
        ),
    ),
    Table(
        "debts",
        "context",
        "A debt of a body",
        (
            id_("debt_id"),
            id_("body_id", "bodies"),
            Column("creditor_kind"),
            id_("creditor_id", required=False),
            pick("kind", "loan", "bond", "account"),
            money("amount", required=True),
            CURRENCY,
            on("incurred_on"),
            on("due_on", event=False),
            on("settled_on", end=True),
        ),
        key=("debt_id",),
    ),
    Table(
        "mandates",
        "context",
        "A target set by a higher level",
        (
            id_("mandate_id"),
            NAME,
            Column("metric", required=True),
            Column("target", Type.NUMBER, required=True),
            pick("direction", "at_least", "at_most"),
            on("starts_on", required=True, event=False),
            Column("applies_to"),
        ),
        key=("mandate_id",),
    ),
    Table(
        "thresholds",
        "context",
        "An amount from which a method of buying is obligatory",
        (
            *text("jurisdiction", "body_kind", "category_prefix"),
            Column("method", required=True, doc="What the threshold obliges to"),
            money("amount", required=True),
            CURRENCY,
            on("starts_on", event=False),
            on("ends_on", event=False),
        ),
    ),
    Table(
        "rates",
        "context",
        "What one unit of a currency is worth in a base currency on a day",
        (
            Column("currency", required=True),
            Column("base", required=True),
            on("on", required=True, event=False),
            Column("rate", Type.NUMBER, required=True),
        ),
        key=("currency", "base", "on"),
    ),
    Table(
        "judgements",
        "context",
        "What a person decided about two ids",
        (
            pick("kind", "person", "company", "body", required=True),
            id_("a"),
            id_("b"),
            pick("verdict", "same", "different", "unsure", required=True),
            Column("by"),
            at("at", event=False),
        ),
    ),
    Table(
        "withheld",
        "context",
        "Someone or something to be masked in every output",
        (
            Column("kind", required=True),
            id_("id"),
            Column("reason"),
        ),
        key=("kind", "id"),
    ),
)
