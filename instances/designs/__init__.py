"""Instances of experimental design."""
