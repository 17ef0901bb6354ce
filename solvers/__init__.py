"""How it is solved: result types, engines, exact algorithms, baselines, the table of methods."""
