"""One mask for everything that does not come from the snapshot.

The snapshot hides what is withheld by itself. Places of rows (`sources`), values quoted in
rejects and pairs for review come from the raw tables; whoever writes them passes them through
here first.
"""

import re
from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from graphgov.identity.judgements import aliases
from graphgov.schema import REF_KINDS, Tables

HIDDEN = "(withheld)"
_KIND_OF = {table: kind for kind, table in REF_KINDS.items()}
_NAME_OF = {"body": "bodies", "person": "people", "company": "companies"}
_WORD = re.compile(r"[^\s,;|\"'()\[\]{}]+")
_MOST_WORDS = 8  # of a name, when a longer text is searched for it
_MOST_SUBSTRINGS = 2000  # beyond, only whole words are searched


class Redactor:
    """Hides texts that name something.

    Args:
        hidden: Ids and names.
    """

    def __init__(self, hidden: Iterable[str]) -> None:
        hidden = set(hidden)
        hidden |= {key.split(":", 1)[1] for key in hidden if ":" in key}  # before `--dataset`
        self._phrases = {_phrase(text) for text in hidden} - {""}
        self._strings = (
            [p for p in self._phrases if len(p) > 1]
            if len(self._phrases) <= _MOST_SUBSTRINGS
            else []
        )

    def text(self, value: str | None) -> str | None:
        """A text, or `(withheld)` where it names something hidden."""
        if not value or not self._phrases:
            return value
        lowered = _phrase(value)
        if any(s in lowered for s in self._strings):
            return HIDDEN
        words = lowered.split(" ")
        for start in range(len(words)):
            for end in range(start + 1, min(len(words), start + _MOST_WORDS) + 1):
                if " ".join(words[start:end]) in self._phrases:
                    return HIDDEN
        return value

    def value(self, value: object) -> object:
        """The same for every text inside a value of an answer."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {k: self.value(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.value(v) for v in value]
        return value


class Masker:
    """Hides the ids and names of withheld things.

    Args:
        tables: Validated input; not changed.
        mask_people: Every person is withheld.
    """

    def __init__(self, tables: Tables, *, mask_people: bool = False) -> None:
        rows = aliases(tables, mask_people=mask_people)
        rows = rows.filter(rows["masked"])
        self._ids = {(r["kind"], r["id"]): r["new_id"] for r in rows.to_pylist()}
        hidden = {key for _, key in self._ids} | self._names(tables)
        self._redactor = Redactor(hidden)

    def _names(self, tables: Tables) -> set[str]:
        found: set[str] = set()
        for kind, table in _NAME_OF.items():
            keys = pa.array([k for (of, k) in self._ids if of == kind], pa.string())
            if len(keys) == 0:
                continue
            rows = tables.con.execute(f"SELECT {kind}_id AS id, name FROM {table}").to_arrow_table()
            names = rows.filter(pc.is_in(rows["id"], keys))["name"].to_pylist()
            found.update(name for name in names if name)
        return found

    @property
    def active(self) -> bool:
        """Whether anything at all is withheld."""
        return bool(self._ids)

    def id(self, kind: str, key: str) -> str:
        """An id, or its pseudonym."""
        return str(self._ids.get((kind, key), key))

    def text(self, value: str | None) -> str | None:
        """A text, or `(withheld)` where it names something withheld."""
        return self._redactor.text(value)

    def sources(self, rows: pa.Table) -> pa.Table:
        """`sources` with the ids of withheld things replaced."""
        if not self.active:
            return rows
        for kind in sorted({kind for kind, _ in self._ids}):
            here = pc.equal(rows["table"], REF_KINDS.get(kind, ""))
            pairs = [(k, new) for (of, k), new in self._ids.items() if of == kind]
            olds, news = (pa.array(c, pa.string()) for c in zip(*pairs, strict=True))
            found = pc.index_in(rows["id"], olds)
            masked = pc.coalesce(pc.take(news, found), rows["id"])
            ids = pc.if_else(here, masked, rows["id"])
            rows = rows.set_column(rows.schema.get_field_index("id"), "id", ids)
        return rows

    def rejects(self, rows: pa.Table) -> pa.Table:
        """`rejects` whose quoted values name nothing withheld."""
        return self._texts(rows, ["value", "reason"])

    def candidates(self, rows: pa.Table) -> pa.Table:
        """Pairs for review, ids replaced."""
        if not self.active:
            return rows
        kinds = rows["kind"].to_pylist()
        for name in ("a", "b"):
            ids = [self.id(k, i) for k, i in zip(kinds, rows[name].to_pylist(), strict=True)]
            rows = rows.set_column(
                rows.schema.get_field_index(name), name, pa.array(ids, pa.string())
            )
        return rows

    def _texts(self, rows: pa.Table, names: Iterable[str]) -> pa.Table:
        if not self.active:
            return rows
        for name in names:
            values = pa.array([self.text(v) for v in rows[name].to_pylist()], pa.string())
            rows = rows.set_column(rows.schema.get_field_index(name), name, values)
        return rows


def _phrase(text: str) -> str:
    """Words in lower case, joined by single spaces."""
    return " ".join(_WORD.findall(text.casefold()))
