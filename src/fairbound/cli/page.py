"""Pieces of printable pages: one file, no script, one or two sheets."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

STYLE = """
body { font: 11pt/1.45 Georgia, serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a;
  overflow-wrap: break-word; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 1.6rem; border-bottom: 1px solid #999; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top; }
th { font-weight: normal; color: #555; } code, pre { font-size: 9.5pt; }
.pairs th { white-space: nowrap; } .digest, .columns td:first-child { overflow-wrap: anywhere; }
.columns td { font-variant-numeric: tabular-nums; } .columns tr:first-child { border-bottom: 1px solid #999; }
pre { background: #f3f3f0; padding: .6rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.verdict { font-size: 1.2rem; padding: .6rem .8rem; border-left: .4rem solid; margin: 1rem 0; }
.kept { border-color: #2f7d4f; } .broken { border-color: #b03a2e; } .open { border-color: #b8860b; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; } .figures figure { flex: 1 1 19rem; margin: 0; }
.figures svg { width: 100%; height: auto; } figcaption { font-size: 9pt; color: #555; }
figure, tr, pre { break-inside: avoid; } @media print { body { margin: 0; max-width: none; } }
"""


def document(title: str, parts: Iterable[str]) -> str:
    """An HTML document."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """A table of names and what belongs to them."""
    cells = "".join(f"<tr><th>{escape(name)}</th><td class='digest'>{escape(text)}</td></tr>" for name, text in rows)
    return f"<table class='pairs'>{cells}</table>"


def items(lines: Iterable[str]) -> str:
    """A list of sentences."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def columns(rows: Sequence[Mapping[str, str]]) -> str:
    """A table with a header."""
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row.values())}</tr>" for row in rows)
    return f"<table class='columns'><tr>{head}</tr>{body}</table>"
