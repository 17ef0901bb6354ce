"""Embedded data: only figures that the seed documents print themselves."""
