"""The methods of district transfers besides its formulations, and whom a default answer asks first."""

from __future__ import annotations

from fairbound.solvers.transfers import baselines, nonlinear_engines, outer_approximation, spatial_tree

METHODS = (spatial_tree.METHOD, outer_approximation.METHOD, *nonlinear_engines.METHODS, *baselines.METHODS)
PREFERRED = ("outer_approximation", "absolute_deviations", "spatial_tree")
