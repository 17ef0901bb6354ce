"""CEP instances: the table of schools, the catalogue."""
