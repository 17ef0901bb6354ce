"""Figures of applicants."""
