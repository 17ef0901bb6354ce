"""``fairbound solve``, ``compare`` and ``pareto``."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from fairbound import api
from fairbound.cli import options
from fairbound.cli.exit_codes import code_of
from fairbound.cli.show import (
    console,
    exact,
    fitting,
    levels_line,
    number,
    percent,
    running,
    short_status,
    status_text,
    table,
)
from fairbound.instances.tables import write_csv, write_text
from fairbound.models.block_assignment import ZoneInstance
from fairbound.models.cep_grouping import CepInstance
from fairbound.models.district_transfer import TransferInstance
from fairbound.models.exact import parse_number
from fairbound.models.problem import Instance, Problem
from fairbound.models.registry import find_problem
from fairbound.solvers.certificates import transfer_tree
from fairbound.solvers.certificates.price_curve import contribution_rows, read_curve
from fairbound.solvers.method import Kind
from fairbound.solvers.result import Result, Status, shortfall
from fairbound.solvers.serialise import result_json


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("solve")(solve)
    app.command("compare")(compare)
    app.command("pareto")(pareto)


def solve(
    instance: options.InstanceName,
    method: Annotated[
        str | None, typer.Option(help="A method (see [b]fairbound list PROBLEM[/b]); by default an exact one.")
    ] = None,
    objective: options.Objective = None,
    set_: options.Changes = None,
    problem: options.ProblemName = None,
    time_limit: options.TimeLimit = None,
    gap: options.Gap = 0.0,
    threads: options.Threads = 1,
    seed: options.Seed = 0,
    out: options.OutFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """Answer one instance: the best solution, its exact value, and how far it is proven.

    With --out DIR the result is also written as result.json and solution.csv, and the proof of its
    bound as certificate.json where the method has one.
    """
    asked = api.load(instance, options.changes(set_), problem)
    kind = find_problem(asked.problem)
    with running(f"solving {asked.name}") as on_progress:
        result = api.solve(
            asked,
            objective=objective,
            method=method,
            settings=options.settings(time_limit, gap, threads, seed),
            on_progress=on_progress,
        )
    document = result_json(kind, asked, result)
    if out is not None:
        if result.certificate is None and isinstance(asked, TransferInstance):
            certificate = transfer_tree.of_result(asked, result, options.settings(time_limit, gap, threads, seed))
            result = replace(result, certificate=certificate)
        write_result(kind, asked, result, out)
    if as_json:
        print(json.dumps(document, indent=2))
    else:
        show_result(kind, asked, result)
    if out is not None:
        console(stderr=as_json).print(f"written: {out}/")
    raise typer.Exit(code_of(result))


def write_result(problem: Problem[Any, Any], instance: Instance, result: Result, folder: Path) -> None:
    """Write ``result.json`` and, where there are such, ``solution.csv`` and the certificate.

    ``certificate.json`` is for ``fairbound verify``; ``certificate.csv`` is for an auditor, who adds
    up its last column.
    """
    document = result_json(problem, instance, result, with_trace=True)
    write_text(folder / "result.json", json.dumps(document, indent=2) + "\n")
    if result.solution is not None:
        write_csv(folder / "solution.csv", problem.solution_rows(instance, result.solution))
    if result.certificate is not None:
        write_text(folder / "certificate.json", json.dumps(result.certificate, indent=1) + "\n")
        if isinstance(instance, CepInstance):
            rows = contribution_rows(instance, result.objective, read_curve(result.certificate))
            write_csv(folder / "certificate.csv", rows)


def show_result(problem: Problem[Any, Any], instance: Instance, result: Result) -> None:
    """Print a result for people."""
    out = console()
    unit = problem.objective(result.objective.split(",")[-1]).unit
    facts = {
        "instance": f"{instance.name} ({', '.join(f'{v} {k}' for k, v in problem.facts(instance).items())})",
        "parameters": ", ".join(f"{k}={v}" for k, v in result.parameters.items() if v) or "none",
        "objective": f"{result.sense.value} {result.objective} ({unit})",
        "method": result.method + (f" with {result.engine.name} {result.engine.version}" if result.engine else ""),
        "status": status_text(result),
        "primal bound": exact(result.primal_bound),
        "dual bound": exact(result.dual_bound),
        "gap": percent(result.gap),
        "stopped": result.termination.value,
        "seconds": f"{result.seconds.total:.2f}",
        "digest": result.digest[:16],
    }
    for stage in result.stages:
        facts[f"first {stage.objective}"] = f"{exact(stage.primal_bound)} ({stage.status.value})"
    for name, value in {**result.values, **result.measures}.items():
        if name != result.objective:
            facts.setdefault(name.replace("_", " "), number(value))
    if result.message:
        facts["message"] = result.message
    width = max(map(len, facts))
    for name, text in facts.items():
        out.print(f"[dim]{name:<{width}}[/dim]  {text}", soft_wrap=True)
    if result.solution is not None:
        out.print()
        out.print(table("Solution", problem.solution_summary(instance, result.solution)))
    for violation in result.violations:
        out.print(f"[bold]broken rule[/bold] {violation}")


def compare(
    instance: options.InstanceName,
    methods: Annotated[
        str, typer.Option(help="Methods joined by commas, or [b]all[/b]; formulations and baselines side by side.")
    ] = "all",
    objective: options.Objective = None,
    set_: options.Changes = None,
    problem: options.ProblemName = None,
    time_limit: options.TimeLimit = 60.0,
    gap: options.Gap = 0.0,
    threads: options.Threads = 1,
    seed: options.Seed = 0,
    out: options.OutFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """Run several methods on one instance and lay them side by side.

    The shortfall is each value's distance to the best dual bound of this run, as a share of that bound.
    With --out DIR the table is also written as compare.csv and compare.json.
    """
    asked = api.load(instance, options.changes(set_), problem)
    kind = find_problem(asked.problem)
    with running(f"comparing on {asked.name}") as line:
        lines = api.compare(
            asked,
            methods=None if methods == "all" else [name.strip() for name in methods.split(",")],
            objective=objective,
            settings=options.settings(time_limit, gap, threads, seed),
            on_start=lambda name: line.say(f"{name} on {asked.name}"),
            on_progress=line,
        )
    rows = comparison_rows(kind, lines)
    documents = [
        {"method": line.method.name, "refused": line.refusal}
        if line.result is None
        else result_json(kind, asked, line.result) | {"relaxation": line.relaxation, "kind": line.method.kind.value}
        for line in lines
    ]
    if out is not None:
        write_csv(out / "compare.csv", rows)
        write_text(out / "compare.json", json.dumps(documents, indent=2) + "\n")
    if as_json:
        print(json.dumps(documents, indent=2))
    else:
        show_comparison(kind, f"{asked.name}, {objective or kind.objectives[0].name}", lines)


def best_dual(lines: list[api.Compared]) -> tuple[Fraction | None, str]:
    """The strongest dual bound of a comparison, and whose it is."""
    bounds = [line.result for line in lines if line.result is not None and line.result.dual_bound is not None]
    if not bounds:
        return None, ""
    best = bounds[0]
    for result in bounds[1:]:
        assert result.dual_bound is not None
        assert best.dual_bound is not None
        if best.sense.improves(best.dual_bound, result.dual_bound):
            best = result
    return best.dual_bound, best.method


def comparison_rows(problem: Problem[Any, Any], lines: list[api.Compared]) -> list[dict[str, str]]:
    """The comparison as a table of text, one row per method; the problem's own columns stand last."""
    bound, _ = best_dual(lines)
    rows = []
    for line in lines:
        row = {"method": line.method.name, "status": "refused", "value": "", "bound": "", "LP bound": ""}
        row |= {"nodes": "", "size": "", "seconds": "", "shortfall": ""}
        row |= {name.replace("_", " "): "" for name in problem.compared}
        result = line.result
        if result is not None:
            distance = shortfall(result.primal_bound, bound)
            row |= {
                "status": short_status(result),
                "value": number(result.primal_bound),
                "bound": number(result.dual_bound),
                "LP bound": number(line.relaxation, 1),
                "nodes": "" if result.nodes is None else f"{result.nodes:,}",
                "size": "" if result.model is None else f"{result.model.rows:,} x {result.model.columns:,}",
                "seconds": f"{result.seconds.total:.3f}",
                "shortfall": percent(distance),
            }
            row |= {name.replace("_", " "): number(result.measures.get(name)) for name in problem.compared}
        rows.append(row)
    return rows


def show_comparison(problem: Problem[Any, Any], title: str, lines: list[api.Compared]) -> None:
    """Print a comparison for people: exact methods first, then baselines, then what the levels mean.

    The problem's own columns tell heuristics apart, so that they stand in the second table alone.
    """
    out = console()
    rows = dict(zip([line.method.name for line in lines], comparison_rows(problem, lines), strict=True))
    own = [name.replace("_", " ") for name in problem.compared]
    exact_ones = [
        {column: cell for column, cell in rows[line.method.name].items() if column not in own}
        for line in lines
        if line.method.kind is not Kind.BASELINE and line.result
    ]
    if exact_ones:
        out.print(table(f"Exact methods: {title}", fitting(exact_ones, out.width, ("size", "nodes", "LP bound"))))
        out.print()
    wanted = ("method", "status", "value", "seconds", "shortfall", *own)
    baselines = [
        {column: rows[line.method.name][column] for column in wanted}
        for line in lines
        if line.method.kind is Kind.BASELINE
    ]
    if baselines:
        out.print(table(f"Baselines: {title}", baselines))
        out.print()
    for line in lines:
        if line.refusal is not None:
            out.print(f"{line.method.name} refused: {line.refusal}")
        elif line.result is not None and line.result.status is Status.INVALID:
            broken = line.result.violations
            more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
            out.print(f"{line.method.name} breaks a rule: {broken[0]}{more}")
    meaning = levels_line(line.result for line in lines if line.result is not None)
    if meaning:
        alone = "; a heuristic has no bound of its own" if baselines else ""
        out.print(f"[dim]{meaning}{alone}[/dim]")


def pareto(
    instance: options.InstanceName,
    objectives: Annotated[str, typer.Option(help="The two objectives, joined by a comma.")],
    points: Annotated[int, typer.Option(min=2, help="Most points; a longer front is sampled evenly.")] = 50,
    method: Annotated[str | None, typer.Option(help="An exact method.")] = None,
    set_: options.Changes = None,
    problem: options.ProblemName = None,
    time_limit: options.TimeLimit = None,
    gap: options.Gap = 0.0,
    threads: options.Threads = 1,
    seed: options.Seed = 0,
    out: options.OutFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """Trace the Pareto front of two objectives by epsilon-constraints.

    Every point is the best of the first objective among all that reach its value of the second. Where values
    have no least step it is the best to a gap; "bound" is what no solution at that level can pass.
    """
    asked = api.load(instance, options.changes(set_), problem)
    names = [name.strip() for name in objectives.split(",")]
    if len(names) != 2:
        raise typer.BadParameter("name two objectives, joined by a comma", param_hint="--objectives")
    with running(f"front of {asked.name}") as on_progress:
        front = api.pareto(
            asked,
            names[0],
            names[1],
            method=method,
            settings=options.settings(time_limit, gap, threads, seed),
            most_points=points,
            on_progress=on_progress,
        )
    rows = []
    for point in front.points:
        row = {name: str(point.values[name]) for name in names}
        if point.objective == names[0] and point.dual_bound is not None:
            row["bound"] = str(point.dual_bound)
        rows.append(row | {"status": point.status.value, "level": point.level.value})
    if out is not None:
        write_csv(out / "pareto.csv", rows)
        for k, point in enumerate(front.points, start=1):
            write_csv(out / f"point_{k}.csv", find_problem(asked.problem).solution_rows(asked, point.solution))
        if isinstance(asked, ZoneInstance) and front.points and all(unit.point is not None for unit in asked.units):
            from fairbound.benchmarks.static_figures import write_static  # slow to import
            from fairbound.benchmarks.zone_figures import front_maps

            named = [
                (f"{number(point.values[names[0]])} at {number(point.values[names[1]])}", point.solution)
                for point in front.points
            ]
            write_static([front_maps("maps", f"Front of {asked.name}: {' against '.join(names)}", asked, named)], out)
    if as_json:
        print(json.dumps({"instance": asked.name, "digest": asked.digest, "complete": front.complete, "points": rows}))
    else:
        shown = [
            {**row, **{name: number(parse_number(row[name])) for name in (*names, "bound") if name in row}}
            for row, point in zip(rows, front.points, strict=True)
        ]
        console().print(table(f"Pareto front of {asked.name}, {len(rows)} points", shown, text_columns=0))
        console().print("complete: every nondominated point" if front.complete else "a sample, or stopped by a limit")
        console().print(f"[dim]{levels_line(front.points)}[/dim]")
    if not rows:
        raise typer.Exit(code_of(api.solve(asked, objective=names[0], method=method)))
