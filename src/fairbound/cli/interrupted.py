"""What a command says that was interrupted before it had an answer."""

from __future__ import annotations

import json
import sys

from fairbound.solvers.core.interrupts import EXIT_CODE as INTERRUPTED

__all__ = ["INTERRUPTED", "say_interrupted", "say_stopping"]


def say_stopping() -> None:
    """To a person who waits: what runs was asked to end."""
    if sys.stderr.isatty():
        print("stopping, and keeping what is known; Ctrl-C again ends at once", file=sys.stderr)


def say_interrupted() -> None:
    """In words, and as the one JSON object where that was asked."""
    if "--json" in sys.argv[1:]:
        print(json.dumps({"termination": "interrupted"}))
    print("interrupted", file=sys.stderr)
