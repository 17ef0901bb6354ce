"""Figures and maps of zones."""
