"""Scores as arrays: bars, keys, phrases, the sixteenth grid; pure numpy."""
