"""What replays proofs: standard library only, importing nothing of this project."""
