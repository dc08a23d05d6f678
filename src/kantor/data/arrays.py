"""Arrays between stages: written whole, and read from an npz that may be missing or damaged."""

from __future__ import annotations

import pickle
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kantor import files
from kantor.errors import InputError

# What numpy, zipfile and the like raise at files that are not what they should be.
FAULTS = (
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    zlib.error,
)

T = TypeVar("T")


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write arrays by their names to the npz file `path`, in one move."""
    named: dict[str, Any] = arrays
    files.save(path, lambda stream: np.savez_compressed(stream, **named))


def read_arrays(path: Path, build: Callable[[dict[str, NDArray[Any]]], T]) -> T:
    """What `build` makes of the arrays in `path`, an npz that the stage `ingest` wrote.

    Raises
    ------
    InputError
        One line with the remedy, if the file is missing or `build` cannot use it.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return build(arrays)
    except FileNotFoundError:
        raise InputError(f"{path}: not found; `dvc repro ingest` writes it") from None
    except FAULTS as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: damaged ({reason}); run `dvc repro -f ingest`") from None
