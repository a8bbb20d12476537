"""The pinned versions of Ibis, DuckDB and SQLGlot work together."""

from importlib.metadata import version
from pathlib import Path

import ibis
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[2]


def _pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(";")[0].strip().split("==") for line in lines if "==" in line)
    return {name.lower().replace("_", "-"): pin for name, pin in pairs}


def test_a_table_is_made_and_comes_back_as_arrow():
    con = ibis.duckdb.connect()
    con.create_table("t", pa.table({"a": [1, 2, 2], "b": ["x", "y", "y"]}))
    t = con.table("t")
    made = con.create_table("u", t.group_by("b").agg(n=t.count(), most=t.a.max()))
    rows = made.order_by("b").to_pyarrow()
    assert rows.schema.names == ["b", "n", "most"]
    assert rows.to_pylist() == [{"b": "x", "n": 1, "most": 1}, {"b": "y", "n": 2, "most": 2}]


def test_what_runs_is_what_is_pinned():
    pins = _pins()
    names = ("duckdb", "ibis-framework", "sqlglot", "ladybug", "networkit", "scikit-learn")
    assert {name: version(name) for name in names} == {name: pins[name] for name in names}


def test_every_dependency_is_pinned():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += extra
    import re

    names = {re.split(r"[\[<>=!~ ;]", w)[0].lower() for w in wanted}
    assert names <= set(_pins())
