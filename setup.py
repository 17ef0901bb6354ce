"""Packages are found, so that a new problem needs no list here; all else stands in ``pyproject.toml``."""

from setuptools import find_packages, setup

FLOORS = ("models", "solvers", "instances", "benchmarks")

setup(
    packages=[
        *find_packages("src"),
        *(f"fairbound.{floor}" for floor in FLOORS),
        *(f"fairbound.{floor}.{room}" for floor in FLOORS for room in find_packages(floor)),
    ]
)
