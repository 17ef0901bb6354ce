"""``fairbound verify`` and ``fairbound audit``: check a proof, and check somebody's solution."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from fairbound import api
from fairbound.benchmarks.core.export import read_sol
from fairbound.cli import options
from fairbound.cli.audit_page import audit_page, unnamed_text
from fairbound.cli.exit_codes import ANSWER_IS_NO, ENGINE_FAILED
from fairbound.cli.screen import console, facts_lines, table
from fairbound.cli.show import LEVELS, exact, number, percent, running, shout
from fairbound.instances.core import catalogue
from fairbound.instances.core.files import forget, read_json, write_text, written_whole
from fairbound.instances.core.question import read_solution
from fairbound.instances.core.tables import read_rows, write_csv
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import parse_number
from fairbound.models.core.problem import Instance, Problem, Sense
from fairbound.models.core.registry import find_problem
from fairbound.models.core.text import clean, short
from fairbound.solvers.core import certificates
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.certificates import write_checker
from fairbound.solvers.core.contradictions import beaten, exists, named
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.result import Status, Termination, shortfall
from fairbound.solvers.proofs.vipr import vipr_text

VERIFIED = "Successfully verified"
"""What the public checker says of a bound that holds."""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("verify")(verify)
    app.command("audit")(options.reads_file(audit))
    app.command("checker")(checker)
    app.command("vipr")(vipr)


def read_certificate(path: Path) -> dict[str, Any]:
    """A certificate as JSON; raises ``InputError``."""
    document = read_json(path)
    if not isinstance(document, dict):
        raise InputError("not a certificate", file=str(path), wanted="one JSON object")
    return document


def verify(
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="A certificate.json.")],
    instance: Annotated[
        str | None, typer.Option(help="The instance that it must belong to: a catalogue name or a file.")
    ] = None,
    set_: options.Changes = None,
    as_json: options.AsJson = False,
) -> None:
    """Replay a proof, trusting nothing else: exit code 0 if it holds, 1 if not.

    Without --instance the proof is about the data inside the certificate; with it, about that
    instance with the parameters named by --set, whose data may have been left out of the file.
    """
    document = read_certificate(certificate)
    digest = None
    if instance is not None:
        asked = api.load(instance, options.changes(set_))
        digest, document = asked.digest, certificates.whole(document, asked)
    answer: dict[str, Any] = {"certificate": str(certificate), "accepted": False, "bound": None, "reason": ""}
    try:
        bound, level = certificates.verify(document, digest)
        answer |= {"accepted": True, "bound": str(bound), "level": level.value, "digest": document["digest"]}
    except certificates.Rejected as error:
        answer["reason"] = str(error)
    if as_json:
        print(json.dumps(answer, indent=2))
    elif answer["accepted"]:
        calls_itself = short(document.get("instance", "nothing"))
        about = f"the data inside, which calls itself {calls_itself}" if instance is None else instance
        about += f" ({document['digest'][:16]})"
        kind = find_problem(document["data"]["problem"])
        first, _, last = document["objective"].rpartition(",")
        goal = kind.objective(last)
        about += f" that is as good in {first}" if first else ""
        side = "more" if goal.sense is Sense.MAXIMIZE else "less"
        console().print(f"accepted: no solution of {about} has {side} {goal.name} than")
        console().print(f"{exact(bound)} ({document['format']})", soft_wrap=True)
    else:
        console().print(f"rejected: {answer['reason']}", soft_wrap=True)
    raise typer.Exit(0 if answer["accepted"] else ANSWER_IS_NO)


def checker(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", dir_okay=False, help="Where to write it.")] = Path(
        "checker.pyz"
    ),
) -> None:
    """Write the checkers as one file that any Python runs, with nothing installed: python checker.pyz CERTIFICATE."""
    with written_whole(out) as part:
        write_checker(part)
    console().print(f"written: {out}; check a certificate with: python {out} certificate.json", soft_wrap=True)


def vipr(
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="A certificate.json that holds a tree.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", dir_okay=False, help="Where to write it.")] = Path(
        "proof.vipr"
    ),
    checker: Annotated[
        str | None, typer.Option(metavar="PROGRAM", help="A VIPR checker on this machine: it is run on the file.")
    ] = None,
) -> None:
    """Write a tree certificate as a VIPR file, which public checkers read; with --checker ask one.

    The certificate is replayed by the checker of fairbound first. Exit code 1 if either rejects it.
    """
    if out.exists() and out.samefile(certificate):
        raise InputError("the VIPR file would stand in the place of the certificate", file=str(out), wanted="another")
    document = read_certificate(certificate)
    try:
        proven, _ = certificates.verify(document)
    except certificates.Rejected as error:
        console().print(f"rejected: {error}", soft_wrap=True)
        raise typer.Exit(ANSWER_IS_NO) from None
    try:
        text, bound = vipr_text(document)
    except ValueError as error:
        raise InputError(str(error), file=str(certificate)) from None
    write_text(out, text)
    weaker = "" if bound == proven else f"; the tree itself proves {exact(proven)}"
    console().print(f"written: {out}, which proves {exact(bound)}{weaker}", soft_wrap=True)
    if checker is not None:
        _ask_public_checker(checker, out)


def _ask_public_checker(program: str, path: Path) -> None:
    """Run a public checker; raises ``InputError`` where there is none of that name, ``Exit`` where it rejects."""
    try:
        done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    except OSError as error:
        raise InputError(
            "--checker cannot be run", found=program, wanted=f"a VIPR checker ({error.strerror})"
        ) from None
    said = next((line.strip() for line in done.stdout.splitlines() if VERIFIED in line), "")
    if done.returncode or not said:
        reason = (done.stderr or done.stdout).strip().splitlines()
        console().print(f"rejected by {program}: {clean(reason[-1]) if reason else 'it says nothing'}", soft_wrap=True)
        raise typer.Exit(ANSWER_IS_NO)
    console().print(f"accepted by {program} (L5): {clean(said)}", soft_wrap=True)


def audit(
    instance: options.InstanceName,
    solution: Annotated[
        Path, typer.Argument(metavar="SOLUTION", help="A CSV as solve --out writes it, or an engine's .sol file.")
    ],
    certificate: Annotated[
        Path | None, typer.Option(help="A certificate for this instance: its bound is checked, nothing is solved.")
    ] = None,
    objective: options.Objective = None,
    set_: options.Changes = None,
    problem: options.ProblemName = None,
    truth: options.TruthName = None,
    formulation: Annotated[
        str | None, typer.Option(help="Of a .sol file: the formulation that was exported for the engine.")
    ] = None,
    time_limit: options.TimeLimit = 60.0,
    gap: options.Gap = 0.0,
    seed: options.Seed = 0,
    out: options.OutFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """Score somebody's solution exactly: broken rules, distance to the proven best, a better one.

    With --truth the solution is also judged under the hidden truth of a simulation, which no method sees.
    With --out DIR the audit is written as audit.html, one page to print, and audit.json; a better
    solution, if one is found, as better.csv. Exit code 1 if a rule is broken, 4 if the solution is
    better than a bound: then that is withdrawn, and both sides are named.
    """
    asked = api.load(instance, options.changes(set_), problem)
    kind = find_problem(asked.problem)
    goal = kind.objective(objective or kind.objectives[0].name)
    given, stated = _given(kind, asked, goal.name, solution, formulation)
    evaluation = kind.evaluate(asked, given)
    value = evaluation.values.get(goal.name)  # none where a broken rule leaves nothing to score
    answer: dict[str, Any] = {
        "problem": kind.name,
        "instance": asked.name,
        "digest": asked.digest,
        "objective": goal.name,
        "feasible": evaluation.feasible,
        "value": None if value is None else str(value),
        "values": {name: str(number) for name, number in evaluation.values.items()},
        "measures": {name: str(number) for name, number in evaluation.measures.items()},
        "violations": [str(violation) for violation in evaluation.violations],
        "unnamed": _unnamed(kind, asked, given, stated),
        "truth": None if truth is None else _judged(kind, asked, given, truth),
        "table": kind.audit_title,
        "groups": kind.audit_rows(asked, given),
    }
    better: list[dict[str, str]] | None = None
    bound: Fraction | None
    contradiction = ""
    proven: Fraction | None
    if certificate is not None:
        bound, level = _checked_bound(certificate, asked, goal.name)
        claimant, proven = f"the certificate {certificate}", bound
    else:
        with running(f"solving {asked.name}", asked) as on_progress:
            result = api.solve(
                asked,
                objective=goal.name,
                settings=options.settings(time_limit, gap, 1, seed),
                on_progress=on_progress,
                isolate=True,
            )
        answer["termination"] = result.termination.value
        proven = result.proven_bound
        bound, level, claimant = result.dual_bound, result.level.value, named(result)
        contradiction = result.contradiction
        if evaluation.feasible and value is not None and result.status is Status.INFEASIBLE:
            contradiction = exists(claimant, str(solution), value)
        reached = result.primal_bound
        improves = reached is not None and value is not None and goal.sense.improves(reached, value)
        if result.solution is not None and (improves or not evaluation.feasible):
            better = kind.solution_rows(asked, result.solution)
            answer["better_value"] = str(result.primal_bound)
            answer["better_gain"] = None if reached is None or value is None else str(reached - value)
    if value is not None and evaluation.feasible and bound is not None and goal.sense.improves(value, bound):
        contradiction = beaten(claimant, bound, level, str(solution), value)
        bound = None
    if value is not None and proven is not None and evaluation.feasible and goal.sense.improves(value, proven):
        proven = None
    answer |= {
        "proven_bound": None if proven is None else str(proven),
        "to_proven": shortfall(value, proven) if evaluation.feasible else None,
        "contradiction": contradiction,
        "bound": None if bound is None else str(bound),
        "bound_level": level,
        "to_bound": shortfall(value, bound) if evaluation.feasible else None,
    }
    with interruptible():  # an answer that is there is written whole
        try:
            if out is not None:
                named_files = {"instance": instance, "solution": str(solution)}
                if certificate is not None:
                    named_files["certificate"] = str(certificate)
                if truth is not None:
                    named_files["truth"] = truth
                again = (out / "audit.json").is_file()
                write_text(out / "audit.html", audit_page(kind, asked, answer, named_files))
                write_text(out / "audit.json", json.dumps(answer | {"better": better}, indent=2) + "\n")
                if again:
                    forget(out, ["better.csv"])
                if better is not None:
                    write_csv(out / "better.csv", better)
        finally:  # also where nothing can be written
            if as_json:
                print(json.dumps(answer | {"better": better}, indent=2))
            else:
                _show(answer, goal.sense)
                if answer.get("termination") == Termination.INTERRUPTED:
                    console().print("interrupted: the bound and what is offered are those known by then")
                shout([contradiction])
    if contradiction:
        raise typer.Exit(ENGINE_FAILED)
    raise typer.Exit(0 if evaluation.feasible else ANSWER_IS_NO)


def _judged(kind: Problem[Any, Any], asked: Instance, given: Any, truth: str) -> dict[str, str]:
    """What the hidden truth says of a solution; raises ``InputError`` where the problem has no such."""
    if kind.judge is None:
        raise InputError(f"{kind.name} has no hidden truth", found=f"--truth {truth}", wanted="an audit without it")
    return {name: str(value) for name, value in kind.judge(asked, given, catalogue.load_truth(truth)).items()}


def _given(
    kind: Problem[Any, Any], asked: Instance, objective: str, path: Path, formulation: str | None
) -> tuple[Any, list[dict[str, str]] | None]:
    """Somebody's solution, and the rows of its table where it is one."""
    if path.suffix != ".sol":
        if formulation is not None:
            raise InputError("--formulation is for a .sol file", found=str(path))
        return read_solution(kind, asked, path), [row for _, row in read_rows(path)[1]]
    if formulation is None:
        raise InputError("a .sol file is of a formulation", file=str(path), wanted="--formulation NAME, as exported")
    return read_sol(kind.formulation(formulation), asked, objective, path), None


def _unnamed(
    kind: Problem[Any, Any], asked: Instance, given: Any, rows: Sequence[Mapping[str, str]] | None
) -> list[str]:
    """Decisions that a table does not name, so that they count as nothing decided."""
    if rows is None:
        return []
    keys = kind.solution_key[:-1]
    stated = {tuple(row.get(key, "").strip() for key in keys) for row in rows}
    decided = (tuple(row[key] for key in keys) for row in kind.solution_rows(asked, given))
    return [", ".join(key) for key in decided if keys and key not in stated]


def _checked_bound(path: Path, asked: Instance, objective: str) -> tuple[Fraction, str]:
    """The bound of a certificate, and its level: a tree that was replayed is worth L4, a theorem L2."""
    document = read_certificate(path)
    if document.get("objective") != objective:
        raise InputError(
            "certificate", file=str(path), found=document.get("objective"), wanted=f"objective {objective}"
        )
    try:
        bound, level = certificates.verify(document, asked.digest)
    except certificates.Rejected as error:
        raise InputError("certificate rejected", file=str(path), found=str(error)) from None
    return bound, level.value


def _show(answer: dict[str, Any], sense: Sense) -> None:
    out = console()
    facts = {
        "instance": f"{answer['instance']} ({answer['digest'][:16]})",
        "rules": "all kept" if answer["feasible"] else f"{len(answer['violations'])} broken",
        answer["objective"]: exact(parse_number(answer["value"])) if answer["value"] else "none",
        "dual bound": exact(parse_number(answer["bound"])) if answer["bound"] else "none",
        "its level": f"{answer['bound_level']}: {LEVELS[Level(answer['bound_level'])]}" if answer["bound"] else "-",
        "distance to it": percent(answer["to_bound"]),
        "proven bound": exact(parse_number(answer["proven_bound"])) if answer["proven_bound"] else "none",
        "distance to that": percent(answer["to_proven"]),
    }
    if answer["unnamed"]:
        facts["not in the file"] = unnamed_text(answer["unnamed"])
    facts |= {name.replace("_", " "): number(parse_number(text)) for name, text in answer["measures"].items()}
    for name, text in (answer["truth"] or {}).items():
        facts[name.replace("_", " ")] = number(parse_number(text))
    if "better_value" in answer:
        facts["better offered"] = exact(parse_number(answer["better_value"]))
        word = "it adds" if sense is Sense.MAXIMIZE else "it takes off"
        if answer["better_gain"] is not None:
            facts[word] = number(abs(parse_number(answer["better_gain"])), 2)
    facts_lines(facts)
    if answer["groups"]:
        out.print()
        out.print(table(answer["table"], answer["groups"]))
    for violation in answer["violations"]:
        out.print(f"broken rule {violation}", style="bold", soft_wrap=True)
