"""``python -m fairbound`` is the command line."""

import sys

from fairbound.cli import main

sys.exit(main())
