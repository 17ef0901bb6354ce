"""Transfer instances: tables of districts and borders, generators."""
