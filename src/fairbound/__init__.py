"""fairbound: exact, checkable answers to the optimisation problems behind school equity.

>>> import fairbound
>>> result = fairbound.solve("cep/calpads33", parameters={"threshold": "0.40"})
>>> str(result.primal_bound), str(result.dual_bound), result.status.value
('86824/5', '86824/5', 'optimal')
"""

from importlib.metadata import version

from fairbound.api import compare, evaluate, load, pareto, solve, sweep
from fairbound.models.errors import InputError
from fairbound.solvers.result import Level, Result, Settings, Status, Termination

__version__ = version("fairbound")

__all__ = [
    "InputError",
    "Level",
    "Result",
    "Settings",
    "Status",
    "Termination",
    "__version__",
    "compare",
    "evaluate",
    "load",
    "pareto",
    "solve",
    "sweep",
]
