"""`graphgov cardinal indicators` without the command line's libraries, which take half a second.

Only arguments that leave no doubt are taken here; all else, and every error, is left to the
command line proper.
"""

import gc
import os
import sys
from dataclasses import dataclass
from pathlib import Path

_FLAGS = {
    "-c": "count", "--count": "count", "--no-meta": "no_meta", "--map": "maps",
    "--no-cache": "no_cache",
}  # fmt: skip


@dataclass
class Asked:
    """The arguments of the command."""

    file: Path = Path()
    settings: Path | None = None
    count: bool = False
    no_meta: bool = False
    maps: bool = False
    no_cache: bool = False


def plain(arguments: list[str]) -> Asked | None:
    """The arguments after `graphgov`; None if they are another command's or in any doubt."""
    if arguments[:2] != ["cardinal", "indicators"]:
        return None
    asked, files, rest = Asked(), [], iter(arguments[2:])
    for word in rest:
        name, equals, value = word.partition("=")
        if word in _FLAGS:
            setattr(asked, _FLAGS[word], True)
        elif word in ("-s", "--settings") or (name == "--settings" and equals):
            found = value if equals else next(rest, "")
            if not found or found.startswith("-"):
                return None
            asked.settings = Path(found)
        elif word == "-" or (word and not word.startswith("-")):
            files.append(Path(word))
        else:
            return None
    if len(files) != 1:
        return None
    asked.file = files[0]
    return asked


def run(asked: Asked) -> None:
    """Compute and print.

    Raises:
        Exception: As `graphgov.cardinal.command`.
    """
    gc.disable()  # the process ends soon and makes no cycles worth looking for
    # threads for matrices, of which there are none, would take a fifth of the start
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from graphgov.cardinal.command import indicators

    indicators(
        asked.file, asked.settings, count=asked.count, meta=not asked.no_meta, maps=asked.maps,
        cached=not asked.no_cache, say=_say, info=lambda text: None,
    )  # fmt: skip


def _say(text: str) -> None:
    sys.stderr.write("".join(char for char in text if char.isprintable()) + "\n")
