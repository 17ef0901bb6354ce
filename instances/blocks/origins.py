"""Where the cities of census tracts come from: none can be made again, since students and sites are made up."""

from __future__ import annotations

from fairbound.instances.core.published import DataFile

MADE_UP = (
    "tracts with made-up students, 3 % of the population, and made-up school sites; no recipe makes it byte by byte"
)
DUAL_GRAPHS = (
    "2010 Census P.L. 94-171 through the dual graphs of "
    "hamidrezavalidi/Political-Districting-to-Minimize-Cut-Edges at f3b3c055"
)
DATA = (
    DataFile(
        "blocks/sf_tract2010_k6.json",
        "7cecc44d9a8335c054ad35fc3703d33ae836b4100fbc436bb99e639854bd47bc",
        "2010 Census: tracts of sfchronicle/sf-shapefiles at 93e4ef66, "
        "races through arthurgailes/rsegregation at eb8d3d9a",
        "figures of the Census",
        MADE_UP,
    ),
    DataFile(
        "blocks/nm_tract_k12.json",
        "b1ca7285a5c0b43149725968a1bea500c65cfe11ed418cdc25c403cc9a043dca",
        DUAL_GRAPHS,
        "figures of the Census, from a repository under GPL-3",
        MADE_UP,
    ),
    DataFile(
        "blocks/la_tract_k30.json",
        "75c243dc86e7e15a8f19c3cf34784f73c5cd5bb9722a33c10d4b0c2a6edab49e",
        DUAL_GRAPHS,
        "figures of the Census, from a repository under GPL-3",
        MADE_UP,
    ),
)
