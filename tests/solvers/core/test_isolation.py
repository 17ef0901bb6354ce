"""Whatever a piece of work does, the caller hears how it ended and nothing is left behind."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fairbound.solvers.core.isolation import Isolation, Limits, Outcome, Stopped, note_engine_threads

SUPPORT = str(Path(__file__).parents[2] / "support")
WORK = "hostile_work:work"
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")


@pytest.fixture(scope="module")
def isolation() -> Iterator[Isolation]:
    with Isolation(["hostile_work"], [SUPPORT]) as made:
        yield made


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(holds: object, what: str) -> None:
    """Wait for a condition; a loaded machine may take its time."""
    for _ in range(600):
        if holds():  # type: ignore[operator]
            return
        time.sleep(0.05)
    pytest.fail(what)


@pytest.mark.parametrize(
    ("argument", "outcome", "message"),
    [
        ("hang", Outcome.TIMEOUT, "the wall limit was reached"),
        ("eat", Outcome.MEMORY, "the memory limit was reached"),
        pytest.param("eating_child", Outcome.MEMORY, "the memory limit was reached", marks=linux),
        ("crash", Outcome.KILLED, "ended by SIGSEGV"),
        ("kill", Outcome.KILLED, "ended by SIGKILL"),
        ("exit", Outcome.KILLED, "ended with code 3 and no answer"),
        ("raise", Outcome.ERROR, "ValueError: no such luck"),
    ],
)
def test_every_bad_end_has_its_outcome(isolation: Isolation, argument: str, outcome: Outcome, message: str) -> None:
    ending = isolation.run(WORK, argument, Limits(seconds=1 if argument == "hang" else 60, memory_mb=200))
    assert (ending.outcome, ending.value) == (outcome, None)
    assert ending.message == message


def test_answers_come_back_and_printing_does_not_disturb_them(isolation: Isolation) -> None:
    for argument in ("print", "anything", "x" * 10**6):
        ending = isolation.run(WORK, argument, Limits(60, 500))
        assert (ending.outcome, ending.value) == (Outcome.OK, argument)
        assert ending.wall_seconds > 0
        assert ending.peak_mb > 1


def test_work_that_does_not_exist_is_an_error(isolation: Isolation) -> None:
    assert isolation.run("hostile_work:nothing", "x", Limits(60)).outcome is Outcome.ERROR
    assert isolation.run("no_such_module:work", "x", Limits(60)).outcome is Outcome.ERROR


@linux
def test_processes_that_the_work_started_die_with_it(isolation: Isolation, tmp_path: Path) -> None:
    note = tmp_path / "child"
    assert isolation.run(WORK, f"child {note}", Limits(seconds=1)).outcome is Outcome.TIMEOUT
    wait_until(lambda: not alive(int(note.read_text())), "the child of the work is still there")


def test_a_killed_nursery_costs_a_try_and_no_answer(isolation: Isolation, tmp_path: Path) -> None:
    note = tmp_path / "fork server"

    def kill() -> None:
        wait_until(lambda: note.exists() and note.read_text(), "the work did not start")
        os.kill(int(note.read_text()), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    ending = isolation.run(WORK, f"once {note}", Limits(seconds=60))
    killer.join()
    assert (ending.outcome, ending.value) == (Outcome.OK, f"once {note}")


def test_work_that_kills_its_nursery_again_and_again_is_blamed(isolation: Isolation) -> None:
    ending = isolation.run(WORK, "deadly", Limits(seconds=60))
    assert ending.outcome is Outcome.KILLED
    assert ending.message == "the fork server died 3 times under this work"
    assert isolation.run(WORK, "still here", Limits(60)).value == "still here"


def test_stop_from_another_thread_ends_what_runs() -> None:
    with Isolation(["hostile_work"], [SUPPORT]) as isolation:
        isolation.start()
        server = isolation.pid
        timer = threading.Timer(0.3, isolation.stop)
        timer.start()
        with pytest.raises(Stopped):
            isolation.run(WORK, "hang")
        timer.join()
    assert server is not None
    assert isolation.pid is None


@linux
def test_a_forked_nursery_holds_nothing_of_its_parent(tmp_path: Path) -> None:
    """Else what this process had locked would stay so for as long as the fork server lives."""
    note_engine_threads(1)
    with (tmp_path / "lock").open("w") as mine:
        fcntl.flock(mine, fcntl.LOCK_EX)
        isolation = Isolation()
        isolation.start()
    with isolation, (tmp_path / "lock").open("w") as other:
        assert alive(isolation.pid or 0)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert isolation.run("hostile_work:work", "fine").value == "fine"


def test_work_tells_on_its_way(isolation: Isolation) -> None:
    told: list[object] = []
    ending = isolation.run("hostile_work:count", 3, Limits(60), told.append)
    assert (ending.value, told) == ("counted", [0, 1, 2])


def test_an_interrupt_is_heard_and_then_enforced(isolation: Isolation) -> None:
    for work, outcome in (("heed", Outcome.OK), ("ignore", Outcome.TIMEOUT)):
        ending = isolation.run(f"hostile_work:{work}", None, Limits(60), lambda told: isolation.interrupt(0.5))
        assert ending.outcome is outcome
    assert isolation.run("hostile_work:heed", None, Limits(60, soft_seconds=0.2), lambda told: None).value == "heeded"


def test_an_interrupt_may_come_as_soon_as_the_work_runs(isolation: Isolation) -> None:
    """Before its first step, too, the work is asked, and not ended by the signal."""
    for _ in range(20):
        ending = isolation.run(
            "hostile_work:heed", None, Limits(60), lambda told: None, on_started=lambda: isolation.interrupt(5)
        )
        assert ending.value == "heeded" or ending.message == "KeyboardInterrupt:"
