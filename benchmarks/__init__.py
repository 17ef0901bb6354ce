"""Suites, runner, results store, measures and report."""
