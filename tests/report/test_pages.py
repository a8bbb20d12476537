"""The pages as files: what they carry, what they may load, and that they come out the same."""

import json
import re

import pytest

from graphgov.errors import InputError
from graphgov.report import render
from graphgov.report.page import asset, hash_of, island


def test_every_case_of_the_top_gets_a_dossier_and_a_network(rendered):
    names = sorted(p.name for p in (rendered / "report").iterdir())
    cases = [f"{kind}-{i:016x}.html" for kind in ("case", "network") for i in range(1, 5)]
    assert names == sorted([*cases, "index.html"])


def test_pages_have_nothing_to_fetch_and_run_only_what_they_carry(rendered):
    for page in (rendered / "report").iterdir():
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text), page.name
        assert not re.search(r"<(?:link|iframe|object|embed|base|img[^>]*onerror)", text), page.name
        found = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
        policy = found.group(1).replace("&#39;", "'")
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert "unsafe" not in policy
        scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
        assert scripts
        assert [s for s in scripts if hash_of(s) not in policy] == []
        styles = re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL)
        assert styles
        assert [s for s in styles if hash_of(s) not in policy] == []


def test_hostile_names_are_not_markup_in_any_page(rendered, hostile):
    for page in (rendered / "report").iterdir():
        text = page.read_text(encoding="utf-8")
        assert hostile[0] not in text
        assert hostile[1] not in text
        assert "\u202e" not in text
        assert "\x1b" not in text


@pytest.mark.parametrize("text", ["</script>", "<!--<script>", "\u2028\u2029", "&amp;", "\ud800"])
def test_an_island_keeps_the_text_and_cannot_be_left(text):
    made = str(island({"name": text}))
    assert not set("<>&\u2028\u2029") & set(made)
    assert json.loads(made)["name"] == text.replace("\ud800", "\ufffd")


def test_vendored_scripts_are_the_published_ones():
    import hashlib
    from importlib.resources import files

    vendor = files("graphgov.report") / "vendor"
    readme = (vendor / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\S+)` .*`([0-9a-f]{64})` \|$", readme, re.M)
    assert sorted(name for name, _ in rows) == sorted(
        p.name for p in vendor.iterdir() if p.name.endswith(".js")
    )
    for name, digest in rows:
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest
        licence = "LICENSE." + name.split(".")[0] + ".txt"
        assert "Permission is hereby granted" in (vendor / licence).read_text()


def test_inlined_scripts_cannot_close_their_element():
    for name in ("vendor/cytoscape.min.js", "vendor/vis-network.min.js", "static/dossier.js"):
        assert "</script" not in asset(name).lower()
        assert "sourceMappingURL" not in asset(name)


def test_the_queue_lists_all_cases_and_links_the_first(rendered, island):
    data = island(rendered / "report" / "index.html")
    assert [c["rank"] for c in data["cases"]] == list(range(1, 90))
    assert [c["page"] for c in data["cases"][:5]] == [
        *(f"case-{i:016x}.html" for i in range(1, 5)),
        "",
    ]
    assert data["cases"][0]["bodies"] == ["City of Rivermouth"]
    assert data["cases"][0]["amount"] == "EUR 1,000"


def test_the_queue_says_what_could_not_be_computed_and_counts_errors(rendered, island):
    page = rendered / "report" / "index.html"
    (missing,) = [row for row in island(page)["coverage"] if row["not_computable"]]
    assert (missing["id"], missing["why"]) == ("F01", "there is no amount")
    text = page.read_text(encoding="utf-8")
    assert "1 rows were put aside" in text
    assert "1 probable data errors" in text
    assert "Leads, not verdicts" in text


def test_points_of_a_dossier_add_up_to_its_score(rendered, island):
    for i in range(1, 5):
        data = island(rendered / "report" / f"case-{i:016x}.html")
        assert sum(f["points"] for f in data["flags"]) == data["case"]["score"]


def test_every_line_of_the_picture_stands_in_a_record(rendered, island):
    data = island(rendered / "report" / f"case-{1:016x}.html")
    refs = {r["ref"] for r in data["records"]}
    drawn = {r for e in data["edges"] if e["core"] for r in e["records"]}
    assert drawn
    assert drawn <= refs


def test_a_cited_record_that_is_not_in_the_data_says_so(rendered, island):
    data = island(rendered / "report" / f"case-{3:016x}.html")
    (lost,) = [r for r in data["records"] if r["key"] == "0" * 16]
    assert lost["says"] == "record not in the data read"


def test_the_same_run_gives_the_same_bytes_again(run_folder, rendered):
    out = run_folder()
    made = {p.name: p.read_bytes() for p in render(out)}
    assert made == {p.name: p.read_bytes() for p in (rendered / "report").iterdir()}


def test_a_smaller_top_removes_the_pages_that_are_not_made_again(run_folder):
    out = run_folder()
    render(out)
    keep = out / "report" / "case-0000000000000001-notes.html"
    keep.write_text("my notes", encoding="utf-8")
    render(out, top=1)
    assert sorted(p.name for p in (out / "report").iterdir()) == [
        keep.name,
        "case-0000000000000001.html",
        "index.html",
        "network-0000000000000001.html",
    ]


def test_chinese_pages_say_everything_in_chinese(run_folder, island):
    out = run_folder(language="zh")
    render(out)
    text = (out / "report" / "index.html").read_text(encoding="utf-8")
    assert '<html lang="zh">' in text
    assert "线索而非结论" in text
    assert island(out / "report" / f"case-{1:016x}.html")["case"]["kind"] == "人情关系"


def test_a_folder_that_is_no_run_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"manifest\.json"):
        render(tmp_path)


def test_an_empty_run_still_has_a_queue(run_folder, island):
    from graphgov.report import files
    from graphgov.schema import OUTPUTS

    out = run_folder()
    for name in ("cases", "case_members", "case_flags", "flags", "coverage"):
        files.write_csv(out / f"{name}.csv", OUTPUTS[name], [])
    for name in ("dossiers.jsonl", "rejects.csv"):
        (out / name).unlink()
    (index,) = render(out)
    assert island(index)["cases"] == []
    assert "No cases in this run" in island(index)["ui"]["no_cases"]


@pytest.mark.parametrize("word", ["fraud", "guilty", "corrupt", "criminal", "suspect"])
def test_pages_never_pass_a_verdict(rendered, island, word):
    for page in sorted((rendered / "report").glob("[ci]*.html")):
        assert word not in json.dumps(island(page)).lower()
