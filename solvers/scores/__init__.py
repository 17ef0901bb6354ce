"""Certified prediction: exact least absolute deviations, best subsets by a proven tree, heuristics."""
