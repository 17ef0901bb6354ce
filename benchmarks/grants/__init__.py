"""Figures and the joining study of grants."""
