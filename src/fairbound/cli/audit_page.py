"""An audit as one printable page: what was asked, the verdict, and how to check it again."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

import fairbound
from fairbound.cli.show import LEVELS, exact, percent
from fairbound.models.core.exact import parse_number
from fairbound.solvers.core.bound import Level
from fairbound.solvers.engines import highs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fairbound.models.core.problem import Instance, Problem

STYLE = """
body { font: 11pt/1.45 Georgia, serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 1.6rem; border-bottom: 1px solid #999; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top; }
th { font-weight: normal; color: #555; white-space: nowrap; } code, pre { font-size: 9.5pt; }
pre { background: #f3f3f0; padding: .6rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.verdict { font-size: 1.2rem; padding: .6rem .8rem; border-left: .4rem solid; margin: 1rem 0; }
.kept { border-color: #2f7d4f; } .broken { border-color: #b03a2e; }
.digest { overflow-wrap: anywhere; } @media print { body { margin: 0; max-width: none; } }
"""


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
        "<h2>What was asked</h2>", _table(about.items()),
        "<h2>Rules</h2>", _table(asked_rules.items()),
        "<h2>What it rests on</h2>" + _list(assumed) if (assumed := kind.assumptions(asked)) else "",
        "<h2>Broken rules</h2>" + _list(broken) if broken else "",
        "<h2>How good it is</h2>", _table(bound.items()),
        "<h2>Further figures</h2>" + _table(_figures(answer["measures"])) if answer["measures"] else "",
        "<h2>Under the hidden truth</h2>" + _table(_figures(answer["truth"])) if answer["truth"] else "",
        f"<h2>{escape(answer['table'])}</h2>" + _rows(answer["groups"]) if answer["groups"] else "",
        "<h2>How to check this again</h2>", f"<pre>{escape(again)}</pre>",
        f"<p>fairbound {fairbound.__version__}, HiGHS {highs.version()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. "
        "Values are recomputed in rational arithmetic; a proven bound does not rest on an engine's word.</p>",
    ]  # fmt: skip
    title = f"<title>Audit: {escape(asked.name)}</title>"
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8">{title}<style>{STYLE}</style></head>'
    return f"{head}<body>{''.join(parts)}</body></html>\n"


def _table(pairs: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><th>{escape(name)}</th><td class='digest'>{escape(text)}</td></tr>" for name, text in pairs)
    return f"<table>{rows}</table>"


def _figures(judged: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), exact(parse_number(text))) for name, text in judged.items()]


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _rows(rows: list[dict[str, str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row.values())}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
