"""fairbound: exact, checkable answers to the optimisation problems behind school equity.

>>> import fairbound
>>> result = fairbound.solve("cep/calpads33", parameters={"threshold": "0.40"})
>>> str(result.primal_bound), str(result.dual_bound), result.status.value
('86824/5', '86824/5', 'optimal')
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairbound.api import (
        certify,
        compare,
        evaluate,
        explain,
        load,
        model,
        pareto,
        read_solution,
        solve,
        sweep,
        verify,
    )
    from fairbound.models.core.errors import InputError
    from fairbound.models.core.plugins import Plugin, load_plugin
    from fairbound.solvers.core.bound import Basis, Bound, Level
    from fairbound.solvers.core.certificates import Rejected
    from fairbound.solvers.core.result import Result, Settings, Status, Termination

__version__ = version("fairbound")

__all__ = [
    "Basis",
    "Bound",
    "InputError",
    "Level",
    "Plugin",
    "Rejected",
    "Result",
    "Settings",
    "Status",
    "Termination",
    "__version__",
    "certify",
    "compare",
    "evaluate",
    "explain",
    "load",
    "load_plugin",
    "model",
    "pareto",
    "read_solution",
    "solve",
    "sweep",
    "verify",
]

_PLACES = {
    **dict.fromkeys(
        ("certify", "compare", "evaluate", "explain", "load", "model", "pareto", "read_solution", "solve", "sweep"),
        "fairbound.api",
    ),
    "verify": "fairbound.api",
    **dict.fromkeys(("Result", "Settings", "Status", "Termination"), "fairbound.solvers.core.result"),
    **dict.fromkeys(("Basis", "Bound", "Level"), "fairbound.solvers.core.bound"),
    "Rejected": "fairbound.solvers.core.certificates",
    "InputError": "fairbound.models.core.errors",
    **dict.fromkeys(("Plugin", "load_plugin"), "fairbound.models.core.plugins"),
}


def __getattr__(name: str) -> Any:
    """Import on first use: the command line must hear Ctrl-C while the libraries load, which takes a second."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return __all__
