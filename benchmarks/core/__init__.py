"""Suites, runs, their store and report. It knows no problem."""
