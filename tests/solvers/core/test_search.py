"""One run of an algorithm: how busy the core is, by which a search multiplies what it keeps; what is there at once."""

from __future__ import annotations

import time

import pytest
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.methods import find_method
from fairbound.solvers.core.result import Progress, Settings, Status
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


@pytest.mark.parametrize(
    ("name", "objective", "method"),
    [
        ("cep/calpads33", "reimbursement", "membership"),
        ("grants/synthetic", "worst_tenth", "segments"),
        ("grants/synthetic", "mean", "breakpoints"),
        ("matching/seed100", "pairs", "subset"),
        ("matching/seed100", "pairs", "alike_counts"),
        ("matching/seed100", "pairs", "near_vertex"),
        ("scores/synthetic", "lad", "exact_lad"),
        ("scores/synthetic", "best_subset", "subset_tree"),
    ],
)
def test_a_plan_that_is_there_at_once_is_the_answer_of_no_time(name: str, objective: str, method: str) -> None:
    asked = fairbound.load(name)
    told: list[Progress] = []
    found = find_method(find_problem(asked.problem), method)
    result = found.run(asked, objective, Settings(time_limit=1e-6), told.append)
    assert result.status in (Status.FEASIBLE, Status.OPTIMAL)
    assert told[0].solution is not None
