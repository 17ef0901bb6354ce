"""Ctrl-C and SIGTERM: one request to stop keeps what is known, a second one ends the process.

Searches watch for the request with ``interruptible``. Everything else hears it as
``KeyboardInterrupt``. SIGTERM, in a program that calls ``listen``, is whatever Ctrl-C is at that moment.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXIT_CODE = 130

_requested = threading.Event()
_say: Callable[[], None] | None = None


def requested() -> bool:
    """Whether a request to stop has come since the program began to listen."""
    return _requested.is_set()


@contextmanager
def interruptible(on_request: Callable[[], None] | None = None) -> Iterator[threading.Event]:
    """While inside, the first Ctrl-C sets the event, and calls ``on_request``; a second one acts as usual."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    usual = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: Any) -> None:
        stop.set()
        _requested.set()
        signal.signal(signal.SIGINT, usual)
        if on_request is not None:
            on_request()
        if _say is not None:
            _say()

    signal.signal(signal.SIGINT, note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, usual)


@contextmanager
def listen(say: Callable[[], None] | None = None) -> Iterator[None]:
    """While inside, SIGINT and SIGTERM raise ``KeyboardInterrupt`` once; the next one ends the process with code 130.

    For a program's entry point; elsewhere than in the main thread nothing changes. ``say`` is called when a
    search has heard of a request and may need a while to end.
    """
    global _say
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def first(_number: int, _frame: Any) -> None:
        _requested.set()
        signal.signal(signal.SIGINT, again)
        raise KeyboardInterrupt

    def again(_number: int, _frame: Any) -> None:
        if os.isatty(2):
            os.write(2, b"\x1b[?25h\n")  # a line of progress hides the cursor
        os._exit(EXIT_CODE)

    def terminate(number: int, frame: Any) -> None:
        now = signal.getsignal(signal.SIGINT)
        if callable(now):
            now(number, frame)

    _requested.clear()
    _say = say
    signal.signal(signal.SIGINT, first)
    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        _say = None
        _requested.clear()
        for number, handler in before.items():
            signal.signal(number, handler)
