"""The table over slack as a method: a proven answer without an engine, and a certificate where one is asked for."""

import random
from fractions import Fraction

import pytest
from fairbound.models.cep import PROBLEM, CepInstance, School, slack_table
from fairbound.models.core.errors import InputError
from fairbound.solvers.cep.slack_table import METHOD
from fairbound.solvers.core.bound import Basis, Level
from fairbound.solvers.core.methods import find_method
from fairbound.solvers.core.result import Settings
from fairbound.solvers.core.solve import Refused, solve

UNPROVEN = Settings(prove=0)


def drawn(seed: int, count: int = 40) -> CepInstance:
    """A district of which not all schools fit into a group at a threshold of 0.45."""
    chance = random.Random(seed)
    sizes = [chance.randint(50, 900) for _ in range(count)]
    schools = [
        School(id=f"{i:02}", enrolled=Fraction(size), identified=Fraction(chance.randint(0, size * 6 // 10)))
        for i, size in enumerate(sizes)
    ]
    return CepInstance(name="drawn", schools=tuple(schools), threshold=Fraction(9, 20))


@pytest.mark.parametrize("seed", range(5))
def test_it_answers_as_the_knapsack_does(seed: int) -> None:
    instance = drawn(seed)
    found = solve(instance, settings=UNPROVEN)
    assert (found.method, found.level, found.basis) == ("slack_table", Level.L2, Basis.THEOREM)
    assert found.engine is None
    asked = find_method(PROBLEM, "membership").run(instance, "reimbursement", UNPROVEN)
    assert found.primal_bound == found.dual_bound == asked.primal_bound


def test_a_certificate_is_made_where_one_is_asked_for() -> None:
    found = solve(drawn(0, count=15), settings=Settings(prove=20))
    assert (found.method, found.level) == ("slack_table", Level.L4)
    assert found.certificate is not None


def test_what_only_an_engine_takes_goes_to_one() -> None:
    instance = drawn(0, count=15)
    best = solve(instance, settings=UNPROVEN)
    for more in ({"start": best.solution}, {"settings": Settings(prove=0, engine_options=(("presolve", "off"),))}):
        found = solve(instance, **{"settings": UNPROVEN, **more})  # type: ignore[arg-type]
        assert (found.method, found.primal_bound) == ("membership", best.primal_bound)


def test_other_questions_and_large_tables_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="membership takes other questions"):
        solve(drawn(0), "students", "slack_table", UNPROVEN)
    monkeypatch.setattr(slack_table, "MOST_ENTRIES", 10)
    assert solve(drawn(0), settings=UNPROVEN).method == "membership"
    with pytest.raises(InputError, match="at most 10 entries"):
        METHOD.answer(drawn(0), "reimbursement", UNPROVEN)
