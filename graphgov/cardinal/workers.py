"""A few processes that work on the blocks of an input; results come in the order of the blocks."""

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from graphgov.errors import InputError

Job = TypeVar("Job")
Done = TypeVar("Done")
_AHEAD = 4  # results per worker that may wait for their turn
_DIED = "A process reading the file ended early; the machine may be short of memory."


def in_order(
    work: Callable[[Job], Done], jobs: Iterable[Job], processes: int, queued: int = 1
) -> Iterator[Done]:
    """Results of the jobs in their order, worked on by several processes that start at once.

    Args:
        work: A function of a module; a result must be picklable.
        jobs: Taken only as fast as they are worked on.
        processes: One or none: the work is done here.
        queued: Jobs a worker holds at once; more than one only if a job is a few bytes, else a
            worker that hands back a result and a parent that hands out a job wait for each other.

    Raises:
        InputError: A worker died, which means that memory ran out.
        Exception: What `work` raised.
    """
    if processes <= 1:
        return map(work, jobs)
    crew = _Crew(work, jobs, processes, queued)
    crew.hand_out()
    return crew.results()


def forks() -> bool:
    """Whether workers have what is open here."""
    # A fork starts at once, but copies locks that other threads may hold.
    return sys.platform == "linux" and threading.active_count() == 1


class _Crew:
    """Workers, the pipes to them, and which job is where."""

    def __init__(
        self, work: Callable[[Any], Any], jobs: Iterable[Any], processes: int, queued: int
    ) -> None:
        self._todo = enumerate(jobs)
        self._more = True
        self._turn = self._given = 0
        self._queued = queued
        self._done: dict[int, tuple[Any, Exception | None]] = {}
        self._pipes: list[Connection] = []
        self._open: list[int] = []
        self._members: list[Any] = []
        forked = forks()
        context: Any = multiprocessing.get_context("fork" if forked else "spawn")
        for _ in range(processes):
            ours, theirs = context.Pipe()
            others = [*self._pipes, ours] if forked else []
            member = context.Process(target=_serve, args=(work, theirs, others), daemon=True)
            member.start()
            theirs.close()
            self._pipes.append(ours)
            self._members.append(member)
            self._open.append(0)

    def hand_out(self) -> None:
        """Give every worker what it may hold, unless results already wait for their turn."""
        ahead = _AHEAD * len(self._pipes)
        while self._more and self._given - self._turn < ahead and min(self._open) < self._queued:
            number, job = next(self._todo, (-1, None))
            if number < 0:
                self._more = False
                break
            place = self._open.index(min(self._open))
            try:
                self._pipes[place].send((number, job))
            except OSError as error:
                raise InputError(_DIED) from error
            self._open[place] += 1
            self._given += 1

    def results(self) -> Iterator[Any]:
        """All results; at the end, or if nobody wants more, the workers are dismissed."""
        try:
            while self._more or self._turn < self._given:
                self.hand_out()
                self._collect()
                while self._turn in self._done:
                    result, error = self._done.pop(self._turn)
                    if error is not None:
                        raise error
                    self._turn += 1
                    yield result
        finally:
            self._dismiss()

    def _collect(self) -> None:
        if self._turn >= self._given:
            return
        for pipe in wait(self._pipes):
            assert isinstance(pipe, Connection)
            try:
                number, result, error = pipe.recv()
            except (EOFError, OSError) as ended:
                raise InputError(_DIED) from ended
            self._done[number] = (result, error)
            self._open[self._pipes.index(pipe)] -= 1

    def _dismiss(self) -> None:
        for pipe in self._pipes:
            with contextlib.suppress(OSError):  # at the end of Python it may be closed already
                pipe.close()
        for member in self._members:
            member.join(0.2)
            if member.is_alive():
                member.terminate()
                member.join()


def _serve(work: Callable[[Any], Any], pipe: Connection, others: list[Connection]) -> None:
    for other in others:  # so that the end of the parent is seen as the end of the pipe
        other.close()
    while True:
        try:
            number, job = pipe.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            break
        try:
            message: tuple[int, Any, Exception | None] = (number, work(job), None)
        except Exception as error:
            message = (number, None, error)
        except KeyboardInterrupt:
            break
        try:
            pipe.send(message)
        except (OSError, KeyboardInterrupt):
            break
    os._exit(0)  # nothing of the parent's, such as its buffers, is to be flushed twice
