"""Exact algorithms around an engine."""
