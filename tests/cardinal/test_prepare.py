"""Correcting releases."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from graphgov.cardinal import ini
from graphgov.cardinal import settings as settings_file
from graphgov.cardinal.prepare import prepare
from graphgov.cardinal.prepare_rules import rules
from graphgov.cardinal.streams import writing
from graphgov.cli import app

quick = settings(derandomize=True, deadline=None, max_examples=200)


def asked(text):
    return rules(settings_file.settings(ini.nested(ini.parse(text))))


def prepared(lines, config="", block=1 << 20):
    """The text of the releases, the rows of the issues, the warnings."""
    output, issues, warnings = io.BytesIO(), io.BytesIO(), []
    text = "\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines)
    source = io.BytesIO(text.encode(errors="surrogateescape"))
    prepare(source, asked(config), output, issues, warnings.append, block)
    rows = list(csv.reader(io.StringIO(issues.getvalue().decode(), newline="")))
    return output.getvalue().decode(), rows, warnings


def one(release, config=""):
    """What becomes of a release, and its issues without line and ocid."""
    text, rows, warnings = prepared([release], config)
    assert not warnings
    return json.loads(text), [row[2:] for row in rows]


def bids(*details):
    return {"bids": {"details": list(details)}}


BID = {"status": "valid"}
STATUS = "/bids/details[]/status"
AWARD_STATUS = "/awards[]/status"
SCHEME = "items[]/classification/scheme"
ALL = """
[defaults]
currency = USD
item_classification_scheme = UNSPSC
bid_status = valid
award_status = active
party_roles = true
[redactions]
amount = 0|99
organization_id = x|0
[corrections]
award_status_by_contract_status = true
[modifications]
prefix_buyer_or_procuring_entity_id = B-
prefix_tenderer_or_supplier_id = S-
split_procurement_method_details = -
[codelists.bid_status]
ok = valid
[codelists.award_status]
Active = active
"""


def test_the_example_of_the_documentation(tmp_path, examples):
    out = tmp_path / "out.jsonl"
    path = examples / "prepare.jsonl"
    result = CliRunner().invoke(
        app, ["cardinal", "prepare", "--output", str(out), "--errors", "-", str(path)]
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "1,ocds-213czf-1,/bids/details[]/status,0,,not set\n"
    assert json.loads(out.read_text()) == json.loads(path.read_text())


# Issues


@pytest.mark.parametrize(
    ("release", "issues"),
    [
        (bids({}), [[STATUS, "0", "", "not set"]]),
        (bids(BID, {"status": None}), []),
        (bids(BID, {"status": "won"}), [[STATUS, "1", "won", "invalid"]]),
        (bids({"status": ""}), [[STATUS, "0", "", "invalid"]]),
        (bids({"status": 1}), []),
        (bids(*({"status": s} for s in ("invited", "pending", "valid", "disqualified"))), []),
        (bids({"status": "withdrawn"}), []),
        (bids(None, 1), [[STATUS, "0", "", "not set"], [STATUS, "1", "", "not set"]]),
        ({"awards": [{}]}, [[AWARD_STATUS, "0", "", "not set"]]),
        ({"awards": [{"status": "valid"}]}, [[AWARD_STATUS, "0", "valid", "invalid"]]),
        ({"awards": [{"status": s} for s in ("pending", "active", "cancelled")]}, []),
        ({"awards": [{"status": "unsuccessful"}]}, []),
        (
            bids(BID | {"value": {"amount": 0}}),
            [
                ["/bids/details[]/value/amount", "0", "", "is zero"],
                ["/bids/details[]/value/currency", "0", "", "not set"],
            ],
        ),
        (bids(BID | {"value": {"amount": "0", "currency": None}}), []),
        (bids(BID | {"value": {"amount": False, "currency": None}}), []),
        (
            bids(BID | {"items": [1, {"classification": {"id": 1}}]}),
            [[f"/bids/details[]/{SCHEME}", "0.1", "", "not set"]],
        ),
        (
            {"awards": [{"status": "active", "items": [{"classification": {}}]}]},
            [[f"/awards[]/{SCHEME}", "0.0", "", "not set"]],
        ),
        ({"bids": {"details": {}}, "awards": {}, "parties": 1, "tender": []}, []),
        ({"bids": [{}], "awards": None, "buyer": "x"}, []),
    ],
)
def test_issues(release, issues):
    after, found = one(release)
    assert found == issues
    if "items" not in str(release):
        assert after == release


@pytest.mark.parametrize("amount", ["0", "-0", "0.0", "0e5", "-0.00", "1e-999"])
def test_every_zero_is_zero(amount):
    line = '{"bids":{"details":[{"status":"valid","value":{"currency":"","amount":%s}}]}}'
    text, rows, _ = prepared([line % amount])
    assert [row[-1] for row in rows] == ["is zero"]
    _, rows, _ = prepared([text.strip()], "[redactions]\namount = 0")
    assert rows == []


def test_issues_stand_in_the_order_of_the_lines_and_name_them():
    lines = ["", {"ocid": 'a "b", c', **bids({})}, "{", {"ocid": 1.5, **bids({})}, bids({})]
    _, rows, warnings = prepared(lines)
    assert [row[:2] for row in rows] == [["2", 'a "b", c'], ["4", "1.5"], ["5", ""]]
    assert len(warnings) == 1
    assert warnings[0].startswith("Line 3 is invalid JSON, skipping.")


def test_cells_are_quoted_only_where_they_must_be():
    output, issues = io.BytesIO(), io.BytesIO()
    lines = [{"ocid": x, **bids({"status": x})} for x in ("a b", "a,b", 'a"b', "a\nb", "a\rb")]
    source = io.BytesIO("\n".join(map(json.dumps, lines)).encode())
    prepare(source, asked(""), output, issues, pytest.fail)
    assert issues.getvalue().decode() == (
        f"1,a b,{STATUS},0,a b,invalid\n"
        f'2,"a,b",{STATUS},0,"a,b",invalid\n'
        f'3,"a""b",{STATUS},0,"a""b",invalid\n'
        f'4,"a\nb",{STATUS},0,"a\nb",invalid\n'
        f'5,"a\rb",{STATUS},0,"a\rb",invalid\n'
    )


def test_what_is_no_object_is_named_and_left_out():
    text, rows, warnings = prepared(["[]", "1", '{"ocid":"a"}', "null"])
    assert text == '{"ocid":"a"}\n'
    assert not rows
    assert warnings == [f"Line {n} is not a JSON object, skipping." for n in (1, 2, 4)]


# Types


def test_ids_become_text():
    org = {"id": 1}
    release = {
        "id": 5,
        "parties": [{"id": 1}, {"id": True}, {"id": None}],
        "buyer": org,
        "tender": {"id": 1, "procuringEntity": org},
        "bids": {"details": [BID | {"id": 1, "tenderers": [org, {"id": "2"}]}]},
        "awards": [
            {"id": 1, "status": "active", "suppliers": [org], "items": [{"classification": org}]}
        ],
        "contracts": [{"awardID": 1}],
    }
    after, _ = one(release)
    text = {"id": "1"}
    assert after["id"] == 5
    assert after["parties"] == [text, {"id": True}, {"id": None}]
    assert after["buyer"] == after["tender"]["procuringEntity"] == text
    assert after["tender"]["id"] == after["bids"]["details"][0]["id"] == 1
    assert after["bids"]["details"][0]["tenderers"] == [text, {"id": "2"}]
    assert after["awards"][0]["id"] == "1"
    assert after["awards"][0]["suppliers"] == [text]
    assert after["awards"][0]["items"][0]["classification"] == text
    assert after["contracts"] == [{"awardID": 1}]
    after, _ = one(release, "[corrections]\naward_status_by_contract_status = true")
    assert after["contracts"] == [{"awardID": "1"}]


@pytest.mark.parametrize("number", ["1.0", "1.10", "1e2", "12345678901234567890123", "-7"])
def test_a_number_becomes_the_text_it_was_written_as(number):
    text, _, _ = prepared(['{"buyer":{"id":' + number + "}}"])
    assert json.loads(text) == {"buyer": {"id": number}}


def test_an_object_becomes_a_list():
    org = {"id": "1"}
    release = {"parties": org, "awards": [{"status": "active", "suppliers": org}]} | bids(
        BID | {"tenderers": org}
    )
    after, _ = one(release)
    assert after["parties"] == after["awards"][0]["suppliers"] == [org]
    assert after["bids"]["details"][0]["tenderers"] == [org]


@pytest.mark.parametrize("text", ["1.0", "0.10", "1e400", "9" * 30, "9" * 5000, "1E+2", "true"])
def test_what_is_not_corrected_is_written_as_it_was(text):
    line = '{"ocid":"é\\u0001\\"\\\\","x":[' + text + ',{"y":null}],"tender":{}}'
    found, _, _ = prepared([line])
    assert found == line + "\n"


# Settings


def test_defaults_are_filled_in_where_nothing_is_set():
    item = {"classification": {"id": "1"}}
    release = bids({"value": {}, "items": [item]}, {"status": None, "value": {"currency": None}})
    release["awards"] = [{"items": [item]}, {"status": ""}]
    after, issues = one(release, ALL)
    filled = [{"classification": {"id": "1", "scheme": "UNSPSC"}}]
    assert after["bids"]["details"] == [
        {"value": {"currency": "USD"}, "items": filled, "status": "valid"},
        {"status": None, "value": {"currency": None}},
    ]
    assert after["awards"] == [{"items": filled, "status": "active"}, {"status": ""}]
    assert issues == [[AWARD_STATUS, "1", "", "invalid"]]


def test_a_bid_that_is_null_becomes_one_with_the_default_status():
    after, issues = one(bids(None) | {"awards": [None]}, ALL)
    assert after == bids({"status": "valid"}) | {"awards": [{"status": "active"}]}
    assert not issues


def test_codes_are_replaced_once_and_then_checked():
    config = "[codelists.bid_status]\na = b\nb = valid\n[codelists.award_status]\nActive = active"
    release = bids({"status": "a"}, {"status": "b"}) | {
        "awards": [{"status": "Active"}, {"status": "b"}]
    }
    after, issues = one(release, config)
    assert [bid["status"] for bid in after["bids"]["details"]] == ["b", "valid"]
    assert [award["status"] for award in after["awards"]] == ["active", "b"]
    assert issues == [[STATUS, "0", "b", "invalid"], [AWARD_STATUS, "1", "b", "invalid"]]


def test_a_default_is_replaced_too():
    after, issues = one(bids({}), "[defaults]\nbid_status=a\n[codelists.bid_status]\na=valid")
    assert (after, issues) == (bids({"status": "valid"}), [])


def test_amounts_are_redacted_by_value():
    config = "[redactions]\namount = 0|1e2|x|inf|nan|"
    values = [0, 0.0, 100, 100.0, "0", 1, -100]
    release = bids(*(BID | {"value": {"currency": "", "amount": value}} for value in values))
    after, issues = one(release, config)
    kept = [bid["value"].get("amount") for bid in after["bids"]["details"]]
    assert kept == [None, None, None, None, "0", 1, -100]
    assert not issues


def test_redacted_ids_go_before_prefixes_come():
    config = (
        "[redactions]\norganization_id = 0|x\n[modifications]\n"
        "prefix_buyer_or_procuring_entity_id = B-\nprefix_tenderer_or_supplier_id = S-"
    )
    release = {
        "parties": [{"id": 0}, {"id": "1"}],
        "buyer": {"id": "x", "name": "n"},
        "tender": {"procuringEntity": {"id": 1}},
        "awards": [{"status": "active", "suppliers": [{"id": "S-1"}, {"id": "B-1"}, {"id": 0}]}],
    } | bids(BID | {"tenderers": [{"id": 0}, {"id": ""}, {"id": "s-1"}]})
    after, _ = one(release, config)
    assert after["parties"] == [{}, {"id": "1"}]
    assert after["buyer"] == {"name": "n"}
    assert after["tender"] == {"procuringEntity": {"id": "B-1"}}
    assert after["awards"][0]["suppliers"] == [{"id": "S-1"}, {"id": "S-B-1"}, {}]
    assert after["bids"]["details"][0]["tenderers"] == [{}, {"id": "S-"}, {"id": "S-s-1"}]


@pytest.mark.parametrize(
    ("pattern", "details", "kept"),
    [
        ("-", "first - second - third", "first"),
        ("-", "none \t\u3000", "none"),
        ("-", "- x", ""),
        ("' -- '", "a-b -- c", "a-b"),
        ("-", "a\x1c- b", "a\x1c"),  # no space to Unicode
        ("", "all", ""),
        ("-", 5, 5),
    ],
)
def test_details_are_split(pattern, details, kept):
    config = f"[modifications]\nsplit_procurement_method_details = {pattern}"
    after, _ = one({"tender": {"procurementMethodDetails": details}}, config)
    assert after == {"tender": {"procurementMethodDetails": kept}}


MOVE = "[modifications]\nmove_auctions = true"


def test_bids_of_auctions_are_moved_in_order():
    release = {
        "auctions": [
            {"stages": [{"id": 1, "bids": [BID, BID | {"id": 2}]}, {"bids": 3, "id": 4}, 5]},
            {"stages": [{"bids": [BID | {"id": 6}]}]},
            {"stages": {}},
            7,
        ]
    }
    after, _ = one(release, MOVE)
    assert after["bids"] == {"details": [BID, BID | {"id": 2}, BID | {"id": 6}]}
    assert after["auctions"] == [{"stages": [{"id": 1}, {"id": 4}, 5]}, {"stages": [{}]},
                                 {"stages": {}}, 7]  # fmt: skip
    assert one(release)[0] == release


def test_bids_of_auctions_stay_where_there_are_bids():
    release = {"auctions": [{"stages": [{"bids": [BID]}]}], "bids": None}
    text, _, warnings = prepared([release], MOVE)
    assert json.loads(text) == release
    assert len(warnings) == 1
    assert "/auctions" in warnings[0]


@pytest.mark.parametrize("auctions", [None, {}, "x"])
def test_auctions_that_are_no_list_are_left_alone(auctions):
    assert one({"auctions": auctions}, MOVE)[0] == {"auctions": auctions}
    assert one({"auctions": []}, MOVE)[0] == {"auctions": [], "bids": {"details": []}}


@pytest.mark.parametrize(
    ("contracts", "status"),
    [
        ([("1", "cancelled")], "cancelled"),
        ([(1, "cancelled"), ("1", "cancelled")], "cancelled"),
        ([("1", "cancelled"), ("1", "active")], "active"),
        ([("1", "active"), ("1", "cancelled")], "active"),
        ([("1", "cancelled"), ("1", None)], "active"),
        ([("2", "cancelled")], "active"),
        ([(None, "cancelled")], "active"),
        ([], "active"),
    ],
)
def test_an_award_with_cancelled_contracts_only_is_cancelled(contracts, status):
    release = {
        "awards": [{"id": 1, "status": "active"}, {"id": [1], "status": "active"}],
        "contracts": [{"awardID": award, "status": s} for award, s in contracts] + [3],
    }
    after, _ = one(release, "[corrections]\naward_status_by_contract_status = yes")
    assert [award["status"] for award in after["awards"]] == [status, "active"]
    assert [award["status"] for award in one(release)[0]["awards"]] == ["active", "active"]


def test_parties_get_the_roles_that_references_show():
    release = {
        "parties": [
            {"id": "B-1", "roles": ["z", 5, "a"]},
            {"id": 2, "roles": "buyer"},
            {"id": "S-2", "roles": ["lost"]},
            {"id": "S-2", "roles": ["kept"]},
            {"id": "other"},
            {},
            7,
        ],
        "buyer": {"id": 1},
        "tender": {"procuringEntity": {"id": "1"}},
        "awards": [{"status": "active", "suppliers": {"id": "2"}}],
    } | bids(BID | {"tenderers": [{"id": 2}, {"id": 9}]})
    after, _ = one(release, ALL)
    assert after["parties"] == [
        {"id": "B-1", "roles": ["a", "buyer", "procuringEntity", "z"]},
        {"id": "2", "roles": "buyer"},
        {"id": "S-2", "roles": ["kept", "supplier", "tenderer"]},
        {"id": "S-2", "roles": ["kept", "supplier", "tenderer"]},
        {"id": "other"},
        {},
        7,
    ]


# Properties

_KEYS = (
    "ocid", "parties", "buyer", "tender", "procuringEntity", "procurementMethodDetails", "auctions",
    "stages", "bids", "details", "value", "amount", "currency", "items", "classification", "scheme",
    "status", "tenderers", "contracts", "awardID", "awards", "suppliers", "id", "roles",
)  # fmt: skip
_LEAVES = st.sampled_from([None, True, 0, 0.0, 1, 2.5, 99, 10**30, "", "x", "1", "ok", "a - b"])
_ANY = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4)
    ),
    max_leaves=10,
)


def _object(**members):
    return st.fixed_dictionaries({}, optional={key: value | _ANY for key, value in members.items()})


_ORG = _object(id=_LEAVES, roles=st.just(["r"]))
_ITEMS = st.lists(_object(classification=_object(id=_LEAVES, scheme=_LEAVES)), max_size=2)
_BID = _object(
    status=_LEAVES,
    value=_object(amount=_LEAVES, currency=_LEAVES),
    items=_ITEMS,
    tenderers=st.lists(_ORG, max_size=2) | _ORG,
)
RELEASES = _object(
    ocid=_LEAVES,
    parties=st.lists(_ORG, max_size=3) | _ORG,
    buyer=_ORG,
    tender=_object(procuringEntity=_ORG, procurementMethodDetails=_LEAVES),
    auctions=st.lists(
        _object(stages=st.lists(_object(bids=st.lists(_BID, max_size=2)), max_size=2)), max_size=2
    ),
    bids=_object(details=st.lists(_BID | st.none(), max_size=3)),
    awards=st.lists(
        _object(id=_LEAVES, status=_LEAVES, items=_ITEMS, suppliers=_ORG), max_size=2
    ),
    contracts=st.lists(_object(awardID=_LEAVES, status=st.just("cancelled")), max_size=2),
)  # fmt: skip


@quick
@given(RELEASES, st.sampled_from(["", ALL, MOVE]))
def test_any_release_is_prepared_and_a_second_time_changes_nothing(release, config):
    text, rows, warnings = prepared([release], config)
    again, rows_again, _ = prepared([text.rstrip("\n")], config)
    assert again == text
    if config != ALL:  # there a status that came from contracts is an issue no longer
        assert rows_again == rows
    assert text.count("\n") == 1
    assert not [warning for warning in warnings if "JSON" in warning]


@quick
@given(_ANY)
def test_any_json_is_prepared_or_named(value):
    text, _, warnings = prepared([json.dumps(value)], ALL)
    assert (text.count("\n"), len(warnings)) == ((1, 0) if isinstance(value, dict) else (0, 1))


@quick
@given(RELEASES)
def test_without_settings_only_ids_and_lists_change(release):
    text, _, _ = prepared([release])
    assert _loose(json.loads(text)) == _loose(release)


def _loose(value, key=None):
    if key in ("parties", "tenderers", "suppliers") and isinstance(value, dict):
        value = [value]
    if isinstance(value, dict):
        return {k: _loose(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_loose(item) for item in value]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if key == "id" and number else value


def test_two_processes_write_what_one_writes():
    lines = [
        {"ocid": f"o-{n}", **bids({"status": "ok" if n % 2 else "odd"}, {})} for n in range(200)
    ]
    lines[50:50] = ["{", "[]"]
    assert prepared(lines, ALL, block=700) == prepared(lines, ALL)


# The command


def run(*args, **kwargs):
    return CliRunner().invoke(app, ["cardinal", "prepare", *map(str, args)], **kwargs)


def test_releases_and_issues_go_where_they_are_asked(tmp_path):
    (tmp_path / "s.ini").write_text("[defaults]\ncurrency = EUR\n[R003]\n")
    args = ("-s", tmp_path / "s.ini", "-o", "-", "-e", tmp_path / "e.csv", "-")
    result = run(*args, input='{"bids":{"details":[{"value":{}}]}}\n')
    assert result.exit_code == 0
    assert json.loads(result.stdout) == bids({"value": {"currency": "EUR"}})
    assert (tmp_path / "e.csv").read_text() == f"1,,{STATUS},0,,not set\n"


@pytest.mark.parametrize("others", [("-o", "-"), ("-e", "-"), ()])
def test_both_outputs_must_be_named(others):
    assert run(*others, "-", input="").exit_code == 2


def test_an_unknown_setting_ends_it_before_anything_is_written(tmp_path):
    (tmp_path / "s.ini").write_text("[defaults]\ncurency = EUR\n")
    result = run("-s", tmp_path / "s.ini", "-o", tmp_path / "o", "-e", "-", "-", input="{}")
    assert result.exit_code == 2
    assert "defaults.curency" in result.stderr
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("clash", ["output", "issues", "both"])
def test_no_file_is_read_and_written_at_once(tmp_path, clash):
    source, link = tmp_path / "in", tmp_path / "link"
    source.write_text('{"ocid":"a"}\n')
    link.symlink_to(source)
    new = tmp_path / "new"
    output, issues = {"output": (link, "-"), "issues": ("-", source), "both": (new, new)}[clash]
    result = run("-o", output, "-e", issues, source)
    assert result.exit_code == 2
    assert "cannot be both" in result.stderr
    assert source.read_text() == '{"ocid":"a"}\n'


def test_devices_may_be_used_twice(tmp_path):
    source = tmp_path / "in"
    source.write_text('{"ocid":"a"}\n')
    assert run("-o", "/dev/null", "-e", "/dev/null", source).exit_code == 0


@pytest.mark.parametrize("where", ["missing/o", "."])
def test_an_output_that_cannot_be_opened_is_named(tmp_path, where):
    result = run("-o", tmp_path / where, "-e", "-", "-", input="{}")
    assert result.exit_code == 2
    assert str(tmp_path) in result.stderr


def stopped(target):
    with writing(target) as file:
        file.write(b"half")
        raise KeyboardInterrupt


def test_what_was_there_stays_as_it_was_if_the_work_stops(tmp_path):
    path, link, new = tmp_path / "o", tmp_path / "link", tmp_path / "new"
    path.write_text("before")
    path.chmod(0o640)
    link.symlink_to(path)
    for target in (path, link, new):
        with pytest.raises(KeyboardInterrupt):
            stopped(target)
    assert path.read_text() == "before"
    assert {entry.name for entry in tmp_path.iterdir()} == {"o", "link"}
    with writing(link) as file:
        file.write(b"after")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("after", 0o640)
    assert link.is_symlink()
    assert {entry.name for entry in tmp_path.iterdir()} == {"o", "link"}
