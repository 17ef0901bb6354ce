"""The figures that a report has of transfers."""

from __future__ import annotations

from fairbound.benchmarks.transfers.drawings import change_figures, district_figures
from fairbound.benchmarks.transfers.maps import map_figures

FIGURES = (change_figures, district_figures, map_figures)
