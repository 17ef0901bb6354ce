"""``fairbound solve`` and ``pareto``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any

import typer

from fairbound import api
from fairbound.benchmarks.core.rooms import front_figures
from fairbound.cli import options
from fairbound.cli.board import write_decision
from fairbound.cli.exit_codes import ENGINE_FAILED, INTERRUPTED, code_of
from fairbound.cli.screen import console, facts_lines, table
from fairbound.cli.show import exact, levels_line, number, percent, proven_text, running, shout, status_text
from fairbound.instances.core.files import forget, write_text
from fairbound.instances.core.tables import full_rows, write_csv
from fairbound.models.core.exact import parse_number
from fairbound.models.core.problem import Instance, Problem
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core import certificates, infeasibility
from fairbound.solvers.core.interrupts import interruptible, requested
from fairbound.solvers.core.methods import cheapest_first
from fairbound.solvers.core.pareto import Front
from fairbound.solvers.core.racing import check_workers
from fairbound.solvers.core.result import Result, Status, Termination
from fairbound.solvers.core.serialise import result_json

WIDEST = 120
"""Characters of a sentence in a line."""
MOST_REPAIRS = 5
"""So much is shown of how a file was read."""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("solve")(options.reads_file(solve))
    app.command("pareto")(options.reads_file(pareto))


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
    workers: options.Searches = 1,
    prove: options.Prove = "5",
    witness: options.Witness = None,
    engine: options.Engine = None,
    engine_option: options.EngineOption = None,
    log: options.Log = None,
    start: Annotated[
        Path | None, typer.Option("--start", metavar="CSV", help="A solution from which the engine begins.")
    ] = None,
    out: options.OutFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """Answer one instance: the best solution, its exact value, and how far it is proven.

    With --out DIR the result is also written: board.html, a page to print for those who decide; plan.csv and
    plan.xlsx with all figures; zones.geojson of zones; result.json, solution.csv, and certificate.json, the proof.
    """
    asked = api.load(instance, options.changes(set_), problem)
    kind = find_problem(asked.problem)
    cheapest_first(kind)  # loaded before the process of the solve is forked, which then need not load it again
    settings = options.settings(time_limit, gap, threads, seed, prove, witness, engine_option, log)
    check_workers(workers)  # before a process is forked for each
    with running(f"solving {asked.name}", asked, count=workers) as shown:
        result = api.solve(
            asked,
            objective=objective,
            method=method,
            settings=settings,
            on_progress=shown,
            isolate=True,
            engine=engine,
            start=start,
            workers=workers,
        )
        if result.status is Status.INFEASIBLE:
            shown.say(f"{asked.name} is infeasible: looking for the rules that are to blame")
            result = _explained(kind, asked, result)
    with interruptible():  # an answer that is there is written whole
        result = _heeding(result)
        try:
            if out is not None:
                write_result(kind, asked, result, out)
        finally:  # also where nothing can be written: what took an hour to find is said
            if as_json:
                print(json.dumps(result_json(kind, asked, result), indent=2))
            else:
                show_result(kind, asked, result)
        if out is not None:
            console(stderr=as_json).print(f"written: {out}/")
    raise typer.Exit(code_of(result))


def _explained(kind: Problem[Any, Any], asked: Instance, result: Result) -> Result:
    """An infeasible result with the rules that are to blame."""
    last = result.objective.split(",")[-1]
    return replace(result, explanation=infeasibility.explain(kind, asked, last).words)


def _heeding(result: Result) -> Result:
    """The result, called interrupted if a request to stop came at any time until now."""
    if not requested() or result.termination is Termination.INTERRUPTED:
        return result
    words = f"interrupted when the method had ended by itself ({result.termination.value})"
    message = f"{result.message}; {words}" if result.message else words
    return replace(result, termination=Termination.INTERRUPTED, message=message)


BESIDE = (
    *("solution.csv", "certificate.json", "certificate.csv", "board.html", "plan.csv", "plan.xlsx", "zones.geojson"),
    *("instance.json", "HOW_TO_CHECK.md", "manifest.sha256"),
)
"""What stands beside ``result.json`` and is about its answer; the second line is that of a bundle."""


def write_result(problem: Problem[Any, Any], instance: Instance, result: Result, folder: Path) -> None:
    """Write ``result.json`` and, where there are such, ``solution.csv``, the decision and the certificate.

    The decision is ``board.html``, ``plan.csv``, ``plan.xlsx`` and, for zones, ``zones.geojson`` (``board``).

    ``certificate.json`` is for ``fairbound verify``; ``certificate.csv`` is for an auditor, who adds
    up its last column. Where an earlier answer stood, its files are removed, those of a bundle too,
    unless this one is none: whoever stops a solve at once keeps the plan that is there.
    """
    document = result_json(problem, instance, result, with_trace=True)
    again = (folder / "result.json").is_file()
    write_text(folder / "result.json", json.dumps(document, indent=2) + "\n")
    if again and (result.solution is not None or result.status is Status.INFEASIBLE):
        forget(folder, BESIDE)
    if result.solution is not None:
        write_csv(folder / "solution.csv", problem.solution_rows(instance, result.solution))
        write_decision(problem, instance, result, folder)
    if result.certificate is not None:
        write_text(folder / "certificate.json", json.dumps(result.certificate, indent=1) + "\n")
        rows = certificates.auditor_rows(instance, result.objective, result.certificate)
        if rows:
            write_csv(folder / "certificate.csv", rows)


def _wrapped(sentences: Sequence[str]) -> str:
    """Sentences in lines that a page can hold."""
    lines = [line for text in sentences for line in wrap(text, WIDEST, subsequent_indent="  ", break_long_words=False)]
    return "\n".join(lines)


def why(facts: Mapping[str, str], result: Result) -> dict[str, str]:
    """Facts that say something, and the explanation: a key of its own for every line, all read "why"."""
    lines = {"why" + " " * i: words for i, words in enumerate(result.explanation)}
    return {name: text for name, text in facts.items() if text} | lines


def show_result(problem: Problem[Any, Any], instance: Instance, result: Result) -> None:
    """Print a result for people."""
    out = console()
    unit = problem.objective(result.objective.split(",")[-1]).unit
    facts = {
        "instance": f"{instance.name} ({', '.join(f'{v} {k}' for k, v in problem.facts(instance).items())})",
        "parameters": ", ".join(f"{k}={v}" for k, v in result.parameters.items() if v) or "none",
        "read": _wrapped(instance.repairs[:MOST_REPAIRS]),
        "assumed": _wrapped(problem.assumptions(instance)),
        "objective": f"{result.sense.value} {result.objective} ({unit})",
        "method": result.method + (f" with {result.engine.name} {result.engine.version}" if result.engine else ""),
        "status": status_text(result),
        "primal bound": exact(result.primal_bound),
        "dual bound": exact(result.dual_bound),
        "gap": percent(result.gap),
        "proven": proven_text(result),
        "stopped": result.termination.value,
        "seconds": f"{result.seconds.total:.2f}",
        "digest": result.digest[:16],
    }
    more = len(instance.repairs) - MOST_REPAIRS
    if more > 0:
        facts["read"] += f"\n... and {more:,} more (fairbound instance check)"
    facts = {name: text for name, text in facts.items() if text}
    for one in result.witnesses:
        heard = exact(one.value) if one.value is not None else one.says
        facts[f"witness {one.engine}"] = f"{heard} ({one.version or 'no answer'}, {one.seconds:.2f} s)"
    for stage in result.stages:
        facts[f"first {stage.objective}"] = f"{exact(stage.primal_bound)} ({stage.status.value})"
    for name, value in {**result.values, **result.measures}.items():
        if name != result.objective:
            facts.setdefault(name.replace("_", " "), number(value))
    if result.message:
        facts["message"] = result.message
    facts_lines(why(facts, result))
    if result.solution is not None:
        out.print()
        out.print(table("Solution", problem.solution_summary(instance, result.solution)))
    for violation in result.violations:
        out.print(f"broken rule {violation}", style="bold", soft_wrap=True)
    shout([result.contradiction])


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
    settings = options.settings(time_limit, gap, threads, seed)
    with running(f"front of {asked.name}", asked) as on_progress:
        front = api.pareto(
            asked,
            names[0],
            names[1],
            method=method,
            settings=settings,
            most_points=points,
            on_progress=on_progress,
            isolate=True,
        )
    answer = None
    if not front.points and not front.interrupted:  # the first objective alone says why
        answer = api.solve(asked, objective=names[0], method=method, settings=settings, isolate=True)
        if answer.status is Status.INFEASIBLE:
            answer = _explained(find_problem(asked.problem), asked, answer)
    with interruptible():
        _show_front(asked, names, front, out, as_json, answer)
    if front.interrupted:
        raise typer.Exit(INTERRUPTED)
    if any(point.contradiction for point in front.points):
        raise typer.Exit(ENGINE_FAILED)
    if answer is not None:
        raise typer.Exit(code_of(answer))


def _show_front(
    asked: Instance, names: list[str], front: Front, out: Path | None, as_json: bool, answer: Result | None
) -> None:
    """Write and print a front, also where it cannot be written; without points why there are none."""
    rows, exact_rows = [], []
    for point in front.points:
        bound = point.dual_bound if point.objective == names[0] else None
        known = {name: point.values[name] for name in names} | {"bound": bound}
        ended = {"status": point.status.value, "level": point.level.value}
        exact_rows.append(known | ended)
        rows.append({name: str(value) for name, value in known.items() if value is not None} | ended)
    try:
        if out is not None:
            _write_front(asked, names, front, full_rows(exact_rows, [*names, "bound"]), out)
    finally:
        _print_front(asked, front, names, rows, as_json, answer)


def _write_front(asked: Instance, names: list[str], front: Front, rows: list[dict[str, str]], folder: Path) -> None:
    """Write a front as a table, its plans, and its figures where the problem has such."""
    again = (folder / "pareto.csv").is_file()
    write_csv(folder / "pareto.csv", rows)
    if again and (front.points or not front.interrupted):
        forget(folder, ["point_[0-9]*.csv"])
    for k, point in enumerate(front.points, start=1):
        write_csv(folder / f"point_{k}.csv", find_problem(asked.problem).solution_rows(asked, point.solution))
    figures = front_figures(asked, names, front)
    if figures:
        from fairbound.benchmarks.core.static_figures import write_static  # slow to import

        write_static(figures, folder)


def _print_front(
    asked: Instance, front: Front, names: list[str], rows: list[dict[str, str]], as_json: bool, answer: Result | None
) -> None:
    """Print a front, for people or as JSON."""
    contradictions = [point.contradiction for point in front.points if point.contradiction]
    if as_json:
        about: dict[str, Any] = {"instance": asked.name, "digest": asked.digest}
        about["termination"] = front.termination.value
        if answer is not None:
            about |= {"status": answer.status.value, "explanation": list(answer.explanation)}
        print(json.dumps(about | {"complete": front.complete, "contradictions": contradictions, "points": rows}))
    elif answer is not None:
        facts_lines(
            why({"Pareto front": "no points", "status": status_text(answer), "message": answer.message}, answer)
        )
        shout([answer.contradiction])
    else:
        shown = [
            {**row, **{name: number(parse_number(row[name])) for name in (*names, "bound") if name in row}}
            for row, point in zip(rows, front.points, strict=True)
        ]
        console().print(table(f"Pareto front of {asked.name}, {len(rows)} points", shown, text_columns=0))
        words = "complete: every nondominated point" if front.complete else "a sample, or stopped by a limit"
        console().print("interrupted: the points found by then" if front.interrupted else words)
        console().print(levels_line(front.points), style="dim")
        shout(contradictions)
