"""One run of an algorithm: how busy the core is, by which what a search keeps for its replay is multiplied."""

from __future__ import annotations

import time

import pytest
from fairbound.solvers.core.search import Search

import fairbound


def test_a_busy_core_makes_a_second_of_work_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    search = Search(fairbound.load("cep/calpads33"), "students")
    assert search.load() == 1.0  # nothing has been worked yet
    began, worked = search.began, search.worked
    monkeypatch.setattr(time, "perf_counter", lambda: began + 12.0)
    monkeypatch.setattr(time, "process_time", lambda: worked + 3.0)
    assert search.load() == 4.0
    monkeypatch.setattr(time, "process_time", lambda: worked + 24.0)  # two threads
    assert search.load() == 4.0  # a reading holds for a moment
    monkeypatch.setattr(time, "perf_counter", lambda: began + 13.0)
    assert search.load() == 1.0
