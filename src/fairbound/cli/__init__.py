"""The command line: one file per group of commands, one grammar for every problem."""

from fairbound.cli.app import app, command, main

__all__ = ["app", "command", "main"]
