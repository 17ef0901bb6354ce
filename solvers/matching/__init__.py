"""Balanced comparison: exact weights, heuristics, certificates."""
