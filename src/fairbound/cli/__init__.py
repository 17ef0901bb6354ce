"""The command line: one file per group of commands, one grammar for every problem."""

from fairbound.cli.interrupted import INTERRUPTED, say_interrupted, say_stopping
from fairbound.solvers.interrupts import listen

__all__ = ["main"]


def main() -> int:
    """Run the command line; returns the exit code of a refused input, a failed engine or an interrupt."""
    with listen(say_stopping):
        try:
            from fairbound.cli.app import main as run  # takes a second, in which Ctrl-C may come

            return run()
        except KeyboardInterrupt:
            say_interrupted()
            return INTERRUPTED
