"""Instances of class-type reassignment: the seed's simulation, its family, and two tables of anybody."""
