"""A few processes that read blocks of one file, or blocks handed to them, in order."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from graphgov.errors import InputError

Job = TypeVar("Job")
Done = TypeVar("Done")
_AHEAD = 4  # results per worker that may wait for their turn


def in_order(
    work: Callable[[Job], Done], jobs: Iterable[Job], processes: int, queued: int = 1
) -> Iterator[Done]:
    """Results of the jobs in their order, worked on by several processes.

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
        yield from map(work, jobs)
        return
    # fork starts at once; elsewhere, or beside threads, it is not safe
    method = "fork" if sys.platform == "linux" else "spawn"
    context: Any = multiprocessing.get_context(method)
    pipes: list[Connection] = []
    crew = []
    try:
        for _ in range(processes):
            ours, theirs = context.Pipe()
            member = context.Process(
                target=_serve, args=(work, theirs, [*pipes, ours]), daemon=True
            )
            member.start()
            theirs.close()
            pipes.append(ours)
            crew.append(member)
        yield from _orders(pipes, jobs, queued)
    finally:
        for pipe in pipes:
            pipe.close()
        for member in crew:
            member.join(0.2)
            if member.is_alive():
                member.terminate()
                member.join()


def _orders(pipes: list[Connection], jobs: Iterable[Any], queued: int) -> Iterator[Any]:
    todo = enumerate(jobs)
    done: dict[int, Any] = {}
    open_jobs = dict.fromkeys(range(len(pipes)), 0)
    turn, given, more = 0, 0, True
    while more or turn < given:
        # a worker gets another block while the parent is not too far behind
        while more and given - turn < _AHEAD * len(pipes) and min(open_jobs.values()) < queued:
            number, job = next(todo, (-1, None))
            if number < 0:
                more = False
                break
            place = min(open_jobs, key=lambda one: open_jobs[one])
            _send(pipes[place], (number, job))
            open_jobs[place] += 1
            given += 1
        while turn in done:
            yield done.pop(turn)
            turn += 1
        if turn >= given:
            continue
        for pipe in wait(pipes):
            assert isinstance(pipe, Connection)
            number, result, error = _receive(pipe)
            if error is not None:
                raise error
            done[number] = result
            open_jobs[pipes.index(pipe)] -= 1


def _send(pipe: Connection, message: object) -> None:
    try:
        pipe.send(message)
    except OSError as error:
        raise InputError(_DIED) from error


def _receive(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError) as error:
        raise InputError(_DIED) from error


_DIED = "A process reading the file ended early; the machine may be short of memory."


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
        except OSError:
            break
    os._exit(0)  # nothing of the parent's, such as its buffers, is to be flushed twice
