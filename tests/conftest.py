"""Fixtures for every room: datasets and snapshots from lists of dicts."""

import importlib.util
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from graphgov.config import Config
from graphgov.ingest import read_frames
from graphgov.schema import TABLES, Tables, Type
from graphgov.snapshot import Snapshot, take

Rows = Sequence[Mapping[str, Any]]


@pytest.fixture
def tables() -> Callable[..., Tables]:
    """`tables(awards=[{…}], …)`: a dataset; nothing is filled in."""

    def make(*, dataset: str = "", timezone: str = "UTC", **frames: Rows) -> Tables:
        return read_frames(frames, dataset=dataset, timezone=timezone)

    return make


@pytest.fixture
def snapshot(tables: Callable[..., Tables]) -> Callable[..., Snapshot]:
    """`snapshot(awards=[{…}], …, as_of="2024-01-01")`: a snapshot; no row may be rejected."""

    def make(
        *,
        as_of: str | date | None = None,
        config: Config | None = None,
        mask_people: bool = False,
        **frames: Rows,
    ) -> Snapshot:
        day = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
        data = tables(**frames)
        rejects = data.con.execute("SELECT * FROM rejects").fetchall()
        assert not rejects, rejects
        return take(data, as_of=day, config=config, mask_people=mask_people)

    return make


@pytest.fixture(scope="session")
def servers() -> ModuleType:
    """The module that starts servers of Neo4j."""
    path = Path(__file__).parent / "servers" / "neo4j_server.py"
    spec = importlib.util.spec_from_file_location("neo4j_server", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def neo4j_server(servers: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A running Neo4j with authentication on, one per worker; skips with a word where none can be.

    Tests share its one database: empty it with `servers.wipe(driver)` before use, or faster,
    where constraints may stay, with `servers.wipe(driver, schema=False)`.
    """
    home = tmp_path_factory.mktemp("neo4j")
    try:
        server = servers.Server(
            home,
            password="-" + secrets.token_urlsafe(12),  # as hard as they come
            settings={"dbms.security.auth_max_failed_attempts": "0"},
            jvm=servers.SHORT_LIVED,
        ).start()
    except servers.Unavailable as missing:
        if os.environ.get("GRAPHGOV_REQUIRE_ALL") == "1":
            pytest.fail(f"Neo4j is required here: {missing}.")
        pytest.skip(f"no Neo4j on this machine: {missing}")
    with server:
        yield server


@pytest.fixture(scope="session")
def apart() -> Callable[[Mapping[str, Mapping[str, Rows]]], dict[str, list[dict[str, Any]]]]:
    """`apart({"case": {table: rows}, …})`: all cases in one dataset, their ids kept apart.

    Ids get the case's name and a stroke in front, so that one snapshot serves many cases.
    """

    def make(cases: Mapping[str, Mapping[str, Rows]]) -> dict[str, list[dict[str, Any]]]:
        out: dict[str, list[dict[str, Any]]] = {}
        for case, frames in cases.items():
            for table, rows in frames.items():
                ids = {c.name for c in TABLES[table].columns if c.type in (Type.ID, Type.IDS)}
                out.setdefault(table, []).extend(
                    {k: f"{case}|{v}" if k in ids - {"lot_id"} and v else v for k, v in r.items()}
                    for r in rows
                )
        return out

    return make
