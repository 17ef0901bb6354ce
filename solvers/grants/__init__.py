"""Honest allocation: heuristics and certificates."""
