"""What produces proofs: data from which a checker who trusts nobody confirms a bound."""
