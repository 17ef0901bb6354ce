"""Commands of CEP districts: an analyst's questions, and the atlas."""

from __future__ import annotations

import typer

from fairbound.cli.problems.cep import analyse, atlas


def register(app: typer.Typer) -> None:
    """Add the commands of this folder."""
    analyse.register(app)
    atlas.register(app)
