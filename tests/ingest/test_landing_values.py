"""What each kind of cell may hold, and what happens to what it may not."""

from datetime import date, datetime
from decimal import Decimal

import pytest

AWARD = {
    "award_id": "A1",
    "buyer_id": "B1",
    "company_id": "C1",
    "awarded_on": "2024-03-01",
    "amount": "5",
}


def cell(data, table, column):
    return data.con.execute(f'SELECT "{column}" FROM {table}').fetchone()[0]


def rejects(data):
    return data.con.execute("SELECT file, line, field, code, value FROM rejects").fetchall()


MONEY = {
    "whole": ("5", Decimal("5.0000")),
    "white space around": ("\t 5 \n", Decimal("5.0000")),
    "no-break space around": (" 5　", Decimal("5.0000")),
    "sign": ("-3.5", Decimal("-3.5000")),
    "plus": ("+3.5", Decimal("3.5000")),
    "scientific": ("1.5E6", Decimal("1500000.0000")),
    "negative exponent": ("15e-1", Decimal("1.5000")),
    "half rounds away from zero": ("1.00005", Decimal("1.0001")),
    "below half rounds down": ("1.000049999", Decimal("1.0000")),
    "negative half rounds away from zero": ("-1.00005", Decimal("-1.0001")),
    "larger than a short decimal": (
        "12345678901234567890.12345",
        Decimal("12345678901234567890.1235"),
    ),
    "leading point": (".5", Decimal("0.5000")),
    "trailing point": ("5.", Decimal("5.0000")),
}


@pytest.mark.parametrize(("text", "expected"), MONEY.values(), ids=MONEY)
def test_money_is_read_to_four_decimals(tables, text, expected):
    data = tables(awards=[AWARD | {"amount": text}])
    assert cell(data, "awards", "amount") == expected
    assert rejects(data) == []


NO_MONEY = {
    "thousands separators": "1,234.50",
    "european": "1.234,50",
    "space inside": "1 234",
    "currency": "$5",
    "nan": "NaN",
    "infinity": "Infinity",
    "minus infinity": "-inf",
    "word": "unknown",
    "hexadecimal": "0x10",
    "underscore": "1_000",
    "too large for the type": "1e34",
    "absurd exponent": "1e99999",
    "arabic digits": "١٢٣",
    "two points": "1.2.3",
    "lone sign": "-",
}


@pytest.mark.parametrize("text", NO_MONEY.values(), ids=NO_MONEY)
def test_what_is_no_number_is_a_reject(tables, text):
    data = tables(awards=[AWARD | {"amount": text}])
    assert rejects(data) == [("awards", 1, "amount", "number", text)]
    assert data.counts["awards"].kept == 0


def test_a_number_with_separators_says_what_to_do(tables):
    data = tables(awards=[AWARD | {"amount": "1,234.50"}])
    (reason,) = data.con.execute("SELECT reason FROM rejects").fetchone()
    assert reason == (
        "amount is no number; remove the thousands separators and use a decimal point"
    )


DATES = {
    "day": ("2024-02-29", "UTC", date(2024, 2, 29)),
    "time without zone keeps its day": ("2024-03-01T23:30:00", "Asia/Shanghai", date(2024, 3, 1)),
    "time with zone is the local day": ("2024-03-01T20:00:00Z", "Asia/Shanghai", date(2024, 3, 2)),
    "time in UTC": ("2024-03-01T20:00:00Z", "UTC", date(2024, 3, 1)),
    "day with zone": ("2024-03-01+08:00", "UTC", date(2024, 3, 1)),
    "space instead of T": ("2024-03-01 00:00:00", "UTC", date(2024, 3, 1)),
}


@pytest.mark.parametrize(("text", "zone", "expected"), DATES.values(), ids=DATES)
def test_dates(tables, text, zone, expected):
    data = tables(awards=[AWARD | {"awarded_on": text}], timezone=zone)
    assert rejects(data) == []
    assert cell(data, "awards", "awarded_on") == expected


@pytest.mark.parametrize(
    "text",
    ["31/12/2023", "2023-02-29", "2024-3-1", "2024", "2024-13-01", "0000-01-01", "infinity", "x"],
)
def test_what_is_no_date_is_a_reject(tables, text):
    data = tables(awards=[AWARD | {"awarded_on": text}])
    assert rejects(data) == [("awards", 1, "awarded_on", "date", text)]


TIMES = {
    "utc": ("2024-03-01T09:30:00Z", "UTC", datetime(2024, 3, 1, 9, 30)),
    "small z": ("2024-03-01t09:30:00z", "UTC", None),
    "offset": ("2024-03-01T09:30:00+08:00", "UTC", datetime(2024, 3, 1, 1, 30)),
    "offset without colon": ("2024-03-01T09:30:00+0530", "UTC", datetime(2024, 3, 1, 4, 0)),
    "offset of hours": ("2024-03-01T09:30:00-03", "UTC", datetime(2024, 3, 1, 12, 30)),
    "negative half hour": ("2024-03-01T09:30:00-00:30", "UTC", datetime(2024, 3, 1, 10, 0)),
    "no seconds": ("2024-03-01T09:30Z", "UTC", datetime(2024, 3, 1, 9, 30)),
    "space before zone": ("2024-03-01 09:30:00 +08:00", "UTC", datetime(2024, 3, 1, 1, 30)),
    "fraction": ("2024-03-01T09:30:00.25Z", "UTC", datetime(2024, 3, 1, 9, 30, 0, 250000)),
    "nanoseconds are cut": (
        "2024-03-01T09:30:00.123456789Z",
        "UTC",
        datetime(2024, 3, 1, 9, 30, 0, 123456),
    ),
    "no zone": ("2024-03-01T09:30:00", "Asia/Shanghai", datetime(2024, 3, 1, 1, 30)),
    "no zone, no seconds": ("2024-03-01 09:30", "Asia/Shanghai", datetime(2024, 3, 1, 1, 30)),
    "a day alone": ("2024-03-01", "Asia/Shanghai", datetime(2024, 2, 29, 16)),
    "no zone, UTC": ("2024-03-01T09:30:00", "UTC", datetime(2024, 3, 1, 9, 30)),
}


@pytest.mark.parametrize(("text", "zone", "expected"), TIMES.values(), ids=TIMES)
def test_times_are_kept_as_utc(tables, text, zone, expected):
    tender = {"tender_id": "T", "buyer_id": "B", "published_at": text}
    data = tables(tenders=[tender], timezone=zone)
    if expected is None:
        assert [r[3] for r in rejects(data)] == ["time"]
    else:
        assert rejects(data) == []
        assert cell(data, "tenders", "published_at") == expected


@pytest.mark.parametrize("text", ["09:30", "2024-03-01T25:00:00Z", "yesterday", "2024-03-01T9:30"])
def test_what_is_no_time_is_a_reject(tables, text):
    data = tables(tenders=[{"tender_id": "T", "buyer_id": "B", "published_at": text}])
    assert [r[2:4] for r in rejects(data)] == [("published_at", "time")]


BOOLEANS = {
    "true": True, "T": True, "YES": True, "y": True, "1": True,
    "false": False, "F": False, "No": False, "n": False, "0": False,
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BOOLEANS.items())
def test_booleans(tables, text, expected):
    data = tables(companies=[{"company_id": "C", "name": "x", "registered": text}])
    assert cell(data, "companies", "registered") is expected


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("registered", "maybe", "boolean"),
        ("employees", "-1", "integer"),
        ("employees", "1.5", "integer"),
        ("employees", "1,000", "integer"),
        ("employees", "99999999999999999999", "integer"),
    ],
)
def test_company_cells_that_do_not_parse(tables, column, text, code):
    data = tables(companies=[{"company_id": "C", "name": "x", column: text}])
    assert [r[2:] for r in rejects(data)] == [(column, code, text)]


@pytest.mark.parametrize(("text", "expected"), [("12", 12), ("12.0", 12), ("12.", 12), ("0", 0)])
def test_counts(tables, text, expected):
    data = tables(companies=[{"company_id": "C", "name": "x", "employees": text}])
    assert cell(data, "companies", "employees") == expected


@pytest.mark.parametrize("text", ["1.01", "-0.1", "50%", "nan"])
def test_a_share_lies_between_0_and_1(tables, text):
    row = {"owner_id": "P", "owner_kind": "person", "company_id": "C", "share": text}
    assert [r[2:4] for r in rejects(tables(ownership=[row]))] == [("share", "share")]


@pytest.mark.parametrize(("text", "expected"), [("0", 0.0), ("1", 1.0), ("0.3", 0.3)])
def test_shares(tables, text, expected):
    row = {"owner_id": "P", "owner_kind": "person", "company_id": "C", "share": text}
    assert cell(tables(ownership=[row]), "ownership", "share") == expected


@pytest.mark.parametrize("text", ["in_law", "In Law", " IN-LAW "])
def test_choices_in_any_spelling(tables, text):
    data = tables(ties=[{"person_a": "P", "person_b": "Q", "kind": text}])
    assert cell(data, "ties", "kind") == "in_law"


def test_an_unknown_choice_is_a_reject_that_lists_the_words(tables):
    data = tables(ties=[{"person_a": "P", "person_b": "Q", "kind": "cousin"}])
    (code, reason) = data.con.execute("SELECT code, reason FROM rejects").fetchone()
    assert code == "choice"
    assert "spouse" in reason
    assert "friend" in reason


LOTS = {
    "one": ("L1", "L1"),
    "list": ('["L2","L1"]', '["L1","L2"]'),
    "spaces in the list": ('[ "L2", "L1" ]', '["L1","L2"]'),
    "list of one": ('["L1"]', "L1"),
    "repeats": ('["L1","L1","L2"]', '["L1","L2"]'),
    "no list after all": ("[L1", "[L1"),
    "empty list": ("[]", None),
    "numbers": ("[2,1]", '["1","2"]'),
}


@pytest.mark.parametrize(("text", "expected"), LOTS.values(), ids=LOTS)
def test_lots_of_an_award(tables, text, expected):
    data = tables(awards=[AWARD | {"lot_id": text}])
    assert rejects(data) == []
    assert cell(data, "awards", "lot_id") == expected


def test_ids_keep_their_spaces_and_case(tables):
    rows = [AWARD | {"award_id": i} for i in ("a", "A", " a", "a ")]
    data = tables(awards=rows)
    found = data.con.execute("SELECT award_id FROM awards").fetchall()
    assert {r[0] for r in found} == {"a", "A", " a", "a "}


@pytest.mark.parametrize("empty", ["", "  ", "\t", None, float("nan")])
def test_an_empty_required_cell_is_a_reject(tables, empty):
    data = tables(awards=[AWARD | {"buyer_id": empty}])
    assert [r[2:] for r in rejects(data)] == [("buyer_id", "required", None)]


def test_an_empty_cell_is_unknown_and_not_zero(tables):
    data = tables(companies=[{"company_id": "C", "name": "x", "employees": "", "address": " "}])
    assert cell(data, "companies", "employees") is None
    assert cell(data, "companies", "address") is None


def test_a_missing_required_column_names_one_like_it(tables):
    row = {k: v for k, v in AWARD.items() if k != "awarded_on"} | {"award_on": "2024-01-01"}
    data = tables(awards=[row])
    (reason,) = data.con.execute("SELECT reason FROM rejects").fetchone()
    assert reason == (
        "awarded_on is required, and there is no such column; rename 'award_on' if it is meant"
    )


def test_a_missing_required_column_with_none_like_it_is_empty(tables):
    data = tables(awards=[{k: v for k, v in AWARD.items() if k != "amount"}])
    (reason,) = data.con.execute("SELECT reason FROM rejects").fetchone()
    assert reason == "amount is required and must not be empty"


def test_one_of_two_must_be_given(tables):
    data = tables(awards=[AWARD], decisions=[{"person_id": "P", "role": "approver"}])
    assert [r[2:4] for r in rejects(data)] == [("tender_id or award_id", "required")]


def test_typed_values_read_as_their_text_would(tables):
    typed = {"awarded_on": date(2024, 3, 1), "amount": Decimal("5.00")}
    same = {"awarded_on": "2024-03-01", "amount": 5.0}
    one, two = tables(awards=[AWARD | typed]), tables(awards=[AWARD | same])
    query = "SELECT * FROM awards"
    assert one.con.execute(query).fetchall() == two.con.execute(query).fetchall()


HOSTILE = ["<script>", "=cmd()", "a'b\"c", "x\ny", "\x1b[31m", "\\n", "{}", "%s", "名", "💰", "$1"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_through_unchanged(tables, text):
    data = tables(
        awards=[AWARD | {"award_id": text, "title": f"a{text}b", text: text}],
    )
    assert rejects(data) == []
    assert cell(data, "awards", "award_id") == text
    assert cell(data, "awards", "title") == f"a{text}b"
    assert data.unknown_columns == {"awards": (text,)}


def test_ten_megabytes_in_a_cell_are_kept(tables):
    data = tables(awards=[AWARD | {"title": "x" * 10_000_000}])
    assert cell(data, "awards", "title") == "x" * 10_000_000
