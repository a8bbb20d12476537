"""Seconds and peak memory of each stage of a run.

Stages that run side by side share both: their seconds add up to more than the run took.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


class Stopwatch:
    """Measures one stage after the other.

    Args:
        progress: Told the name of each stage as it begins.
    """

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress = progress
        self.stages: list[dict[str, object]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what is done inside; nothing is written down if it fails."""
        self._progress(name)
        _reset_peak()
        start = time.perf_counter()
        yield
        seconds = round(time.perf_counter() - start, 3)
        self.stages.append({"stage": name, "seconds": seconds, "peak_mb": peak_mb()})


def peak_mb() -> float:
    """Most memory this process held since the last stage began, in MiB.

    Where the system cannot say that, most memory since the process began.
    """
    try:
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    except (OSError, ValueError):
        pass
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)


def _reset_peak() -> None:
    try:
        _CLEAR.write_text("5", encoding="ascii")
    except OSError:
        return
