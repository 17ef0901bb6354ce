"""Polygons with properties: GeoJSON as zones and districts come in it."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fairbound.instances.core.source import Source
from fairbound.instances.core.tables import LARGEST
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import shapely

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Feature:
    """One feature: its number in the file from 1, its name, its properties as text, its polygons.

    Attributes
    ----------
    rings
        Outer rings and holes of all its polygons.
    shape
        The same as a valid geometry.
    """

    number: int
    name: str
    cells: dict[str, str]
    rings: tuple[Ring, ...]
    shape: shapely.MultiPolygon


GEO = (".gpkg", ".shp")
"""Files of polygons that the extra ``geo`` reads."""


def read_features(
    given: Path | Source, kind: str, names: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[list[Feature], str]:
    """The features of a file, and the name of their system of coordinates if the file says one.

    ``kind`` is the property that names them (``unit``, ``district``), else it is their number.

    Parameters
    ----------
    names
        Properties that are wanted, with other names that published files have for them.

    Raises
    ------
    InputError
        For text that is no feature collection, for rings that are not closed, and for polygons that
        cross themselves, have no area or overlap within a feature.
    """
    source = Source.of(given)
    file = source.file
    data = _geo(source) if source.path.suffix.lower() in GEO else source.document()
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or not features:
        raise InputError("no features", file=file, wanted="a GeoJSON FeatureCollection of polygons")
    for number, feature in enumerate(features, start=1):
        if not isinstance(feature, dict):
            raise InputError("no feature", file=file, row=number, found=feature, wanted="a GeoJSON Feature")
    header = list(dict.fromkeys(str(key) for feature in features for key in feature.get("properties") or {}))
    renamed = source.renamed(header, names or {})
    source.notes += [f"property {found} is read as {wanted}" for found, wanted in renamed.items()]
    taken = set(renamed.values())
    found = []
    for number, feature in enumerate(features, start=1):
        properties = {str(k): "" if v is None else str(v) for k, v in (feature.get("properties") or {}).items()}
        cells = {renamed.get(k, k): text for k, text in properties.items() if k in renamed or k not in taken}
        name = cells.get(kind, str(number))
        polygons = _polygons(file, number, f"{kind} {name}", feature.get("geometry"))
        shape = _shape(source, number, f"{kind} {name}", polygons)
        found.append(Feature(number, name, cells, tuple(itertools.chain(*polygons)), shape))
    return found, _system(file, data.get("crs"))


def _system(file: str, crs: Any) -> str:
    """The name of a system of coordinates, as GeoJSON before RFC 7946 says it, and as QGIS still does.

    Raises ``InputError`` for one that is said in another way.
    """
    if crs is None:
        return ""
    inner = crs.get("properties") if isinstance(crs, dict) else None
    name = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(name, str):
        wanted = '{"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}, or none'
        raise InputError("cannot be used", file=file, column="crs", found=crs, wanted=wanted)
    return name


_DEGREES = re.compile(
    r"(.*\bCRS:?(84|83|27)h?|.*\bEPSG\b.*\D(4167|4258|4267|4269|4283|4326|4490|4612|4617|4674|4979|6318|6668|7844)"
    r"|WGS ?(19)?84|NAD ?(19)?83|GEOG.*)",
    re.IGNORECASE | re.DOTALL,
)


def says_degrees(system: str) -> bool:
    """Whether a system of coordinates is one of longitude and latitude that is known here."""
    return _DEGREES.fullmatch(system.strip()) is not None


def _geo(source: Source) -> dict[str, Any]:
    """A GeoPackage or a shapefile as a feature collection; raises ``InputError``."""
    try:
        from pyogrio import raw
    except ImportError:
        wanted = "pip install 'fairbound[geo]', or a GeoJSON file"
        raise InputError("pyogrio is not installed", file=source.file, wanted=wanted) from None
    import shapely

    try:
        about, _, shapes, columns = raw.read(source.path, layer=source.reading.sheet or None)
    except Exception as error:  # GDAL has errors of many kinds
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise InputError(f"cannot be read ({reason})", file=source.file) from None
    features = []
    for i, shape in enumerate(shapes):
        values = {name: _plain(column[i]) for name, column in zip(about["fields"], columns, strict=True)}
        geometry = None if shape is None else json.loads(shapely.to_geojson(shapely.from_wkb(shape)))
        features.append({"properties": values, "geometry": geometry})
    return {"features": features, "crs": about["crs"] and {"properties": {"name": about["crs"]}}}


def _plain(value: Any) -> str | None:
    """A value of a column as text; whole floats without their point, nothing for what is not there."""
    if value is None or value != value:
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _polygons(file: str, row: int, what: str, geometry: Any) -> list[list[Ring]]:
    """The polygons of a feature, each an outer ring and its holes."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise InputError(f"geometry of {what}", file=file, row=row, found=kind, wanted="a Polygon or a MultiPolygon")
    complaint = f"invalid geometry of {what}"
    try:
        polygons = [
            [tuple((float(point[0]), float(point[1])) for point in points) for points in polygon]
            for polygon in ([geometry["coordinates"]] if kind == "Polygon" else geometry["coordinates"])
        ]
    except (LookupError, TypeError, ValueError, OverflowError):
        raise InputError(complaint, file=file, row=row, wanted="rings of pairs of numbers") from None
    polygons = [rings for rings in polygons if rings]
    if not polygons:
        raise InputError(complaint, file=file, row=row, found="no rings", wanted="at least one")
    for ring in itertools.chain(*polygons):
        if len(ring) < 4 or ring[0] != ring[-1] or not all(abs(x) < LARGEST for x in itertools.chain(*ring)):
            raise InputError(complaint, file=file, row=row, wanted="closed rings of four points or more")
    return polygons


def _shape(source: Source, row: int, what: str, polygons: list[list[Ring]]) -> shapely.MultiPolygon:
    import shapely  # slow to import, and only polygons need it

    whole = shapely.MultiPolygon([shapely.Polygon(outer, holes) for outer, *holes in polygons])
    if not whole.is_valid:
        error = InputError(
            f"invalid geometry of {what}",
            file=source.file,
            row=row,
            found=str(shapely.is_valid_reason(whole)),
            wanted="polygons that do not cross themselves (shapely.make_valid and QGIS's Fix geometries mend them)",
        )
        source.refuse(error, "shapes")
        parts = shapely.get_parts(shapely.make_valid(whole))
        areas = [area for part in parts for area in shapely.get_parts(part) if area.geom_type == "Polygon"]
        whole = shapely.MultiPolygon(areas)
    return whole
