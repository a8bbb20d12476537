"""`python -m graphgov`, the same as the command `graphgov`."""

import signal
import sys
from types import FrameType
from typing import NoReturn

from graphgov.cardinal import quick


def main() -> NoReturn:
    """Run a command; the one that others call in a loop starts without the command line."""
    asked = quick.plain(sys.argv[1:])
    if asked is None:
        from graphgov import cli

        cli.main()
    signal.signal(signal.SIGTERM, _stop)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        quick.run(asked)
        sys.stdout.flush()
    except BaseException as error:
        _fail(error)
    sys.exit(0)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _fail(error: BaseException) -> NoReturn:
    """End as the command line does."""
    import typer

    from graphgov.cli.guard import guarded

    @guarded
    def again() -> None:
        raise error

    try:
        again()
    except typer.Exit as ended:
        sys.exit(ended.exit_code)
    sys.exit(1)


if __name__ == "__main__":
    main()
