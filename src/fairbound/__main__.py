"""``python -m fairbound`` is the command line."""

import sys

from fairbound.cli import command

sys.exit(command())
