"""The settings of the indicators: every key known, every value of its kind."""

import pytest

from graphgov.cardinal.ini import nested, parse
from graphgov.cardinal.init import settings_text
from graphgov.cardinal.settings import Settings, load, piped, settings
from graphgov.errors import ConfigError


def of(text):
    return settings(nested(parse(text)))


def test_nothing_is_on_without_a_section():
    assert of("") == Settings()
    assert all(getattr(Settings(), name) is None for name in dir(Settings()) if name[0] == "R")


def test_the_file_to_start_from_turns_everything_on():
    made = of(settings_text())
    codes = [name for name in dir(made) if name[0] == "R" and name[1:].isdigit()]
    assert len(codes) == 11
    assert all(getattr(made, code) is not None for code in codes)
    assert made.R003.threshold == 15
    assert made.R048.minimum_contracting_processes == 20


def test_values_are_read_as_their_kind():
    made = of(
        "currency = USD\n[output]\ninfo_currency_mismatches = Yes\n[R003]\nthreshold = -3\n"
        "[R003.procurement_method_details]\nfast = 5\n[R024]\nthreshold = 1e-2\n"
    )
    assert made.currency == "USD"
    assert made.output.info_currency_mismatches is True
    assert (made.R003.threshold, made.R003.procurement_method_details) == (-3, {"fast": 5})
    assert made.R024.threshold == 0.01


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[R999]\n", "R999"),
        ("nonsense = 1\n", "nonsense"),
        ("[R018]\nthreshold = 1\n", "R018.threshold"),
        ("[R028]\nx = 1\n", "R028.x"),
        ("[R003]\nthreshold = 1.5\n", "R003.threshold"),
        ("[R003]\nthreshold = many\n", "R003.threshold"),
        ("[R025]\npercentile = -1\n", "R025.percentile"),
        ("[R035]\nthreshold = -1\n", "R035.threshold"),
        ("[R048]\ndigits = two\n", "R048.digits"),
        ("[R058]\nthreshold = x\n", "R058.threshold"),
        ("[R003]\nprocurement_method_details = x\n", "R003.procurement_method_details"),
        ("[R003.procurement_method_details]\nx = y\n", "R003.procurement_method_details.x"),
        (f"[R003]\nthreshold = {2**63}\n", "R003.threshold"),
        (f"[R003]\nthreshold = {-(2**63) - 1}\n", "R003.threshold"),
        (f"[R048]\nminimum_contracting_processes = {2**64}\n", "minimum_contracting"),
        ("R003 = 1\n", "R003"),
        ("[output]\ninfo_currency_mismatches = maybe\n", "info_currency_mismatches"),
        ("[currency]\nx = 1\n", "currency"),
    ],
)
def test_what_is_unknown_or_impossible_is_named(text, said):
    with pytest.raises(ConfigError, match=said):
        of(text)


@pytest.mark.parametrize("given", ["mine.ini", "mine"])
@pytest.mark.parametrize("text", ["[R999]\n", "[R003]\nthreshold = x\n", "[R003\n"])
def test_the_file_is_named(tmp_path, text, given):
    (tmp_path / "mine.ini").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / given)
    assert str(caught.value).startswith(f"{tmp_path / given}: ")


def test_the_largest_counts_are_taken():
    made = of(f"[R003]\nthreshold = {2**63 - 1}\n[R035]\nthreshold = {2**64 - 1}\n")
    assert made.R003.threshold == 2**63 - 1
    assert made.R035.threshold == 2**64 - 1


@pytest.mark.parametrize(
    ("text", "parts"),
    [(None, ()), ("", ()), ("a", ("a",)), ("a|b|", ("a", "b")), ("|a", ("", "a")), ("|", ("",))],
)
def test_parts_between_bars(text, parts):
    assert piped(text) == parts
