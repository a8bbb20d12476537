"""Whether strange dealings lie together on the graph, by community.

Lines that share a body or a company are neighbours. A line counts by the product of two means:
how strange the other lines of its body are, and the other lines of its company; means below
what is usual count as nothing, for ordinary lines lie together too. Summed over a community
this says whether strange bodies deal with strange companies there: the cross term of Moran's I
on the line graph. Bodies and companies differ, each with all its lines; so strangeness is split
into what is common to a body, what is common to a company, and the rest, and chance is each of
them dealt out anew: bodies' parts among bodies with about as many lines, companies' likewise,
the rest among lines of a stratum.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import pearson3

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_FEW = 10  # deals as high as the real one below which the tail is fitted


@dataclass(frozen=True, eq=False)
class Clustering:
    """How far strange lines lie together, per community.

    Args:
        joint: Sum over lines of how strange its body's and its company's other lines are.
        moran: That sum by line, over the mean square of all lines.
        p_value: Share of deals with at least as much, or a tail fitted to them.
        lines: Lines inside.
    """

    joint: F64
    moran: F64
    p_value: F64
    lines: I64


def cluster_of_lines(
    body: I64,
    company: I64,
    z: F64,
    stratum: I64,
    community: I64,
    *,
    communities: int,
    deals: int = 999,
    seed: int = 0,
) -> Clustering:
    """How far strange bodies and strange companies deal with each other in each community.

    Args:
        body: One end of every line; order lines by content first.
        company: The other; no code is both a body's and a company's.
        z: Strangeness of each line, centred in its stratum.
        stratum: Stratum per line.
        community: Community per line; below 0 where it crosses from one to another.
        communities: How many there are.
        deals: Random deals, at least 1.
        seed: Of the deals.
    """
    inside = np.flatnonzero(community >= 0)
    home = community[inside]
    ends = [np.unique(end, return_inverse=True)[1] for end in (body, company)]
    others = [np.bincount(end)[end] - 1.0 for end in ends]

    def joint(values: F64) -> F64:
        both = np.ones(len(inside))
        for end, rest in zip(ends, others, strict=True):
            total = np.bincount(end, weights=values)[end] - values
            mean = np.divide(total, rest, out=np.zeros(len(values)), where=rest > 0)
            both *= np.maximum(mean[inside], 0.0)
        return np.round(np.bincount(home, weights=both, minlength=communities), 9)

    seen = joint(z)
    rng = np.random.default_rng(seed)
    deal = _dealer(body, company, z, stratum, rng)
    dealt = np.array([joint(deal()) for _ in range(deals)]).reshape(deals, communities)
    lines = np.bincount(home, minlength=communities).astype(np.int64)
    scale = lines * float(np.sum(np.sort(z * z))) / max(len(z), 1)
    excess = np.divide(seen, scale, out=np.zeros(communities), where=scale > 0)
    return Clustering(seen, excess, _tail(seen, dealt), lines)


def _tail(seen: F64, dealt: F64) -> F64:
    """The share of deals with at least as much; beyond the reach of the deals, a fitted tail.

    Where fewer than ten deals are as high, the tail is that of a Pearson curve of type III with
    the deals' mean, spread and skewness, which sums of squares follow closely.
    """
    deals = len(dealt)
    p = (1.0 + (dealt >= seen).sum(axis=0)) / (deals + 1.0)
    spread = dealt.std(axis=0)
    far = (p * (deals + 1.0) <= _FEW) & (spread > 0)
    if far.any():
        scaled = (dealt[:, far] - dealt[:, far].mean(axis=0)) / spread[far]
        skew = np.maximum((scaled**3).mean(axis=0), 0.0)
        at = (seen[far] - dealt[:, far].mean(axis=0)) / spread[far]
        p[far] = np.clip(pearson3.sf(at, skew), 1e-12, 1.0)
    return np.asarray(p, dtype=np.float64)


def _dealer(
    body: I64, company: I64, z: F64, stratum: I64, rng: np.random.Generator
) -> Callable[[], F64]:
    """Gives z with its parts dealt out anew, each time it is called."""
    of_body, body_at, body_lines = _common(body, z)
    of_company, company_at, company_lines = _common(company, z - of_body[body_at])
    rest = z - of_body[body_at] - of_company[company_at]
    free = max(len(z) - len(of_body) - len(of_company) + 1, 1)
    noise = float(np.sum(np.sort(rest * rest))) / free
    # A mean of few lines is mostly their noise, which the rest brings along anyway.
    of_body = _without_noise(of_body, body_lines, noise)
    of_company = _without_noise(of_company, company_lines, noise)
    rest = rest * np.sqrt(len(z) / free)
    body_band, company_band = (
        np.floor(np.log2(lines)).astype(np.int64) for lines in (body_lines, company_lines)
    )
    parts = [
        (_shuffler(of_body, body_band, rng), body_at),
        (_shuffler(of_company, company_band, rng), company_at),
        (_shuffler(rest, stratum, rng), np.arange(len(z))),
    ]

    def deal() -> F64:
        return np.asarray(sum(shuffled()[at] for shuffled, at in parts), dtype=np.float64)

    return deal


def _common(node: I64, z: F64) -> tuple[F64, I64, I64]:
    """The mean of each node's lines, the node of every line, and how many lines nodes have."""
    _, at, count = np.unique(node, return_inverse=True, return_counts=True)
    return np.bincount(at, weights=z) / count, at, count


def _without_noise(mean: F64, lines: I64, noise: float) -> F64:
    """Means shrunk so that they spread as what is common to a node does, by moments."""
    spread = (float(np.sum(np.sort(lines * mean**2))) - len(mean) * noise) / int(lines.sum())
    spread = max(spread, 0.0)
    return np.asarray(mean * np.sqrt(spread / np.maximum(spread + noise / lines, 1e-300)))


def _shuffler(values: F64, group: I64, rng: np.random.Generator) -> Callable[[], F64]:
    """Gives the values in another order inside their groups, each time it is called."""
    order = np.argsort(group, kind="stable")
    bounds = np.flatnonzero(np.diff(group[order], prepend=-1))[1:]
    parts = np.split(values[order].copy(), bounds)
    out = np.empty_like(values)

    def shuffled() -> F64:
        for part in parts:
            rng.shuffle(part)
        out[order] = np.concatenate(parts)
        return out

    return shuffled
