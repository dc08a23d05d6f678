"""Which checks are made on each table, and what the limits of arrays and splits are.

Importing this module imports great_expectations.
"""

from __future__ import annotations

import great_expectations.expectations as gxe

from kantor.data.checks import expectations as kx
from kantor.data.checks.check import Suite, check
from kantor.data.checks.pieces import pieces, sources, table
from kantor.data.checks.tables import DECLARED
from kantor.data.checks.windows import form, music, ranges
from kantor.ensemble import SATB, Ensemble
from kantor.settings import Validate


def suites(limits: Validate, steps: int, ensemble: Ensemble = SATB) -> dict[str, Suite]:
    """The checks of each table of `kantor.data.checks.tables.Frames`, by its name."""
    return {
        "tensors": tensors(steps, ensemble),
        "manifest": [*table(), *pieces(ensemble), *sources(limits)],
        "windows": [*form(), *ranges(ensemble), *music(limits)],
        "splits": splits(limits, ensemble),
    }


def tensors(steps: int, ensemble: Ensemble) -> Suite:
    """One row an array: the form that the model reads."""
    pair = gxe.ExpectColumnPairValuesToBeEqual
    return [
        check(
            pair,
            "tensor_shape",
            "Shape of every array",
            f"windows x {steps} x 128 x {len(ensemble)} for rolls, the others in step with it",
            column_A="shape",
            column_B="declared_shape",
        ),
        check(
            pair,
            "tensor_dtype",
            "Type of every array",
            ", ".join(f"{name} {dtype}" for name, dtype in DECLARED.items()),
            column_A="dtype",
            column_B="declared_dtype",
        ),
    ]


def splits(limits: Validate, ensemble: Ensemble) -> Suite:
    """One row a split: large enough, and like training."""
    return [
        check(
            gxe.ExpectColumnPairValuesAToBeGreaterThanB,
            "pieces_per_split",
            "Pieces of each split",
            ", ".join(f"{split} at least {count}" for split, count in limits.min_pieces.items()),
            column_A="pieces",
            column_B="required_pieces",
            or_equal=True,
        ),
        *(
            check(
                kx.ExpectPitchDriftBelow,
                f"drift_{voice}",
                f"Distance of the {voice}'s pitch histogram from training (total variation)",
                f"at most {limits.max_pitch_drift:g}",
                told={"figure": "max"},
                column=f"drift_{voice}",
                max_value=limits.max_pitch_drift,
            )
            for voice in ensemble.names
        ),
    ]
