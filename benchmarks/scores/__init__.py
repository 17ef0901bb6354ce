"""Figures and studies of certified prediction."""
