"""Which engines can be asked on this machine: a library may be there whose licence has run out."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import scipy.sparse as sp
from fairbound.solvers.core.result import Settings
from fairbound.solvers.engines import process
from fairbound.solvers.engines.base import EngineRefused, Program
from fairbound.solvers.engines.registry import find_engine

ONE = Program(
    maximize=False,
    c=np.array([1.0]),
    offset=0.0,
    A=sp.csr_array(np.array([[1.0]])),
    row_lower=np.array([1.0]),
    row_upper=np.array([np.inf]),
    column_lower=np.array([0.0]),
    column_upper=np.array([2.0]),
    integrality=np.array([1], dtype=np.int32),
)


@cache
def _why_not(name: str) -> str:
    reason = find_engine(name).missing()
    if reason:
        return reason
    try:
        process.run(name, ONE, Settings())
    except EngineRefused as refused:
        if "licen" in str(refused).lower():  # anything else is for the test to find
            return str(refused)
    return ""


def need(name: str) -> str:
    """The name of an engine, once it is known to answer here; skips the test where it does not, saying why."""
    reason = _why_not(name)
    if reason:
        pytest.skip(reason)
    return name
