"""Panels of districts: the seed's tables, a table of one's own, and simulations with a planted truth."""
