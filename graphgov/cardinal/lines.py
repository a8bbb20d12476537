"""Blocks of lines, worked on by two processes, their answers in the order of the file."""

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO, TypeVar

BLOCK = 4 << 20  # bytes; what is in memory at once is a few of these and the longest line
_WORKERS = 2
_AHEAD = _WORKERS + 1  # blocks given out before the first answer is waited for
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines of the input.

    Attributes:
        first: Number of the first line, from 1.
        text: The lines, with their ends.
    """

    first: int
    text: bytes

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """Each line with its number, without its end."""
        lines = self.text.split(b"\n")
        if not lines[-1]:
            lines.pop()
        for number, line in enumerate(lines, self.first):
            yield number, line[:-1] if line.endswith(b"\r") else line


def blocks(source: BinaryIO, size: int = BLOCK) -> Iterator[Block]:
    """The input in blocks of about `size` bytes."""
    first = 1
    rest: list[bytes] = []
    while data := source.read(size):
        if len(data) < size:  # the end of the input: its last line may have no end
            rest.append(data)
            break
        cut = data.rfind(b"\n") + 1
        if not cut:
            rest.append(data)
            continue
        text = b"".join([*rest, data[:cut]])
        yield Block(first, text)
        first += text.count(b"\n")
        rest = [data[cut:]] if cut < len(data) else []
    if rest:
        yield Block(first, b"".join(rest))


def in_order(work: Callable[[Block], T], found: Iterator[Block]) -> Iterator[T]:
    """The answers to all blocks, first block first.

    One block alone is worked on here: starting processes would take longer.

    Args:
        work: A function that can be sent to another process.
        found: The blocks.
    """
    start = list(islice(found, 2))
    if len(start) < 2:
        yield from map(work, start)
        return
    with ProcessPoolExecutor(_WORKERS, _context(), initializer=_deaf) as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for block in chain(start, found):
                waiting.append(pool.submit(work, block))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _context() -> multiprocessing.context.BaseContext:
    # A fork starts at once, but copies locks that other threads may hold.
    ways = multiprocessing.get_all_start_methods()
    alone = threading.active_count() == 1
    return multiprocessing.get_context("fork" if alone and "fork" in ways else "spawn")


def _deaf() -> None:
    """Leave the signals of the terminal to the parent, which stops its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
