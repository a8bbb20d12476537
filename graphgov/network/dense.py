"""Dense blocks of many small tensors at once, by peeling off their lightest values.

A tensor is a bag of weighted entries, each with one value in every mode (body, company, month).
A block keeps some values of each mode and all entries among them. The values of one mode share
no entry, so a whole batch of them, from the lightest up to the average, can be taken off one
after another with the density known after each: D-Cube (Shin and others 2017), which with two
modes and the plain average is FRAUDAR's greedy (Hooi and others 2016) in batches. The densest
block met on the way has at least 1/N of the density of the densest there is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphgov.stats.spans import F64, I64

Density = Callable[[F64, F64, I64], F64]
"""From mass, sizes (one row per mode) and the tensor of each block to its density."""


@dataclass(frozen=True, eq=False)
class Block:
    """The densest block of each tensor.

    Args:
        density: Of the block.
        inside: Per mode, whether each value is in the block of its tensor.
    """

    density: F64
    inside: tuple[npt.NDArray[np.bool_], ...]


def average(mass: F64, sizes: F64, tensor: I64) -> F64:
    """FRAUDAR's g: mass per value, whatever its mode."""
    return np.asarray(mass / np.maximum(sizes.sum(axis=0), 1.0))


def arithmetic(mass: F64, sizes: F64, tensor: I64) -> F64:
    """Mass over the arithmetic mean of the sizes."""
    return np.asarray(mass / np.maximum(sizes.mean(axis=0), 1e-12))


def geometric(mass: F64, sizes: F64, tensor: I64) -> F64:
    """Mass over the geometric mean of the sizes."""
    return np.asarray(mass / np.maximum(sizes.prod(axis=0) ** (1.0 / len(sizes)), 1e-12))


def suspiciousness(
    mass: npt.ArrayLike, volume: npt.ArrayLike, total: npt.ArrayLike, room: npt.ArrayLike
) -> F64:
    """How unlikely so much mass in a block is, were it spread evenly (log of a Poisson tail).

    M_B (ln(M_B / M_R) - 1) + M_R V_B / V_R - M_B ln(V_B / V_R); 0 of an empty block, and of
    one that holds no more than its share.

    Args:
        mass: M_B, of the block.
        volume: V_B, the product of its sizes.
        total: M_R, of the tensor.
        room: V_R, the product of the sizes of the tensor.
    """
    m, v, m_all, v_all = np.broadcast_arrays(
        *(np.asarray(x, np.float64) for x in (mass, volume, total, room))
    )
    some = (m > 0) & (v > 0) & (m * v_all > m_all * v)
    out = np.zeros(m.shape)
    m, v, m_all, v_all = m[some], v[some], m_all[some], v_all[some]
    out[some] = m * (np.log(m / m_all) - 1.0) + m_all * v / v_all - m * np.log(v / v_all)
    return out


def unevenness(total: F64, room: F64) -> Density:
    """The density function that measures suspiciousness.

    Args:
        total: Mass of each tensor.
        room: Product of the sizes of each tensor.
    """

    def density(mass: F64, sizes: F64, tensor: I64) -> F64:
        return suspiciousness(mass, sizes.prod(axis=0), total[tensor], room[tensor])

    return density


def densest(
    modes: Sequence[I64],
    owners: Sequence[I64],
    weight: F64,
    tensors: int,
    density: Density,
) -> Block:
    """The densest block of each tensor.

    Args:
        modes: Per mode, the value of each entry, numbered over all tensors.
        owners: Per mode, the tensor of each value.
        weight: Of each entry, above 0; the order of entries must be one of content.
        tensors: How many there are; one without entries has a density of 0.
        density: What is made as large as possible.

    Cost: O(entries x modes x log(values)); each round takes off at least the values of one
    mode of each tensor that weigh no more than their average.
    """
    peel = _Peel(modes, owners, weight, tensors, density)
    while len(peel.weight):
        peel.round()
    inside = tuple(
        left > peel.best_step[owner] for left, owner in zip(peel.left_at, owners, strict=True)
    )
    return Block(peel.best, inside)


class _Peel:
    """What is left of the tensors; values are numbered anew as they leave."""

    def __init__(
        self,
        modes: Sequence[I64],
        owners: Sequence[I64],
        weight: F64,
        tensors: int,
        density: Density,
    ) -> None:
        self.modes, self.owners, self.weight = list(modes), list(owners), weight
        self.density, self.tensors = density, tensors
        self.ids = [np.arange(len(o)) for o in owners]
        self.left_at = [np.full(len(o), np.iinfo(np.int64).max) for o in owners]
        self.sizes = np.array([np.bincount(o, minlength=tensors) for o in owners], dtype=np.float64)
        self.mass = self._total()
        every = np.arange(tensors)
        some = (self.sizes > 0).all(axis=0)
        self.best = np.where(some, density(self.mass, self.sizes, every), 0.0)
        self.best_step = np.zeros(tensors, dtype=np.int64)
        self.step = np.zeros(tensors, dtype=np.int64)

    def _total(self) -> F64:
        own = self.owners[0][self.modes[0]]
        return np.bincount(own, weights=self.weight, minlength=self.tensors).astype(np.float64)

    def round(self) -> None:
        """Take one batch of values off each tensor."""
        chosen = np.argmax(self.sizes, axis=0)
        gone = np.zeros(len(self.weight), dtype=bool)
        for mode, owner in enumerate(self.owners):
            mass = np.bincount(self.modes[mode], weights=self.weight, minlength=len(owner))
            mean = self.mass / np.maximum(self.sizes[mode], 1.0) * (1.0 + 1e-9)
            light = (chosen[owner] == mode) & (mass <= mean[owner])
            values = np.flatnonzero(light)
            if len(values):
                order = np.lexsort((values, mass[values], owner[values]))
                self._take(mode, values[order], np.asarray(mass[values[order]], np.float64))
                gone |= light[self.modes[mode]]
        kept = ~gone
        self.modes = [m[kept] for m in self.modes]
        self.weight = self.weight[kept]
        self.mass = self._total()
        for mode in range(len(self.owners)):
            self._clear(mode)

    def _clear(self, mode: int) -> None:
        """Values of which no entry is left go, and the rest are numbered anew."""
        owner = self.owners[mode]
        held = np.zeros(len(owner), dtype=bool)
        held[self.modes[mode]] = True
        left_at = self.left_at[mode]
        bare = np.flatnonzero(~held & (left_at[self.ids[mode]] == np.iinfo(np.int64).max))
        if len(bare):
            bare = bare[np.argsort(owner[bare], kind="stable")]
            self._take(mode, bare, np.zeros(len(bare), dtype=np.float64))
        if held.all():
            return
        place = np.cumsum(held) - 1
        self.modes[mode] = place[self.modes[mode]]
        self.owners[mode], self.ids[mode] = owner[held], self.ids[mode][held]

    def _take(self, mode: int, values: I64, mass: F64) -> None:
        """Values off one after another, tensor by tensor, the best density noted."""
        own = self.owners[mode][values]
        first = np.flatnonzero(np.diff(own, prepend=-1))
        count = np.diff(np.append(first, len(own)))
        place = np.arange(len(own)) - np.repeat(first, count) + 1
        so_far = np.cumsum(mass)
        so_far -= np.repeat(so_far[first] - mass[first], count)
        left = np.maximum(self.mass[own] - so_far, 0.0)
        sizes = self.sizes[:, own]
        sizes[mode] -= place
        found = self.density(left, sizes, own)
        found[(sizes < 1).any(axis=0)] = 0.0
        self.left_at[mode][self.ids[mode][values]] = self.step[own] + place
        top = np.maximum.reduceat(found, first)
        at = np.where(found >= np.repeat(top, count), place, len(own) + 1)
        where = np.minimum.reduceat(at, first)
        tensor = own[first]
        better = top > self.best[tensor]
        self.best[tensor[better]] = top[better]
        self.best_step[tensor[better]] = self.step[tensor[better]] + where[better]
        self.step[tensor] += count
        self.mass[tensor] = left[first + count - 1]
        self.sizes[mode][tensor] -= count
