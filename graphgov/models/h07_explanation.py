"""Why a unit is strange, in words: features against peers, and the nearest ordinary one (H07).

Three things are told of every unit a model flags: the features that make its score, each with
the value that is usual among its peers; by how much the score falls when one of them is put at
that usual value, the rest kept; and an ordinary unit of the same stratum that is otherwise
the most alike. Correlated features share their credit.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
TOP = 3  # features named in a sentence; the facts hold all
_MOST_PEERS = 2000  # ordinary units searched for the most similar one


class Feature(NamedTuple):
    """A feature, and how to say it.

    Args:
        column: Its name in tables and facts.
        en: What it is, in English.
        zh: What it is, in Chinese.
        kind: How a value is written: times, share, days or count.
    """

    column: str
    en: str
    zh: str
    kind: str = "times"


def shown(value: float, kind: str) -> str:
    """A value as a person writes it; `?` where nothing is known."""
    if not np.isfinite(value):
        return "?"
    if kind == "share":
        return f"{100 * value:.0f} %"
    return f"{value:.0f}" if kind in ("days", "count") else f"{value:.2f}"


def say(feature: Feature, value: float, usual: float, language: str) -> str:
    """A feature of a unit beside that of its peers."""
    here, peers = shown(value, feature.kind), shown(usual, feature.kind)
    if language == "zh":
        return f"{feature.zh}：{here}（同类：{peers}）"
    return f"{feature.en} {here} (peers {peers})"


def plain(value: float) -> float | None:
    """A number for the facts of a flag."""
    return round(float(value), 6) if np.isfinite(value) else None


def drops(score: Callable[[F64], F64], x: F64) -> F64:
    """By how much the score of each row falls when one feature is put at its usual value.

    Args:
        score: Of many rows; a model takes as long for ten rows as for a thousand.
        x: Rows in spreads from the usual value, which is 0; what lies below stays.
    """
    rows, columns = x.shape
    if rows == 0:
        return np.zeros((0, columns))
    usual = np.repeat(x[None], columns, axis=0)
    for i in range(columns):
        usual[i, :, i] = np.minimum(usual[i, :, i], 0.0)
    found = score(np.concatenate([x, *usual]))
    base, rest = found[:rows], found[rows:].reshape(columns, rows)
    return np.asarray(np.round(base[:, None] - rest.T, 9))


def strongest(credit: F64) -> list[int]:
    """The features that make most of a score, at most `TOP`, those without a part left out."""
    order = np.argsort(-credit, kind="stable")[:TOP]
    return [int(i) for i in order if credit[i] > 0]


def nearest(x: F64, row: int, ordinary: I64) -> int:
    """The ordinary unit closest in all features, or -1; of many, evenly spaced ones are tried.

    Args:
        x: Features of all units.
        row: The unit.
        ordinary: Candidates, of the same stratum.
    """
    if len(ordinary) == 0:
        return -1
    tried = ordinary[:: len(ordinary) // _MOST_PEERS + 1]
    return int(tried[np.argmin(((x[tried] - x[row]) ** 2).sum(axis=1))])
