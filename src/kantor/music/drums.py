"""Drums of General MIDI, and which of an ensemble's drum lines plays each of them."""

from __future__ import annotations

from kantor.ensemble import Ensemble

KINDS = (
    (35, 36),  # kick
    (37, 38, 39, 40),  # snare, its rim, claps
    (42, 44),  # closed hi-hat, and by the pedal
    (46,),  # open hi-hat
    (41, 43, 45, 47, 48, 50),  # toms, from the lowest
    (49, 52, 55, 57),  # crash, Chinese and splash cymbals
    (51, 53, 59),  # ride cymbal and its bell
)
"""MIDI numbers of drums that stand for one another."""


def drum_lines(ensemble: Ensemble) -> dict[int, int]:
    """By a drum's MIDI number the ensemble's line that plays it.

    That is the line of this number, else of the nearest one of its kind; drums of which there is
    no kind in the ensemble are left out.
    """
    lines = {ensemble.ranges[line][0]: line for line in range(ensemble.pitched, len(ensemble))}
    played = {}
    for kind in KINDS:
        there = [number for number in kind if number in lines]
        for number in kind if there else ():
            played[number] = lines[min(there, key=lambda other: abs(other - number))]
    return played | lines
