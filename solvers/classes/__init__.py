"""Class-type reassignment: heuristics, and certificates."""
