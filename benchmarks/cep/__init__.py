"""Analyses of a district's grouping, their figures, and a measurement of growth."""
