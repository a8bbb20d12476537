"""Fixtures for every room: datasets and snapshots from lists of dicts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from graphgov.config import Config
from graphgov.ingest import read_frames
from graphgov.schema import Tables
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
