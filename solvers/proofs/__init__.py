"""What produces proofs and knows rows, not problems."""
