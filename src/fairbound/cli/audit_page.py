"""An audit as one printable page: what was asked, the verdict, and how to check it again."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

import fairbound
from fairbound.cli import page
from fairbound.cli.show import LEVELS, exact, percent
from fairbound.models.core.exact import parse_number
from fairbound.solvers.core.bound import Level
from fairbound.solvers.engines import highs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairbound.models.core.problem import Instance, Problem

MOST_NAMED = 5


def unnamed_text(names: Sequence[str]) -> str:
    """What an audited file does not name, in a few words: it counts as nothing decided."""
    more = ", ..." if len(names) > MOST_NAMED else ""
    return f"{len(names)}, counted as left out: {', '.join(names[:MOST_NAMED])}{more}"


def audit_page(kind: Problem[Any, Any], asked: Instance, answer: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """One HTML page.

    Parameters
    ----------
    answer
        What ``fairbound audit --json`` prints.
    files
        ``instance`` and ``solution`` as they were named on the command line, ``certificate`` and ``truth`` if given.
    """
    goal = kind.objective(answer["objective"])
    about = {
        "instance": f"{asked.name}{f' ({asked.title})' if asked.title else ''}",
        "digest": answer["digest"],
        "question": f"{goal.sense.value} {goal.name}: {goal.summary}",
        "unit": goal.unit,
    }
    rules = {parameter.name: parameter.summary for parameter in kind.parameters}
    asked_rules = {f"{name} = {text}": rules[name] for name, text in asked.parameters.items() if text}
    bound = {
        "exact value": exact(parse_number(answer["value"])) if answer["value"] else "none",
        "proven best possible": exact(parse_number(answer["proven_bound"]))
        if answer["proven_bound"]
        else "nothing is proven",
        "distance to it": percent(answer["to_proven"]),
        "claimed best possible": exact(parse_number(answer["bound"])) if answer["bound"] else "none",
        "what that rests on": LEVELS[Level(answer["bound_level"])] if answer["bound"] else "-",
    }
    broken = answer["violations"]
    verdict = (
        "Every rule is kept."
        if answer["feasible"]
        else f"{len(broken)} rule{'s are' if len(broken) > 1 else ' is'} broken."
    )
    options = "".join(f" --set {shlex.quote(f'{name}={text}')}" for name, text in asked.parameters.items() if text)
    truth = f" --truth {shlex.quote(files['truth'])}" if "truth" in files else ""
    certificate = f" --certificate {shlex.quote(files['certificate'])}" if "certificate" in files else ""
    again = (
        f"fairbound audit {shlex.quote(files['instance'])} {shlex.quote(files['solution'])}"
        f" --objective {goal.name}{options}{truth}{certificate}"
    )
    parts = [
        f"<h1>Audit of a plan: {escape(asked.name)}</h1>",
        f'<p class="verdict {"kept" if answer["feasible"] else "broken"}">{escape(verdict)} '
        f"{escape(goal.name)}: {escape(bound['exact value'])}.</p>",
        f'<p class="verdict broken">{escape(answer["contradiction"])}</p>' if answer["contradiction"] else "",
        f"<p>Not in the file: {escape(unnamed_text(answer['unnamed']))}.</p>" if answer["unnamed"] else "",
        "<h2>What was asked</h2>", page.pairs(about.items()),
        "<h2>Rules</h2>", page.pairs(asked_rules.items()),
        "<h2>What it rests on</h2>" + page.items(assumed) if (assumed := kind.assumptions(asked)) else "",
        "<h2>Broken rules</h2>" + page.items(broken) if broken else "",
        "<h2>How good it is</h2>", page.pairs(bound.items()),
        "<h2>Further figures</h2>" + page.pairs(_figures(answer["measures"])) if answer["measures"] else "",
        "<h2>Under the hidden truth</h2>" + page.pairs(_figures(answer["truth"])) if answer["truth"] else "",
        f"<h2>{escape(answer['table'])}</h2>" + page.columns(answer["groups"]) if answer["groups"] else "",
        "<h2>How to check this again</h2>", f"<pre>{escape(again)}</pre>",
        f"<p>fairbound {fairbound.__version__}, HiGHS {highs.version()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. "
        "Values are recomputed in rational arithmetic; a proven bound does not rest on an engine's word.</p>",
    ]  # fmt: skip
    return page.document(f"Audit: {asked.name}", parts)


def _figures(judged: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), exact(parse_number(text))) for name, text in judged.items()]
