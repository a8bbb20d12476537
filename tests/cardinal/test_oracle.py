"""The oracle itself: expected answers worked out by hand from the specification."""

import json
import math

import pytest

ALL = "".join(
    f"[R{code}]\n"
    for code in ("003", "018", "024", "025", "028", "030", "035", "036", "038", "048", "058")
)
USD = "USD"


def bid(status="valid", amount=None, *who, currency=USD, **more):
    made = {"status": status, "tenderers": [{"id": one} for one in who], **more}
    if amount is not None:
        made["value"] = {"amount": amount, "currency": currency}
    return made


def award(*suppliers, status="active", **more):
    return {"status": status, "suppliers": [{"id": one} for one in suppliers], **more}


def release(ocid="F", bids=None, awards=None, **more):
    made = {"ocid": ocid, **more}
    if bids is not None:
        made["bids"] = {"details": bids}
    if awards is not None:
        made["awards"] = awards
    return made


@pytest.fixture
def ask(oracle):
    """`ask(settings, release, …)`: the answer, without Meta unless asked for."""

    def make(settings, *lines, maps=False, with_meta=False):
        text = [one if isinstance(one, str) else json.dumps(one) for one in lines]
        data = "\n".join(text).encode()
        return oracle.indicators(data, settings, maps=maps, with_meta=with_meta)

    return make


CODES = ["003", "018", "024", "025", "028", "030", "035", "036", "038", "048", "058"]


@pytest.mark.parametrize("code", CODES)
def test_documentation_example(oracle, examples, code):
    own = examples / "R" / f"{code}.ini"
    settings = (own if own.exists() else examples / "settings.ini").read_text()
    data = (examples / "R" / f"{code}.jsonl").read_bytes()
    answer = oracle.indicators(data, settings, with_meta=False)
    assert answer.output == json.loads((examples / "R" / f"{code}.expected").read_text())
    assert answer.skipped == []


META = {
    "024": {"q1": 66.3333, "q3": 99.0, "lower_fence": 17.3333},
    "025": {"q1": 0.9306, "q3": 1.0, "upper_fence": 1.4167, "lower_fence": 0.8264},
    "048": {"q1": 1.0, "q3": 1.3333, "upper_fence": 1.8333},
    "058": {"q1": 1.0, "q3": 33.6667, "upper_fence": 82.6667},
}


@pytest.mark.parametrize("code", META)
def test_meta_of_a_documentation_example(oracle, examples, code):
    own = examples / "R" / f"{code}.ini"
    settings = own.read_text() if own.exists() else ALL
    answer = oracle.indicators((examples / "R" / f"{code}.jsonl").read_bytes(), settings)
    assert answer.output["Meta"][f"R{code}"] == META[code]


# --- input ----------------------------------------------------------------------------------------

SINGLE = {"numberOfTenderers": 1, "procurementMethod": "open"}
FLAGGED = {"OCID": {"F": {"R018": 1.0}}}


@pytest.mark.parametrize(
    ("line", "used", "skipped"),
    [
        ('{"ocid":"F","tender":%s}', True, []),
        (' \t{"\\u006fcid":"F","tender":%s}\r', True, []),
        ('{"ocid":"G","ocid":"F","tender":0,"tender":%s}', True, []),
        ('{"ocid":"F","tender":%s,"tender":0}', False, []),
        ('\ufeff{"ocid":"F","tender":%s}', False, [1]),
        ('{"ocid":"F","tender":%s} 1', False, [1]),
        ('{"ocid":"F","tender":%s,"a":NaN}', False, [1]),
        ('{"ocid":"F","tender":%s,"a":"\\ud800"}', False, [1]),
        ('{"ocid":"F","tender":%s,"a":"\\ud83d\\ude00"}', True, []),
        ('{"ocid":"F","tender":%s,"a":' + "[" * 126 + "]" * 126 + "}", True, []),
        ('{"ocid":"F","tender":%s,"a":' + "[" * 127 + "]" * 127 + "}", False, [1]),
        ('{"ocid":"F","tender":%s,"a":1e999}', True, []),
        ('{"ocid":7,"tender":%s}', False, []),
        ('[{"ocid":"F","tender":%s}]', False, []),
    ],
)
def test_which_lines_count(ask, line, used, skipped):
    answer = ask("[R018]\n", line % json.dumps(SINGLE))
    assert answer.output == (FLAGGED if used else {})
    assert answer.skipped == skipped


def test_blank_lines_are_no_bad_lines(ask):
    assert ask("[R018]\n", "", "  ", "\t\r", "\x0c", "x").skipped == [5]


def test_bytes_that_are_no_text_spoil_their_line_alone(oracle):
    good = json.dumps(release(tender=SINGLE)).encode()
    answer = oracle.indicators(b'{"ocid":"\xff"}\n' + good, "[R018]\n", with_meta=False)
    assert answer.output == FLAGGED
    assert answer.skipped == [1]


@pytest.mark.parametrize(
    ("tender", "used"),
    [
        ({"status": "cancelled"}, False),
        ({"status": "Cancelled"}, True),
        ({"status": ["cancelled"]}, True),
        ({"procurementMethodDetails": "EXC"}, False),
        ({"procurementMethodDetails": "exc"}, True),
        ({"procurementMethodDetails": "EXC|b"}, True),
    ],
)
def test_which_releases_count(ask, tender, used):
    settings = "[exclusions]\nprocurement_method_details = EXC|b\n[R018]\n"
    assert bool(ask(settings, release(tender=SINGLE | tender)).output) == used


def test_only_indicators_with_a_section_run(ask):
    assert ask("", release(tender=SINGLE), with_meta=True).output == {"Meta": {}}


@pytest.mark.parametrize("bad", ["[R999]\n", "[R018]\nthreshold = 1\n", "colour = red\n"])
def test_an_unknown_setting_is_an_error(ask, bad):
    with pytest.raises(ValueError, match="unknown"):
        ask(bad)


def test_nothing_gives_empty_groups_and_null_fences(ask):
    answer = ask(ALL, with_meta=True, maps=True)
    nothing = {"q1": None, "q3": None}
    assert answer.output["Meta"] == {
        "R024": nothing | {"lower_fence": None},
        "R025": nothing | {"lower_fence": None, "upper_fence": None},
        "R048": nothing | {"upper_fence": None},
        "R058": nothing | {"upper_fence": None},
    }
    assert len(answer.output["Maps"]) == 8
    assert not any(answer.output["Maps"].values())
    assert set(answer.output) == {"Meta", "Maps"}
    assert answer.counts == {}


# --- R003, R018 -----------------------------------------------------------------------------------


def period(start, end, **more):
    return {"tenderPeriod": {"startDate": start, "endDate": end}, **more}


DAY = "2020-01-01T18:00:00Z"


@pytest.mark.parametrize(
    ("start", "end", "flagged"),
    [
        (DAY, "2020-01-16T17:59:59Z", True),
        (DAY, "2020-01-16T18:00:00Z", False),
        (DAY, "2020-01-16T20:00:00+02:00", False),
        (DAY, "2020-01-16T18:00:00+00:01", True),
        (DAY, "2020-01-16T17:59:59.999999999Z", True),
        (DAY, "2019-01-01T00:00:00Z", True),
        (DAY, "2020-01-02", False),
        (DAY, "2020-01-02T00:00:00", False),
        (DAY, "2020-01-02T00:00:00+0000", False),
        (DAY, "2020-01-02T00:00:00+24:00", False),
        (DAY, "2020-01-02T00:00:00+23:59", True),
        (DAY, "2020-01-02T00:00:00-00:60", False),
        (DAY, "2020-01-02t00:00:00z", True),
        (DAY, "2020-01-02 00:00:00Z", True),
        (DAY, "2020-01-02T00:00:00Z ", False),
        (DAY, "2020-01-02T24:00:00Z", False),
        (DAY, "2020-01-02T23:59:60Z", True),
        (DAY, "2020-01-02T23:59:61Z", False),
        (DAY, "2020-02-30T00:00:00Z", False),
        (DAY, "2020-01-02T00:00:00.Z", False),
        (DAY, "2020-01-02T00:00Z", False),
        (DAY, "2020-1-2T00:00:00Z", False),
        (DAY, "+2020-01-02T00:00:00Z", False),
        (DAY, "2020-01-02T00:00:00\u221202:00", True),
        ("0000-12-31T23:00:00-23:59", "0001-01-01T00:00:00Z", True),
        ("2000-02-28T00:00:00Z", "2000-03-14T00:00:00Z", False),
        ("2100-02-28T00:00:00Z", "2100-03-14T00:00:00Z", True),
    ],
)
def test_r003_reads_strict_dates(ask, start, end, flagged):
    assert bool(ask("[R003]\n", release(tender=period(start, end))).output) == flagged


@pytest.mark.parametrize(
    ("settings", "tender", "flagged"),
    [
        ("threshold = 10", {}, False),
        ("threshold = 11", {}, True),
        ("procurement_methods = open|limited", {"procurementMethod": "limited"}, True),
        ("procurement_methods = open|limited", {"procurementMethod": "direct"}, False),
        ("procurement_methods = open|limited", {}, False),
        ("[R003.procurement_method_details]\nx = 5", {"procurementMethodDetails": "x"}, False),
        ("[R003.procurement_method_details]\nx = 5", {"procurementMethodDetails": "y"}, True),
        ("threshold = 3\n[R003.procurement_method_details]\nx = 50",
         {"procurementMethodDetails": "x"}, True),
    ],
)  # fmt: skip
def test_r003_settings(ask, settings, tender, flagged):
    made = release(tender=period("2020-01-01T00:00:00Z", "2020-01-11T23:00:00Z", **tender))
    assert bool(ask(f"[R003]\n{settings}\n", made).output) == flagged


def test_r003_cuts_negative_periods_towards_zero(ask):
    short = release(tender=period("2020-01-01T12:00:00Z", "2020-01-01T00:00:00Z"))
    assert ask("[R003]\nthreshold = 0\n", short).output == {}
    longer = release(tender=period("2020-01-02T12:00:00Z", "2020-01-01T00:00:00Z"))
    assert ask("[R003]\nthreshold = 0\n", longer).output == {"OCID": {"F": {"R003": 1.0}}}


@pytest.mark.parametrize(
    ("number", "method", "settings", "flagged"),
    [
        ("1", '"open"', "", True),
        ("1", '"selective"', "", True),
        ("1", '"limited"', "", False),
        ("1", "null", "", False),
        ("1.0", '"open"', "", False),
        ('"1"', '"open"', "", False),
        ("1e0", '"open"', "", False),
        ("0", '"open"', "", False),
        ("-1", '"open"', "", False),
        ("18446744073709551617", '"open"', "", False),
        ("1", '"limited"', "procurement_methods = limited", True),
        ("1", '"open"', "procurement_methods = limited", False),
        ("1", "null", "procurement_methods =", True),
    ],
)
def test_r018(ask, number, method, settings, flagged):
    line = '{"ocid":"F","tender":{"numberOfTenderers":%s,"procurementMethod":%s}}'
    answer = ask(f"[R018]\n{settings}\n", line % (number, method))
    assert answer.output == (FLAGGED if flagged else {})


# --- R024, R058 -----------------------------------------------------------------------------------


def priced(ocid, win, alt, **more):
    bids = [bid("valid", win, "W"), bid("valid", alt, "L")]
    return release(ocid, bids, [award("W")], **more)


def test_r024_and_r058_name_the_process_and_its_bidders(ask):
    answer = ask("[R024]\nthreshold = 1\n[R058]\nthreshold = 1\n", priced("F", 4, 8), maps=True)
    assert answer.output["OCID"] == {"F": {"R024": 1.0, "R058": 1.0}}
    assert answer.output["Tenderer"] == {"W": {"R024": 0.0, "R058": 0.0}, "L": {"R024": 0.0}}
    assert answer.output["Maps"]["ocid_tenderer_r024"] == {"F": ["L", "W"]}
    assert answer.output["Maps"]["ocid_tenderer_r058"] == {"F": ["W"]}
    assert answer.counts == {"OCID": 1, "Tenderer": 2}


@pytest.mark.parametrize(
    ("bids", "awards", "ratio"),
    [
        ([bid("valid", 10, "W"), bid("valid", 15, "L")], [award("W")], 0.5),
        ([bid("valid", 10, "W"), bid("valid", 10, "L")], [award("W")], 0.0),
        ([bid("valid", 10, "W"), bid("valid", 9, "L")], [award("W")], None),
        ([bid("valid", 20, "W"), bid("valid", 10, "W"), bid("valid", 15, "L")], [award("W")], 0.5),
        ([bid("valid", 10, "W"), bid("pending", 15, "L")], [award("W")], None),
        ([bid("valid", 10, "W"), bid("valid", 15, "L", "M")], [award("W")], None),
        ([bid("valid", 10, "W"), bid("valid", 15, "L", currency="EUR")], [award("W")], None),
        ([bid("valid", 10, "W"), bid("valid", "15", "L")], [award("W")], None),
        ([bid("valid", 10, "W"), bid("valid", 15, "L")], [award("W", "V")], None),
        ([bid("valid", 10, "W"), bid("valid", 15, "L")], [award("W"), award("W")], None),
        ([bid("valid", 10, "W"), bid("valid", 15, "L")],
         [award("W"), award("V", status="cancelled"), {}], 0.5),
        ([bid("valid", 10, "W"), bid("valid", 15, "L")],
         [award("W"), award("V", status="pending")], None),
        ([bid("valid", 10, "W"), bid("valid", 15, "L")], None, None),
        ([bid("valid", 10, "V"), bid("valid", 15, "L")], [award("W")], None),
    ],
)  # fmt: skip
def test_second_lowest_bid_ratio(ask, bids, awards, ratio):
    output = ask("[R024]\nthreshold = 99\n", release(bids=bids, awards=awards)).output
    assert output.get("OCID") == (None if ratio is None else {"F": {"R024": ratio}})


def test_the_first_listed_of_equal_bids_counts(ask):
    bids = [bid("valid", 1, "W"), bid("valid", 2, "Z"), bid("valid", 2, "A")]
    output = ask("[R024]\nthreshold = 9\n", release(bids=bids, awards=[award("W")])).output
    assert set(output["Tenderer"]) == {"W", "Z"}


def test_a_winning_price_of_zero_is_boundless(ask):
    answer = ask("[R058]\nthreshold = 5\n", priced("F", 0, 1))
    assert answer.output == {"OCID": {"F": {"R058": None}}, "Tenderer": {"W": {"R058": 0.0}}}


def test_r024_fence_and_guards(ask):
    # ratios 10 x 9 and 1: q1 = q3 = 10, fence 10: all are at most 10
    lines = [priced(str(i), 1, 11) for i in range(9)] + [priced("F", 1, 2)]
    answer = ask("[R024]\n", *lines, with_meta=True)
    assert answer.output["Meta"]["R024"] == {"q1": 10.0, "q3": 10.0, "lower_fence": 10.0}
    assert len(answer.output["OCID"]) == 10
    # three quarters without any difference: q1 = 0, nothing is flagged
    lines = [priced(str(i), 1, 1) for i in range(9)] + [priced("F", 1, 2)]
    assert ask("[R024]\n", *lines).output == {}
    assert ask("[R024]\nthreshold = 0\n", *lines).output == {}
    assert ask("[R058]\n", *lines).output == {}
    assert ask("[R058]\nthreshold = 1\n", *lines).output["OCID"] == {"F": {"R058": 1.0}}


@pytest.mark.parametrize(
    ("settings", "details", "compared"),
    [
        ("", None, True),
        ("no_price_comparison_procurement_methods = a|b", None, True),
        ("no_price_comparison_procurement_methods = a|b", "b", False),
        ("no_price_comparison_procurement_methods = a|b", "c", True),
        ("price_comparison_procurement_methods = a|b", None, False),
        ("price_comparison_procurement_methods = a|b", "b", True),
        ("price_comparison_procurement_methods = a|b", "c", False),
        ("price_comparison_procurement_methods = a\n"
         "no_price_comparison_procurement_methods = a", "a", True),
        ("price_comparison_procurement_methods =\n"
         "no_price_comparison_procurement_methods = a", "a", False),
    ],
)  # fmt: skip
def test_where_prices_are_compared(ask, settings, details, compared):
    tender = {} if details is None else {"procurementMethodDetails": details}
    bids = [bid("disqualified", 1, "A"), bid("valid", 2, "W"), bid("valid", 2, "L")]
    made = release(bids=bids, awards=[award("W")], tender=tender)
    codes = "[R024]\nthreshold = 9\n[R028]\n[R036]\n[R058]\nthreshold = 0\n"
    found = ask(f"{settings}\n{codes}", made).output.get("OCID", {}).get("F", {})
    assert set(found) == ({"R024", "R028", "R036"} if compared else set())


def test_the_first_currency_met_is_the_one(ask):
    first = release(bids=[bid("valid", 1, "W", currency="EUR")], awards=[award("W")])
    other = priced("2", 1, 2)
    assert ask("[R024]\nthreshold = 9\n", first, other).output == {}
    assert ask("[R024]\nthreshold = 9\n", other, first).output["OCID"] == {"2": {"R024": 1.0}}
    assert "OCID" in ask("currency = USD\n[R024]\nthreshold = 9\n", first, other).output
    # a release that the price ratio passes over sets no currency unless R036 looks at it
    unawarded = release(bids=[bid("valid", 1, "W", currency="EUR")], awards=[award("W", "V")])
    assert "OCID" in ask("[R024]\nthreshold = 9\n", unawarded, other).output
    assert ask("[R024]\nthreshold = 9\n[R036]\n", unawarded, other).output == {}


# --- R025 -----------------------------------------------------------------------------------------


def contest(ocid, winner, *losers):
    bids = [bid("valid", None, one) for one in (winner, *losers)]
    return release(ocid, bids, [award(winner)])


def test_r025_counts_processes_not_bids(ask):
    lines = [contest(str(i), f"w{i}", "F", "F") for i in range(3)] + [contest("9", "F")]
    # F won 1 of 4; each other won its one: q1 = 1/4 + (8/3 - 2) * 3/4 ... by hand below
    answer = ask("[R025]\nthreshold = 0.25\n", *lines, with_meta=True)
    assert answer.output["Tenderer"] == {"F": {"R025": 0.25}}
    # denominators 1, 1, 1, 4: h = (4 + 1/3) * 0.75 + 1/3 = 3.58333, 1 + 0.58333 * 3 = 2.75
    assert answer.output["Meta"]["R025"] == {"lower_fence": 0.25, "upper_fence": 2.75}
    # shares 0.25, 1, 1, 1: h = 1.41667, q1 = 0.25 + 0.41667 * 0.75 = 0.5625, q3 = 1
    free = ask("[R025]\n", *lines, with_meta=True).output
    assert free["Meta"]["R025"] == {
        "q1": 0.5625,
        "q3": 1.0,
        "lower_fence": -0.0938,
        "upper_fence": 2.75,
    }
    assert "Tenderer" not in free


@pytest.mark.parametrize(
    ("percentile", "flagged"), [(0, True), (75, True), (100, True), (101, False)]
)
def test_r025_percentile(ask, percentile, flagged):
    lines = [contest(str(i), f"w{i}", "F") for i in range(4)] + [contest("9", "F")]
    settings = f"[R025]\nthreshold = 0.2\npercentile = {percentile}\n"
    assert ("Tenderer" in ask(settings, *lines).output) == flagged


def test_r025_passes_over_open_and_joint_awards_and_joint_bids(ask):
    bids = [bid("valid", None, "F", "G"), bid("valid", None, "H"), bid("pending", None, "I")]
    settings = "[R025]\nthreshold = 1\npercentile = 0\n"
    assert set(ask(settings, release(bids=bids, awards=[award("W")])).output["Tenderer"]) == {"H"}
    for awards in ([award("W", status="pending")], [award("W", "V")], [award("W")] * 2, []):
        assert ask(settings, release(bids=bids, awards=awards)).output == {}


# --- R028, R030 -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bids", "who"),
    [
        ([bid("valid", 1, "A"), bid("pending", 1.0, "B")], "AB"),
        ([bid("valid", 1, "A"), bid("valid", 1, "A")], ""),
        ([bid("valid", 1, "A", "B"), bid("valid", 1, "B", "A")], ""),
        ([bid("valid", 1, "A"), bid("valid", 1, "A", "B")], "AB"),
        ([bid("valid", 1, "A"), bid("valid", 1, "A"), bid("valid", 1, "B")], "AB"),
        ([bid("valid", 1, "A"), bid("valid", 1, "B", currency="EUR")], ""),
        ([bid("valid", 1, "A", currency="EUR"), bid("odd", 1, "B", currency="EUR")], "AB"),
        ([bid("valid", 1, "A"), bid("invited", 1, "B")], ""),
        ([bid("valid", 1, "A"), bid("withdrawn", 1, "B")], ""),
        ([bid("valid", 1, "A"), bid("valid", 1)], ""),
        ([bid("valid", 0.0, "A"), bid("valid", -0.0, "B")], "AB"),
        ([bid("valid", 9007199254740993, "A"), bid("valid", 9007199254740992, "B")], "AB"),
        ([bid("valid", 1, "A"), bid("valid", 2, "B"), bid("valid", 2, "C")], "BC"),
    ],
)
def test_r028(ask, bids, who):
    output = ask("[R028]\n", release(bids=bids), maps=True).output
    assert output.get("OCID", {}) == ({"F": {"R028": 1.0}} if who else {})
    assert output.get("Tenderer", {}) == {one: {"R028": 1.0} for one in who}
    assert output["Maps"]["ocid_tenderer_r028"] == ({"F": list(who)} if who else {})


def test_r028_a_number_beyond_all_bounds_is_no_price(ask):
    line = json.dumps(release(bids=[bid("valid", 777, "A"), bid("valid", 777, "B")]))
    assert ask("[R028]\n", line.replace("777", "1e309")).output == {}
    assert ask("[R028]\n", line.replace("777", "1e308")).output != {}


@pytest.mark.parametrize(
    ("date", "end", "status", "awards", "flagged"),
    [
        ("2000-04-01T00:00:00Z", "2000-03-15T00:00:00Z", "valid", [award("W")], True),
        ("2000-03-15T00:00:00Z", "2000-03-15T00:00:00Z", "valid", [award("W")], False),
        ("2000-03-15T00:00:00Z", "2000-03-15T00:00:00+05:00", "valid", [award("W")], True),
        ("2000-03-15T00:00:00+05:00", "2000-03-15T00:00:00Z", "valid", [award("W")], False),
        ("2000-03-15", "2000-03", "valid", [award("W")], True),
        ("é", "z", "valid", [award("W")], True),
        ("\U0001f4a7", "\uffee", "valid", [award("W")], True),
        ("b", "a", "disqualified", [award("W")], False),
        ("b", "a", "valid", [award("V")], False),
        ("b", "a", "valid", [award("W", status="cancelled")], False),
        ("b", "a", "valid", [award("V", status="pending"), award("V", "W")], True),
    ],
)
def test_r030(ask, date, end, status, awards, flagged):
    bids = [bid(status, None, "X", "W", date=date)]
    made = release(bids=bids, awards=awards, tender={"tenderPeriod": {"endDate": end}})
    output = ask("[R030]\n", made, maps=True).output
    assert output.get("OCID", {}) == ({"F": {"R030": 1.0}} if flagged else {})
    assert output.get("Tenderer", {}) == ({"W": {"R030": 1.0}} if flagged else {})
    assert output["Maps"]["ocid_tenderer_r030"] == ({"F": ["W"]} if flagged else {})


# --- R035, R036 -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bids", "awards", "threshold", "count"),
    [
        ([bid("disqualified", None, "D"), bid("valid", None, "V")], [award("V")], 1, 1),
        ([bid("disqualified", None, "D"), bid("valid", None, "V")], [award("V")], 0, 1),
        ([bid("disqualified", None, "D"), bid("valid", None, "V")], [award("V")], 2, 0),
        ([bid("disqualified", None, "D", "E"), bid("valid", None, "V")], [award("V")], 2, 2),
        ([bid("disqualified", None, "D"), bid("disqualified", None, "D"),
          bid("valid", None, "V")], [award("V")], 1, 1),
        ([bid("disqualified", None, "V"), bid("valid", None, "V")], [award("V")], 1, 0),
        ([bid("disqualified", None, "D"), bid("valid", None, "V", "U")], [award("V")], 1, 0),
        ([bid("disqualified", None, "D"), bid("valid", None, "V")], [award("V", "U")], 1, 0),
        ([bid("disqualified", None, "D"), bid("valid", None, "V")], [award("V")] * 2, 1, 1),
        ([bid("disqualified", None, "D"), bid("valid", None, "V")], [], 1, 0),
        ([bid("disqualified", None, "D")], [], 1, 0),
        ([bid("disqualified", None, "D"), bid("valid", None, "V")],
         [award("V"), award("V", status="pending")], 1, 0),
    ],
)  # fmt: skip
def test_r035(ask, bids, awards, threshold, count):
    settings = f"[R035]\nthreshold = {threshold}\n"
    output = ask(settings, release(bids=bids, awards=awards), maps=True).output
    assert output.get("OCID", {}) == ({"F": {"R035": float(count)}} if count else {})
    assert output.get("Tenderer", {}) == ({"V": {"R035": 0.0}} if count else {})
    assert output["Maps"]["ocid_tenderer_r035"] == ({"F": ["V"]} if count else {})


@pytest.mark.parametrize(
    ("bids", "flagged"),
    [
        ([bid("disqualified", 1), bid("valid", 2)], True),
        ([bid("valid", 2), bid("disqualified", 1)], True),
        ([bid("disqualified", 1), bid("valid", 1)], True),
        ([bid("valid", 1), bid("disqualified", 1)], False),
        ([bid("disqualified", 1), bid("pending", 2)], False),
        ([bid("pending", 0), bid("disqualified", 1), bid("valid", 2)], False),
        ([bid("withdrawn", 0), bid("disqualified", 1), bid("valid", 2)], True),
        ([bid("valid", 2), bid("disqualified", 1, currency="EUR")], False),
        ([bid("disqualified", 1), bid("valid")], False),
    ],
)
def test_r036(ask, bids, flagged):
    awards = [award(status="pending"), award()]
    output = ask("[R036]\n", release(bids=bids, awards=awards)).output
    assert output == ({"OCID": {"F": {"R036": 1.0}}} if flagged else {})
    assert ask("[R036]\n", release(bids=bids, awards=awards[:1])).output == {}


# --- R038, R048 -----------------------------------------------------------------------------------


def refused(ocid, bad, good, who="T", buyer="B", entity="E"):
    bids = [bid("disqualified", None, who)] * bad + [bid("valid", None, who)] * good
    tender = {"procuringEntity": {"id": entity}}
    return release(ocid, bids, buyer={"id": buyer}, tender=tender)


def test_r038_shares_per_buyer_entity_and_tenderer(ask):
    lines = [refused("1", 1, 1), refused("2", 2, 0, "U", "B", "G"), refused("3", 0, 1, "V", "C")]
    answer = ask("[R038]\nthreshold = 0.5\n", *lines, maps=True, with_meta=True)
    assert answer.output["Buyer"] == {"B": {"R038": 0.75}}
    assert answer.output["ProcuringEntity"] == {"G": {"R038": 1.0}}  # E: 1 of 3
    assert answer.output["Tenderer"] == {"T": {"R038": 0.5}, "U": {"R038": 1.0}}
    assert answer.output["Meta"]["R038"] == {
        "Buyer_upper_fence": 0.5,
        "ProcuringEntity_upper_fence": 0.5,
        "Tenderer_upper_fence": 0.5,
    }
    maps = answer.output["Maps"]
    assert maps["ocid_buyer_r038"] == {"1": "B", "2": "B"}
    assert maps["ocid_procuringentity_r038"] == {"1": "E", "2": "G"}
    assert maps["ocid_tenderer"] == {"1": ["T"], "2": ["U"], "3": ["V"]}


@pytest.mark.parametrize(
    ("settings", "groups"),
    [
        ("", {"Buyer", "ProcuringEntity", "Tenderer"}),
        ("minimum_submitted_bids = 3", {"Buyer", "ProcuringEntity"}),
        ("minimum_contracting_processes = 3", {"Tenderer"}),
        ("threshold = 0", set()),
    ],
)
def test_r038_minima_count_bids(ask, settings, groups):
    answer = ask(f"[R038]\n{settings}\n", refused("1", 1, 1), with_meta=True)
    meta = answer.output.pop("Meta").get("R038", {})
    assert set(answer.output) == groups
    named = {key.split("_")[0] for key in meta}
    assert named == (groups or {"Buyer", "ProcuringEntity", "Tenderer"})


def test_r038_counts_each_member_of_a_joint_bid_and_all_but_invited_and_withdrawn(ask):
    bids = [bid("disqualified", None, "A", "B"), bid("odd", None, "A"), bid("invited", None, "B")]
    output = ask("[R038]\nthreshold = 0.1\nminimum_submitted_bids = 1\n", release(bids=bids)).output
    assert output == {"Tenderer": {"A": {"R038": 0.5}, "B": {"R038": 1.0}}}


def goods(ocid, supplier, *codes, **more):
    items = [{"classification": {"id": code}} for code in codes]
    return release(ocid, awards=[award(supplier, items=items, **more)])


def test_r048_counts_codes_over_processes(ask):
    lines = [goods("1", "F", "1000", "1100", "10"), goods("2", "F", "12"), goods("3", "G", "10")]
    settings = "[R048]\nminimum_contracting_processes = 2\n"
    answer = ask(settings, *lines, with_meta=True)
    assert answer.output["Tenderer"] == {"F": {"R048": 3.0}}  # one value is at its own fence
    assert answer.output["Meta"]["R048"] == {"q1": 3.0, "q3": 3.0, "upper_fence": 3.0}
    assert ask("[R048]\n", *lines).output == {}
    many = "[R048]\nminimum_contracting_processes = 1\nthreshold = 3\ndigits = 1\n"
    assert ask(many, *lines).output == {}
    assert ask(many.replace("3", "1"), *lines).output["Tenderer"] == {
        "F": {"R048": 1.0},
        "G": {"R048": 1.0},
    }


def test_r048_codes_are_cut_by_characters_and_may_be_none(ask):
    settings = "[R048]\nminimum_contracting_processes = 1\nthreshold = 0\ndigits = {}\n"
    lines = [goods("1", "F", "é1", "é2", "ab")]
    assert ask(settings.format(1), *lines).output["Tenderer"]["F"] == {"R048": 2.0}
    assert ask(settings.format(0), *lines).output["Tenderer"]["F"] == {"R048": 1.0}
    assert ask(settings.format(1), goods("1", "F"), {"ocid": "2"}).output == {}


@pytest.mark.parametrize(
    "one",
    [
        goods("1", "F", "10", status="pending"),
        release(awards=[award("F", "G", items=[{"classification": {"id": "10"}}])]),
        release(awards=[award("F", items=[{"classification": {"id": 10}}])]),
        release(awards=[{"status": "active", "items": [{"classification": {"id": "10"}}]}]),
    ],
)
def test_r048_what_does_not_count(ask, one):
    assert ask("[R048]\nminimum_contracting_processes = 0\nthreshold = 0\n", one).output == {}


def test_r048_several_awards_of_one_process_count_once(ask):
    items = [{"classification": {"id": "10"}}]
    one = release(awards=[award("F", items=items), award("F", items=items), award("F")])
    settings = "[R048]\nthreshold = 0\nminimum_contracting_processes = {}\n"
    assert ask(settings.format(1), one).output == {"Tenderer": {"F": {"R048": 1.0}}}
    assert ask(settings.format(2), one).output == {}


# --- twins, numbers -------------------------------------------------------------------------------


def test_an_ocid_met_twice_keeps_what_the_later_line_does_not_say(ask):
    single = release("F", tender=SINGLE)
    answer = ask("[R018]\n[R024]\nthreshold = 99\n", single, priced("F", 1, 2), priced("F", 1, 3))
    assert answer.output["OCID"] == {"F": {"R018": 1.0, "R024": 2.0}}


def test_maps_of_an_ocid_met_twice(ask):
    lines = [refused("1", 1, 1, "T", "B"), refused("1", 1, 0, "U", "C"), refused("1", 0, 1)]
    maps = ask("[R038]\n", *lines, maps=True).output["Maps"]
    assert maps["ocid_tenderer"] == {"1": ["T", "U"]}
    assert maps["ocid_buyer_r038"] == {"1": "C"}


def test_tenderers_are_mapped_only_for_three_indicators(ask):
    one = refused("1", 1, 1)
    for code in ("R025", "R038", "R048"):
        assert ask(f"[{code}]\n", one, maps=True).output["Maps"]["ocid_tenderer"]
    for code in ("R003", "R024", "R028", "R035", "R036", "R058"):
        assert not ask(f"[{code}]\n", one, maps=True).output["Maps"]["ocid_tenderer"]


@pytest.mark.parametrize(
    ("data", "tau", "value"),
    [
        ([1, 2, 3, 4, 10], 0.25, 5 / 3),
        ([10, 4, 3, 2, 1], 0.75, 6.0),
        ([7], 0.5, 7),
        ([1, 2], 0, 1),
        ([1, 2], 1, 2),
        ([], 0.5, math.nan),
        ([1, 2], 1.01, math.nan),
        ([1, math.inf, math.inf], 0.75, math.nan),
    ],
)
def test_quantile(oracle, data, tau, value):
    assert oracle.quantile(data, tau) == pytest.approx(value, nan_ok=True, rel=1e-12)


def test_fused_rounds_once(oracle):
    # 1.5 x (1 + 2^-52) needs 54 bits: rounded before the subtraction it would leave 2^-51
    assert oracle.fused(1 + 2**-52, 1.5, -1.5) == 1.5 * 2**-52
    assert (1 + 2**-52) * 1.5 - 1.5 == 2**-51
    assert oracle.fused(1e308, 10, -math.inf) == -math.inf
    assert math.isnan(oracle.fused(math.inf, 0, 1))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.00005, 0.0001),
        (-0.00005, -0.0001),
        (0.33333333, 0.3333),
        (2.5, 2.5),
        (math.nan, None),
        (math.inf, None),
        (1e305, None),
        (123456789.123456, 123456789.1235),
    ],
)
def test_rounded(oracle, value, shown):
    assert oracle.rounded(value) == shown


def test_a_list_in_any_order_is_the_same_answer(oracle):
    one = {"OCID": {}, "Maps": {"ocid_tenderer": {"1": ["B", "A"]}, "ocid_buyer_r038": {"1": "b"}}}
    assert oracle.normal(one)["Maps"]["ocid_tenderer"] == {"1": ["A", "B"]}
    assert oracle.normal(one)["Maps"]["ocid_buyer_r038"] == {"1": "b"}
