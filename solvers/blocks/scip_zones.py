"""SCIP as a witness of zoning questions: the neighbour rows with separators as lazy rows. Optional.

Unlike HiGHS, SCIP calls back for every candidate solution, so the separator rows (19) are added
while its one tree grows; no round is solved again.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from fairbound.models.blocks import ZoneInstance, neighbour_rows, rules
from fairbound.models.blocks.separators import violated_separators
from fairbound.solvers.core.result import ModelSize, Settings, Termination
from fairbound.solvers.engines.standard_form import compile_model

NAME = "scip"


@dataclass(frozen=True)
class ZoneOutcome:
    """What SCIP claims: homes of all units by index, and its bound in the objective's value."""

    termination: Termination
    homes: list[int] | None
    bound: float | None
    nodes: int
    unit: Fraction
    size: ModelSize


def version() -> str:
    """Version of SCIP."""
    from pyscipopt import Model

    return str(Model().version())


def solve(instance: ZoneInstance, objective: str, settings: Settings) -> ZoneOutcome:
    """Solve a zoning question with lazy separator rows."""
    import pyscipopt
    from pyscipopt import Conshdlr, Model, quicksum

    verdict: Any = vars(pyscipopt)["SCIP_RESULT"]

    pyomo_model = neighbour_rows.build(instance, objective)
    form = compile_model(pyomo_model)
    scip = Model("zones")
    scip.hideOutput()
    scip.setParam("parallel/maxnthreads", settings.threads)
    scip.setParam("randomization/randomseedshift", settings.seed)
    scip.setParam("limits/gap", settings.gap)
    if settings.time_limit is not None:
        scip.setParam("limits/time", settings.time_limit)
    columns = [
        scip.addVar(
            vtype="I" if integer else "C",
            lb=None if np.isinf(low) else float(low),
            ub=None if np.isinf(high) else float(high),
            obj=float(cost),
        )
        for integer, low, high, cost in zip(form.integrality, form.column_lower, form.column_upper, form.c, strict=True)
    ]
    for r in range(len(form.rows)):
        span = slice(form.A.indptr[r], form.A.indptr[r + 1])
        pairs = zip(form.A.indices[span], form.A.data[span], strict=True)
        body = quicksum(float(a) * columns[c] for c, a in pairs)
        low, high = float(form.row_lower[r]), float(form.row_upper[r])
        if low == high:
            scip.addCons(body == low)
        elif np.isinf(low):
            scip.addCons(body <= high)
        else:
            scip.addCons(body >= low)
    places = form.places(pyomo_model.x).tolist()
    x = {pair: columns[place] for pair, place in zip(rules.pairs(pyomo_model), places, strict=True)}
    zone_units = [set(units) for units in pyomo_model.zone_units]

    def homes_of(value: Any) -> list[int]:
        homes = list(instance.today)
        for (i, j), variable in x.items():
            if value(variable) > 0.5:
                homes[i] = j
        return homes

    class Contiguity(Conshdlr):
        """Zones hold together; broken separators become rows."""

        def broken(self, solution: Any) -> list[Any]:
            homes = homes_of(lambda variable: self.model.getSolVal(solution, variable))
            return list(violated_separators(instance, zone_units, homes))

        def conscheck(self, constraints: Any, solution: Any, *_: Any, **__: Any) -> dict[str, Any]:
            return {"result": verdict.INFEASIBLE if self.broken(solution) else verdict.FEASIBLE}

        def consenfolp(self, constraints: Any, *_: Any) -> dict[str, Any]:
            rows = self.broken(None)
            for v, j, cut in rows:
                self.model.addCons(x[v, j] <= quicksum(x[u, j] for u in cut))
            return {"result": verdict.CONSADDED if rows else verdict.FEASIBLE}

        def consenfops(self, constraints: Any, *_: Any) -> dict[str, Any]:
            return {"result": verdict.INFEASIBLE if self.broken(None) else verdict.FEASIBLE}

        def conslock(self, constraint: Any, locktype: Any, nlockspos: int, nlocksneg: int) -> None:
            for variable in x.values():
                self.model.addVarLocks(variable, nlockspos + nlocksneg, nlockspos + nlocksneg)

    handler = Contiguity()
    if instance.contiguous:
        scip.includeConshdlr(
            handler, "contiguity", "zones hold together", enfopriority=-10, chckpriority=-10, needscons=False
        )
        # Presolving and symmetry must not use what only the handler knows.
        scip.setParam("misc/usesymmetry", 0)
        scip.setParam("misc/allowstrongdualreds", False)
        scip.setParam("misc/allowweakdualreds", False)
    scip.optimize()
    status = scip.getStatus()
    known = {
        "optimal": Termination.FINISHED,
        "infeasible": Termination.INFEASIBLE,
        "timelimit": Termination.TIME_LIMIT,
        "gaplimit": Termination.GAP_LIMIT,
        "userinterrupt": Termination.INTERRUPTED,
    }
    homes = homes_of(scip.getVal) if scip.getNSols() else None
    bound = float(scip.getDualbound()) * float(pyomo_model.objective_unit)
    return ZoneOutcome(
        known.get(status, Termination.ENGINE_ERROR),
        homes,
        None if abs(scip.getDualbound()) >= scip.infinity() else bound,
        int(scip.getNTotalNodes()),
        Fraction(pyomo_model.objective_unit),
        form.size,
    )
