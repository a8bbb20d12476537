"""Blocks read by Arrow give what reading line by line gives, whatever the file holds."""

import gzip
import random
from pathlib import Path

import pytest

from graphgov.ingest import csvblocks, csvfile
from graphgov.ingest.base import RawRows
from graphgov.ingest.csvfile import read_csv
from graphgov.schema import Reject

CELLS = [
    *(
        "",
        "plain",
        "two words",
        " spaced ",
        "1",
        "-1.50",
        "2024-03-01",
        "=1+1",
        "null",
        "NA",
        "\\N",
    ),
    *(
        '"quoted"',
        '""',
        '"with, comma"',
        '"say ""hi"""',
        '"""x"""',
        "北京市",
        '"北, 京"',
        "tab\there",
    ),
]
NASTY = [
    *(b'a"b', b'"a"b', b'"open', b'" ', b'"', b'x","', b"\0", b"\xff", b"\xed\xa0\x80", b"\r"),
    *(
        b'"two\nlines"',
        b'"two\r\nlines"',
        b"a,b",
        b"\n",
        b"\r\n",
        b"\xef\xbb\xbf",
        b"\x1a",
        b"\x85",
    ),
    *(b"'", b"\\", b'\\"', b"\xe2\x80\xa8", b'"","', b',","', b"x" * 700, b'"' + b"y" * 700 + b'"'),
]


def _file(seed: int, damage: int) -> bytes:
    rng = random.Random(seed)
    width, end = rng.randint(1, 4), rng.choice([b"\n", b"\n", b"\r\n", b"\r"])
    rows = [[f"c{i}".encode() for i in range(width)]]
    rows += [[rng.choice(CELLS).encode() for _ in range(width)] for _ in range(rng.randint(0, 60))]
    for _ in range(damage):
        rng.choice(rows[1:] or rows)[rng.randrange(width)] = rng.choice(NASTY)
    text = end.join(b",".join(row) for row in rows)
    return rng.choice([b"", b"\xef\xbb\xbf", b"\n"]) + text + rng.choice([b"", end, end + end])


def _read(path: Path) -> tuple[list[tuple[object, ...]], list[Reject]]:
    rows, rejects = [], []
    for part in read_csv(path, path.name, "awards"):
        if isinstance(part, Reject):
            rejects.append(part)
        elif isinstance(part, RawRows):
            cells = [[str(v) for v in column] for column in part.columns.values()]
            names = [tuple(part.columns)] * len(part.lines)
            rows += list(zip([int(n) for n in part.lines], names, *cells, strict=True))
    return sorted(rows), sorted(rejects)


def _both(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[list[tuple[object, ...]], list[Reject]]]:
    quick = _read(path)
    with monkeypatch.context() as patch:
        patch.setattr(csvblocks, "parse", lambda *_: None)
        return [quick, _read(path)]


@pytest.mark.parametrize("damage", [0, 1, 3])
@pytest.mark.parametrize("block", [20, 200, 2**20])
def test_blocks_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, damage: int
) -> None:
    monkeypatch.setattr(csvblocks, "_BLOCK", block)
    monkeypatch.setattr(csvfile, "_STEP", 1 + block // 3)
    monkeypatch.setattr(csvfile, "MAX_CELL", 600)
    for seed in range(60):
        path = tmp_path / f"{seed}.csv"
        path.write_bytes(_file(seed, damage))
        quick, slow = _both(path, monkeypatch)
        assert quick == slow, path.read_bytes()


def test_a_file_that_breaks_off_gives_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csvblocks, "_BLOCK", 5_000)
    rng = random.Random(5)
    lines = [f"{i},{rng.random()},{rng.choice(CELLS)}" for i in range(3_000)]
    whole = gzip.compress("\n".join(["a,b,c", *lines]).encode(), mtime=0)
    path = tmp_path / "x.csv.gz"
    for cut in (10, 500, len(whole) // 2, len(whole) - 4):
        path.write_bytes(whole[:cut])
        quick, slow = _both(path, monkeypatch)
        assert quick == slow
        assert [r.code for r in quick[1]] == ["unreadable"]
        for number, _names, first, *_rest in quick[0]:
            assert first == str(int(str(number)) - 2)


@pytest.mark.parametrize(
    "block",
    [
        b'x,",",b"c"d\n',  # as many quotes open as close
        b'"a"b,c\n',
        b'"a" ,c\n',
        b'a,"b\nc",d\n',
        b"a,b\n\nc,d\n",
        b"a\rb,c\n",
        b"a,b,c\n",
        b"a\n",
        b"\xef\xbb\xbfa,b\n",
        b"a\0,b\n",
        b"\xff,b\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_left(block: bytes) -> None:
    assert csvblocks.parse(block, ["x", "y"]) is None


def test_regular_blocks_are_read_at_once() -> None:
    table = csvblocks.parse(b'"a ""b"" c",\r\n"",null\r\n"x,y",1', ["x", "y"])
    assert table is not None
    assert table.to_pydict() == {"x": ['a "b" c', "", "x,y"], "y": ["", "null", "1"]}
