"""Engines that misbehave: one hears no limit, one dies; both have told a point before."""

from __future__ import annotations

import os
import time

import numpy as np
from fairbound.models.core.plugins import Plugin
from fairbound.solvers.engines.base import Asked, Engine, Program, Run


def _tell(asked: Asked) -> None:
    asked.tell(27.0, 30.0, 3, np.array([4.0, 0.0, 0.0]))


def stubborn(_program: Program, asked: Asked) -> Run:
    """It tells a point and never ends."""
    _tell(asked)
    while True:
        time.sleep(60)


def dying(_program: Program, asked: Asked) -> Run:
    """It tells a point and is gone."""
    _tell(asked)
    os._exit(3)


PLUGINS = (
    Plugin(
        "cep",
        engines=(
            Engine("stubborn", "hears no limit", "numpy", "", stubborn),
            Engine("dying", "dies", "numpy", "", dying),
        ),
    ),
)
