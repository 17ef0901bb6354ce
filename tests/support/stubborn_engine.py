"""Engines that misbehave: one hears no limit, one dies; both have told a point before."""

from __future__ import annotations

import os
import sys
import time

import numpy as np
from fairbound.models.core.plugins import Plugin
from fairbound.solvers.core.result import Termination
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


_asked = 0


def sometimes(_program: Program, _asked_how: Asked) -> Run:
    """The second program kills it, the third hangs it; each process counts anew from where it begins."""
    global _asked
    _asked += 1
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    if first + _asked == 2:
        os._exit(3)
    while first + _asked == 3:
        time.sleep(60)
    return Run(Termination.FINISHED, primal=4.0, dual=4.0)


PLUGINS = (
    Plugin(
        "cep",
        engines=(
            Engine("stubborn", "hears no limit", "numpy", "", stubborn),
            Engine("dying", "dies", "numpy", "", dying),
            Engine("sometimes", "dies and hangs", "numpy", "", sometimes),
        ),
    ),
)
