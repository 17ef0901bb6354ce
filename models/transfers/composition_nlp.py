r"""The poster's nonlinear program, and the same with its squares as constraints.

``composition_nlp`` minimises the ratios as they stand,

.. math:: \min \sum_j \sum_k w_k \Bigl(\frac{A_{jk}(x)}{B_{jk}(x)} - \mu_k\Bigr)^2

under (2), (6) and (7): equation (1) with b_ii = 1 and the size bands that make it well posed. It keeps
everything and is nonconvex; a local engine such as Ipopt answers it without a bound.

``squared_ratios`` says the same for race with t_j, the term of district j:

.. math:: \sum_r m_{jr}^2 \le t_j n_j^2,

polynomial, and the form on which a global engine such as SCIP does best.
"""

from __future__ import annotations

from fairbound.models.core.problem import Formulation
from fairbound.models.transfers import rules
from fairbound.models.transfers.instance import COMBINED, RACE, RACE_WEIGHTED, TransferInstance
from fairbound.models.transfers.terms import ratios
from pyomo.core import ConcreteModel, Constraint, Objective, Var, minimize

NOT_LINEAR = "a nonlinear model, beyond HiGHS; the methods ipopt and scip take it"


def build(instance: TransferInstance, objective: str, relaxed: bool = False) -> ConcreteModel:  # noqa: ARG001
    """Build the model; see the module for its equations."""
    model = rules.start_model("composition_nlp", instance)
    total = 0
    for ratio in ratios(instance, objective):
        for j, size in enumerate(instance.sizes):
            numerator, denominator = rules.ratio_scale(model, ratio, j)
            if objective == RACE_WEIGHTED:
                total += float(ratio.weight * size) * numerator**2 / denominator
            else:
                total += float(ratio.weight) * (numerator / denominator - float(ratio.target)) ** 2
    model.objective = Objective(expr=total, sense=minimize)
    return model


def build_squares(instance: TransferInstance, objective: str, relaxed: bool = False) -> ConcreteModel:  # noqa: ARG001
    """Build the polynomial form; see the module."""
    model = rules.start_model("squared_ratios", instance)
    parts = ratios(instance, objective)
    districts = range(len(instance.districts))
    model.t = Var(districts, bounds=(0, 2))
    model.n = Var(districts)
    model.eq7_size = Constraint(districts)
    model.eq13_term = Constraint(districts)
    for j, size in enumerate(instance.sizes):
        low, high = instance.size_bounds[j]
        model.n[j].setlb(float(low / size))
        model.n[j].setub(float(high / size))
        model.eq7_size[j] = model.n[j] == rules.ratio_scale(model, parts[0], j)[1]
        squares = sum(rules.ratio_scale(model, ratio, j)[0] ** 2 for ratio in parts)
        model.eq13_term[j] = squares <= model.t[j] * model.n[j] ** 2
    model.objective = Objective(expr=sum(model.t.values()) * float(parts[0].weight), sense=minimize)
    return model


def refuses(instance: TransferInstance, objective: str) -> str | None:
    """Questions that the program itself cannot state."""
    return rules.refuse_common(instance, objective, (RACE, RACE_WEIGHTED, COMBINED))


def refuses_squares(instance: TransferInstance, objective: str) -> str | None:
    """Questions that the polynomial form cannot state."""
    return rules.refuse_common(instance, objective, (RACE,))


FORMULATION = Formulation(
    name="composition_nlp",
    summary="the poster's program: ratios of linear functions, nonconvex (for Ipopt)",
    build=build,
    extract=rules.extract,
    assign=rules.assign,
    refuses=refuses,
    beyond=NOT_LINEAR,
)
SQUARES = Formulation(
    name="squared_ratios",
    summary="the same for race as polynomial rows, sum m^2 <= t n^2 (for SCIP)",
    build=build_squares,
    extract=rules.extract,
    assign=rules.assign,
    refuses=refuses_squares,
    beyond=NOT_LINEAR,
)
