"""Open Contracting Data Standard: releases, records and packages of either.

Two passes: every file is read once and its releases wait on disk by process; then process
after process is merged and mapped, so that memory holds one process at a time.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from graphgov.ingest.base import FileRead, Format, RawRows
from graphgov.ingest.ocds_draft import map_draft
from graphgov.ingest.ocds_files import (
    Hashed,
    files_of,
    is_json_name,
    read_text,
    sha256_of,
    texts_of,
)
from graphgov.ingest.ocds_map import map_process
from graphgov.ingest.ocds_merge import MergeConflict, merge
from graphgov.ingest.ocds_read import Broken
from graphgov.ingest.ocds_rows import Batches, Cells, Fault, Mention, Row
from graphgov.ingest.ocds_spool import Kind, Spool, Waiting
from graphgov.schema import Reject


class Ocds(Format):
    """OCDS 1.0 and 1.1, and the draft of 2014."""

    name: ClassVar[str] = "ocds"
    order: ClassVar[int] = 60

    @classmethod
    def claims(cls, source: Path) -> bool:
        """JSON and JSON Lines, packed or not, and folders with such a file in them."""
        if str(source) == "-":
            return True
        if source.is_dir():
            return any(is_json_name(path.name) for path in files_of(source))
        return is_json_name(source.name)

    def read(self, source: Path) -> Iterator[RawRows | Reject | FileRead]:
        """Rows of every release; what cannot be read or mapped is a reject.

        Raises:
            OSError: A file cannot be opened.
        """
        files: list[str] = []
        with Spool() as spool:
            read: list[FileRead] = []
            for path in files_of(source):
                name = path.relative_to(source).as_posix() if source.is_dir() else path.name
                read += _read_file(path, name, spool, files)
            for file, line, code, value, why in spool.faults():
                yield Reject(files[file], line, "", code, value, why)
            yield from self._rows(spool, files)
        yield from read

    def _rows(self, spool: Spool, files: list[str]) -> Iterator[RawRows | Reject]:
        batches = Batches(files)
        spool.begin()  # a transaction for each mention would cost more than the mention
        for ocid, waiting in spool.processes():
            for out in _process(ocid, waiting):
                if isinstance(out, Row):
                    yield from batches.add(out)
                elif isinstance(out, Mention):
                    spool.mention(out.kind, out.id, out.cells, out.date, out.place)
                else:
                    why = f"{out.why} (at {out.place.pointer or '/'} of {ocid})"
                    file = files[out.place.file]
                    yield Reject(file, out.place.line, out.field, out.code, out.value, why)
        spool.end(keep=True)
        for kind, key in (("bodies", "body_id"), ("companies", "company_id")):
            for found, said, place in spool.organisations(kind):
                cells: Cells = {key: found, "name": found, **said}
                yield from batches.add(Row(kind, cells, place))
        yield from batches.flush()


def _read_file(path: Path, name: str, spool: Spool, files: list[str]) -> Iterator[FileRead]:
    if name == "-":
        files.append(name)
        with Hashed(sys.stdin.buffer) as stdin:
            read_text(stdin, len(files) - 1, spool, lines=True)
        yield FileRead(name, stdin.hexdigest())
        return
    sha = sha256_of(path)
    count = len(files)
    if not is_json_name(path.name):
        files.append(name)
        spool.refuse(count, 0, "not_ocds", "", "the file is neither JSON nor JSON Lines")
    else:
        try:
            for text in texts_of(path, name):
                files.append(text.label)
                with text.open() as stream:
                    read_text(stream, len(files) - 1, spool, lines=text.lines)
        except Broken as broken:
            files.append(name)
            spool.refuse(len(files) - 1, broken.line, broken.code, "", broken.why)
    for label in files[count:]:
        yield FileRead(label, sha)


def _process(ocid: str, waiting: list[Waiting]) -> Iterator[Row | Fault | Mention]:
    drafts = [one for one in waiting if one.kind is Kind.DRAFT]
    others = [one for one in waiting if one.kind is not Kind.DRAFT]
    if drafts:
        yield from map_draft(ocid, drafts)
    if not others:
        return
    place = others[-1].place
    try:
        yield from map_process(merge(ocid, others))
    except MergeConflict as conflict:
        yield Fault(place, "", "merge_conflict", ocid, f"releases contradict: {conflict}")
    except RecursionError:
        yield Fault(place, "", "bad_json", ocid, "objects are nested too deeply")
