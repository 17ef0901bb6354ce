"""Where the tables of Alameda County come from."""

from __future__ import annotations

from fairbound.instances.core.published import DataFile
from fairbound.instances.transfers.sources import BORDERS, DISTRICTS

DATA = (
    DataFile(
        DISTRICTS,
        "c7bfef4fe47fd67f231f959cdb497e30ea214197dd35dd0efe974092a6fa36e0",
        "California Department of Education, enrolment by race and current expense of 2018-19 "
        "(ArcyFlores/ds4a-capstone at a6f68a2e)",
        "figures of a public agency",
        "the 17 unified districts of Alameda County, put together for this table; no recipe makes it byte by byte",
        beside=(BORDERS,),
    ),
    DataFile(
        BORDERS,
        "42252cceb346fc97c6b07b10a9ac94106ad0d9a49c2aa69d1e38513583cb8b96",
        "boundaries of the Census of 2012 (CenterForAssessment/SGPspatialData at 90ff4378)",
        "figures of a public agency",
        "pairs of these districts that share a border; no recipe makes it byte by byte",
        beside=(DISTRICTS,),
    ),
)
