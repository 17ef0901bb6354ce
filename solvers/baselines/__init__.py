"""Heuristics from the seeds and from peers; each is scored by the exact evaluation, never by itself."""
