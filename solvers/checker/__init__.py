"""What replays proofs: standard library and itself only. ``python -m fairbound.solvers.checker FILE [DIGEST]``."""
