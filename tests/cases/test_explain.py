"""Titles and summaries: whole, plain, neutral, and inert whatever a name holds."""

import re
import unicodedata
from decimal import Decimal

import msgspec
import pytest

from graphgov.cases.explain import shown_names, summary, title

NAMES = {("person", "P1"): "Li Wei", ("company", "C1"): "Acme Ltd", ("body", "B1"): "Roads Office"}
VERDICTS = re.compile(
    r"fraud|guilt|corrupt|crimin|illegal|brib|collu|conspir|suspect|decades|p-value|腐败|犯罪|贪",
    re.I,
)
SHAPES = [
    (["E01"], 1, 1, 1),
    (["E05"], 1, 1, 1),
    (["E15"], 1, 1, 1),
    (["F01"], 0, 1, 1),
    (["D01"], 0, 1, 1),
    (["D04"], 0, 5, 0),
    (["D04"], 0, 5, 1),
    (["G02"], 0, 0, 1),
    (["G02"], 1, 0, 1),
    (["G02"], 1, 0, 0),
    (["G02"], 0, 1, 0),
    (["Z99"], 0, 2, 2),
]


def told(flags, *, rank=1, awards=3, amounts=(("CNY", Decimal("1500.0000")),), language="en"):
    lead = flags[0]
    return summary(
        flags,
        rank=rank,
        awards=awards,
        amounts=amounts,
        first_on=lead.first_on,
        last_on=lead.last_on,
        certainty=lead.certainty,
        language=language,
    )


def flag_of(make_flag, code, **more):
    many = ("C1", "C2", "C3") if code == "D04" else ()
    return make_flag(code, "P1" if code[0] == "E" else "", "C1", "B1", companies=many, **more)


def test_a_summary_says_what_why_how_much_from_where_and_what_to_rule_out(make_flag):
    flags = [
        make_flag("E01", "P1", "C1", "B1", points=9, p_value=2e-5, awards=("A1", "A2", "A3")),
        make_flag("E15", "P1", "C1", "B1", awards=("A1",)),
    ]
    assert told(flags) == (
        "Reason of E01. "
        "Number 1 in the queue because a duty to step aside appears not to have been kept, and a "
        "chain of personal ties comes together with more awards than comparable companies get "
        "(by chance alone, such a result would be seen less than once in 10,000 comparable "
        "cases). "
        "The whole case covers 3 awards worth CNY 1,500 between 2022-03-01 and 2022-03-01 and "
        "can be checked in 3 input rows (3 in awards). "
        "To rule out first: Innocence of E01."
    )


def test_one_row_is_one_row(make_flag):
    text = told([flag_of(make_flag, "F01", awards=("A1",))], awards=1)
    assert " 1 award worth" in text
    assert " 1 input row (" in text


def test_several_currencies_stand_side_by_side(make_flag):
    amounts = (("CNY", Decimal(10_000)), ("EUR", Decimal("7.5")))
    text = told([flag_of(make_flag, "F01", awards=("A1",))], amounts=amounts)
    assert "CNY 10,000 + EUR 7.50" in text


def test_a_chain_that_does_not_weigh_most_is_told_too(make_flag):
    flags = [
        make_flag("E05", "P1", "C1", "B1", points=90),
        make_flag("E01", "P1", "C1", "B1", points=9),
    ]
    assert told(flags).startswith("Reason of E05. Besides, Reason of E01. Number 1")
    assert "Besides" not in told(flags[::-1])


@pytest.mark.parametrize(
    ("p_value", "odds"),
    [
        (None, ""),
        (1.0, ""),
        (0.051, ""),
        (0.05, "about once in 20 "),
        (0.011, "about once in 91 "),
        (0.01, "less than once in 100 "),
        (0.0011, "less than once in 100 "),
        (0.001, "less than once in 1,000 "),
        (1e-6, "less than once in 1,000,000 "),
        (1e-300, "less than once in 1,000,000 "),
        (0.0, "less than once in 1,000,000 "),
    ],
)
def test_chance_is_told_as_a_frequency_and_never_overstated(make_flag, p_value, odds):
    text = told([flag_of(make_flag, "F01", p_value=p_value)])
    assert ("by chance alone" in text) is bool(odds)
    assert odds in text


def test_a_tie_without_an_advantage_is_not_said_to_have_one(make_flag):
    text = told([flag_of(make_flag, "E01", p_value=0.6)])
    assert "more awards than" not in text
    assert "has a close tie to the company that won" in text


@pytest.mark.parametrize("certainty", ["documented", "declared", "inferred"])
def test_an_uncertain_link_is_said_to_be_one(make_flag, certainty):
    text = told([flag_of(make_flag, "E01", certainty=certainty)])
    assert ("One link of that chain" in text) is (certainty != "documented")
    assert ("only inferred" in text) is (certainty == "inferred")
    assert "One link" not in told([flag_of(make_flag, "D01", certainty=certainty)])


def test_sentences_of_a_flag_are_neither_cut_nor_read_as_templates(make_flag):
    long = "Wèi {rank} {0} %s {reason.__class__} " + "x" * 900 + " end."
    flag = msgspec.structs.replace(flag_of(make_flag, "E05"), reason=long, innocent=long)
    tie = msgspec.structs.replace(flag_of(make_flag, "E01"), reason=long)
    assert told([flag, tie]).count(long) == 3


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("code", ["E01", "E05", "E06", "E15", "F01", "D01", "D04", "H01", "Z99"])
def test_no_verdicts_no_jargon_no_gaps(make_flag, code, language):
    flag = msgspec.structs.replace(flag_of(make_flag, code, awards=("A",)), reason="", innocent="")
    text = told([flag], language=language)
    assert not VERDICTS.search(text)
    assert "{" not in text
    assert "None" not in text
    assert text == text.strip()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_summary_without_days_awards_or_rows_leaves_them_out(make_flag, language):
    text = told([flag_of(make_flag, "F01", day="")], awards=0, amounts=(), language=language)
    assert "None" not in text
    assert "?" not in text
    assert not re.search(r"award|授予|input row|输入记录", text)


def test_chinese_summaries_are_chinese_throughout(make_flag):
    flags = [flag_of(make_flag, "E05", points=90, awards=("A",)), flag_of(make_flag, "E01")]
    flags = [msgspec.structs.replace(f, reason="甲。", innocent="乙。") for f in flags]
    text = told(flags, language="zh")
    assert re.findall(r"[A-Za-z]+", text) == ["CNY"]
    assert text.startswith("甲。此外，甲。排在第1位")
    assert text.endswith("请先排除：乙。")


def titled(flags, people=1, companies=1, bodies=1, language="en", name="N"):
    def row(kind, count):
        return [f"{name} {kind}{n}" for n in range(count)]

    return title(flags, row("p", people), row("c", companies), row("b", bodies), language)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("codes", "people", "companies", "bodies"), SHAPES)
def test_every_title_names_whom_it_is_about(make_flag, codes, people, companies, bodies, language):
    flags = [flag_of(make_flag, code) for code in codes]
    text = titled(flags, people, companies, bodies, language)
    for kind, count in (("p", people), ("c", companies)):
        assert (f"N {kind}0" in text) is bool(count)
    if "D04" not in codes:
        assert ("N b0" in text) is bool(bodies)
    assert not VERDICTS.search(text)


def test_titles(make_flag):
    assert titled([flag_of(make_flag, "E01")]) == "N b0 awards to N c0, with ties to N p0"
    assert titled([flag_of(make_flag, "E05")]) == "N b0 awards to N c0 while N p0 was in office"
    assert titled([flag_of(make_flag, "D04")], 0, 5, 0) == (
        "5 companies that bid against each other: N c0, N c1, N c2 (+2)"
    )
    assert titled([flag_of(make_flag, "E01")], 3, 4, 3, "zh") == (
        "N b0、N b1等3家单位授予N c0、N c1、N c2等4家企业的合同，与N p0、N p1等3人有关联"
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "name",
    [
        "\x1b[31mred\x1b[0m\x07",
        "a\nb\r\nc\td\x00e",
        "‮txet desrever‬⁦x⁩",
        "{person} {0.__class__} %s",
        "\ud800 half",
        "长" * 5000,
        "\u200b\u200b",
        "",
        "<script>alert(1)</script>",
    ],
)
def test_hostile_names_are_one_short_line(make_flag, name, language):
    people, companies, bodies = [name] * 9, [name] * 9, [name] * 9
    text = title([flag_of(make_flag, "E01")], people, companies, bodies, language)
    assert len(text) < 600
    assert not {unicodedata.category(c) for c in text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    text.encode()


def test_names_of_what_weighs_most_come_first(make_flag):
    flags = [
        make_flag("E01", "P9", "C9", "B1", points=9),
        make_flag("E01", "P1", "C1", "B1", points=3),
    ]
    names = {("company", "C9"): "Nine"}
    assert shown_names(flags, "company", frozenset({"C0", "C1", "C9"}), names) == [
        "Nine",
        "C1",
        "C0",
    ]


def test_an_official_who_only_was_in_office_is_not_said_to_be_tied(make_flag):
    flags = [
        make_flag("E05", "P2", "C1", "B1", points=90),
        make_flag("E01", "P1", "C1", "B1", points=9),
    ]
    assert shown_names(flags, "person", frozenset({"P1", "P2"}), NAMES) == ["Li Wei"]
    assert shown_names(flags[:1], "person", frozenset({"P2"}), NAMES) == ["P2"]
