"""Zoning instances: graphs, tables, polygons, generators."""
