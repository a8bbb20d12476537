"""Ids as numbers: the sorted unique ids of one kind, and back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

I32 = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Index:
    """Sorted unique ids; an id's code is its rank, whatever order the ids came in."""

    ids: pa.Array

    @classmethod
    def of(cls, *columns: pa.Array | pa.ChunkedArray | Iterable[str]) -> "Index":
        """The index of all ids that occur; nulls are left out."""
        parts = []
        for column in columns:
            array = column if isinstance(column, pa.Array | pa.ChunkedArray) else list(column)
            chunked = pa.chunked_array([array] if isinstance(array, list) else array)
            parts.extend(chunked.cast(pa.string()).chunks)
        unique = pc.unique(pa.chunked_array(parts, type=pa.string())).drop_null()
        return cls(unique.take(pc.sort_indices(unique)))

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, code: int) -> str:
        return str(self.ids[int(code)].as_py())

    def codes(self, values: pa.Array | pa.ChunkedArray | Sequence[str]) -> I32:
        """The code of each id; -1 where it is not in the index."""
        if isinstance(values, pa.Array | pa.ChunkedArray):
            column = values.cast(pa.string())
        else:
            column = pa.array(list(values), pa.string())
        found = pc.fill_null(pc.index_in(column, self.ids), -1)
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int32)

    def code(self, key: str) -> int:
        """The code of one id, or -1."""
        return int(self.codes([key])[0])

    def names(self, codes: npt.ArrayLike) -> list[str]:
        """The ids of some codes."""
        return list(self.ids.take(pa.array(np.asarray(codes, dtype=np.int64))).to_pylist())
