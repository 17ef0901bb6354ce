"""What produces proofs."""
