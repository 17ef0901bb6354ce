"""Instances of balanced comparison: the tables of class types, read as a study."""
