"""What a formulation knows in exact arithmetic stands beside what its engine says."""

from dataclasses import replace
from fractions import Fraction

from fairbound.instances.core import catalogue
from fairbound.models.cep import membership
from fairbound.models.cep.instance import REIMBURSEMENT
from fairbound.solvers.core.bound import Basis
from fairbound.solvers.core.formulations import answer_formulation
from fairbound.solvers.core.result import Settings

SEED, BEST = "cep/calpads33", Fraction(86824, 5)


def test_it_is_the_bound_unless_a_certificate_is_to_follow() -> None:
    instance = catalogue.load(SEED)
    assert membership.FORMULATION.best(instance, REIMBURSEMENT) == BEST
    answer = answer_formulation(membership.FORMULATION, instance, REIMBURSEMENT, Settings(prove=0))
    assert answer.proven is not None
    assert (answer.proven.basis, answer.proven.value, answer.contradiction) == (Basis.THEOREM, BEST, "")
    answer = answer_formulation(membership.FORMULATION, instance, REIMBURSEMENT, Settings(prove=5))
    assert answer.proven is not None
    assert (answer.proven.basis, answer.contradiction) == (Basis.MULTIPLIERS, "")


def test_an_engine_that_says_something_else_is_contradicted() -> None:
    wrong = replace(membership.FORMULATION, best=lambda _instance, _objective: BEST + 1)
    for settings in (Settings(prove=0), Settings(prove=5)):
        answer = answer_formulation(wrong, catalogue.load(SEED), REIMBURSEMENT, settings)
        assert "exact arithmetic 86829/5" in answer.contradiction
