"""What `graphgov cardinal indicators` does: settings, reading, computing."""

from collections.abc import Callable
from pathlib import Path

from graphgov.cardinal import indicators as kernels
from graphgov.cardinal import reading
from graphgov.cardinal.settings import Settings, load
from graphgov.cardinal.streams import STANDARD
from graphgov.cardinal.streams import reading as opened
from graphgov.cardinal.table import Table

Say = Callable[[str], None]


def indicators(
    file: Path, settings: Path | None, *, maps: bool, cached: bool, warn: Say, info: Say
) -> kernels.Results:
    """Compute the indicators of a file.

    Args:
        file: Lines of JSON; `-` for stdin.
        settings: A settings file; without one nothing is computed.
        maps: Whether maps are wanted.
        cached: Whether what was read before may be used, and what is read be kept.
        warn: Told of lines and bids passed over.
        info: Told of what is less than a warning.

    Raises:
        InputError: The file cannot be read.
        ConfigError: The settings cannot be used.
    """
    asked = Settings() if settings is None else load(settings)
    return kernels.run(_read(file, warn), asked, maps=maps, warn=warn, info=info)


def _read(file: Path, warn: Say) -> Table:
    with opened(file) as stream:
        if file == STANDARD:
            return reading.read(stream, warn)
    return reading.read(str(file), warn)
