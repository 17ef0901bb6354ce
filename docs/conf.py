"""How Sphinx builds the site; ``make docs`` calls it."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "fairbound"
release = version = version_of("fairbound")
html_title = f"fairbound {release}"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_use_index = html_domain_indices = False
html_copy_source = html_show_sourcelink = html_show_copyright = False
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "native_math"]
exclude_patterns = ["_*"]
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["dollarmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 4
html_math_renderer = "native"

autodoc_typehints = "description"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = False

copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

NAVIGATION = {
    "Start": ["district", "audit", "trust", "gallery/index"],
    "Problems": ["cep", "cep_meals", "blocks", "transfers", "classes", "matching", "scores", "grants"],
    "Bench": ["compare", "benchmarks", "references", "honesty", "growth", "performance", "measured", "cluster"],
    "Extend": ["own", "adding", "releasing"],
    "Reference": [
        "commands",
        "files",
        "ladder",
        "engines",
        "api",
        "api_extending",
        "api_benchmarks",
        "glossary",
        "bibliography",
    ],
}


GALLERY = {"Experiments": ["meals", "borders", "seats", "classes", "budgets"]}


def _navigation(app: Sphinx, name: str, source: list[str]) -> None:
    """Add the menus to the pages that carry them: in the files they would be noise to whoever reads them elsewhere."""
    menus = {app.config.root_doc: NAVIGATION, "gallery/index": GALLERY}
    for caption, pages in menus.get(name, {}).items():
        source[0] += "\n\n```{toctree}\n:hidden:\n:caption: " + caption + "\n\n" + "\n".join(pages) + "\n```\n"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _navigation)
