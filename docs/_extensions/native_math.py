r"""Formulas as MathML, which browsers draw by themselves: no script, no font from elsewhere, and they are read aloud.

``latex2mathml`` translates. Two things are done here, because browsers do not: ``\tag{n}`` becomes a number at the
right margin, and bars such as ``\lvert`` and ``\bigl\lfloor`` are told whether they open or close.
"""

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

FENCES = {
    name: (chr(0xE000 + place), sign, "prefix" if name.startswith("l") else "postfix")
    for place, (name, sign) in enumerate(
        zip(("lvert", "rvert", "lVert", "rVert", "lfloor", "rfloor", "lceil", "rceil"), "||‖‖⌊⌋⌈⌉", strict=True)
    )
}
"""What stands for a fence while a formula is translated, its sign, and its side."""
FENCE = re.compile(rf"\\({'|'.join(FENCES)})(?![a-zA-Z])")
TAG = re.compile(r"\\tag\{([^}]*)\}")
LEADING = re.compile(r"^(\s|\\q?quad|,)+")
LOGGER = logging.getLogger(__name__)


def mathml(formula: str, display: str, place: nodes.Node | None = None) -> str:
    """One formula as a ``math`` element; what cannot be translated is a warning, so the build fails."""
    try:
        made = convert(FENCE.sub(lambda found: FENCES[found[1]][0], formula), display=display)
    except Exception as error:
        LOGGER.warning("formula %r: %s %s", formula, type(error).__name__, error, location=place)
        return ""
    for mark, sign, form in FENCES.values():
        made = made.replace(f"<mi>{mark}</mi>", f'<mo stretchy="false" fence="true" form="{form}">{sign}</mo>')
        made = re.sub(f"<mo ([^>]*)>{mark}</mo>", rf'<mo \1 form="{form}">{sign}</mo>', made)
    if left := re.search(r"\\[a-zA-Z]+|[\ue000-\ue00f]", made):
        LOGGER.warning("formula %r: %r is not known", formula, left[0], location=place)
    return made


def inline(self: HTML5Translator, node: nodes.math) -> None:
    """Draw a formula within a sentence."""
    self.body.append(mathml(node.astext(), "inline", node))
    raise nodes.SkipNode


def block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Draw a formula of its own, each of its parts with its number."""
    *numbered, rest = TAG.split(node.astext().strip())
    rows = [*zip(numbered[::2], numbered[1::2], strict=True)]
    if rest.strip(" .,"):
        rows.append((rest, ""))
    self.body.append('<div class="formula">')
    for part, number in rows:
        label = f"<span>({number})</span>" if number else ""
        self.body.append(f'<div class="row"><div>{mathml(LEADING.sub("", part), "block", node)}</div>{label}</div>')
    self.body.append("</div>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_html_math_renderer("native", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
