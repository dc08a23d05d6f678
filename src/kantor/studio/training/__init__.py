"""Trainings from the page: start, watch, stop, hear what was learned, move the champion."""
