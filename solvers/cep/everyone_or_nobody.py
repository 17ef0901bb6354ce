"""The questions that theorem 1 settles by itself; the knapsack for the others.

If all schools together meet the threshold, everyone in one group is best: merging groups loses nothing
(theorem 1), and with no negative gains a further school loses nothing either, since m E, N and their
minimum only grow. If no school meets the threshold alone, no group does, since (2) is a sum over schools.
Both need no engine, and the bound is the value itself: level L2. Mathematics: ``docs/cep.md``.
"""

from __future__ import annotations

from fairbound.models.cep import CepInstance, Cover, Grouping, evaluate, membership
from fairbound.models.cep.evaluate import meets
from fairbound.models.cep.rules import concerns_full_funding
from fairbound.models.core.problem import once
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.formulations import answer_formulation
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import OnProgress, Settings, Termination

NAME = "everyone_or_nobody"


@once
def settled(instance: CepInstance, objective: str) -> Grouping | None:
    """The best grouping where the theorem names it, else ``None``."""
    if instance.limits or instance.min_group > 1 or concerns_full_funding(instance, objective):
        return None
    short = not any(meets(school.identified, school.enrolled, instance.threshold) for school in instance.schools)
    if short and not instance.forced_in and instance.cover is Cover.ANY:
        return Grouping(())
    if instance.forced_out or (instance.gained.numbers < 0).any():
        return None
    if meets(*instance.totals, instance.threshold):
        return Grouping.of([[school.id for school in instance.schools]])
    return None


def answer(
    instance: CepInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Grouping | None = None,
) -> Answer:
    """Answer by the theorem, or by ``membership``; the answer names the one that gave it."""
    solution = settled(instance, objective)
    if solution is None:
        return answer_formulation(membership.FORMULATION, instance, objective, settings, on_progress, start)
    bound = Bound(evaluate(instance, solution).values[objective], Basis.THEOREM, "theorem 1")
    return Answer(Termination.FINISHED, solution, proven=bound)


METHOD = Method(
    NAME,
    Kind.ALGORITHM,
    "everyone or nobody where theorem 1 settles it, else membership",
    answer,
    membership.FORMULATION.refuses,
    hesitates=lambda instance, objective: None if settled(instance, objective) else "the theorem does not settle it",
)
