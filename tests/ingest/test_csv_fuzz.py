"""Damaged files: nothing raises, every line is accounted for, good rows come through."""

import csv
import gzip
import io
import random

import pytest

from graphgov.ingest import csvfile
from graphgov.ingest.base import RawRows
from graphgov.ingest.csvfile import read_csv

HEADER = ["award_id", "buyer_id", "title"]
DIRT = [b'"', b",", b"\n", b"\r", b"\0", b"\xff", b'""', b"\r\n", b"\xef\xbb\xbf", "名".encode()]


def document(seed):
    chance = random.Random(seed)
    words = ["x", "a,b", 'say "hi"', "two\nlines", "", " pad ", "名", "x" * 300]
    rows = [[f"A{i}", chance.choice("BC"), chance.choice(words)] for i in range(60)]
    out = io.StringIO()
    csv.writer(out, lineterminator=chance.choice(["\n", "\r\n"])).writerows([HEADER, *rows])
    return out.getvalue().encode(), rows


def parse(path):
    rows, lines, rejects = [], [], []
    for part in read_csv(path, path.name, "awards"):
        if isinstance(part, RawRows):
            rows += zip(*part.columns.values(), strict=True)
            lines += part.lines
        else:
            rejects.append(part)
    return [list(r) for r in rows], lines, rejects


@pytest.mark.parametrize("seed", range(20))
def test_what_a_csv_writer_wrote_comes_back(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(csvfile, "_BATCH_ROWS", 1 + seed)
    content, rows = document(seed)
    for name, data in (("awards.csv", content), ("awards.csv.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(data)
        found, lines, rejects = parse(tmp_path / name)
        assert rejects == []
        assert found == rows
        assert lines == sorted(set(lines))


@pytest.mark.parametrize("seed", range(150))
def test_dirt_costs_only_where_it_falls(tmp_path, seed):
    content, rows = document(seed)
    chance = random.Random(seed)
    head = content.index(b"\n") + 1
    spots = sorted(chance.randrange(head, len(content)) for _ in range(3))
    damaged = content
    for spot in reversed(spots):
        damaged = damaged[:spot] + chance.choice(DIRT) + damaged[spot:]
    path = tmp_path / "awards.csv"
    path.write_bytes(damaged)
    found, lines, rejects = parse(path)
    physical = io.TextIOWrapper(io.BytesIO(damaged), "utf-8", "surrogateescape", newline="")
    count = sum(1 for _ in physical)
    assert len(set(lines)) == len(lines)
    assert all(2 <= line <= count for line in lines)
    assert all(2 <= r.line <= count for r in rejects)
    first = damaged[: spots[0]].decode("utf-8", "ignore")
    untouched = sum(1 for row in csv.reader(io.StringIO(first, newline=""))) - 2
    assert found[:untouched] == rows[:untouched]
    assert found[-1:] == rows[-1:] or spots[-1] > len(content) - 1000


@pytest.mark.parametrize("seed", range(30))
def test_noise_never_raises(tmp_path, seed):
    chance = random.Random(seed)
    path = tmp_path / chance.choice(["awards.csv", "awards.csv.gz"])
    path.write_bytes(chance.randbytes(2000))
    rows, _, rejects = parse(path)
    assert rejects or rows
