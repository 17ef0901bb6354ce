r"""Student by student, as a textbook has it: a binary for each student and type that the school has.

.. math::

    \textstyle\sum_b x_{ib} = 1 \ (8), \qquad \sum_{i \in s} x_{ib} = q_{sb} \ (9), \qquad x \in \{0, 1\}

with the changes (6) and the gaps (7) of ``flows``. The bound of its relaxation is the same; students who are alike make
it symmetric.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyomo.core as pyo
from fairbound.models.classes.flows import add_gap_rows, add_goal, assign_gap
from fairbound.models.classes.instance import ClassInstance, Plan, kind_name
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation

MOST_STUDENTS = 20_000


def build(instance: ClassInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="student_by_student")
    model.instance = instance
    types: dict[str, list[str]] = {}
    for school, kind in instance.seats:
        types.setdefault(school, []).append(kind)
    pairs = [(i, kind) for i, student in enumerate(instance.members) for kind in types[student.school]]
    model.x = pyo.Var(pairs, domain=pyo.UnitInterval if relaxed else pyo.Binary)
    seats: dict[tuple[str, str], list[Any]] = {key: [] for key in instance.seats}
    changes: dict[str, list[tuple[Any, float]]] = {group: [] for group in instance.group_sizes}
    moved = []
    model.eq8_one_type = pyo.ConstraintList()
    for i, (student, group) in enumerate(zip(instance.members, instance.group_of, strict=True)):
        today = kind_name(student.kind)
        model.eq8_one_type.add(weighted([(model.x[i, kind], 1) for kind in types[student.school]]) == 1)
        for kind in types[student.school]:
            seats[student.school, kind].append((model.x[i, kind], 1))
            if kind != today:
                moved.append((model.x[i, kind], 1.0))
                if instance.gain(today, kind):
                    changes[group].append((model.x[i, kind], instance.gain(today, kind)))
    model.eq9_seats = pyo.ConstraintList()
    for key, terms in seats.items():
        model.eq9_seats.add(weighted(terms) == instance.seats[key])
    add_gap_rows(model, instance, changes, objective, relaxed)
    add_goal(model, instance, moved, objective)
    return model


def extract(model: pyo.ConcreteModel) -> Plan:
    """Count the students who change."""
    instance: ClassInstance = model.instance
    flows: Counter[tuple[str, str, str, str]] = Counter()
    chosen = {i: kind for (i, kind), variable in model.x.items() if (variable.value or 0) > 0.5}
    for i, (student, group) in enumerate(zip(instance.members, instance.group_of, strict=True)):
        today = kind_name(student.kind)
        if chosen.get(i, today) != today:
            flows[student.school, group, today, chosen[i]] += 1
    return Plan.of(dict(flows))


def assign(model: pyo.ConcreteModel, plan: Plan) -> None:
    """Write a plan: of students who are alike the first ones change."""
    instance: ClassInstance = model.instance
    left: dict[tuple[str, str, str], list[str]] = {}
    for (school, group, source, target), count in plan.flows:
        left.setdefault((school, group, source), []).extend([target] * count)
    for variable in model.x.values():
        variable.set_value(0, skip_validation=True)
    for i, (student, group) in enumerate(zip(instance.members, instance.group_of, strict=True)):
        today = kind_name(student.kind)
        waiting = left.get((student.school, group, today))
        model.x[i, waiting.pop() if waiting else today].set_value(1, skip_validation=True)
    assign_gap(model, plan)


def refuses(instance: ClassInstance, _objective: str) -> str | None:
    """It grows with the students."""
    if len(instance.members) > MOST_STUDENTS:
        return f"more than {MOST_STUDENTS:,} students, each with binaries of his own"
    return None


FORMULATION = Formulation(
    name="student_by_student",
    summary="a binary for each student and type, as a textbook has it",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
)
