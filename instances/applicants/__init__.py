"""Applicant instances: the seed and tables of applications."""
