"""Kantor as a service that runs for months: processes, locks, what changed, what was missed.

Plain functions that know neither Prefect nor MLflow nor DVC's Python: flows call them.
"""
