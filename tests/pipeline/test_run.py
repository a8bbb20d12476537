"""A run from end to end: same bytes, nothing in silence, nothing half done."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest

from graphgov import ingest
from graphgov.errors import ConfigError
from graphgov.report.files import read_csv
from graphgov.schema import OUTPUTS, TABLES
from graphgov.snapshot import take

GRAPHGOV = Path(sys.executable).with_name("graphgov")
ALWAYS = {f"{name}.csv" for name in OUTPUTS if name not in ("changes", "sources")} | {
    *("flags.parquet", "sources.parquet", "manifest.json", "timings.json", "dossiers.jsonl"),
}


def content(out):
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def differing(one, other):
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def told(out, name="manifest.json"):
    return json.loads((out / name).read_text(encoding="utf-8"))


def test_every_file_of_the_data_model_is_there(done):
    found = content(done.out)
    assert set(found) >= ALWAYS | {"report/index.html"}
    assert not {name for name in found if name.startswith(".")}
    for name in sorted(OUTPUTS.keys() - {"changes", "sources"}):
        header = found[f"{name}.csv"].split(b"\n", 1)[0].decode()
        assert header == ",".join(OUTPUTS[name])
    sources = duckdb.sql(f"SELECT * FROM '{done.out}/sources.parquet' LIMIT 1")
    assert tuple(sources.columns) == OUTPUTS["sources"]


def test_the_province_gives_flags_and_cases(done):
    assert done.flags > 20
    assert len(done.cases) >= 3
    assert {c.indicator for c in done.coverage} >= {
        "R018",
        "F01",
        "D01",
        "D04",
        "E01",
        "E15",
        "H01",
    }


def test_the_same_input_gives_the_same_bytes(source, done, run, tmp_path):
    run(source, tmp_path / "again")
    assert differing(content(done.out), content(tmp_path / "again")) == {"timings.json"}


def test_another_order_of_rows_gives_the_same_bytes(edited, shuffled, done, run, tmp_path):
    again = run(edited(shuffled, "other"), tmp_path / "again")
    assert again.run_id == done.run_id
    assert differing(content(done.out), content(tmp_path / "again")) <= {
        *("timings.json", "sources.parquet", "rejects.csv", "manifest.json")
    }
    one, other = told(done.out), told(tmp_path / "again")
    assert one.pop("files") != other.pop("files")
    assert one == other


def test_every_row_is_counted(done, source):
    for name, counts in told(done.out)["rows"].items():
        assert counts["in"] == counts["kept"] + counts["rejected"] + counts["repeated"]
        path = source / f"{name}.csv"
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                assert counts["in"] == sum(1 for _ in csv.DictReader(file))


def test_the_evidence_of_every_flag_is_found_in_the_input(done, source):
    sources = duckdb.sql(f"SELECT \"table\", row_key, file, line FROM '{done.out}/sources.parquet'")
    places = {(table, key): (file, line) for table, key, file, line in sources.fetchall()}
    seen = 0
    for flag in read_csv(done.out / "flags.csv"):
        rows = json.loads(flag["evidence"])
        assert rows, flag["flag_id"]
        for row in rows:
            file, line = places[row["table"], row["key"]]
            assert (source / file).is_file()
            assert line >= 2
            seen += 1
    assert seen > 50


def test_files_agree_with_each_other(done):
    flags = {row["flag_id"]: row for row in read_csv(done.out / "flags.csv")}
    cases = list(read_csv(done.out / "cases.csv"))
    links = list(read_csv(done.out / "case_flags.csv"))
    assert len(flags) == done.flags == told(done.out)["results"]["flags"]
    assert [row["rank"] for row in cases] == [str(n) for n in range(1, len(cases) + 1)]
    assert {row["flag_id"] for row in links} <= flags.keys()
    assert {row["case_id"] for row in links} == {row["case_id"] for row in cases}
    assert all(flags[row["flag_id"]]["class"] != "data" for row in links)
    for row in read_csv(done.out / "coverage.csv"):
        known = int(row["computable"]) + int(row["not_computable"])
        assert known == int(row["subjects"])
        assert not int(row["not_computable"]) or row["reason"]
        mine = {
            (f["subject_kind"], f["subject_id"])
            for f in flags.values()
            if f["indicator"] == row["indicator"]
        }
        assert len(mine) == int(row["flagged"])


def test_the_manifest_holds_what_repeats_the_run_and_nothing_of_the_machine(done, source):
    facts = told(done.out)
    text = (done.out / "manifest.json").read_text(encoding="utf-8")
    assert str(source) not in text
    assert str(done.out.parent) not in text
    assert facts["as_of"] == str(done.as_of)
    assert facts["config"]["indicators"]["R018"]
    assert facts["config"]["cases"]
    assert {f["file"] for f in facts["files"]} >= {"awards.csv", "bids.csv"}
    assert all(len(f["sha256"]) == 64 for f in facts["files"])
    assert facts["versions"]["duckdb"]
    assert facts["options"]["top"] == 50


def _toml(value, path=()):
    plain = {k: v for k, v in value.items() if not isinstance(v, dict)}
    lines = [f"[{'.'.join(path)}]"] if path and plain else []
    lines += [f"{key} = {json.dumps(item)}" for key, item in plain.items()]
    for key in value.keys() - plain.keys():
        lines += _toml(value[key], (*path, key))
    return lines


def test_the_manifest_repeats_the_run(source, done, run, tmp_path):
    facts = told(done.out)
    (tmp_path / "again.toml").write_text("\n".join(_toml(facts["config"])), encoding="utf-8")
    options = facts["options"]
    again = run(
        source,
        tmp_path / "again",
        config=tmp_path / "again.toml",
        as_of=done.as_of,
        top=options["top"],
        language=options["lang"],
        with_report=options["report"],
    )
    assert again.run_id == done.run_id
    differ = differing(content(done.out), content(tmp_path / "again"))
    assert differ <= {"timings.json", "manifest.json"}
    new = told(tmp_path / "again")
    assert new["options"].pop("as_of") == str(done.as_of)
    assert {**facts, "options": {**facts["options"], "as_of": None}} == {
        **new,
        "options": {**new["options"], "as_of": None},
    }


def test_sentences_in_chinese(source, run, tmp_path):
    summary = run(source, tmp_path / "out", language="zh", with_report=False)
    assert len(summary.cases) > 0
    rows = list(read_csv(tmp_path / "out" / "flags.csv"))
    assert all(any("\u4e00" <= c <= "\u9fff" for c in r["reason"] + r["innocent"]) for r in rows)
    assert told(tmp_path / "out")["language"] == "zh"


def test_timings_name_every_stage(done):
    stages = told(done.out, "timings.json")
    assert {"read", "snapshot", "cases", "files", "report"} <= {s["stage"] for s in stages}
    assert all(s["seconds"] >= 0 and s["peak_mb"] > 10 for s in stages)


def test_awards_alone_end_cleanly_and_say_what_was_missing(edited, run, tmp_path):
    only = edited(lambda table, rows: rows if table == "awards" else None)
    summary = run(only, tmp_path / "out")
    assert summary.counts["awards"].kept > 0
    missing = {c.indicator: c.missing for c in summary.coverage if c.missing}
    assert missing["R018"]
    assert missing["E15"]


def test_an_empty_dataset_ends_cleanly(edited, run, tmp_path):
    summary = run(edited(lambda table, rows: []), tmp_path / "out")
    assert (summary.flags, list(summary.cases)) == (0, [])
    assert all(c.reason for c in summary.coverage)
    assert (tmp_path / "out" / "report" / "index.html").is_file()


def test_awards_after_the_day_are_hidden_and_that_is_said(source, run, tmp_path):
    summary = run(source, tmp_path / "out", as_of=date(1990, 1, 1), with_report=False)
    assert (summary.flags, list(summary.cases)) == (0, [])
    assert all(c.reason for c in summary.coverage)
    assert not (tmp_path / "out" / "report").exists()


def test_a_later_event_changes_nothing_before_its_day(edited, source, run, tmp_path):
    day = date(2021, 6, 30)

    def before(table, rows):
        named = [c.name for c in TABLES[table].columns if c.event and not c.end and c.required]
        return [r for r in rows if all(r[name][:10] <= str(day) for name in named)]

    run(source, tmp_path / "all", as_of=day, with_report=False)
    run(edited(before), tmp_path / "some", as_of=day, with_report=False)
    one, other = content(tmp_path / "all"), content(tmp_path / "some")
    assert one["cases.csv"] == other["cases.csv"]
    assert one["flag_members.csv"] == other["flag_members.csv"]


def test_previous_says_what_is_new(edited, source, done, run, tmp_path):
    same = run(source, tmp_path / "same", previous=done.out, with_report=False)
    assert same.changes == 0
    first = done.cases[0]
    out = {m.id for m in first.members if m.kind == "company"}

    def without(table, rows):
        return [row for row in rows if not out & set(row.values())]

    run(edited(without), tmp_path / "less", with_report=False)
    run(source, tmp_path / "more", previous=tmp_path / "less", with_report=False)
    rows = list(read_csv(tmp_path / "more" / "changes.csv"))
    assert tuple(rows[0]) == OUTPUTS["changes"]
    assert ("case", first.case_id, "gone") not in {(r["kind"], r["id"], r["change"]) for r in rows}
    assert first.case_id in {r["id"] for r in rows if r["change"] in ("new", "grown")}


def test_masked_people_are_nowhere_in_the_output(source, run, tmp_path):
    summary = run(source, tmp_path / "out", mask_people=True)
    assert len(summary.cases) > 0
    with (source / "people.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    bodies_and_firms = "".join(
        (source / f"{name}.csv").read_text(encoding="utf-8") for name in ("bodies", "companies")
    )
    secrets = [p["person_id"] for p in people]
    secrets += [p["name"] for p in people if p["name"] not in bodies_and_firms]
    rows = duckdb.sql(f"SELECT * FROM '{tmp_path}/out/sources.parquet'").fetchall()
    texts = {
        name: data.decode("utf-8", "ignore") for name, data in content(tmp_path / "out").items()
    }
    texts["sources"] = "\n".join(str(row) for row in rows)
    words = {name: set(_words(text)) for name, text in texts.items()}
    for name, known in words.items():
        assert not known & set(secrets[: len(people)]), name
    cases = texts["cases.csv"] + texts["case_members.csv"] + texts["flags.csv"]
    assert not [secret for secret in secrets[len(people) :] if secret in cases]


def _words(text):
    import re

    return re.findall(r"[\w:-]+", text)


def test_hostile_names_stay_text(edited, run, tmp_path):
    nasty = '=cmd|" /C calc"!A0\x1b[2J</script><script>alert(1)</script>\n\u202e'

    def rename(table, rows):
        if table in ("bodies", "companies", "people"):
            return [row | {"name": f"{nasty}{n}"} for n, row in enumerate(rows)]
        return rows

    summary = run(edited(rename), tmp_path / "out")
    assert len(summary.cases) > 0
    for path in (tmp_path / "out").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                assert not [c for c in row if c[:1] in "=+@" and c]
    for path in (tmp_path / "out").rglob("*.html"):
        assert "<script>alert(1)" not in path.read_text(encoding="utf-8")
    for case in summary.cases:
        assert "\x1b" not in case.title + case.summary


def test_an_unknown_detector_in_the_settings_is_refused(source, run, tmp_path):
    (tmp_path / "c.toml").write_text("[indicators.DO1]\n")
    with pytest.raises(ConfigError, match="Did you mean 'D01'"):
        run(source, tmp_path / "out", config=tmp_path / "c.toml")


def test_settings_and_seed_move_the_run_id(source, done, run, tmp_path):
    (tmp_path / "c.toml").write_text("[indicators.R018]\nenabled = false\n")
    other = run(source, tmp_path / "out", config=tmp_path / "c.toml", with_report=False)
    assert other.run_id != done.run_id
    assert "R018" not in {c.indicator for c in other.coverage}
    assert told(tmp_path / "out")["config"]["indicators"]["R018"] == {"enabled": False}


def test_a_killed_run_leaves_the_last_good_output(source, done, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for name, data in content(done.out).items():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_bytes(data)
    before = content(out)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    child = subprocess.Popen(
        [GRAPHGOV, "run", source, "-o", out],
        stderr=subprocess.DEVNULL,
        env=os.environ | {"TMPDIR": str(scratch)},
    )
    with child:
        until = time.monotonic() + 60
        while not list(tmp_path.glob("out.partial-*/flags.csv")) and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    assert content(out) == before


def test_no_library_draws_a_progress_bar_on_stdout(source):
    asked = "SELECT current_setting('enable_progress_bar')"
    tables = ingest.read([source])
    assert tables.con.execute(asked).fetchall() == [(False,)]
    assert take(tables).sql(f"{asked} AS shown")["shown"].to_pylist() == [False]
