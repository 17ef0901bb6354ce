"""District transfers: exact algorithms, baselines, certificate."""
