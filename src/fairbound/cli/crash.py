"""What happens when fairbound itself fails: one line for people, and a file that can be sent."""

from __future__ import annotations

import platform
import shlex
import sys
import tempfile
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from fairbound.models.core.text import clean

CODE = 70
"""A fault of the program itself (EX_SOFTWARE of sysexits.h)."""
LIBRARIES = ("fairbound", "highspy", "pyomo", "numpy", "scipy", "pandas")


def report(error: BaseException) -> int:
    """Write the crash report, say where it is, and return the exit code."""
    now = datetime.now(UTC)
    versions = "\n".join(f"{name} {version(name)}" for name in LIBRARIES)
    command = shlex.join(["fairbound", *sys.argv[1:]])
    trace = "".join(traceback.format_exception(error))
    machine = f"{platform.platform()}, Python {platform.python_version()}"
    text = "\n".join([now.isoformat(timespec="seconds"), machine, versions, "", command, "", trace])
    name = f"fairbound-crash-{now:%Y%m%dT%H%M%S%f}.txt"
    where = None
    for folder in (Path.cwd, tempfile.gettempdir):  # either raises where there is none to be had
        try:
            path = Path(folder(), name)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        where = path
        break
    words = clean(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
    send = f"please send {where}" if where else "no report could be written"
    with suppress(OSError):
        print(f"error: a fault in fairbound ({words}); {send}", file=sys.stderr)
    return CODE
