"""Check a certificate: ``python -m fairbound.solvers.checker FILE [DIGEST]``, or ``python checker.pyz FILE [DIGEST]``.

In a checkout, with nothing installed: ``python solvers/checker FILE [DIGEST]``.

Exit code 0: accepted; 1: rejected. Nothing but Python is needed.
"""

import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

if not __package__ and "fairbound" not in sys.modules:
    # Run as a folder: the names under which the checkers know each other, and nothing else of the package.
    for name, place in (("fairbound", ""), ("fairbound.solvers", str(Path(__file__).resolve().parents[1]))):
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = [place] if place else []

from fairbound.solvers import checker
from fairbound.solvers.checker.common import Rejected, read


def checker_of(document: Any) -> Any:
    """The checker of a file's format; raises ``Rejected``."""
    formats = []
    for found in iter_modules(checker.__path__, f"{checker.__name__}."):
        if not found.ispkg and not found.name.endswith("__main__"):
            module = import_module(found.name)
            if hasattr(module, "FORMAT"):
                formats.append(module.FORMAT)
                if isinstance(document, dict) and document.get("format") == module.FORMAT:
                    return module
    raise Rejected(f"unknown format, wanted one of {', '.join(sorted(formats))}")


LONGEST_SHOWN = 300


def shown(text: str) -> str:
    """One line that any terminal prints: nothing that a file holds can pass for a line of the checker's own."""
    if len(text) > LONGEST_SHOWN:
        text = f"{text[:LONGEST_SHOWN]}..."
    whole = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    encoding = sys.stdout.encoding or "ascii"
    return whole.encode(encoding, "backslashreplace").decode(encoding)


def main(arguments: list[str]) -> int:
    """Check the file named, and that it is about the digest, if given; 0 accepted, 1 rejected."""
    if not 1 <= len(arguments) <= 2 or arguments[0] in ("-h", "--help"):
        print(__doc__.strip().replace("``", ""))
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    try:
        document = read(arguments[0])
        bound = checker_of(document).check(document, *arguments[1:])
    except Rejected as reason:
        print(f"rejected: {shown(str(reason))}")
        return 1
    # In quotes, as the file calls itself what it likes.
    about = f"{shown(repr(document.get('instance', 'nothing')))} ({document['digest'][:16]})"
    first, _, last = document["objective"].rpartition(",")
    alike = f" that is as good in {first}" if first else ""
    print(f"accepted: no solution of {about}{alike} has a better {last} than {bound}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
