"""The catalogue: named instances with their origin, and instances from files.

Each problem's ``sources.py`` lists its own ``ENTRIES`` and ``FORMATS``, and ``GENERATORS`` if it has any. What a
generator makes has a name and needs no file: ``blocks/grid/n=100,k=4/3`` is problem, generator, settings and seed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from fairbound.instances.core.entry import Entry, FileFormat, Generator, data_file, need_file
from fairbound.instances.core.files import keep, read_text, write_text
from fairbound.instances.core.source import NO_TABLES, Reading, Source, is_there
from fairbound.instances.core.truth import is_truth, read_truth
from fairbound.models import PROBLEMS
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.plugins import plugins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairbound.models.core.problem import Instance
    from fairbound.models.core.truth import Truth


@cache
def _sources(problem: str | None = None) -> list[Any]:
    """The folders' ``sources.py``: of all problems, or of one (none of a plugin's). Each takes time to load."""
    return [import_module(f"fairbound.instances.{name}.sources") for name in PROBLEMS if problem in (None, name)]


def formats() -> list[FileFormat]:
    """Every format of files, those of plugins last."""
    own = [form for source in _sources() for form in source.FORMATS]
    return [*own, *(form for plugin in plugins() for form in plugin.formats)]


def generators() -> list[Generator]:
    """Every generator, those of plugins last."""
    own = [made for source in _sources() for made in getattr(source, "GENERATORS", ())]
    return [*own, *(made for plugin in plugins() for made in plugin.generators)]


def find_generator(problem: str, name: str) -> Generator:
    """Find a generator; raises ``InputError`` with the nearest names."""
    known = [generator for generator in generators() if generator.problem == problem]
    if not known:
        raise InputError(
            "no generator of this problem", found=problem, wanted=nearest(problem, {g.problem for g in generators()})
        )
    for generator in known:
        if generator.name == name:
            return generator
    raise InputError(f"unknown generator of {problem}", found=name, wanted=nearest(name, [g.name for g in known]))


TRUTH = "_truth"
"""What is added to the name of a generated file for the table of its hidden truth."""
DEFAULTS = "default"
"""In the place of settings: those of the generator."""


@dataclass(frozen=True)
class Generated:
    """What a generator makes of some settings and a seed: ``blocks/grid/n=100,k=4/3``."""

    problem: str
    family: str
    settings: Mapping[str, str]
    seed: int

    @cached_property
    def generator(self) -> Generator:
        """Who makes it; raises ``InputError`` for an unknown name."""
        return find_generator(self.problem, self.family)

    @property
    def origin(self) -> str:
        """For people: generator, version and seed."""
        return f"generated: {self.family}, version {self.generator.version}, seed {self.seed}"

    def texts(self) -> Mapping[str, str]:
        """Its files, as ``make`` has them."""
        return make(self.problem, self.family, self.settings, self.seed)


def generated(name: str) -> Generated | None:
    """The parts of the name of a generated instance; ``None`` for any other name.

    Raises
    ------
    InputError
        For a setting without a value, or twice.
    """
    parts = name.split("/")
    if len(parts) != 4 or parts[0] not in PROBLEMS or not (parts[3].isascii() and parts[3].isdecimal()):
        return None
    problem, family, text, seed = parts
    if text != DEFAULTS and "=" not in text:
        return None
    settings: dict[str, str] = {}
    for word in () if text == DEFAULTS else text.split(","):
        key, equals, value = word.partition("=")
        if not equals or not key or not value or key in settings:
            wanted = f"{problem}/{family}/NAME=VALUE,.../SEED, each setting once"
            raise InputError("settings of a generated instance", found=text, wanted=wanted)
        settings[key] = value
    return Generated(problem, family, settings, int(seed))


def _load_generated(name: str, made: Generated) -> Instance:
    """The instance that is read from the files of ``instance make``, under its own name."""
    with TemporaryDirectory() as folder:
        first = _write(made.texts(), Path(folder) / made.generator.file)[0]
        loaded: Any = load_file(first, made.problem)  # all are dataclasses
    named: Instance = replace(loaded, name=name)
    return named


def make(problem: str, name: str, settings: Mapping[str, str], seed: int) -> Mapping[str, str]:
    """The texts of a generated instance, as ``Generator.make`` has them; raises ``InputError`` for wrong names."""
    generator = find_generator(problem, name)
    for given in settings:
        if given not in generator.settings:
            raise InputError(f"unknown setting of {name}", found=given, wanted=nearest(given, generator.settings))
    full = {key: settings.get(key, default) for key, default in generator.settings.items()}
    missing = [key for key, value in full.items() if value is None]
    if missing:
        raise InputError(f"{name} needs a setting", wanted=f"--set {missing[0]}=...")
    return generator.make({key: value for key, value in full.items() if value is not None}, seed)


def write_made(problem: str, name: str, settings: Mapping[str, str], seed: int, out: Path) -> list[Path]:
    """Write a generated instance to a file, or into a folder; returns the paths, the one to load first.

    Raises ``InputError`` for wrong names, and for a file of another kind than the instance's.
    """
    file = find_generator(problem, name).file
    first = out if out.suffix and not out.is_dir() else out / file
    if first.suffix != Path(file).suffix:
        raise InputError(f"a file of {name}", file=str(out), found=first.suffix, wanted=Path(file).suffix)
    return _write(make(problem, name, settings, seed), first)


def _write(texts: Mapping[str, str], first: Path) -> list[Path]:
    texts = dict(sorted(texts.items()))
    for path, text in zip(_places(texts, first), texts.values(), strict=True):
        write_text(path, text)
    return _places(texts, first)


def _places(texts: Mapping[str, str], first: Path) -> list[Path]:
    return [first.with_name(f"{first.stem}{added}{first.suffix}") for added in texts]


def write_template(problem: str, out: Path) -> list[Path]:
    """Write an example of a problem's tables, to be filled in; returns the paths, the one to load first.

    Raises ``InputError`` for a problem that has none, and where a file is there already: it may be filled in.
    """
    templates = {form.problem: form.template for form in formats() if form.template}
    if problem not in templates:
        raise InputError("no template of this problem", found=problem, wanted=nearest(problem, templates))
    first = out if out.suffix and not out.is_dir() else out / f"{problem}.csv"
    texts = {added: "\n".join(lines) + "\n" for added, lines in templates[problem].items()}
    for path in _places(texts, first):
        if path.exists():
            raise InputError("the file is there already", file=str(path), wanted="another name or --out")
    return _write(texts, first)


def entries(problem: str | None = None) -> list[Entry]:
    """The catalogue, those of plugins last, or the part of one problem."""
    own = [entry for source in _sources() for entry in source.ENTRIES]
    known = [*own, *(entry for plugin in plugins() for entry in plugin.entries)]
    return [entry for entry in known if problem in (None, entry.problem) or entry.name.startswith(f"{problem}/")]


def _entries_below(name: str) -> list[Entry]:
    """Entries whose names may begin so: of the problem that it begins with, else of all; those of plugins last."""
    problem = name.partition("/")[0]
    own = [entry for source in _sources(problem if problem in PROBLEMS else None) for entry in source.ENTRIES]
    return [*own, *(entry for plugin in plugins() for entry in plugin.entries)]


def find_entry(name: str) -> Entry | None:
    """The entry of a full name, if any; a generated instance has none, whatever family its name begins like.

    The problem that it begins with is looked at first: each takes time to load.
    """
    if generated(name) is not None:
        return None
    found = next((entry for entry in _entries_below(name) if entry.holds(name)), None)
    return found or next((entry for entry in entries() if entry.holds(name)), None)


def expand(pattern: str) -> list[str]:
    """The instance names that a name, a family (``cep/us/*``) or a part of one (``cep/us/ca/*``) stands for.

    Raises ``InputError`` for a name that stands for none.
    """
    if not pattern.endswith("/*"):
        return [pattern]
    stem = pattern.removesuffix("*")
    names: list[str] = []
    for entry in _entries_below(stem):
        if entry.members is None:
            if entry.name.startswith(stem):
                names.append(entry.name)
        elif entry.name.startswith(stem) or stem.startswith(entry.name.removesuffix("*")):
            if entry.file is not None:
                need_file(entry.name, entry.file)
            names += [name for name in entry.members() if name.startswith(stem)]
    if not names:
        raise InputError(
            "no instance of that name", found=pattern, wanted=nearest(pattern, [e.name for e in entries()])
        )
    return names


def split(source: Source, columns: Sequence[str]) -> list[str]:
    """Names of a file's parts: the rows that have the same texts in some columns, in the order of the file.

    Raises ``InputError`` for a column that is not there, and for rows that have nothing in one.
    """
    names = []
    for values in source.groups(columns):
        if not all(values):
            column = columns[values.index("")]
            raise InputError("rows without a name", file=source.file, column=column, found="", wanted="a text")
        only = Reading(only=tuple(zip(columns, values, strict=True)))
        names.append(str(Source(source.path, source.reading.joined(only))))
    return names


def source(name: str) -> Path | None:
    """The data file behind a catalogue name; ``None`` if it needs none, or the file is not on this machine."""
    entry = find_entry(name)
    return None if entry is None or entry.file is None else data_file(entry.file)


def problem_of(name: str) -> str:
    """The problem of an instance; raises ``InputError`` for an unknown name. A file is read for it."""
    made = generated(name)
    if made is not None:
        return made.problem
    entry = find_entry(name)
    if entry is not None:
        return entry.problem or entry.name.partition("/")[0]
    path = Source.named(name)
    return load(name).problem if path is None else format_of(path).problem


def load(name: str, problem: str | None = None) -> Instance:
    """Load an instance by catalogue name or from a file.

    Parameters
    ----------
    name
        ``cep/calpads33``, a generated instance such as ``blocks/grid/n=100,k=4/3``, or the path of a file, with ``#``
        and how it is to be read as ``Source`` says.
    problem
        The problem of a file that does not tell.

    Raises
    ------
    InputError
        For an unknown name (with the nearest ones) and for a file that cannot be used.
    """
    made = generated(name)
    if made is not None:
        return _load_generated(name, made)
    entry = find_entry(name)
    if entry is not None and not name.endswith("*"):
        return entry.load(name)
    source = Source.named(name)
    if source is not None:
        return load_file(source, problem)
    path = Path(name)
    if path.suffix or path.is_absolute():
        raise InputError("no such file", file=name)
    known = [entry.name for entry in entries()]
    raise InputError("unknown instance", found=name, wanted=nearest(name, known) + ", or a file")


def load_truth(name: str) -> Truth:
    """The hidden truth of a simulation in the catalogue, or one in a file; raises ``InputError``."""
    made = generated(name)
    if made is not None:
        text = made.texts().get(TRUTH)
        if text is None:
            raise InputError("no hidden truth belongs to this instance", found=name, wanted="a simulation, or a file")
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{made.family}{TRUTH}.csv"
            write_text(path, text)
            return replace(read_truth(path), name=f"the truth of {name}")
    entry = find_entry(name)
    if entry is not None:
        if entry.truth is None:
            raise InputError("no hidden truth belongs to this instance", found=name, wanted="a simulation, or a file")
        return entry.truth()
    if not is_there(Path(name)):
        known = [entry.name for entry in entries() if entry.truth is not None]
        raise InputError("unknown truth", found=name, wanted=f"a file, or {nearest(name, known)}")
    return read_truth(Path(name))


def load_file(given: Path | Source, problem: str | None = None) -> Instance:
    """Load an instance from a file that tells its problem, or with ``problem`` named."""
    source = Source.of(given)
    keep(source.path)
    form = format_of(source, problem)
    source.check_reading(form.takes, form.wanted)
    try:
        instance = form.load(source)
    except InputError as error:
        # What the data as a whole break is found by the instance, which knows no file.
        raise error if error.file is not None else InputError(str(error), file=source.file) from None
    noted: Any = instance  # all are dataclasses
    return replace(noted, repairs=(*source.notes, *instance.repairs)) if source.notes else instance


def format_of(source: Source, problem: str | None = None) -> FileFormat:
    """The format that reads a file; raises ``InputError`` where none tells itself."""
    path = source.path
    if is_truth(path):
        wanted = "an instance; only fairbound audit and study look at a truth (--truth FILE)"
        raise InputError("this is a hidden truth", file=str(path), wanted=wanted)
    known = [form for form in formats() if problem in (None, form.problem)]
    if not known:
        raise InputError("unknown problem", found=problem, wanted=nearest(str(problem), {f.problem for f in formats()}))
    form = next((form for form in known if form.recognises(source)), None)
    if form is None and len(known) > 1:
        # A file that cannot be read is told so.
        header = [] if path.suffix.lower() in NO_TABLES else source.grid().header
        if not header:
            read_text(path)
        wanted = "; or ".join(form.wanted for form in known)
        if problem is None:
            raise InputError("cannot tell the problem of this file", file=str(path), wanted=f"--problem, or {wanted}")
        found = f"{', '.join(header[:8])}{', ...' if len(header) > 8 else ''}" if header else None
        wanted += "; --map WANTED=FOUND names a column" if header else ""
        raise InputError(f"not a file of {problem}", file=str(path), found=found, wanted=wanted)
    return form or known[0]
