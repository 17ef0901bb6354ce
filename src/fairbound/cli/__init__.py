"""The command line: one file per group of commands, one grammar for every problem."""

import gc
import os
import sys
from contextlib import suppress

from fairbound.cli import crash
from fairbound.cli.interrupted import INTERRUPTED, say_interrupted, say_stopping
from fairbound.solvers.core.interrupts import listen
from fairbound.solvers.core.isolation import ONE_THREAD

__all__ = ["command", "main"]
UNWRITABLE = 2
"""Exit code where the output cannot be written: that of a wrong input, since it is not ours to mend."""


def command() -> int:
    """The process's own entry: standard output carries what fairbound says and nothing that a library prints.

    Engines write to the file descriptor past Python's streams, so the descriptor itself goes to standard error.
    """
    gc.disable()  # until the command is loaded (``app.Commands``): nothing of that is garbage
    for name, threads in ONE_THREAD.items():
        os.environ.setdefault(name, threads)
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # closed: else the next file or pipe would stand in its place
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is not None:
        own = os.dup(1)
        os.dup2(2, 1)
        sys.stdout.flush()
        sys.stdout = open(  # noqa: SIM115 - it lives as long as the process
            own, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, buffering=1 if os.isatty(own) else -1
        )
    return _whole()


def _whole() -> int:
    """The command line, with its output written out; a reader who has gone (``| head``) is no fault."""
    try:
        code = main()
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        gone = isinstance(error, BrokenPipeError)
        if not gone:
            with suppress(OSError):
                print(f"error: the output cannot be written ({error.strerror})", file=sys.stderr)
        code = 0 if gone else UNWRITABLE
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still to be written goes nowhere
    return code


def main() -> int:
    """Run the command line; returns the exit code of a refused input, a failed engine or an interrupt."""
    with listen(say_stopping):
        try:
            from fairbound.cli.app import main as run  # takes a second, in which Ctrl-C may come

            return run()
        except KeyboardInterrupt:
            say_interrupted()
            return INTERRUPTED
        except BrokenPipeError:
            raise
        except Exception as error:
            return crash.report(error)
