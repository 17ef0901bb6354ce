"""Figures of balanced comparison."""
