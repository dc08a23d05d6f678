"""The generator as MLflow loads it: the loader module that every version names.

Inputs are the fields of `kantor.music.conditioning.Conditioning` for a batch, and one seed for each
request; outputs are all voices, with the given cells unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.music.conditioning import Conditioning

if TYPE_CHECKING:
    from kantor import runtime
    from kantor.model.generator import Generator


@dataclass(frozen=True)
class GeneratorModel:
    """A trained generator behind MLflow's ``predict``."""

    generator: Generator | runtime.Generator

    def predict(
        self, model_input: Mapping[str, NDArray[Any]], params: Mapping[str, Any] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Compose what is not given.

        Parameters
        ----------
        model_input : dict of arrays
            The fields of `Conditioning`, and ``seed (batch,) int64``.
        params : dict, optional
            Keyword arguments of the generator's ``compose``.

        Returns
        -------
        dict of arrays
            ``pitches (batch, time, 4) int8`` and ``onsets (batch, time, 4) bool``.

        Raises
        ------
        InputError
            If the arrays are not of one batch, or the generator cannot do what they ask.
        """
        fields = dict(model_input)
        seeds = np.asarray(fields.pop("seed"), np.int64)
        pitches, onsets = self.generator.compose(Conditioning(**fields), seeds, **(params or {}))
        return {"pitches": pitches, "onsets": onsets}


def _load_pyfunc(path: str) -> GeneratorModel:
    """What MLflow calls with the generator's folder."""
    from kantor.compose import composer

    return GeneratorModel(composer.load(Path(path)))
