"""Analyses of a CEP instance: tables of exact numbers, each value with the bound that it stands under.

Every plan that an analysis finds is scored under each of its questions, so that a longer search for
one question never leaves another with less. Figures: ``fairbound.benchmarks.cep.analysis_figures``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from fairbound.instances.core import question
from fairbound.models.cep import PROBLEM, CepInstance, Cover, Grouping
from fairbound.models.cep.evaluate import claim_share, totals
from fairbound.models.cep.instance import REIMBURSEMENT, SCHOOLS, STUDENTS
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import decimal_text
from fairbound.solvers.core.answer import Answer, conclude
from fairbound.solvers.core.bound import Basis
from fairbound.solvers.core.result import Result, Settings, Status, Termination
from fairbound.solvers.core.solve import solve

if TYPE_CHECKING:
    from fairbound.models.core.problem import Instance

Cell = str | int | float | Fraction | None
Rows = list[dict[str, Cell]]
Say = Callable[[str], None]
LIMIT = 20.0
"""Seconds for each question."""


@dataclass(frozen=True)
class Line:
    """One question of an analysis and its answer."""

    label: str
    instance: CepInstance
    result: Result

    @property
    def value(self) -> Fraction | None:
        """The value of the best grouping; ``None`` where none was found."""
        return self.result.primal_bound

    @property
    def bound(self) -> Fraction | None:
        """What no grouping is beyond; ``None`` where nothing is known."""
        return self.result.dual_bound


@dataclass(frozen=True)
class Table:
    """A table of an analysis; ``name`` is the file name of its CSV."""

    name: str
    title: str
    rows: Rows


@dataclass(frozen=True)
class Analysis:
    """What an analysis found.

    Attributes
    ----------
    name
        Of the analysis, as in its files.
    unit
        What values are counted in.
    lines
        The questions that were solved, in the order asked.
    notes
        Sentences that the numbers prove.
    """

    name: str
    instance: CepInstance
    unit: str
    lines: tuple[Line, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()


def _quiet(text: str) -> None:
    """Say nothing."""


def cep_instance(instance: str | Instance, parameters: Mapping[str, str]) -> CepInstance:
    """Load a CEP instance; raises ``InputError`` for another problem's."""
    asked = question.load(instance, parameters)
    if not isinstance(asked, CepInstance):
        raise InputError("these analyses are about CEP grouping", found=asked.problem, wanted="a CEP instance")
    return asked


def unit_of(instance: CepInstance) -> str:
    """What reimbursement is counted in."""
    return "meal-equivalents" if instance.rates is None else "dollars a year"


def _solve(label: str, instance: CepInstance, time_limit: float | None, objective: str = REIMBURSEMENT) -> Line:
    return Line(label, instance, solve(instance, objective, settings=Settings(time_limit=time_limit)))


def _interrupted(line: Line) -> bool:
    return line.result.termination is Termination.INTERRUPTED


def _adopt(line: Line, plans: Iterable[Grouping]) -> Line:
    """The line with the best of its own plan and these, each scored exactly under its question."""
    for plan in plans:
        old = line.result
        evaluation = PROBLEM.evaluate(line.instance, plan)
        if not evaluation.feasible or (line.value is not None and evaluation.values[old.objective] <= line.value):
            continue
        claim = old.dual_bound if old.basis is Basis.CLAIM else None
        known = Answer(old.termination, plan, claim, old.proven, engine=old.engine, seconds=old.seconds)
        line = replace(line, result=conclude(PROBLEM, line.instance, old.objective, old.method, known))
    return line


def _share_plans(lines: Sequence[Line]) -> tuple[Line, ...]:
    plans = [line.result.solution for line in lines if line.result.solution is not None]
    return tuple(_adopt(line, plans) for line in lines)


def count_of(value: Fraction) -> int | Fraction:
    """A whole number as such."""
    return int(value) if value.denominator == 1 else value


def _row(column: str, line: Line) -> dict[str, Cell]:
    """Value, bound and coverage of a line; the same columns whatever is known."""
    result = line.result
    known = result.primal_bound is not None
    return {
        column: line.label,
        "value": result.primal_bound if known else result.status.value,
        "bound": result.dual_bound,
        "gap": result.gap,
        "level": result.level.value if known else "",
        "students": count_of(result.values[STUDENTS]) if known else None,
        "schools": int(result.values[SCHOOLS]) if known else None,
        "groups": int(result.measures["groups"]) if known else None,
    }


def difference(line: Line, other: Line) -> tuple[Fraction | None, Fraction | None]:
    """What the best of ``line`` is worth more than the best of ``other``, at least and at most.

    The first counts the plan found against the other's bound, the second this bound against the
    plan found for the other; each holds as far as the bound does.
    """
    least = None if line.value is None or other.bound is None else line.value - other.bound
    most = None if line.bound is None or other.value is None else line.bound - other.value
    return least, most


def _between(line: Line, other: Line, unit: str) -> str:
    """The difference in words, with the lower level of the two bounds."""
    least, most = (None if end is None else f"{float(end):,.2f}" for end in difference(line, other))
    level = min(line.result.level, other.result.level).value
    if least is None and most is None:
        return "an amount that no bound limits"
    if least == most:
        return f"exactly {least} {unit} ({level})"
    if least is None or most is None:
        return f"at most {most} {unit} ({level})" if least is None else f"at least {least} {unit} ({level})"
    return f"between {least} and {most} {unit} ({level})"


def front(
    instance: CepInstance, points: int = 8, time_limit: float | None = LIMIT, say: Say = _quiet
) -> tuple[Analysis, Line | None]:
    """Most money for at least so many students in CEP, from the best for money to the most students.

    The floors are evenly spaced; where plans are not proven optimal each line still carries its bound.

    Returns
    -------
    tuple
        The analysis, and the answer to "most students", which ends the front; ``None`` if there is none.
    """
    say("best for money")
    lines = [_solve("", instance, time_limit)]
    widest, notes = None, []
    low = lines[0].result.values.get(STUDENTS, Fraction(0))
    if lines[0].value is not None and not _interrupted(lines[0]):
        say("most students")
        widest = _solve("", instance, time_limit, STUDENTS)
        high = widest.result.values.get(STUDENTS, low)
        steps = {Fraction(floor(low + (high - low) * i / (points - 1))) for i in range(1, points - 1)} | {high}
        for least in sorted(step for step in steps if step > low):
            if _interrupted(widest) or _interrupted(lines[-1]):
                break
            say(f"at least {float(least):,.0f} students")
            lines.append(_solve(decimal_text(least), PROBLEM.bounded(instance, STUDENTS, least), time_limit))
        *lines, widest = _share_plans([*lines, widest])
    lines[0] = replace(lines[0], label=decimal_text(lines[0].result.values.get(STUDENTS, low)))
    if widest is not None and widest.bound is not None:
        word = "" if widest.result.status is Status.OPTIMAL else "; a plan with that many is not known"
        level = widest.result.level.value
        notes.append(f"No grouping covers more than {float(widest.bound):,.10g} students ({level}){word}.")
    rows = [_row("at least", line) | {"at least": count_of(Fraction(line.label))} for line in lines]
    table = Table("front", f"Students against money: {instance.name}", rows)
    return Analysis("front", instance, unit_of(instance), tuple(lines), (table,), tuple(notes)), widest


def sensitivity(
    instance: CepInstance, parameter: str, values: Sequence[str], time_limit: float | None = LIMIT, say: Say = _quiet
) -> Analysis:
    """The best value for each value of a parameter, and its difference to the first.

    Raises
    ------
    InputError
        For a wrong parameter or value, before anything is solved; for rates that are named for some
        lines only, since dollars and meal-equivalents do not compare.
    """
    asked = [question.load(instance, {parameter: value}) for value in values]
    if len({unit_of(changed) for changed in asked}) > 1:  # type: ignore[arg-type]
        raise InputError("parameter rates", found="none", wanted="rate tables only: dollars and meals do not compare")
    lines: list[Line] = []
    for value, changed in zip(values, asked, strict=True):
        assert isinstance(changed, CepInstance)
        say(f"{parameter} {value}")
        lines.append(_solve(value, changed, time_limit))
        if _interrupted(lines[-1]):
            break
    lines = list(_share_plans(lines))
    column = "at most" if parameter == "groups" else parameter  # a plan's own groups are a column too
    rows: Rows = []
    for line in lines:
        both = line.value is not None and lines[0].value is not None
        rows.append(_row(column, line) | {"change": (line.value or 0) - (lines[0].value or 0) if both else None})
    name = f"sensitivity-{parameter}"
    table = Table(name, f"Value by {parameter}: {instance.name}", rows)
    return Analysis(name, instance, unit_of(asked[0]), tuple(lines), (table,))  # type: ignore[arg-type]


def cover(instance: CepInstance, time_limit: float | None = LIMIT, say: Say = _quiet) -> Analysis:
    """What covering every school costs, against leaving some out."""
    found = sensitivity(instance, "cover", ["any", "all"], time_limit, say)
    notes = []
    if len(found.lines) == 2:
        free, every = found.lines
        if every.value is None:
            notes.append(f"No grouping that covers every school is known ({every.result.status.value}).")
        else:
            notes.append(f"Covering every school costs {_between(free, every, found.unit)}.")
    table = replace(found.tables[0], name="cover", title=f"Price of covering all: {instance.name}")
    return replace(found, name="cover", tables=(table,), notes=tuple(notes))


def school(instance: CepInstance, school_id: str, time_limit: float | None = LIMIT, say: Say = _quiet) -> Analysis:
    """One school: the best plan with it and without it, and what each other place for it would change.

    Raises ``InputError`` for an unknown one.
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
    say(f"{school_id} in CEP")
    within = _solve("in CEP", inside, time_limit)
    if _interrupted(within):
        table = Table("school", f"School {school_id}: {instance.name}", [_row("plan", within)])
        return Analysis("school", instance, unit_of(instance), (within,), (table,))
    say(f"{school_id} left out")
    without = _solve("left out", outside, time_limit)
    for_in, for_out = (
        [plan for _, _, plan in placements(line.result.solution or Grouping(()), school_id)]
        for line in (without, within)
    )
    within, without = _adopt(within, for_in), _adopt(without, for_out)
    lines = (within, without)
    name = f"school-{''.join(c if c.isalnum() or c in '-.' else '_' for c in school_id)}"
    tables = [Table(name, f"School {school_id}: {instance.name}", [_row("plan", line) for line in lines])]
    notes = []
    if within.value is not None:
        tables.append(
            Table(f"{name}-places", f"Places for school {school_id}, all else the same", _places(within, school_id))
        )
        if without.value is not None:
            notes.append(f"In CEP it adds {_between(within, without, unit_of(instance))}.")
    return Analysis(name, instance, unit_of(instance), lines, tuple(tables), tuple(notes))


def placements(plan: Grouping, school_id: str) -> list[tuple[str, tuple[str, ...], Grouping]]:
    """Every place of one school in a plan: (label, its group, the plan then); ``out`` has no group."""
    rest = [tuple(s for s in group if s != school_id) for group in plan.groups]
    found = []
    for g, group in enumerate(rest):
        if group:
            joined = tuple(sorted((*group, school_id)))
            others = rest[:g] + rest[g + 1 :]
            found.append((f"group {g + 1}", joined, Grouping.of([*others, joined])))
    found.append(("alone", (school_id,), Grouping.of([*rest, (school_id,)])))
    found.append(("out of CEP", (), Grouping.of(rest)))
    return found


def _places(line: Line, school_id: str) -> Rows:
    """Where the school is and where else it could be, best first; last the places that break a rule."""
    free = replace(line.instance, forced_in=tuple(s for s in line.instance.forced_in if s != school_id))
    plan, best = line.result.solution, line.value
    assert best is not None
    ranked = []
    for label, group, moved in placements(plan, school_id):
        evaluation = PROBLEM.evaluate(free, moved)
        change = evaluation.values[REIMBURSEMENT] - best if evaluation.feasible else None
        rules = sorted({violation.rule for violation in evaluation.violations})
        words = f"{label} (here)" if moved == plan else label + "".join(f", breaks {rule}" for rule in rules)
        ranked.append((change is not None, change or Fraction(0), moved == plan, words, group))
    ranked.sort(key=lambda place: place[:3], reverse=True)
    return [
        {
            "place": words,
            "schools": len(group),
            "claim %": float(100 * claim_share(free, *totals(free.by_id[s] for s in group))) if group else None,
            "change": change if allowed else None,
        }
        for allowed, change, _, words, group in ranked
    ]


def _others(instance: CepInstance, school_id: str) -> set[str]:
    """Schools that must still be in CEP when one school leaves."""
    if instance.cover is Cover.ALL:
        return {school.id for school in instance.schools if school.id != school_id}
    return set(instance.forced_in) - {school_id}
