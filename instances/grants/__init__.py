"""Districts with scores and budgets, for grants."""
