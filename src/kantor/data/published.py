"""The published JSB Chorales on a sixteenth grid: ``Jsb16thSeparated`` as JSON or npz.

Differs from the source `jsb`: in the published file a repeated note looks like a held one, and
there is no meter, pickup, key or tempo. So every run of equal pitch is one note, the key is
estimated, and the meter is given as 4/4 without a pickup; windows cut from it begin at multiples
of 16 steps, which are mostly not bars.
"""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kantor.data.corpus import SPLITS, Piece, Refusal
from kantor.ensemble import Ensemble
from kantor.errors import InputError
from kantor.music.key import estimate
from kantor.music.score import REST, Score, onset_floor

_MOST_BYTES = 64_000_000
_PACKAGES = ("numpy.core", "numpy._core")
_ARRAY_PARTS = {
    *(
        (f"{package}.multiarray", name)
        for package in _PACKAGES
        for name in ("_reconstruct", "scalar")
    ),
    *((f"{package}.numeric", "_frombuffer") for package in _PACKAGES),
    *(("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")),
}
"""Modules and names: what a pickle of an array needs."""


def read_published(path: Path, ensemble: Ensemble) -> Iterator[Piece | Refusal]:
    """Every piece of the file; those without the lines of `ensemble` are refused one by one.

    Raises
    ------
    InputError
        If the file is not of the published form.
    """
    for split, pieces in _splits(path).items():
        for index, rows in enumerate(pieces):
            place = f"{split}-{index:03d}"
            id = f"published/{place}"
            try:
                yield Piece(id, split, "published", 0, _score(rows, id, ensemble))
            except InputError as error:
                yield Refusal(f"{path}#{place}", str(error))


def _score(rows: ArrayLike, title: str, ensemble: Ensemble) -> Score:
    """A score from ``(time, line)`` lists, or floats with NaN for a rest."""
    try:
        values = np.asarray(rows, np.float64)
    except (ValueError, TypeError):
        raise InputError("rows of unequal length or not numbers") from None
    if values.ndim != 2 or values.shape[1] != len(ensemble):
        raise InputError(f"an array of shape {values.shape}: expected (time, {len(ensemble)})")
    values = np.where(np.isnan(values), REST, values)
    if not ((values >= REST) & (values <= 127) & (values == np.round(values))).all():
        raise InputError("values other than MIDI note numbers and -1")
    pitches = values.astype(np.int8)
    key = estimate(pitches[:, : ensemble.pitched])
    return Score(pitches, onset_floor(pitches), key=key, title=title, ensemble=ensemble)


def _splits(path: Path) -> dict[str, Sequence[Any]]:
    """The pieces of each split, as they stand in the file."""
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(f"larger than {_MOST_BYTES:,} bytes; the published file is small")
    try:
        splits = _npz(path) if zipfile.is_zipfile(path) else json.loads(path.read_bytes())
    except Exception as error:
        raise InputError(f"not a readable file of chorales ({error})") from None
    if not isinstance(splits, dict) or any(
        not isinstance(splits.get(split), list | np.ndarray) for split in SPLITS
    ):
        raise InputError("expected the lists train, valid and test")
    return {split: splits[split] for split in SPLITS}


def _npz(path: Path) -> dict[str, Any]:
    """The arrays of the npz; object arrays, as published, are unpickled with nothing but arrays."""
    arrays: dict[str, Any] = {}
    with zipfile.ZipFile(path) as archive:
        for split in SPLITS:
            if archive.getinfo(f"{split}.npy").file_size > _MOST_BYTES:
                raise ValueError(f"the array {split} is too large")
            arrays[split] = _array(archive.read(f"{split}.npy"))
    return arrays


def _array(data: bytes) -> Any:
    stream = io.BytesIO(data)
    try:
        return np.lib.format.read_array(stream, allow_pickle=False)
    except ValueError:
        stream.seek(0)
    # An object array: its header, then a pickle.
    length_bytes = 2 if np.lib.format.read_magic(stream) == (1, 0) else 4
    stream.seek(int.from_bytes(stream.read(length_bytes), "little"), io.SEEK_CUR)
    return _ArraysOnly(stream, encoding="latin1").load()


class _ArraysOnly(pickle.Unpickler):
    """Builds numpy arrays and nothing else: a pickle can otherwise run any code."""

    def find_class(self, module: str, name: str) -> Any:
        """The class or function a pickle names, if it is one that arrays need."""
        if (module, name) not in _ARRAY_PARTS:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is not an array")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)
