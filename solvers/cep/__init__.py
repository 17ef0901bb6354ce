"""CEP school grouping: exact algorithms, baselines, certificate."""
