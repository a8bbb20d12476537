"""Real publishers; skips where their files are not. What the numbers mean: docs/ocds.md."""

import pytest

from graphgov.ingest import read as read_source


@pytest.fixture(scope="session")
def landed(data):
    def make(*parts):
        return read_source([data.joinpath("ocds", *parts)])

    return make


def kept(tables, *names):
    return tuple(tables.counts[n].kept if n in tables.counts else 0 for n in names)


def balanced(tables):
    return all(c.rows_in == c.kept + c.rejected + c.repeated for c in tables.counts.values())


def test_armenia(landed):
    tables = landed("armenia")
    assert kept(tables, "awards", "bids", "tenders", "lots") == (354, 1468, 428, 962)
    status = "SELECT status, count(*) FROM bids GROUP BY 1 ORDER BY 1"
    assert tables.con.execute(status).fetchall() == [("disqualified", 424), ("valid", 1044)]
    why = "SELECT field, count(*) FROM rejects WHERE code = 'required' GROUP BY 1 ORDER BY 1"
    assert tables.con.execute(why).fetchall() == [("amount", 3), ("awarded_on", 1)]
    assert balanced(tables)


def test_ukraine_is_published_twice_and_counts_once(landed):
    tables = landed("ukraine")
    assert kept(tables, "awards", "bids", "tenders", "contracts") == (13, 12, 11, 10)
    ids = "SELECT count(*) FROM companies WHERE company_id NOT LIKE '%-%'"
    assert tables.con.execute(ids).fetchone() == (0,)
    assert tables.con.execute("SELECT count(*) FROM rejects").fetchone() == (0,)


def test_paraguay_names_the_six_files_that_do_not_parse(landed):
    tables = landed("paraguay")
    empty = "SELECT file FROM rejects WHERE code = 'empty_file' ORDER BY 1"
    assert [f for (f,) in tables.con.execute(empty).fetchall()] == [
        "sample/283906.json",
        "sample/284456.json",
        "sample/289089.json",
        "sample/records/283826.json",
        "sample/records/283906.json",
        "sample/records/284456.json",
    ]
    awards = "SELECT count(*), count(DISTINCT award_id) FROM awards"
    assert tables.con.execute(awards).fetchone() == (62, 40)
    assert balanced(tables)


def test_the_united_kingdom_published_calls_without_awards(landed):
    tables = landed("uk-contracts-finder")
    assert kept(tables, "awards", "tenders", "bodies") == (0, 200, 133)


def test_montreal_has_twenty_awards_in_thirty_releases(landed):
    tables = landed("canada", "montreal")
    assert kept(tables, "awards", "tenders") == (20, 20)


@pytest.mark.slow
def test_canada_in_the_draft_of_2014(data, read):
    seen = read(data / "ocds" / "canada-buyandsell" / "contracts_releases_compact.json.zip")
    counts = {table: len(rows) for table, rows in seen.tables.items()}
    assert counts == {
        "tenders": 19173,
        "awards": 26374,
        "contracts": 26374,
        "amendments": 16708,
        "bodies": 84,
        "companies": 10137,
    }
    assert [(r.code, r.field) for r in seen.rejects] == [("required", "amount")] * 2


def test_records_of_links_are_named_link_by_link(data, read):
    seen = read(data / "ocds" / "canada-buyandsell" / "records_linked.json.gz")
    assert {r.code for r in seen.rejects} == {"linked_release"}
    assert len(seen.rejects) == 77544
