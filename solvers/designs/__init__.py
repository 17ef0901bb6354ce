"""Experimental design: heuristics, and certificates."""
