"""Methods of one's own: formulations, heuristics, instances, figures, engines and problems from outside the package.

A plugin is a Python file, or a module that an installed package names as entry point ``fairbound.plugins``. It says
``PLUGINS``: what it adds to which problem. ``docs/own.md`` writes one; ``fairbound check FILE`` tests it.
"""

from __future__ import annotations

import hashlib
import os
import sys
import traceback
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairbound.models import PROBLEMS
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fairbound.models.core.problem import Formulation, Problem

VARIABLE, GROUP = "FAIRBOUND_PLUGINS", "fairbound.plugins"
"""Paths of plugins, as ``PATH`` has them: processes that are started hear of them so."""


@dataclass(frozen=True)
class Plugin:
    """What a file adds to one problem.

    Attributes
    ----------
    problem
        The problem's name; or a whole problem, which the other fields then belong to.
    formulations, methods, baselines
        As in ``models/PROBLEM/__init__.py`` and ``solvers/PROBLEM/methods.py``.
    preferred
        Of a whole problem: names of the methods that a default answer asks first, in their order.
    entries, formats, generators
        As in ``instances/PROBLEM/sources.py``.
    figures
        Functions of a report's rows and their solutions, as ``FIGURES`` of ``benchmarks/PROBLEM/figures.py``.
    engines
        Engines, as ``ENGINES`` of ``solvers/engines/NAME.py``; they belong to no problem.
    tiny
        Tiny instances and their answers by brute force, as ``TINY`` of ``benchmarks/PROBLEM/tiny.py``. A whole problem
        needs them to be checked; for others they are checked beside the package's own.
    """

    problem: str | Problem[Any, Any]
    formulations: tuple[Formulation[Any, Any], ...] = ()
    methods: tuple[Any, ...] = ()
    baselines: tuple[Any, ...] = ()
    preferred: tuple[str, ...] = ()
    entries: tuple[Any, ...] = ()
    formats: tuple[Any, ...] = ()
    generators: tuple[Any, ...] = ()
    figures: tuple[Any, ...] = ()
    engines: tuple[Any, ...] = ()
    tiny: Any = None

    @property
    def name(self) -> str:
        """The problem's name."""
        return self.problem if isinstance(self.problem, str) else self.problem.name


_added: dict[str, tuple[Plugin, ...]] = {}
_digests: dict[str, str] = {}
_listened = False


def plugins() -> list[Plugin]:
    """Every plugin: those of installed packages, of ``FAIRBOUND_PLUGINS``, and those loaded since."""
    global _listened
    if not _listened:
        _listened = True  # a plugin that asks for a problem while it is loaded must not load itself again
        for point in entry_points(group=GROUP):
            if point.value not in _added:
                _take(point.value, point.load())
                if point.dist is not None:
                    _digests[point.dist.name] = point.dist.version
        for path in os.environ.get(VARIABLE, "").split(os.pathsep):
            if path:
                load_plugin(Path(path))
    return [plugin for group in _added.values() for plugin in group]


def of_problem(problem: str) -> list[Plugin]:
    """What is added to one problem."""
    return [plugin for plugin in plugins() if plugin.name == problem]


def load_plugin(file: str | Path) -> tuple[Plugin, ...]:
    """Load the plugins of a file, for this process and all that it starts; a file that is loaded stays as it is.

    Raises
    ------
    InputError
        For a file that cannot be read or run, that has no ``PLUGINS``, or names what is there already.
    """
    path = Path(file).resolve()
    if str(path) in _added:
        return _added[str(path)]
    name = f"fairbound_plugin_{path.stem}"
    if not path.exists():
        raise InputError("no such file", file=str(file), wanted="a plugin, NAME.py")
    if not path.is_file() or path.suffix != ".py" or not path.stem.isidentifier():
        raise InputError("not a plugin", found=str(file), wanted="a file NAME.py, its name an identifier of Python")
    if name in sys.modules:
        raise InputError("a plugin of this name is loaded", found=str(file), wanted="another name")
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # what it defines travels between processes by this name
    try:
        spec.loader.exec_module(module)
        found = _take(str(path), module)
    except InputError:
        del sys.modules[name]
        raise
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        inside = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = inside[-1].lineno if inside else getattr(error, "lineno", None)
        raise InputError(
            f"a plugin that does not run ({type(error).__name__}: {error})", file=str(file), row=line
        ) from error
    _digests[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    known = [part for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    if str(path) not in known:
        os.environ[VARIABLE] = os.pathsep.join([*known, str(path)])
    return found


def digests() -> dict[str, str]:
    """Digest of every file that is loaded, version of every package that brings plugins: another one answers anew."""
    plugins()
    return dict(_digests)


def _take(source: str, module: Any) -> tuple[Plugin, ...]:
    """The plugins of a module, once nothing in them collides with what is there."""
    found = getattr(module, "PLUGINS", None)
    if not isinstance(found, tuple) or not all(isinstance(plugin, Plugin) for plugin in found):
        raise InputError("no PLUGINS", file=source, wanted="PLUGINS = (Plugin(...),)")
    whole = {other.name for other in _whole(plugin for group in _added.values() for plugin in group)}
    for plugin in found:
        known = {*PROBLEMS, *whole}
        if isinstance(plugin.problem, str):
            own = {other.name for other in _whole(found)}
            if plugin.name not in known | own:
                raise InputError("a plugin for an unknown problem", file=source, found=plugin.name)
        elif plugin.name in known or not plugin.name.isidentifier():
            raise InputError("a problem of this name is there", file=source, found=plugin.name, wanted="another name")
    _added[source] = found
    return found


def _whole(given: Iterable[Plugin]) -> list[Plugin]:
    """Those that bring a whole problem."""
    return [plugin for plugin in given if not isinstance(plugin.problem, str)]


def problems_added() -> list[Problem[Any, Any]]:
    """The problems that plugins bring."""
    return [plugin.problem for plugin in plugins() if not isinstance(plugin.problem, str)]
