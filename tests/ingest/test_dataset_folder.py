"""Folders of tables, and CSV, gzip and Parquet as strangers write them."""

import gzip
import hashlib
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphgov.errors import InputError
from graphgov.ingest import csvfile, formats, read

HEADER = "award_id,buyer_id,company_id,awarded_on,amount,title"
GOOD = "A1,B1,C1,2024-03-01,5,x"


@pytest.fixture
def folder(tmp_path):
    """`folder({"awards.csv": b"…"})`: a dataset on disk."""

    def make(files, name="data"):
        place = tmp_path / name
        place.mkdir()
        for file, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            (place / file).write_bytes(data)
        return place

    return make


@pytest.fixture
def awards(folder):
    """`awards(b"…")`: the tables of a dataset with this awards.csv."""

    def make(content):
        return read([folder({"awards.csv": content})])

    return make


def rejects(data, columns="line, code"):
    return data.con.execute(f"SELECT {columns} FROM rejects").fetchall()


def ids(data):
    return [r[0] for r in data.con.execute("SELECT award_id FROM awards").fetchall()]


def titles(data):
    return [r[0] for r in data.con.execute("SELECT title FROM awards").fetchall()]


def lines(*rows, end="\n"):
    return end.join([HEADER, *rows]) + end


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_line_ends_and_bom(awards, end, bom):
    data = awards(bom + lines(GOOD, "A2,B1,C1,2024-03-01,x,", end=end).encode())
    assert ids(data) == ["A1"]
    assert rejects(data) == [(3, "number")]


def test_no_newline_at_the_end(awards):
    assert ids(awards(HEADER + "\n" + GOOD)) == ["A1"]


def test_quotes_hold_commas_quotes_and_line_ends(awards):
    data = awards(lines('A1,B1,C1,2024-03-01,5,"a, ""b""\r\nc"', "A2,B1,C1,2024-03-01,x,"))
    assert titles(data) == ['a, "b"\r\nc']
    assert rejects(data) == [(4, "number")]


def test_a_quote_inside_a_plain_cell_is_text(awards):
    assert titles(awards(lines('A1,B1,C1,2024-03-01,5,5" pipe'))) == ['5" pipe']


def test_an_unclosed_quote_costs_its_line_only(awards):
    rows = [GOOD, 'A2,B1,C1,2024-03-01,5,"x', "A3,B1,C1,2024-03-01,5,y", "A4,B1,C1,2024-03-01,z,"]
    data = awards(lines(*rows))
    assert ids(data) == ["A1", "A3"]
    assert rejects(data, "line, code, value") == [
        (3, "quotes", 'A2,B1,C1,2024-03-01,5,"x'),
        (5, "number", "z"),
    ]


def test_an_unclosed_quote_that_meets_the_next_one(awards):
    rows = ['A2,B1,C1,2024-03-01,5,"x', 'A3,B1,C1,2024-03-01,5,"y"', "A4,B1,C1,2024-03-01,5,z"]
    data = awards(lines(*rows))
    assert ids(data) == ["A3", "A4"]
    assert rejects(data) == [(2, "quotes")]


def test_many_unclosed_quotes(awards):
    rows = [f"A{i},B1,C1,2024-03-01,5,{chr(34) if i % 2 else ''}x" for i in range(10, 40)]
    data = awards(lines(*rows))
    assert ids(data) == [f"A{i}" for i in range(10, 40, 2)]
    assert data.counts["awards"].rows_in == 30


def test_ragged_rows_are_rejects_with_their_line(awards):
    data = awards(lines("A1,B1,C1", GOOD + ",more", "", "A3,B1,C1,2024-03-01,5,x"))
    assert ids(data) == ["A3"]
    assert rejects(data) == [(2, "ragged"), (3, "ragged")]
    assert data.counts["awards"].rows_in == 3


def test_bytes_that_are_not_utf8_cost_their_row(awards):
    gbk = "A2,B1,C1,2024-03-01,5,北京\n".encode("gb18030")
    data = awards(lines(GOOD).encode() + gbk + b"A3,B1,C1,2024-03-01,5,z\n")
    assert ids(data) == ["A1", "A3"]
    assert rejects(data) == [(3, "encoding")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_utf16_is_one_reject(awards, encoding):
    data = awards(lines(GOOD).encode(encoding))
    assert ids(data) == []
    assert len(rejects(data)) == 1
    assert rejects(data)[0][1] in ("encoding", "header")


def test_nul_costs_its_row(awards):
    data = awards(lines(GOOD, "A\0002,B1,C1,2024-03-01,5,x", "A3,B1,C1,2024-03-01,5,"))
    assert ids(data) == ["A1", "A3"]
    assert rejects(data) == [(3, "nul")]


def test_ten_megabytes_in_a_cell_are_kept(awards):
    big = "y" * 10_000_000
    data = awards(lines(f"A1,B1,C1,2024-03-01,5,{big}", "A2,B1,C1,2024-03-01,5,x"))
    assert titles(data) == [big, "x"]


@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "quoted"])
def test_a_cell_above_the_bound_costs_its_row(awards, monkeypatch, quote):
    monkeypatch.setattr(csvfile, "MAX_CELL", 1000)
    big = quote + "y" * 5000 + quote
    data = awards(lines(GOOD, f"A2,B1,C1,2024-03-01,5,{big}", "A3,B1,C1,2024-03-01,5,x"))
    assert ids(data) == ["A1", "A3"]
    assert rejects(data) == [(3, "too_large")]


BAD_HEADERS = {
    "empty file": "",
    "a name twice": HEADER + ",title\n" + GOOD + ",y\n",
    "semicolons": HEADER.replace(",", ";") + "\n" + GOOD.replace(",", ";") + "\n",
    "tabs": HEADER.replace(",", "\t") + "\n" + GOOD.replace(",", "\t") + "\n",
    "latin-1": "award_id,größe\n".encode("latin-1") + b"A1,2\n",
    "blank lines alone": "\n\n",
}


@pytest.mark.parametrize("content", BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_a_header_that_cannot_be_trusted_is_one_reject(awards, content):
    data = awards(content)
    assert [r[1] for r in rejects(data)] == ["header"]
    assert data.counts["awards"].rows_in == 1


def test_an_unclosed_quote_in_the_header_is_one_reject(awards):
    data = awards('award_id,"buyer_id\nA1,B1\n')
    assert rejects(data) == [(1, "quotes")]


def test_a_header_alone_is_an_empty_table(awards):
    data = awards(HEADER + "\n")
    assert rejects(data) == []
    assert data.given["awards"] == frozenset(HEADER.split(","))


def test_names_in_the_header_are_trimmed_and_nameless_columns_kept(awards):
    data = awards(f" {HEADER} , ,Extra\n{GOOD},y,z\n")
    assert data.unknown_columns == {"awards": ("Extra", "column_7")}
    (extra,) = data.con.execute("SELECT extra FROM awards").fetchone()
    assert extra == '{"Extra":"z","column_7":"y"}'


def test_gzip(folder):
    data = read([folder({"awards.csv.gz": gzip.compress(lines(GOOD).encode())})])
    assert ids(data) == ["A1"]


def test_a_truncated_gzip_keeps_what_came_before(folder):
    rows = [f"A{i:05},B1,C1,2024-03-01,5,{hashlib.md5(b'%d' % i).hexdigest()}" for i in range(9000)]
    whole = gzip.compress(lines(*rows).encode())
    data = read([folder({"awards.csv.gz": whole[: len(whole) * 2 // 3]})])
    kept = data.counts["awards"].kept
    assert 0 < kept < 9000
    assert set(ids(data)) == {f"A{i:05}" for i in range(kept)}
    assert rejects(data) == [(kept + 2, "unreadable")]


def test_a_gzip_that_is_none_is_one_reject(folder):
    data = read([folder({"awards.csv.gz": lines(GOOD)})])
    assert [r[1] for r in rejects(data)] == ["unreadable"]
    assert data.counts["awards"].kept == 0


def parquet(place, **columns):
    pq.write_table(pa.table(columns), place)


def test_parquet_reads_as_csv_does(folder):
    csv = read([folder({"awards.csv": lines(GOOD, "A2,B1,C1,2024-03-02,1234.5,")})])
    place = folder({}, "columns")
    parquet(
        place / "awards.parquet",
        award_id=["A1", "A2"],
        buyer_id=["B1", "B1"],
        company_id=pa.array(["C1", "C1"]).dictionary_encode(),
        awarded_on=[date(2024, 3, 1), date(2024, 3, 2)],
        amount=[5.0, 1234.5],
        title=["x", None],
    )
    data = read([place])
    query = "SELECT * FROM awards"
    assert data.con.execute(query).fetchall() == csv.con.execute(query).fetchall()
    assert data.con.execute("SELECT line FROM sources ORDER BY id").fetchall() == [(1,), (2,)]


def test_a_corrupt_parquet_is_one_reject_and_the_rest_goes_on(folder):
    place = folder({"awards.csv": lines(GOOD), "people.parquet": b"PAR1 but not really PAR1"})
    data = read([place])
    assert ids(data) == ["A1"]
    assert rejects(data, "file, code") == [("people.parquet", "unreadable")]


def test_a_dataset_whose_awards_cannot_be_read_says_so_in_its_rejects(folder):
    data = read([folder({"awards.parquet": b"no"})])
    assert rejects(data, "file, code") == [("awards.parquet", "unreadable")]


def test_an_unknown_file_is_an_error_that_names_the_tables(folder):
    place = folder({"awards.csv": lines(GOOD), "poeple.csv": "person_id,name\n"})
    with pytest.raises(InputError, match=r"poeple\.csv is no table.*Did you mean 'people'.*rates"):
        read([place])


def test_what_may_lie_beside_the_tables(folder):
    beside = ["truth.csv", "README", "README.md", "LICENSE", ".hidden", "notes.txt", "meta.json"]
    place = folder({"awards.csv": lines(GOOD)} | dict.fromkeys(beside, b"x"))
    (place / "more").mkdir()
    data = read([place])
    assert ids(data) == ["A1"]
    assert [f.name for f in data.files] == ["awards.csv"]


def test_two_files_for_one_table_are_an_error(folder):
    place = folder({"awards.csv": lines(GOOD), "awards.csv.gz": b""})
    with pytest.raises(InputError, match="both hold awards"):
        read([place])


def test_a_dataset_without_awards_is_an_error(folder):
    with pytest.raises(InputError, match="no awards table"):
        read([folder({"people.csv": "person_id,name\n"})])


@pytest.mark.parametrize("what", ["nowhere", "empty"])
def test_a_source_that_holds_nothing_is_an_error(tmp_path, what):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=what):
        read([tmp_path / what])


@pytest.mark.parametrize("options", [{"dataset": "a b"}, {"dataset": "a:"}, {"timezone": "Mars"}])
def test_options_that_make_no_sense(folder, options):
    place = folder({"awards.csv": lines(GOOD)})
    with pytest.raises(InputError, match=r"a b|a:|Mars"):
        read([place], **options)


def test_two_sources_are_one_dataset_and_keep_their_places(folder):
    one = folder({"awards.csv": lines(GOOD)}, "one")
    two = folder({"awards.csv": lines(GOOD, GOOD.replace("A1", "A2"))}, "two")
    data = read([one, two])
    assert ids(data) == ["A1", "A2"]
    assert data.counts["awards"].repeated == 1
    found = data.con.execute("SELECT id, file, line FROM sources ORDER BY id").fetchall()
    assert found == [("A1", "one/awards.csv", 2), ("A2", "two/awards.csv", 3)]
    assert [f.name for f in data.files] == ["one/awards.csv", "two/awards.csv"]


def test_a_single_file_is_a_source(folder):
    place = folder({"awards.csv": lines(GOOD), "people.csv": "person_id,name\nP1,x\n"})
    data = read([place / "awards.csv", place / "people.csv"])
    assert (data.counts["awards"].kept, data.counts["people"].kept) == (1, 1)


def test_files_are_named_with_their_hash_and_rows(folder):
    content = lines(GOOD, "bad")
    data = read([folder({"awards.csv": content})])
    (file,) = data.files
    assert file.sha256 == hashlib.sha256(content.encode()).hexdigest()
    assert file.rows == {"awards": 2}


def test_lines_hold_over_batches(folder, monkeypatch):
    monkeypatch.setattr(csvfile, "_BATCH_ROWS", 7)
    rows = [f'A{i:03},B1,C1,2024-03-01,{"x" if i % 10 == 0 else 5},"a\nb"' for i in range(50)]
    data = read([folder({"awards.csv": lines(*rows)})])
    assert rejects(data) == [(2 + 2 * i, "number") for i in range(0, 50, 10)]
    found = data.con.execute("SELECT id, line FROM sources WHERE \"table\" = 'awards'").fetchall()
    assert dict(found) == {f"A{i:03}": 2 + 2 * i for i in range(50) if i % 10}


def test_progress_says_what_is_read(folder):
    seen = []
    read([folder({"awards.csv": lines(GOOD)})], progress=lambda what, rows: seen.append(what))
    assert seen[0] == "awards.csv"
    assert "checking references" in seen


def test_formats_are_found_in_the_order_they_are_asked():
    names = [f.name for f in formats()]
    assert names[0] == "dataset"
    assert len(names) == len(set(names))
