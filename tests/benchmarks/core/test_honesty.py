"""The honesty suite: its truths, its judgement and its shrinking, by hand; engines that die cost one answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from fairbound.benchmarks.core import honesty
from fairbound.benchmarks.core.honesty import Case, Row, corpus, judge, minimal, settled, summary_rows, tallies
from fairbound.models.core.plugins import VARIABLE
from fairbound.solvers.core.result import Termination
from fairbound.solvers.engines import batch
from fairbound.solvers.engines.base import Program, Run

DONE, NONE = Termination.FINISHED, Termination.INFEASIBLE
CASE = settled(Case("by hand", "f", "p", (3, 2), (Row((1, 1), 2, None), Row((1, -1), None, 0, shift=-20)), (2, 2)))
"""Least 3 x + 2 y with x + y >= 2 and x <= y: 4 at (0, 2)."""


def test_truths_are_enumerated_for_the_very_numbers() -> None:
    assert CASE.best == 4
    assert settled(replace(CASE, rows=(Row((1, 1), 5, None),))).best is None
    for case in corpus(times=0.05, own=False):
        program = case.program()
        dense, best = program.A.toarray(), None
        for x in product(*(range(up + 1) for up in case.upper)):
            body = [sum(Fraction(float(a)) * v for a, v in zip(row, x, strict=True)) for row in dense]
            low = all(b >= Fraction(float(v)) for b, v in zip(body, program.row_lower, strict=True) if np.isfinite(v))
            high = all(b <= Fraction(float(v)) for b, v in zip(body, program.row_upper, strict=True) if np.isfinite(v))
            if low and high:
                value = Fraction(sum(c * v for c, v in zip(case.cost, x, strict=True)))
                best = value if best is None else min(best, value)
        assert case.best == best, case.name


def test_one_seed_gives_one_corpus() -> None:
    assert corpus(3, 0.05, own=False) == corpus(3, 0.05, own=False) != corpus(4, 0.05, own=False)
    families = {case.family for case in corpus(0, 0.05, own=False)}
    assert len(families) == len(honesty.FAMILIES)


@pytest.mark.parametrize(
    ("ran", "outcome"),
    [
        (Run(DONE, primal=4.0, dual=4.0), "right"),
        (Run(DONE, primal=4.0 + 1e-7, dual=4.0), "right"),
        (Run(DONE, primal=5.0, dual=4.0), "false optimum"),
        (Run(DONE, primal=3.9, dual=3.9), "false optimum"),
        (Run(DONE, primal=5.0, dual=5.0), "beaten bound"),
        (Run(NONE), "falsely infeasible"),
        (Run(Termination.TIME_LIMIT), "no answer"),
        (Run(Termination.ENGINE_ERROR, message="refused: too large"), "not taken"),
    ],
)
def test_claims_are_judged(ran: Run, outcome: str) -> None:
    assert judge(CASE, ran) == outcome


def test_claims_about_nothing_and_about_a_maximum() -> None:
    nothing = settled(replace(CASE, rows=(Row((1, 1), 5, None),)))
    assert judge(nothing, Run(NONE)) == "right"
    assert judge(nothing, Run(DONE, primal=3.0)) == "falsely feasible"
    most = Case("m", "f", "", best=Fraction(4), own=replace(CASE.program(), maximize=True))
    assert judge(most, Run(DONE, primal=4.0, dual=3.0)) == "beaten bound"
    assert judge(most, Run(DONE, primal=4.0, dual=5.0)) == "right"


def test_a_wrong_claim_is_shrunk_to_what_it_needs() -> None:
    """An engine that is wrong wherever a coefficient is above 100: one row and one column are left."""

    def ask(programs: Sequence[Program]) -> list[Run]:
        return [Run(NONE) if (np.abs(p.A.toarray()) > 100).any() else Run(DONE, primal=0.0) for p in programs]

    rows = (Row((1, 1, 0), 1, None), Row((0, 0, 500), None, 900), Row((0, 1, 1), None, 3))
    case = settled(Case("large", "f", "p", (1, 1, 1), rows, (2, 2, 2)))
    [(small, ran)] = minimal([(case, Run(NONE))], ask)
    assert (small.rows, small.cost, ran.termination) == ((Row((500,), None, 900),), (1,), NONE)
    assert small.best == 0


def test_tallies_add_up() -> None:
    cases = [CASE, CASE, replace(CASE, family="g")]
    found = tallies("e", "1", cases, ["right", "beaten bound", "not taken"])
    assert [(one.family, one.cases, one.wrong) for one in found] == [("f", 2, 1), ("g", 1, 0)]
    assert summary_rows(honesty.tally_rows(found)) == [
        {"family": "f", "e 1": "1 of 2"},
        {"family": "g", "e 1": "-"},
    ]


def test_an_engine_that_dies_or_hangs_costs_its_own_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(Path(__file__).parents[2] / "support" / "stubborn_engine.py"))
    monkeypatch.setattr(batch, "GRACE", 0.5)
    found = batch.run_all("sometimes", [CASE.program() for _ in range(4)], 1.0)
    assert [ran.termination for ran in found] == [DONE, Termination.ENGINE_ERROR, Termination.ENGINE_ERROR, DONE]
    assert "ended with code 3" in found[1].message
    assert "did not heed its limit" in found[2].message


def test_highs_is_right_where_numbers_are_small(tmp_path: Path) -> None:
    """Well scaled, or with moderate M: nothing is claimed wrongly; at the tolerance something is, and kept."""
    cases = corpus(0, 0.34, own=False)
    easy = [case for case in cases if case.family == "well scaled" or case.parameter in ("M = 10^3", "M = 10^4")]
    found, told = honesty.examine("highs", easy, tmp_path)
    assert (sum(one.wrong for one in found), told) == (0, [])
    assert sum(one.cases for one in found) == len(easy) > 60
    hard = [case for case in cases if case.family == "equation at the tolerance"]
    found, told = honesty.examine("highs", hard, tmp_path)
    assert Counter(one.outcome for one in told)["falsely feasible"] == sum(one.wrong for one in found) > 0
    assert {one.parameter for one in told} <= {"off by 10^-6", "off by 10^-7", "off by 10^-8", "off by 10^-9"}
    text = (tmp_path / told[0].file).read_text()
    assert text.startswith("* falsely feasible: no point keeps the rows\n* claimed by highs ")
