"""Open Contracting Data Standard: releases, records and packages of either.

Two passes: every file is read once and its releases wait on disk by process; then process
after process is merged and mapped, so that memory holds one process at a time.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from graphgov.ingest.base import FileRead, Format, RawRows
from graphgov.ingest.ocds_draft import map_draft
from graphgov.ingest.ocds_files import files_of, is_json_name, read_text, sha256_of, texts_of
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
        read: list[FileRead] = []
        with Spool() as spool:
            for path in files_of(source):
                inside = source.is_dir()
                name = path.relative_to(source).as_posix() if inside else str(path.name)
                yield from self._read_file(path, name, spool, files, read)
            yield from self._rows(spool, files)
        yield from read

    def _read_file(
        self, path: Path, name: str, spool: Spool, files: list[str], read: list[FileRead]
    ) -> Iterator[Reject]:
        rejects: list[Reject] = []
        if name != "-" and not is_json_name(path.name):
            files.append(name)
            read.append(FileRead(name, sha256_of(path)))
            yield Reject(name, 0, "", "not_ocds", "", "the file is neither JSON nor JSON Lines")
            return
        sha = "" if name == "-" else sha256_of(path)
        try:
            for label, opened in texts_of(path, name):
                files.append(label)
                read.append(FileRead(label, sha))

                def refuse(broken: Broken, value: str, label: str = label) -> None:
                    rejects.append(Reject(label, broken.line, "", broken.code, value, broken.why))

                lines = label == "-" or label.lower().removesuffix(".gz").endswith("l")
                with opened() as stream:
                    read_text(stream, len(files) - 1, spool, refuse, lines=lines)
                yield from rejects
                rejects.clear()
        except Broken as broken:
            read.append(FileRead(name, sha))
            yield Reject(name, broken.line, "", broken.code, "", broken.why)

    def _rows(self, spool: Spool, files: list[str]) -> Iterator[RawRows | Reject]:
        batches = Batches(files)
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
        for kind, key in (("bodies", "body_id"), ("companies", "company_id")):
            for found, said, place in spool.organisations(kind):
                cells: Cells = {key: found, "name": found, **said}
                yield from batches.add(Row(kind, cells, place))
        yield from batches.flush()


def _process(ocid: str, waiting: list[Waiting]) -> Iterator[Row | Fault | Mention]:
    drafts = [one for one in waiting if one.kind is Kind.DRAFT]
    others = [one for one in waiting if one.kind is not Kind.DRAFT]
    if drafts:
        yield from map_draft(ocid, drafts)
    if others:
        try:
            process = merge(ocid, others)
        except MergeConflict as conflict:
            place = others[-1].place
            yield Fault(place, "", "merge_conflict", ocid, f"releases contradict: {conflict}")
            return
        except RecursionError:
            yield Fault(others[-1].place, "", "bad_json", ocid, "objects are nested too deeply")
            return
        yield from map_process(process)
