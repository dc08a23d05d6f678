"""The file of a model's weights that composing reads: ``runtime.npz``.

Arrays are float32 by names such as ``encoder.0.kernel``. Which there are says all about the
networks' sizes; only the convolutions' dilations are stored beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor import files
from kantor.runtime import shapes
from kantor.runtime.pitches import CONDITION

Array = NDArray[np.float32]
Weights = Mapping[str, NDArray[Any]]

NAME = "runtime.npz"
FORMAT = 1
"""Of a model's folder, named in ``model.json``; raised when older models can no longer be read."""
REMEDY = "`dvc repro` makes one, `kantor models rollback` goes back to the champion before"
"""For a model that does not load."""
CRITIC = "critic."
"""With which the names of the critic's weights begin."""


def save(folder: Path, weights: Weights) -> None:
    """Write a model's weights; equal ones give equal bytes."""
    ordered: dict[str, Any] = {name: weights[name] for name in sorted(weights)}
    files.save(folder / NAME, lambda file: np.savez(file, **ordered))


def load(folder: Path) -> dict[str, NDArray[Any]]:
    """Read them.

    Raises
    ------
    OSError, EOFError, ValueError, BadZipFile
        If there is no such file, or it is damaged, or its arrays are no model's.
    """
    with (folder / NAME).open("rb") as file, np.load(file, allow_pickle=False) as stored:
        found = {name: stored[name] for name in stored.files}
    shapes.check(found, CRITIC)
    return found


def past_units(weights: Weights) -> int:
    """How many of the decoder's inputs are traces of the steps before; they come first."""
    seen = len(weights["encoder.entry.bias"]) + CONDITION
    return len(weights["entry.kernel"]) - seen
