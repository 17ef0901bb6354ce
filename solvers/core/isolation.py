"""One operating-system process for every solve, with a wall limit and a memory limit.

Whatever the work does - hang, eat memory, crash, be killed - the caller gets an ``Ending``. The
process group of the work is killed at the limit and after its end.

The fork server that forks these processes is itself a fork of the caller where the caller has one
thread, which costs milliseconds; elsewhere, such as in a notebook, it is a new interpreter.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Any, Protocol

from fairbound.solvers.core import fork_server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

MOST_DEATHS = 3
"""So often a fork server may die under one piece of work before the work is blamed."""


class Outcome(StrEnum):
    """How a process ended; nothing else is possible."""

    OK = "ok"
    """It answered."""
    TIMEOUT = "timeout"
    """It was killed at the wall limit."""
    MEMORY = "memory"
    """It needed more than the memory limit."""
    KILLED = "killed"
    """A signal or a sudden exit ended it: a crash, or somebody's kill."""
    ERROR = "error"
    """It raised; the message says what."""


@dataclass(frozen=True)
class Limits:
    """Limits of one process.

    Attributes
    ----------
    seconds
        Wall seconds until the process is killed, or ``None``.
    memory_mb
        Megabytes (2^20 bytes) beyond what the imported libraries occupy, or ``None``: of address space for the
        process itself, resident for the process and its descendants together.
    soft_seconds
        Wall seconds until the process is asked to stop, as by Ctrl-C, or ``None``.
    renewed
        Seconds count anew from whatever the work tells.
    """

    seconds: float | None = None
    memory_mb: float | None = None
    soft_seconds: float | None = None
    renewed: bool = False


@dataclass(frozen=True)
class Ending:
    """What became of one piece of work.

    Attributes
    ----------
    value
        What the work returned (JSON types) if the outcome is ``ok``.
    wall_seconds, cpu_seconds
        From the fork to the end; CPU seconds (user and system) of the process and its waited-for children.
    peak_mb
        Largest resident memory in 2^20 bytes, the imported libraries included.
    """

    outcome: Outcome
    value: Any = None
    message: str = ""
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0


class Stopped(Exception):
    """The isolation was stopped while a piece of work ran."""


class _ForkServer(Protocol):
    """What an isolation needs of its fork server, however it was started."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def poll(self) -> int | None: ...

    def kill(self) -> None: ...

    def wait(self) -> int: ...


class _Fork:
    """A fork server forked from this process, with the face of ``subprocess.Popen``."""

    def __init__(self) -> None:
        requests, self._ask = os.pipe()
        self._hear, answers = os.pipe()
        others = max(requests, answers, *_descriptors()) + 1
        self.pid = os.fork()
        if self.pid == 0:
            fork_server.fork(others, requests, answers)
        os.close(requests)
        os.close(answers)
        self.stdin: IO[bytes] | None = open(self._ask, "wb")  # noqa: SIM115 - closed by the isolation
        self.stdout: IO[bytes] | None = open(self._hear, "rb")  # noqa: SIM115
        self.returncode: int | None = None

    def _reap(self, flags: int) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, flags)
            except ChildProcessError:
                pid, status = self.pid, 0
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def poll(self) -> int | None:
        return self._reap(os.WNOHANG)

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        return self._reap(0) or 0


def _descriptors() -> list[int]:
    """Open descriptors of this process, or the usual range where the system does not list them."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return [int(name) for name in os.listdir(folder)]
        except OSError:
            continue
    return [1023]


ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Environment of a process that solves: one solve, one thread. NumPy reads it when it is loaded."""
_PROGRAM = "import sys; from fairbound.solvers.core.fork_server import main; main(sys.argv[1:])"


def _spawn(modules: Sequence[str], path: Sequence[str]) -> subprocess.Popen[bytes]:
    """A fork server as a new interpreter."""
    environment = dict(os.environ)
    environment |= ONE_THREAD  # a process without threads forks cleanly, too
    if path:
        known = [environment["PYTHONPATH"]] if environment.get("PYTHONPATH") else []
        environment["PYTHONPATH"] = os.pathsep.join([*path, *known])
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C is the caller's to hear
    )


_threads_of_engines = False


def note_engine_threads(count: int) -> None:
    """An engine keeps so many threads in this process from now on; with more than one it cannot be forked."""
    global _threads_of_engines
    _threads_of_engines = count > 1


def may_fork() -> bool:
    """Whether a fork server may be a fork of this process: Linux, one thread, and no engine's threads behind it."""
    return sys.platform.startswith("linux") and threading.active_count() == 1 and not _threads_of_engines


class Isolation:
    """Runs pieces of work one after the other, each in a process of its own.

    Use it as a context manager, from one thread; ``stop`` and ``interrupt`` may come from any other.

    Parameters
    ----------
    modules
        What a new interpreter imports once, before the first fork of its own.
    path
        Further folders in which the work's module is found; these too need a new interpreter.
    prepare
        ``module:function`` and a JSON argument: called once in the fork server, so that every fork of it finds
        what that has read. It may raise; the work will then say what is wrong.
    """

    def __init__(
        self, modules: Sequence[str] = (), path: Sequence[str] = (), prepare: tuple[str, Any] | None = None
    ) -> None:
        self._modules, self._path, self._prepare = list(modules), list(path), prepare
        self._server: _ForkServer | None = None
        self._child: int | None = None
        self._closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> Isolation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process id of the fork server, once it runs."""
        return None if self._server is None else self._server.pid

    def start(self) -> None:
        """Start the fork server, if it does not run, and wait until it is ready.

        Raises ``RuntimeError`` where it does not start.
        """
        if self._server is not None and self._server.poll() is None:
            return
        self._bury()
        with self._lock:
            if self._closed:
                raise Stopped
            self._server = _Fork() if may_fork() and not self._path else _spawn(self._modules, self._path)
        answer = self._hear()
        if answer is not None and self._prepare is not None:
            function, argument = self._prepare
            self._say({"prepare": function, "argument": argument})
            answer = self._hear()
        if answer is None and not self._closed:
            raise RuntimeError("the process that forks solves did not start; its own words are above")

    def run(
        self,
        work: str,
        argument: Any,
        limits: Limits = Limits(),
        on_told: Callable[[Any], None] | None = None,
        tries: int = MOST_DEATHS,
        on_started: Callable[[], None] | None = None,
    ) -> Ending:
        """Run ``module:function`` on a JSON argument in a new process and wait for its end.

        Parameters
        ----------
        on_told
            Hears what the work tells on its way (JSON types); the function then takes ``tell`` as its
            second argument.
        tries
            If the fork server dies the work starts anew, and tells it all again, so many times in all.
        on_started
            Called once the work runs: an ``interrupt`` before that has found nothing to stop.

        Raises
        ------
        Stopped
            If ``stop`` was called meanwhile.
        """
        request = {
            "work": work,
            "argument": argument,
            "seconds": limits.seconds,
            "soft_seconds": limits.soft_seconds,
            "renewed": limits.renewed,
            "memory_bytes": None if limits.memory_mb is None else int(limits.memory_mb * 2**20),
            "telling": on_told is not None,
        }
        for _ in range(tries):
            self.start()
            answer = self._ask(request, on_told, on_started)
            if self._closed:
                raise Stopped
            if answer is not None:
                self._child = None
                return Ending(
                    Outcome(answer["kind"]),
                    answer.get("value"),
                    answer.get("message", ""),
                    answer["wall_seconds"],
                    answer["cpu_seconds"],
                    answer["peak_bytes"] / 2**20,
                )
            self._bury()  # not the solve but its fork server was killed: the solve is owed another try
        return Ending(Outcome.KILLED, message=f"the fork server died {tries} times under this work")

    def interrupt(self, seconds: float) -> None:
        """Ask what runs to stop, and kill it so many seconds later; from any thread or a signal's handler."""
        if self._server is not None and self._server.stdin is not None:
            try:
                os.write(self._server.stdin.fileno(), json.dumps({"interrupt": seconds}).encode() + b"\n")
            except (OSError, ValueError):
                return  # it is dead or closed already

    def stop(self) -> None:
        """Kill the fork server and whatever it runs, from any thread; ``run`` raises ``Stopped``."""
        with self._lock:
            self._closed = True
            if self._server is not None:
                self._server.kill()
        self._kill_child()

    def close(self) -> None:
        """The same, from the thread that ran the work: everything is cleared away."""
        self.stop()
        self._bury()

    def _ask(
        self,
        request: dict[str, Any],
        on_told: Callable[[Any], None] | None,
        on_started: Callable[[], None] | None,
    ) -> dict[str, Any] | None:
        self._say(request)
        started = self._hear()
        if started is None:
            return None
        self._child = started["started"]
        if on_started is not None:
            on_started()
        while True:
            answer = self._hear()
            if answer is None or "told" not in answer:
                return answer
            if on_told is not None:
                on_told(answer["told"])

    def _say(self, request: dict[str, Any]) -> None:
        """Send a request; that the fork server is dead is heard when it should answer."""
        assert self._server is not None
        assert self._server.stdin is not None
        try:
            self._server.stdin.write(json.dumps(request).encode() + b"\n")
            self._server.stdin.flush()
        except (OSError, ValueError):
            return

    def _hear(self) -> dict[str, Any] | None:
        """The next answer of the fork server; ``None`` if it died."""
        assert self._server is not None
        assert self._server.stdout is not None
        try:
            line = self._server.stdout.readline()
            answer: dict[str, Any] = json.loads(line)
            return answer
        except (OSError, ValueError):
            return None

    def _kill_child(self) -> None:
        """Kill the process group of a solve whose fork server is dead."""
        child, self._child = self._child, None
        if child is not None:
            try:
                os.killpg(child, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return

    def _bury(self) -> None:
        """Clear away a dead fork server."""
        self._kill_child()
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._close_pipes()
            self._server = None

    def _close_pipes(self) -> None:
        assert self._server is not None
        for pipe in (self._server.stdin, self._server.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # unsent bytes of a request that nobody will read
