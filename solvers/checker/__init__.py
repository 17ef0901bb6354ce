"""What replays proofs: standard library only, and nothing of this project."""
