"""Data in: loaders, generators, the catalogue of named instances and the embedded data."""
