"""Solver programs behind one interface: a Pyomo model in, an ``Outcome`` out."""
