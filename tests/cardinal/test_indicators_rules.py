"""Each rule of the eleven indicators, with answers worked out by hand."""

import io
import json

import pytest

from graphgov.cardinal.indicators import run
from graphgov.cardinal.ini import nested, parse
from graphgov.cardinal.reading import stream_chunks, warned
from graphgov.cardinal.settings import settings as settings_of
from graphgov.cardinal.table import merged


def found(lines, settings, *, maps=False, said=None):
    """The parsed output for releases or raw lines."""
    said = [] if said is None else said
    data = b"".join(
        (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines
    )
    table = merged(warned(stream_chunks(io.BytesIO(data)), said.append))
    results = run(
        table,
        settings_of(nested(parse(settings))),
        maps=maps,
        warn=said.append,
        info=lambda t: None,
    )
    return json.loads("".join(results.pieces(meta=True)))


def bid(who, amount=None, status="valid", currency="USD", **more):
    value = {} if amount is None else {"value": {"amount": amount, "currency": currency}}
    ids = [who] if isinstance(who, str) else who
    return {"status": status, "tenderers": [{"id": one} for one in ids], **value, **more}


def award(*who, status="active", **more):
    return {"status": status, "suppliers": [{"id": one} for one in who], **more}


def release(ocid, bids=(), awards=(), **more):
    return {"ocid": ocid, "bids": {"details": list(bids)}, "awards": list(awards), **more}


def period(start, end, **tender):
    return {"ocid": "F", "tender": {"tenderPeriod": {"startDate": start, "endDate": end}, **tender}}


# --- which releases count -----------------------------------------------------------------------

SINGLE = {"numberOfTenderers": 1, "procurementMethod": "open"}


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ({"ocid": "F", "tender": SINGLE}, True),
        ({"ocid": 1, "tender": SINGLE}, False),
        ({"tender": SINGLE}, False),
        ([{"ocid": "F", "tender": SINGLE}], False),
        ({"ocid": "F", "tender": {**SINGLE, "status": "cancelled"}}, False),
        ({"ocid": "F", "tender": {**SINGLE, "status": ["cancelled"]}}, True),
        ({"ocid": "F", "tender": {**SINGLE, "procurementMethodDetails": "EXC"}}, False),
        ({"ocid": "F", "tender": {**SINGLE, "procurementMethodDetails": "exc"}}, True),
        ({"ocid": "F", "tender": {**SINGLE, "procurementMethodDetails": None}}, True),
    ],
)
def test_which_releases_count(line, counts):
    settings = "[exclusions]\nprocurement_method_details = other|EXC\n[R018]\n"
    assert ("OCID" in found([line], settings)) is counts


def test_an_indicator_needs_its_section():
    assert found([{"ocid": "F", "tender": SINGLE}], "[R003]\n") == {"Meta": {}}
    assert found([], "[R018]\n") == {"Meta": {}}


def test_lines_that_are_no_json_are_told_of_and_blank_ones_are_not():
    said = []
    lines = [b"", b" \t\x0c", b"{", json.dumps({"ocid": "F", "tender": SINGLE}).encode(), b"\x0b"]
    assert found(lines, "[R018]\n", said=said)["OCID"] == {"F": {"R018": 1.0}}
    assert [text.split(",")[0] for text in said] == [
        "Line 3 is invalid JSON", "Line 5 is invalid JSON",
    ]  # fmt: skip


# --- R003 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "flagged"),
    [
        ("2020-01-01T00:00:00Z", "2020-01-16T00:00:00Z", False),  # 15 days
        ("2020-01-01T00:00:00Z", "2020-01-15T23:59:59Z", True),
        ("2020-01-01T00:00:00Z", "2020-01-16T00:00:00+00:01", True),
        ("2020-01-16T00:00:00Z", "2020-01-01T00:00:00Z", True),  # negative
        ("2020-01-01", "2020-01-02", False),  # dates are not compared
        ("2020-01-01T00:00:00", "2020-01-02T00:00:00", False),
        ("2020-01-01T00:00:00z", "2020-01-02t00:00:00.5-23:59", True),
        ("2020-02-30T00:00:00Z", "2020-03-02T00:00:00Z", False),
        (1, 2, False),
    ],
)
def test_short_submission_periods(start, end, flagged):
    assert ("OCID" in found([period(start, end)], "[R003]\n")) is flagged


def test_a_period_is_held_to_the_days_of_its_method():
    start, end = "2020-01-01T00:00:00Z", "2020-01-11T00:00:00Z"
    days = "[R003]\nthreshold = 11\n[R003.procurement_method_details]\nfast = 10\n"
    assert "OCID" in found([period(start, end)], days)
    assert "OCID" not in found([period(start, end, procurementMethodDetails="fast")], days)
    some = "[R003]\nprocurement_methods = open|selective\n"
    assert "OCID" in found([period(start, end, procurementMethod="selective")], some)
    assert "OCID" not in found([period(start, end, procurementMethod="limited")], some)
    assert "OCID" not in found([period(start, end)], some)
    assert "OCID" in found([period(start, end)], "[R003]\nprocurement_methods =\n")


# --- R018 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "flagged"), [("1", 1), ("1.0", 0), ('"1"', 0), ("1e0", 0), ("true", 0), ("2", 0)]
)
def test_a_single_bidder_is_a_whole_number(count, flagged):
    line = b'{"ocid":"F","tender":{"procurementMethod":"open","numberOfTenderers":%s}}'
    assert ("OCID" in found([line % count.encode()], "[R018]\n")) == flagged


def test_single_bids_count_where_competition_was_invited():
    line = {"ocid": "F", "tender": {"numberOfTenderers": 1, "procurementMethod": "limited"}}
    assert "OCID" not in found([line], "[R018]\n")
    assert "OCID" in found([line], "[R018]\nprocurement_methods = limited\n")
    bare = {"ocid": "F", "tender": {"numberOfTenderers": 1}}
    assert "OCID" not in found([bare], "[R018]\n")
    assert "OCID" in found([bare], "[R018]\nprocurement_methods =\n")


# --- R024 and R058 ------------------------------------------------------------------------------

FIXED = "[R024]\nthreshold = 5\n"
TWO = [bid("W", 10), bid("L", 11)]


def ratio(bids, awards, settings=FIXED, **more):
    return found([release("F", bids, awards, **more)], settings).get("OCID", {}).get("F", {})


def test_the_ratio_is_of_the_winner_and_the_lowest_of_the_others():
    bids = [bid("L", 16), bid("W", 10), bid("M", 15), bid("W", 12)]
    answer = found([release("F", bids, [award("W")])], FIXED)
    assert answer["OCID"] == {"F": {"R024": 0.5}}
    assert answer["Tenderer"] == {"W": {"R024": 0.0}, "M": {"R024": 0.0}}
    assert answer["Meta"] == {"R024": {"lower_fence": 5.0}}


@pytest.mark.parametrize(
    ("bids", "awards", "has_ratio"),
    [
        (TWO, [award("W")], True),
        (TWO, [award("W"), award("X", status="cancelled")], True),
        (TWO, [award("W"), {"suppliers": [{"id": "X"}]}], True),  # without status: ignored
        (TWO, [award("W"), award("X", status="pending")], False),
        (TWO, [award("W"), award("W")], False),
        (TWO, [award("W", "L")], False),
        (TWO, [award()], False),
        (TWO, [award("W", status="unsuccessful")], False),
        (TWO, [], False),
        ([bid("W", 12), bid("L", 11)], [award("W")], False),  # the lowest did not win
        ([bid("W", 11), bid("L", 11)], [award("W")], True),
        ([bid("W", 10), bid("L", 11, "pending")], [award("W")], False),
        ([bid("W", 10), bid(["L", "M"], 11)], [award("W")], False),  # a joint bid
        ([bid("W", 10), bid("L", "11")], [award("W")], False),
        ([bid("W", 10), bid("L", 11, currency="EUR")], [award("W")], False),
        ([bid("W", 10), bid("L", True)], [award("W")], False),
    ],
)
def test_what_has_a_ratio(bids, awards, has_ratio):
    assert ("R024" in ratio(bids, awards)) is has_ratio


def test_a_price_of_nothing_gives_no_number():
    assert ratio([bid("W", 0), bid("L", 11)], [award("W")], "[R058]\nthreshold = 1\n") == {
        "R058": None
    }


def test_both_fences():
    # ratios 1 to 4 and 100: Q1 = 1 + 2/3, Q3 = 4 + 1/3 * 96 = 36; fences -49.8333 and 87.5
    lines = [
        release(f"o{n}", [bid("W", 1), bid("L", 1 + ratio_)], [award("W")])
        for n, ratio_ in enumerate([1, 2, 3, 4, 100])
    ]
    answer = found(lines, "[R024]\n[R058]\n", maps=True)
    assert answer["OCID"] == {"o4": {"R058": 100.0}}
    assert answer["Tenderer"] == {"W": {"R058": 0.0}}
    assert answer["Meta"]["R024"] == {"q1": 1.6667, "q3": 36.0, "lower_fence": -49.8333}
    assert answer["Meta"]["R058"] == {"q1": 1.6667, "q3": 36.0, "upper_fence": 87.5}
    assert answer["Maps"]["ocid_tenderer_r058"] == {"o4": ["W"]}
    assert len(answer["Maps"]) == 8


@pytest.mark.parametrize("threshold", ["0", "-1"])
def test_a_threshold_of_nothing_flags_nothing(threshold):
    same = [bid("W", 11), bid("L", 11)]
    for code in ("R024", "R058"):
        assert not ratio(same, [award("W")], f"[{code}]\nthreshold = {threshold}\n")


@pytest.mark.parametrize(
    ("top", "details", "has_ratio"),
    [
        ("no_price_comparison_procurement_methods = NPC\n", "NPC", False),
        ("no_price_comparison_procurement_methods = NPC\n", "x", True),
        ("no_price_comparison_procurement_methods = NPC\n", None, True),
        ("price_comparison_procurement_methods = PC\n", "PC", True),
        ("price_comparison_procurement_methods = PC\n", "x", False),
        ("price_comparison_procurement_methods = PC\n", None, False),
        ("price_comparison_procurement_methods =\n", None, True),
        ("price_comparison_procurement_methods = PC\n"
         "no_price_comparison_procurement_methods = PC\n", "PC", True),
    ],
)  # fmt: skip
def test_which_methods_compare_prices(top, details, has_ratio):
    tender = {} if details is None else {"procurementMethodDetails": details}
    assert ("R024" in ratio(TWO, [award("W")], top + FIXED, tender=tender)) is has_ratio


def test_the_first_currency_met_is_the_one_compared():
    euros = [bid("W", 10, currency="EUR"), bid("L", 11, currency="EUR")]
    lines = [
        release("o0", euros),
        release("o1", euros, [award("W")]),
        release("o2", TWO, [award("W")]),
    ]
    said = []
    assert list(found(lines, FIXED, said=said)["OCID"]) == ["o1"]
    assert said == ["USD is not EUR, skipping 2 times."]
    assert list(found(lines, "currency = USD\n" + FIXED)["OCID"]) == ["o2"]
    assert "OCID" not in found(lines, "currency = PYG\n" + FIXED)
    quiet = []
    found(lines, "[output]\ninfo_currency_mismatches = true\n" + FIXED, said=quiet)
    assert not quiet


def test_within_a_release_the_ratio_chooses_the_currency_before_the_lowest_bid():
    mixed = [bid("D", 1, "disqualified", "EUR"), bid("W", 10), bid("L", 11)]
    assert ratio(mixed, [award("W")], FIXED + "[R036]\n") == {"R024": 0.1}
    assert ratio(mixed, [award("W")], "[R036]\n") == {}  # euros: no valid bid


# --- R025 ---------------------------------------------------------------------------------------


def test_a_tenderer_counts_once_a_process():
    lines = [
        release(
            "o0", [bid("A"), bid("A"), bid(["A", "B"]), bid("C", status="pending")], [award("A")]
        ),
        release("o1", [bid("A"), bid("B")], [award("B")]),
        release("o2", [bid("A")], [award("A"), award("B")]),
    ]
    answer = found(lines, "[R025]\nthreshold = 0.5\npercentile = 50\n")
    # A: 1 of 2, B: 1 of 1; the median of 2 and 1 is 1.5
    assert answer == {
        "Tenderer": {"A": {"R025": 0.5}},
        "Meta": {"R025": {"lower_fence": 0.5, "upper_fence": 1.5}},
    }


def test_no_losers_are_sought_where_three_quarters_never_win():
    lines = [release(f"o{n}", [bid("A"), bid(f"L{n}")], [award("A")]) for n in range(9)]
    answer = found(lines, "[R025]\n")
    assert answer["Meta"]["R025"]["q1"] == 0.0
    assert "Tenderer" not in answer


# --- R028 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bids", "flagged"),
    [
        ([bid("A", 5), bid("B", 5)], "AB"),
        ([bid("A", 5), bid("B", 5.0, "disqualified"), bid("C", 6)], "AB"),
        ([bid("A", 5), bid("A", 5)], ""),
        ([bid(["A", "B"], 5), bid(["B", "A"], 5)], ""),
        ([bid(["A", "B"], 5), bid("A", 5)], "AB"),
        ([bid(["A", "A"], 5), bid("A", 5)], ""),
        ([bid("A", 5), bid("B", 5, "withdrawn")], ""),
        ([bid("A", 5), bid("B", 5, "invited")], ""),
        ([bid("A", 5), bid("B", 5, "whatever")], "AB"),
        ([bid("A", 5), bid("B", 5, None)], ""),
        ([bid("A", 5), bid("B", 5, currency="EUR")], ""),
        ([bid("A", 0), bid("B", -0.0)], "AB"),
        ([bid("A", 5), bid([], 5)], ""),
        ([bid("A", 5), bid("B", 7), bid("A", 7), bid("C", 5), bid("D", 9)], "ABC"),
    ],
)
def test_identical_prices(bids, flagged):
    answer = found([release("F", bids)], "[R028]\n", maps=True)
    assert "".join(sorted(answer.get("Tenderer", {}))) == flagged
    assert ("OCID" in answer) == bool(flagged)
    assert answer["Maps"]["ocid_tenderer_r028"] == ({"F": list(flagged)} if flagged else {})


# --- R030 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "status", "awards", "flagged"),
    [
        ("2000-03-16", "valid", [award("W")], True),
        ("2000-03-15T00:00:00Z", "valid", [award("W")], False),
        ("2000-03-15T00:00:00z", "valid", [award("W")], True),  # as texts, byte by byte
        ("2000-03-14T23:00:00-08:00", "valid", [award("W")], False),
        ("2000-03-16", "pending", [award("W")], False),
        ("2000-03-16", "valid", [award("X"), award("X", "W"), award("Y", status="pending")], True),
        ("2000-03-16", "valid", [award("W", status="pending")], False),
        (None, "valid", [award("W")], False),
    ],
)
def test_late_bids(date, status, awards, flagged):
    late = bid(["M", "W"], status=status, date=date)
    line = release(
        "F", [late], awards, tender={"tenderPeriod": {"endDate": "2000-03-15T00:00:00Z"}}
    )
    answer = found([line], "[R030]\n")
    expected = {"OCID": {"F": {"R030": 1.0}}, "Tenderer": {"W": {"R030": 1.0}}} if flagged else {}
    assert answer == {"Meta": {}, **expected}


# --- R035, R036 ---------------------------------------------------------------------------------

OUT = [bid("V"), bid("D", status="disqualified"), bid(["E", "V"], status="disqualified")]


@pytest.mark.parametrize(
    ("bids", "awards", "settings", "others"),
    [
        (OUT, [award("V")], "", 2.0),
        (OUT, [award("V"), award("V")], "", 2.0),
        (OUT, [award("V")], "threshold = 2\n", 2.0),
        (OUT, [award("V")], "threshold = 3\n", None),
        ([bid("V"), bid("V", status="disqualified")], [award("V")], "threshold = 0\n", None),
        (OUT, [award("V", "W")], "", None),
        (OUT, [award("V"), award("V", status="pending")], "", None),
        (OUT, [], "", None),
        ([*OUT, bid("W")], [award("V")], "", None),
        ([*OUT, bid("W", status="pending")], [award("V")], "", 2.0),
    ],
)
def test_all_others_disqualified(bids, awards, settings, others):
    answer = found([release("F", bids, awards)], "[R035]\n" + settings)
    expected = {"OCID": {"F": {"R035": others}}, "Tenderer": {"V": {"R035": 0.0}}} if others else {}
    assert answer == {"Meta": {}, **expected}


@pytest.mark.parametrize(
    ("bids", "awards", "flagged"),
    [
        ([bid("D", 1, "disqualified"), bid("V", 2)], [award()], True),
        ([bid("D", 1, "disqualified"), bid("V", 2)], [award(status="pending")], False),
        ([bid("D", 1, "disqualified"), bid("V", 2)], [award(), award(status="pending")], True),
        ([bid("D", 1, "disqualified"), bid("V", 1)], [award()], True),  # the first of equals
        ([bid("V", 1), bid("D", 1, "disqualified")], [award()], False),
        ([bid("D", 1, "disqualified"), bid("P", 2, "pending")], [award()], False),
        ([bid("D", 1, "disqualified"), bid("V")], [award()], False),
        ([bid([], 1, "disqualified"), bid([], 2)], [award()], True),
        ([bid("D", 1, "disqualified"), bid("V", 2), bid("P", 0, "pending")], [award()], False),
    ],
)
def test_the_lowest_disqualified(bids, awards, flagged):
    assert ("OCID" in found([release("F", bids, awards)], "[R036]\n")) is flagged


# --- R038 ---------------------------------------------------------------------------------------


def test_shares_of_disqualified_bids():
    out = bid(["A", "B"], status="disqualified")
    lines = [
        release("o0", [out, bid("A")], buyer={"id": "P"}, tender={"procuringEntity": {"id": "E"}}),
        release("o1", [bid("A"), bid("B", status="invited")], buyer={"id": "P"}),
        release("o2", [bid("C")], buyer={"id": "Q"}),
    ]
    answer = found(lines, "[R038]\nthreshold = 0.3\n", maps=True)
    assert answer["Buyer"] == {"P": {"R038": 1 / 3}}
    assert answer["ProcuringEntity"] == {"E": {"R038": 0.5}}
    assert answer["Tenderer"] == {"A": {"R038": 1 / 3}}  # B and C have one bid each
    assert answer["Meta"]["R038"] == {
        "Buyer_upper_fence": 0.3, "ProcuringEntity_upper_fence": 0.3, "Tenderer_upper_fence": 0.3,
    }  # fmt: skip
    assert answer["Maps"]["ocid_buyer_r038"] == {"o0": "P"}
    assert answer["Maps"]["ocid_procuringentity_r038"] == {"o0": "E"}
    assert answer["Maps"]["ocid_tenderer"] == {"o0": ["A", "B"], "o1": ["A"], "o2": ["C"]}


def test_buyers_are_counted_by_bids_and_groups_without_members_have_no_meta():
    lines = [release("o0", [bid("A", status="disqualified"), bid("B")], buyer={"id": "P"})]
    answer = found(lines, "[R038]\nminimum_submitted_bids = 2\n")
    assert answer["Buyer"] == {"P": {"R038": 0.5}}
    assert set(answer["Meta"]["R038"]) == {"Buyer_q1", "Buyer_q3", "Buyer_upper_fence"}
    none = found(lines, "[R038]\nminimum_contracting_processes = 3\n")
    assert none == {"Meta": {}}


# --- R048 ---------------------------------------------------------------------------------------


def goods(ocid, *classes, who=("S",), **more):
    items = [{"classification": {"id": one}} for one in classes]
    return {"ocid": ocid, "awards": [award(*who, items=items, **more)]}


@pytest.mark.parametrize(
    ("lines", "settings", "kinds"),
    [
        ([goods("o0", "101", "102", "20")], "", 2.0),
        ([goods("o0", "101", "102", "20")], "digits = 3\n", 3.0),
        ([goods("o0", "101", "20")], "digits = 0\n", 1.0),
        ([goods("o0", "1"), goods("o1", "2")], "threshold = 2\n", 2.0),
        ([goods("o0", "1"), goods("o1", "2")], "threshold = 3\n", None),
        ([goods("o0", "é1", "é2")], "digits = 1\n", 1.0),
        ([goods("o0", "10", 20, None)], "", 1.0),
        ([goods("o0", "10", who=("S", "T"))], "", None),
        ([goods("o0", "10", status="pending")], "", None),
        ([goods("o0")], "", None),
    ],
)
def test_kinds_of_goods(lines, settings, kinds):
    answer = found(lines, "[R048]\nminimum_contracting_processes = 1\n" + settings)
    assert answer.get("Tenderer", {}) == ({"S": {"R048": kinds}} if kinds else {})


def test_suppliers_of_few_processes_are_not_judged():
    two = {"ocid": "o1", "awards": [*goods("", "10")["awards"], *goods("", "20")["awards"]]}
    settings = "[R048]\nminimum_contracting_processes = 2\n"
    assert found([two], settings) == {
        "Meta": {"R048": {"q1": None, "q3": None, "upper_fence": None}}
    }
    assert "Tenderer" in found([two, goods("o2", "30")], settings)
    assert "Tenderer" not in found([two, goods("o2", "30")], "[R048]\n")


# --- an ocid twice ------------------------------------------------------------------------------


def test_a_later_line_overwrites_what_it_has_itself():
    first = release("F", [bid("W", 10), bid("L", 11)], [award("W")], tender=SINGLE)
    second = release("F", [bid("V", 10), bid("M", 12)], [award("V")])
    third = release("F", [bid("V", 10)], [award("V")])
    answer = found([first, second, third], FIXED + "[R018]\n", maps=True)
    assert answer["OCID"] == {"F": {"R018": 1.0, "R024": 0.2}}
    assert set(answer["Tenderer"]) == {"V", "M"}
    assert answer["Maps"]["ocid_tenderer_r024"] == {"F": ["M", "V"]}
