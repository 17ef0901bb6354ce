"""The nursery: a process that has everything imported and forks one child for every solve.

Started by ``fairbound.solvers.isolation`` as ``python -m fairbound.solvers.nursery MODULE ...``. One JSON line on
standard input asks for a solve, JSON lines on standard output answer it. The nursery itself never
solves, so it holds no threads and a fork of it is clean; a child costs milliseconds where a new
interpreter would spend more than a second on imports.

Nobody outlives the one who started it: the nursery ends with its standard input, and a child dies
with the nursery.
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
from collections.abc import Callable
from typing import Any, NoReturn

POLL_SECONDS = 0.05
RSS_SECONDS = 0.2
LAST_WORDS = 2000
_OUT_OF_MEMORY = ("bad_alloc", "MemoryError", "Cannot allocate memory", "cannot allocate memory", "out of memory")


def _resolve(work: str) -> Callable[[Any], Any]:
    module, _, name = work.partition(":")
    function: Callable[[Any], Any] = getattr(importlib.import_module(module), name)
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


def _child(
    work: str, argument: Any, memory: int | None, pipe: int, log: int, parent: int, prctl: Callable[..., int] | None
) -> NoReturn:
    """Run one piece of work in the forked process and write its answer into the pipe."""
    os.setsid()
    if prctl is not None:
        prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)
    # Input from nowhere: what runs here must never read the nursery's requests.
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory is not None:
        limit = memory + _own_memory(0)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        answer = {"kind": "ok", "value": _resolve(work)(argument)}
        text = json.dumps(answer).encode()
    except MemoryError:
        text = b'{"kind": "memory", "message": "the memory limit was reached"}'
    except BaseException as error:
        traceback.print_exc()
        line = " ".join(f"{type(error).__name__}: {error}".split())
        text = json.dumps({"kind": "error", "message": line[:LAST_WORDS]}).encode()
    sent = 0
    while sent < len(text):
        sent += os.write(pipe, text[sent : sent + 65536])
    os._exit(0)


def _last_words(log: Any) -> str:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - LAST_WORDS))
    return " ".join(log.read().decode(errors="replace").split())


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # The child may not have made its own group yet.
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _supervise(request: dict[str, Any], requests: int, answers: Any, prctl: Callable[..., int] | None) -> bool:
    """Fork a child for one request and answer it; ``False`` if whoever asked is gone."""
    seconds, memory = request["seconds"], request["memory_bytes"]
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as log:
        began = time.monotonic()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os.close(answers.fileno())  # else the asker could not see the nursery die while this child lives
            _child(request["work"], request["argument"], memory, writing, log.fileno(), parent, prctl)
        os.close(writing)
        _say(answers, {"started": pid})
        text = b""
        verdict = ""
        looked = began
        libraries = _own_memory(1)
        peak = 0
        watched = [reading, requests]
        while True:
            left = began + seconds - time.monotonic() if seconds is not None else POLL_SECONDS
            ready, _, _ = select.select(watched, [], [], max(0.0, min(left, POLL_SECONDS)))
            if reading in ready:
                part = os.read(reading, 65536)
                text += part
                if not part:
                    break
            if requests in ready:  # nothing is ever asked before the answer: this is the end of the asker
                _kill_group(pid)
                os.waitpid(pid, 0)
                return False
            now = time.monotonic()
            if now - looked >= RSS_SECONDS:
                looked, rss = now, _tree_rss(pid)
                peak = max(peak, rss)
                if memory is not None and rss > memory + libraries:
                    verdict = "memory"
            if seconds is not None and now - began >= seconds:
                verdict = "timeout"
            if verdict:
                break
        _kill_group(pid)  # after a good end too: it may have left processes of its own
        _, status, usage = os.wait4(pid, 0)
        wall = time.monotonic() - began
        os.close(reading)
        answer = _answer(verdict, text, status, log)
    scale = 1 if sys.platform == "darwin" else 1024
    answer |= {
        "wall_seconds": wall,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": max(peak, usage.ru_maxrss * scale),
    }
    _say(answers, answer)
    return True


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


def _say(answers: Any, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def main(modules: list[str]) -> None:
    """Import, say so, and serve requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a library that prints must not speak into the answers
    for module in modules:
        importlib.import_module(module)
    prctl = _prctl()
    gc.collect()
    gc.freeze()  # children share these pages; a collection in a child would copy them
    _say(answers, {"ready": True})
    buffer = b""
    while True:
        part = os.read(0, 65536)
        if not part:
            return
        buffer += part
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            try:
                if not _supervise(json.loads(line), 0, answers, prctl):
                    return
            except BrokenPipeError:
                return


if __name__ == "__main__":
    main(sys.argv[1:])
