"""Commands that only one problem has: a module of its name with ``register``."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import typer

from fairbound.models import PROBLEMS


def register(app: typer.Typer) -> None:
    """Add the commands of every problem that has some."""
    for name in PROBLEMS:
        module = f"{__name__}.{name}"
        if find_spec(module) is not None:
            import_module(module).register(app)
