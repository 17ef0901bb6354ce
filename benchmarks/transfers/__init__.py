"""Figures and maps of district transfers."""
