"""Small tie graphs and holdings from lists."""

from collections.abc import Callable

import numpy as np
import pytest

from graphgov.network.ids import Index
from graphgov.network.ownership import Holdings
from graphgov.network.ties import KINDS, TieGraph
from graphgov.stats.spans import FAR


@pytest.fixture
def graph() -> Callable[..., TieGraph]:
    """`graph(("o", "w", "spouse", 1.0, {"start": 10}), …)`; ids in capitals are companies."""

    def make(*ties: tuple) -> TieGraph:
        names = {end for tie in ties for end in tie[:2]}
        people = Index.of(sorted(n for n in names if not n[0].isupper()))
        companies = Index.of(sorted(n for n in names if n[0].isupper()))

        def node(name: str) -> int:
            if name[0].isupper():
                return len(people) + companies.code(name)
            return people.code(name)

        more = [tie[4] if len(tie) > 4 else {} for tie in ties]
        return TieGraph(
            people,
            companies,
            a=np.array([node(t[0]) for t in ties], np.int32),
            b=np.array([node(t[1]) for t in ties], np.int32),
            kind=np.array([KINDS.index(t[2]) for t in ties], np.int8),
            weight=np.array([t[3] for t in ties], np.float64),
            certainty=np.array([m.get("certainty", 0) for m in more], np.int8),
            start=np.array([m.get("start", -FAR) for m in more], np.int32),
            end=np.array([m.get("end", FAR) for m in more], np.int32),
            table=np.zeros(len(ties), np.int8),
            row_key=[f"row{i}" for i in range(len(ties))],
        )

    return make


@pytest.fixture
def held() -> Callable[..., Holdings]:
    """`held(("h", "A", 0.5), ("A", "B", (0.1, 0.3), {"start": 10}), …, state=["B"])`.

    Ids in capitals are companies, those that begin with `@` bodies, others people; a share of
    None is unknown; `heads=[("h", "A")]`.
    """

    def make(*rows: tuple, heads: tuple = (), state: tuple = ()) -> Holdings:
        names = {n for row in rows for n in row[:2]} | {n for pair in heads for n in pair}
        bodies = Index.of(sorted(n for n in names if n[0] == "@"))
        companies = Index.of(sorted(n for n in names if n[0].isupper()))
        people = Index.of(sorted(n for n in names if n[0].islower()))

        def node(name: str) -> int:
            if name[0] == "@":
                return len(people) + len(companies) + bodies.code(name)
            return people.code(name) if name[0].islower() else len(people) + companies.code(name)

        def share(given: object) -> list[float]:
            if isinstance(given, tuple):
                return [given[0], float("nan"), given[1]]
            value = float("nan") if given is None else float(given)  # type: ignore[arg-type]
            return [float("nan"), value, float("nan")]

        more = [row[3] if len(row) > 3 else {} for row in rows]
        return Holdings(
            people,
            companies,
            bodies,
            owner=np.array([node(r[0]) for r in rows], np.int32),
            company=np.array([node(r[1]) for r in rows], np.int32),
            share=np.array([share(r[2]) for r in rows], np.float64).reshape(-1, 3),
            start=np.array([m.get("start", -FAR) for m in more], np.int32),
            end=np.array([m.get("end", FAR) for m in more], np.int32),
            heads=np.array([(node(p), node(c), -FAR, FAR) for p, c in heads], np.int64).reshape(
                -1, 4
            ),
            state=np.isin(companies.names(np.arange(len(companies))), state),
            row_key=[f"row{i}" for i in range(len(rows))],
        )

    return make
