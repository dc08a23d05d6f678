"""Drums for pieces of a style that has none, played by the model of a style that has some.

The block `drums` of ``styles/NAME.yaml`` names that style. Its model gets the leading line and the
bass of what was composed and writes its drums to them (`kantor.drumming.drummed`), which then hold
their groove (`kantor.drumming.groove`).
"""

from kantor.drumming.drummed import Drummed, drummed_ensemble
from kantor.drumming.lending import (
    Lender,
    lender_of,
    lender_to,
    supply,
    unlearned_drums,
)

__all__ = [
    "Drummed",
    "Lender",
    "drummed_ensemble",
    "lender_of",
    "lender_to",
    "supply",
    "unlearned_drums",
]
