"""Every shape in which the same releases come gives the same rows."""

import gzip
import io
import json
import subprocess
import sys
import zipfile

import pytest

from graphgov.ingest.ocds import Ocds

LINK = {"url": "https://example.org/r1.json", "date": "2024-01-01T00:00:00Z", "tag": ["award"]}


def package(*releases):
    return {"uri": "x", "version": "1.1", "publishedDate": "2024-02-02", "releases": list(releases)}


def records(*found):
    return {"uri": "x", "version": "1.1", "packages": [], "records": list(found)}


def pack(name, text):
    data = text.encode()
    if name.endswith(".gz"):
        return gzip.compress(data)
    if name.endswith(".zip"):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(name.removesuffix(".zip"), data)
        return target.getvalue()
    return data


@pytest.fixture
def two(release):
    return release(), release(ocid="ocds-2", id="r2")


@pytest.fixture
def expected(read_json, two):
    return read_json(package(*two)).content()


def shapes(one, two):
    return {
        "a list of releases": [one, two],
        "records with releases": records(
            *({"ocid": r["ocid"], "releases": [r]} for r in (one, two))
        ),
        "records with compiled releases": records(
            *({"ocid": r["ocid"], "releases": [LINK], "compiledRelease": r} for r in (one, two))
        ),
        "records with both": records(
            *({"ocid": r["ocid"], "releases": [r], "compiledRelease": r} for r in (one, two))
        ),
        "releases without ocid in their record": records(
            *(
                {"ocid": r["ocid"], "releases": [{k: v for k, v in r.items() if k != "ocid"}]}
                for r in (one, two)
            )
        ),
        "packages in a list": [package(one), package(two)],
    }


def test_every_document_gives_the_same_rows(read_json, two, expected):
    for name, document in shapes(*two).items():
        assert read_json(document).content() == expected, name


@pytest.mark.parametrize("ending", ["", ".gz", ".zip"])
def test_every_packing_gives_the_same_rows(tmp_path, read, two, expected, ending):
    for name, text in {
        "a.json": json.dumps(package(*two), indent=2),
        "b.JSON": "\ufeff" + json.dumps(package(*two)),
        "c.jsonl": "".join(json.dumps(r) + "\r\n" for r in two),
        "d.ndjson": "\n".join(json.dumps(package(r)) for r in two),
        "lines.json": "\n\n".join(json.dumps(r) for r in two),
        "pretty.json": "\n".join(json.dumps(r, indent=1) for r in two),
    }.items():
        path = tmp_path / f"{name}{ending}"
        path.write_bytes(pack(path.name, text))
        assert Ocds.claims(path)
        assert read(path).content() == expected, path.name


def test_a_lone_release_and_a_lone_record(read_json, release):
    one = release()
    expected = read_json(package(one)).content()
    assert read_json(one).content() == expected
    assert read_json({"ocid": one["ocid"], "releases": [one]}).content() == expected
    assert read_json({"ocid": one["ocid"], "compiledRelease": one}).content() == expected
    linked = {"releases": [LINK], "ocid": one["ocid"], "compiledRelease": one}
    assert read_json(linked).content() == expected


def test_standard_input_is_json_lines(release, expected, two):
    code = (
        "from pathlib import Path; from graphgov.ingest.ocds import Ocds\n"
        "for p in Ocds().read(Path('-')): print(type(p).__name__, p)"
    )
    text = "\n".join(json.dumps(r) for r in two) + "\nnonsense"
    done = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True
    )
    assert "Reject(file='-', line=3" in done.stdout
    assert "ocds-2/a1" in done.stdout
    assert "FileRead(name='-', sha256='" in done.stdout


def test_one_release_in_many_files_counts_once(tmp_path, read, release, two, expected):
    one, other = two
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "1.json").write_text(json.dumps(package(one, one)))
    (tmp_path / "deep" / "2.json").write_text(
        json.dumps(records({"ocid": "ocds-1", "releases": [one]}))
    )
    (tmp_path / "deep" / "er" / "3.jsonl").write_text(json.dumps(other) + "\n" + json.dumps(one))
    (tmp_path / ".hidden.json").write_text("{")
    seen = read(tmp_path)
    assert seen.content() == expected
    assert sorted(seen.files) == ["1.json", "deep/2.json", "deep/er/3.jsonl"]


def test_a_compiled_release_of_the_same_process_does_not_count_twice(tmp_path, read, release):
    one = release()
    compiled = one | {"id": "ocds-1-2024", "tag": ["compiled"], "date": "2024-03-01T00:00:00Z"}
    record = {"ocid": "ocds-1", "releases": [LINK], "compiledRelease": compiled}
    (tmp_path / "release.json").write_text(json.dumps(one))
    (tmp_path / "record.json").write_text(json.dumps(records(record)))
    seen = read(tmp_path)
    assert len(seen.awards) == len(seen.tenders) == 1
    assert not seen.rejects


def test_a_release_later_than_the_compiled_one_is_merged_into_it(tmp_path, read, release):
    late = release(
        id="r9", date="2024-09-01T00:00:00Z", award={"value": {"amount": 7, "currency": "EUR"}}
    )
    record = {"ocid": "ocds-1", "releases": [LINK], "compiledRelease": release()}
    (tmp_path / "late.json").write_text(json.dumps(late))
    (tmp_path / "record.json").write_text(json.dumps(records(record)))
    assert read(tmp_path).one("awards")["amount"] == "7"


def test_links_without_a_compiled_release_are_rejects(read_json):
    seen = read_json(records({"ocid": "ocds-1", "releases": [LINK, "https://example.org/r2"]}))
    assert [(r.code, r.value) for r in seen.rejects] == [
        ("linked_release", "https://example.org/r1.json"),
        ("linked_release", "https://example.org/r2"),
    ]
    assert "/records/0/releases/1" in seen.rejects[1].reason
    assert not seen.awards


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"hello": 1}, "not_ocds"),
        ([1, "x"], "not_ocds"),
        ("text", "not_ocds"),
        ({"releases": [{"id": "r", "buyer": {"name": "x"}}]}, "missing_ocid"),
        ({"records": [{"ocid": "x", "versionedRelease": {}}]}, "empty_record"),
        ({"version": "2.0", "releases": []}, "unsupported_version"),
    ],
)
def test_what_is_no_release_is_a_reject(read_json, document, code):
    seen = read_json(document)
    assert {r.code for r in seen.rejects} == {code}
    assert not seen.tables


def test_an_empty_package_is_no_reject(read_json):
    seen = read_json(package())
    assert not seen.rejects
    assert not seen.tables
    assert list(seen.files) == ["in.json"]


def test_a_file_that_breaks_is_one_reject_and_gives_no_row(tmp_path, read, release):
    good, bad = release(), release(ocid="ocds-2")
    half = json.dumps(package(bad, {"no": "ocid"}, bad))[:-4]
    (tmp_path / "bad.json").write_text(half)
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "good.json").write_text(json.dumps(good))
    (tmp_path / "cut.json.gz").write_bytes(gzip.compress(json.dumps(good).encode())[:-9])
    (tmp_path / "no.zip").write_bytes(b"PK nonsense")
    (tmp_path / "notes.txt").write_text("a note")
    seen = read(tmp_path)
    assert [a["award_id"] for a in seen.awards] == ["ocds-1/a1"]
    assert sorted((r.file, r.code) for r in seen.rejects) == [
        ("bad.json", "bad_json"),
        ("cut.json.gz", "unreadable_file"),
        ("empty.json", "empty_file"),
        ("no.zip", "unreadable_file"),
        ("notes.txt", "not_ocds"),
    ]
    assert len(seen.files) == 6


def test_members_of_an_archive_are_named(tmp_path, read, release):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a.json", json.dumps(release()))
        archive.writestr("b/c.jsonl", "{\n" + json.dumps(release(ocid="ocds-2")))
        archive.writestr("readme.txt", "x")
    seen = read(tmp_path / "all.zip")
    assert {p[0] for p in seen.places["awards"]} == {"all.zip/a.json", "all.zip/b/c.jsonl"}
    assert [(r.file, r.line) for r in seen.rejects] == [("all.zip/b/c.jsonl", 1)]


def test_pointers_and_lines_lead_to_the_award(tmp_path, read, release):
    text = json.dumps(package(release(), release(ocid="ocds-2")), indent=1)
    (tmp_path / "a.json").write_text(text)
    (file, line, pointer), (_, later, second) = sorted(read(tmp_path).places["awards"])
    assert (file, pointer, second) == ("a.json", "/releases/0/awards/0", "/releases/1/awards/0")
    starts = [i for i, part in enumerate(text.split("\n"), 1) if part == "  {"]
    assert [line, later] == starts


def test_names_alone_decide_what_is_claimed(tmp_path):
    (tmp_path / "sub").mkdir()
    assert not Ocds.claims(tmp_path)
    (tmp_path / "sub" / "x.jsonl.gz").write_bytes(b"not even gzip")
    assert Ocds.claims(tmp_path)
    for name in ("awards.csv", "a.parquet", "a.csv.gz", "a.csv.zip", "json"):
        assert not Ocds.claims(tmp_path / name)
