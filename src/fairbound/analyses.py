"""Analyses of a CEP instance: each returns the rows of a table, values with the bound they stand under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from fairbound import api
from fairbound.models.cep_grouping import CepInstance, Cover
from fairbound.models.cep_grouping.problem import REIMBURSEMENT, STUDENTS, bounded
from fairbound.models.errors import InputError, nearest
from fairbound.models.problem import Instance
from fairbound.solvers.audits import cep_groups
from fairbound.solvers.result import Result, Settings


def cep_instance(instance: str | Instance, parameters: Mapping[str, str]) -> CepInstance:
    """Load a CEP instance; raises ``InputError`` for another problem's."""
    asked = api.load(instance, parameters)
    if not isinstance(asked, CepInstance):
        raise InputError("these analyses are about CEP grouping", found=asked.problem, wanted="a CEP instance")
    return asked


def _solve(instance: CepInstance, time_limit: float | None, objective: str = REIMBURSEMENT) -> Result:
    return api.solve(instance, objective=objective, settings=Settings(time_limit=time_limit))


def _row(result: Result) -> dict[str, str]:
    """Value, bound and coverage of a result as text."""
    if result.primal_bound is None:
        return {"value": result.status.value, "bound": "", "gap": "", "students": "", "schools": "", "groups": ""}
    return {
        "value": f"{float(result.primal_bound):,.2f}",
        "bound": "" if result.dual_bound is None else f"{float(result.dual_bound):,.2f}",
        "gap": "" if result.gap is None else f"{result.gap:.1e}",
        "level": result.level.value,
        "students": f"{float(result.values[STUDENTS]):,.0f}",
        "schools": f"{int(result.values['schools']):,}",
        "groups": str(int(result.measures["groups"])),
    }


def front(instance: CepInstance, points: int = 8, time_limit: float | None = 20.0) -> list[dict[str, str]]:
    """Most money for at least so many students in CEP, from the best for money to the most students.

    The floors are evenly spaced; where plans are not proven optimal each line still carries its bound.
    """
    richest = _solve(instance, time_limit)
    widest = _solve(instance, time_limit, STUDENTS)
    if richest.primal_bound is None or widest.primal_bound is None:
        return [{"at least": "", **_row(richest)}]
    low, high = richest.values[STUDENTS], widest.values[STUDENTS]
    rows = [{"at least": f"{float(low):,.0f}", **_row(richest)}]
    for i in range(1, points):
        floor = low + (high - low) * i / (points - 1)
        if floor <= low:
            break
        rows.append(
            {"at least": f"{float(floor):,.0f}", **_row(_solve(bounded(instance, STUDENTS, floor), time_limit))}
        )
    return rows


def sensitivity(
    instance: CepInstance, parameter: str, values: list[str], time_limit: float | None = 20.0
) -> list[dict[str, str]]:
    """The best value for each value of a parameter, and its difference to the first."""
    rows, first = [], None
    for value in values:
        changed = api.load(instance, {parameter: value})
        assert isinstance(changed, CepInstance)
        result = _solve(changed, time_limit)
        change = ""
        if result.primal_bound is not None:
            first = result.primal_bound if first is None else first
            change = f"{float(result.primal_bound - first):+,.2f}"
        rows.append({f"{parameter} set to": value, **_row(result), "change": change})
    return rows


def school(instance: CepInstance, school_id: str, time_limit: float | None = 20.0) -> list[dict[str, str]]:
    """The group of one school in the best plan that covers it, and the best value with it left out.

    ``adds`` of the first row is what the district gains by having it in CEP; it is exact up to the
    gaps of the two plans.
    """
    if school_id not in instance.by_id:
        raise InputError("unknown school", found=school_id, wanted=nearest(school_id, instance.by_id))
    inside = replace(
        instance,
        forced_in=tuple(sorted({*instance.forced_in, school_id})),
        forced_out=tuple(s for s in instance.forced_out if s != school_id),
    )
    outside = replace(
        instance,
        cover=Cover.ANY,
        forced_in=tuple(sorted(_others(instance, school_id))),
        forced_out=tuple(sorted({*instance.forced_out, school_id})),
    )
    rows = []
    found = _solve(inside, time_limit), _solve(outside, time_limit)
    values = [result.primal_bound for result in found]
    for name, asked, result in zip(("in CEP", "left out"), (inside, outside), found, strict=True):
        row = {"plan": name, **_row(result), "its group": "", "its claim %": "", "adds": ""}
        for group, facts in zip(
            result.solution.groups if result.solution else (),
            cep_groups(asked, result.solution) if result.solution else (),
            strict=True,
        ):
            if school_id in group:
                row |= {"its group": facts["schools"] + " schools", "its claim %": facts["claim %"]}
        rows.append(row)
    if None not in values:
        rows[0]["adds"] = f"{float((values[0] or Fraction(0)) - (values[1] or Fraction(0))):+,.2f}"
    return rows


def _others(instance: CepInstance, school_id: str) -> set[str]:
    """Schools that must still be in CEP when one school leaves."""
    if instance.cover is Cover.ALL:
        return {school.id for school in instance.schools if school.id != school_id}
    return set(instance.forced_in) - {school_id}
