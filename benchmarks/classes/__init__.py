"""Figures and the joining study of class-type reassignment."""
