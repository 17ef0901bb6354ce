"""The fork server: a process that has everything imported and forks one child for every solve.

Started by ``fairbound.solvers.core.isolation``, as a new interpreter or as a fork. One JSON line asks for a
solve, JSON lines answer it: ``started``, then whatever the work tells on its way, then how it ended.
The fork server itself never solves, so it holds no threads and a fork of it is clean; a child costs
milliseconds where a new interpreter would spend more than a second on imports.

Nobody outlives the one who started it: the fork server ends with its requests, and a child dies with the fork server.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from itertools import pairwise
from math import inf
from typing import IO, TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_SECONDS = 0.05
RSS_SECONDS = 0.2
LAST_WORDS = 2000
_TOLD = b'{"told": '
_OUT_OF_MEMORY = ("bad_alloc", "MemoryError", "Cannot allocate memory", "cannot allocate memory", "out of memory")


def _resolve(work: str) -> Callable[..., Any]:
    module, _, name = work.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def _prctl() -> Callable[..., int] | None:
    """The system call that ties a child's life to its parent's; Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    call: Callable[..., int] = ctypes.CDLL(None).prctl
    return call


def _own_memory(column: int) -> int:
    """Bytes that this process has already, libraries included: virtual (0) or resident (1); 0 where unknown."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[column]) * resource.getpagesize()
    except OSError:
        return 0


def _tree_rss(pid: int) -> int:
    """Bytes resident in a process and its descendants; 0 where unknown."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as stream:
            total = int(stream.read().split()[1]) * resource.getpagesize()
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as stream:
            children = stream.read().split()
    except (OSError, IndexError):
        return 0
    return total + sum(_tree_rss(int(child)) for child in children)


def _send(pipe: int, text: bytes) -> None:
    sent = 0
    while sent < len(text):
        sent += os.write(pipe, text[sent : sent + 65536])


def _write(pipe: int, document: Any) -> None:
    """Write one JSON line, which an interrupt must not cut in two."""
    text = json.dumps(document).encode() + b"\n"
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        _send(pipe, text)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)


def _child(
    request: dict[str, Any], pipe: int, log: int, parent: int, prctl: Callable[..., int] | None, masked: set[Any]
) -> NoReturn:
    """Run one piece of work in the forked process and write what it tells and its answer into the pipe."""
    os.setsid()
    if prctl is not None:
        prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)
    # Input from nowhere: what runs here must never read the fork server's requests.
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # how the work is asked to stop
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if request["memory_bytes"] is not None:
        limit = request["memory_bytes"] + _own_memory(0)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    more = (lambda message: _write(pipe, {"told": message}),) if request["telling"] else ()
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)
        _write(pipe, {"kind": "ok", "value": _resolve(request["work"])(request["argument"], *more)})
    except MemoryError:
        _write(pipe, {"kind": "memory", "message": "the memory limit was reached"})
    except BaseException as error:
        traceback.print_exc()
        _write(pipe, {"kind": "error", "message": words_of(error)})
    os._exit(0)


def words_of(error: BaseException) -> str:
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:LAST_WORDS]


def _last_words(log: Any) -> str:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - LAST_WORDS))
    return " ".join(log.read().decode(errors="replace").split())


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        _signal(pid, signal.SIGKILL)  # the child may not have made its own group yet


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


class _Clock:
    """When a child is asked to stop, and when it is killed; every limit counts from ``begin``."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.soft, self.hard, self.renewed = request["soft_seconds"], request["seconds"], request["renewed"]
        self.begin()

    def begin(self) -> None:
        """Count from now."""
        now = time.monotonic()
        self.asking = inf if self.soft is None else now + self.soft
        self.killing = inf if self.hard is None else now + self.hard

    def told(self) -> None:
        """A step of the work is done."""
        if self.renewed:
            self.begin()

    def interrupt(self, seconds: float) -> None:
        """Ask at once, and kill so many seconds later if nothing comes."""
        now = time.monotonic()
        self.renewed = False
        self.asking, self.killing = now, min(self.killing, now + seconds)

    def wait(self) -> float:
        """Seconds until there is something to look at."""
        return max(0.0, min(POLL_SECONDS, self.asking - time.monotonic(), self.killing - time.monotonic()))


def _log_file() -> IO[bytes]:
    """A file without a name for what a child prints; in memory where every disk is full."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return open(os.memfd_create("log"), "w+b")


class _AskerGone(Exception):
    """Whoever asked for the work has ended."""


def _supervise(request: dict[str, Any], requests: int, answers: int, prctl: Callable[..., int] | None) -> None:
    """Fork a child for one request and answer it; raises ``_AskerGone`` or ``BrokenPipeError``."""
    reading, writing = os.pipe()
    with _log_file() as log:
        began = time.monotonic()
        parent = os.getpid()
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until the child can say that it heard
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os.close(answers)  # else the asker could not see the fork server die while this child lives
            if requests:
                os.close(requests)
            _child(request, writing, log.fileno(), parent, prctl, masked)
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)
        os.close(writing)
        try:
            _write(answers, {"started": pid})
            verdict, text, peak = _watch(request, pid, reading, requests, answers)
        finally:
            _kill_group(pid)  # after a good end too: it may have left processes of its own
            _, status, usage = os.wait4(pid, 0)
            os.close(reading)
        wall = time.monotonic() - began
        answer = _answer(verdict, text, status, log)
    scale = 1 if sys.platform == "darwin" else 1024
    answer |= {
        "wall_seconds": wall,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": max(peak, usage.ru_maxrss * scale),
    }
    _write(answers, answer)


class _Lines:
    """Whole lines of what comes in pieces; an instance is one line of many megabytes, which no piece copies."""

    def __init__(self) -> None:
        self.rest = bytearray()

    def of(self, piece: bytes) -> list[bytes]:
        """The lines that end in the next piece."""
        head, *others = piece.split(b"\n")
        self.rest += head
        if not others:
            return []
        lines = [bytes(self.rest), *others[:-1]]
        self.rest = bytearray(others[-1])
        return lines


def _watch(request: dict[str, Any], pid: int, reading: int, requests: int, answers: int) -> tuple[str, bytes, int]:
    """Relay what a child tells until it answers, ends or breaks a limit: verdict, answer, resident bytes seen."""
    memory, clock = request["memory_bytes"], _Clock(request)
    looked, libraries, peak = time.monotonic(), _own_memory(1), 0
    text = _Lines()
    while True:
        ready, _, _ = select.select([reading, requests], [], [], clock.wait())
        if reading in ready:
            part = os.read(reading, 65536)
            for line in text.of(part):
                if not line.startswith(_TOLD):
                    return "", line, peak
                _send(answers, line + b"\n")
                clock.told()
            if not part:
                return "", bytes(text.rest), peak
        if requests in ready:
            words = os.read(requests, 65536)
            if not words:
                raise _AskerGone
            clock.interrupt(json.loads(words.splitlines()[0])["interrupt"])
        now = time.monotonic()
        if now - looked >= RSS_SECONDS:
            looked, rss = now, _tree_rss(pid)
            peak = max(peak, rss)
            if memory is not None and rss > memory + libraries:
                return "memory", b"", peak
        if now >= clock.asking:
            clock.asking = inf
            _signal(pid, signal.SIGINT)
        if now >= clock.killing:
            return "timeout", b"", peak


def _answer(verdict: str, text: bytes, status: int, log: Any) -> dict[str, Any]:
    if verdict == "timeout":
        return {"kind": "timeout", "message": "the wall limit was reached"}
    if verdict == "memory":
        return {"kind": "memory", "message": "the memory limit was reached"}
    try:
        answer: dict[str, Any] = json.loads(text)
        return answer
    except ValueError:
        words = _last_words(log)
        if any(sign in words for sign in _OUT_OF_MEMORY):
            return {"kind": "memory", "message": f"the memory limit was reached: {words}"}
        if os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name
            return {"kind": "killed", "message": f"ended by {name}{': ' + words if words else ''}"}
        return {"kind": "killed", "message": f"ended with code {os.waitstatus_to_exitcode(status)} and no answer"}


def serve(requests: int, answers: int) -> None:
    """Serve requests until they end; nothing else may run in this process."""
    prctl = _prctl()
    buffer = _Lines()
    _freeze()
    try:
        _write(answers, {"ready": True})
        while part := os.read(requests, 65536):
            for line in buffer.of(part):
                request = json.loads(line)
                if "prepare" in request:
                    _prepare(request)
                    _write(answers, {"prepared": True})
                elif "work" in request:  # an interrupt that came too late has nothing to stop
                    _supervise(request, requests, answers, prctl)
    except (BrokenPipeError, _AskerGone):
        return


def _prepare(request: dict[str, Any]) -> None:
    """Call what children shall find done; where it raises they will meet the same."""
    try:
        _resolve(request["prepare"])(request["argument"])
    except Exception:
        return
    finally:
        _freeze()


def _freeze() -> None:
    """Let children share what is there; a collection in a child would copy it, and one before it would as well."""
    gc.freeze()


def main(modules: list[str]) -> None:
    """The fork server as a new interpreter: import, then serve standard input."""
    answers = os.dup(1)
    os.dup2(2, 1)  # a library that prints must not speak into the answers
    for module in modules:
        importlib.import_module(module)
    serve(0, answers)


def fork(others: int, requests: int, answers: int) -> NoReturn:
    """The fork server as a fork of a process that has everything imported; called in the child.

    Parameters
    ----------
    others
        Descriptors from 3 to this one are closed, but for the two pipes: what the caller has locked or opened
        must not stay so for as long as the fork server lives.
    """
    os.setsid()  # Ctrl-C is the caller's to hear
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    for low, high in pairwise((2, *sorted((requests, answers)), others)):
        os.closerange(low + 1, high)
    # What the caller has put in their places may write to what is closed now.
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    code = 1
    try:
        serve(requests, answers)
        code = 0
    finally:
        os._exit(code)
