"""Block-group assignment: exact algorithms, witnesses, baselines."""
