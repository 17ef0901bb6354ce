"""Polygons with properties: GeoJSON as zones and districts come in it."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from fairbound.instances.tables import read_text
from fairbound.models.errors import InputError

Ring = tuple[tuple[float, float], ...]


def read_features(path: Path) -> list[tuple[int, dict[str, str], list[Ring]]]:
    """Number (from 1), properties as text, and rings of each feature.

    Raises
    ------
    InputError
        For text that is no feature collection, for rings that are not closed or have no area, and
        for polygons that cross themselves or overlap within a feature.
    """
    try:
        data = json.loads(read_text(path), parse_float=str)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON ({error.msg})", file=str(path), row=error.lineno) from None
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or not features:
        raise InputError("no features", file=str(path), wanted="a GeoJSON FeatureCollection of polygons")
    found = []
    for number, feature in enumerate(features, start=1):
        cells = {str(k): "" if v is None else str(v) for k, v in (feature.get("properties") or {}).items()}
        found.append((number, cells, _rings(str(path), number, feature.get("geometry"))))
    return found


def _rings(file: str, number: int, geometry: Any) -> list[Ring]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise InputError("geometry", file=file, row=number, found=kind, wanted="a Polygon or a MultiPolygon")
    import shapely  # slow to import, and only polygons need it

    polygons = [geometry["coordinates"]] if kind == "Polygon" else geometry["coordinates"]
    rings, shapes = [], []
    for polygon in polygons:
        own: list[Ring] = []
        for points in polygon:
            ring = tuple((float(point[0]), float(point[1])) for point in points)
            area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(ring))
            if len(ring) < 4 or ring[0] != ring[-1] or area == 0:
                raise InputError("invalid geometry", file=file, row=number, wanted="closed rings with an area")
            own.append(ring)
        rings += own
        if own:
            shapes.append(shapely.Polygon(own[0], own[1:]))
    if not rings:
        raise InputError("invalid geometry", file=file, row=number, found="no rings", wanted="at least one")
    whole = shapely.MultiPolygon(shapes)
    if not whole.is_valid:
        reason = str(shapely.is_valid_reason(whole))
        raise InputError(
            "invalid geometry", file=file, row=number, found=reason, wanted="polygons that do not cross themselves"
        )
    return rings
