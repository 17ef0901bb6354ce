"""Applicants to two schools: exact count, baselines."""
