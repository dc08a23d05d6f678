"""Checks of the data: great_expectations on the measured tables."""
