"""What the checks look at: tables measured from the tensors and the manifest.

Four tables, one level each: a row is an array, a piece, a window or a split. Of a window only
its `length` real steps are measured, except where the padding itself is the question. Arrays of
a wrong form are never an error here: the columns that cannot be measured are left out, and the
table of the arrays says why.

Conventions are those of `window_table`, `window_measures` and `split_measures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.data.checks.split_measures import (
    copied_shares,
    histogram_distances,
    split_histograms,
)
from kantor.data.checks.window_measures import PITCHES
from kantor.data.checks.window_table import least_heard, window_frame
from kantor.data.corpus import SPLITS
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from kantor.data.windows import Windows

TEXTS = ("id", "title", "key", "meter", "split", "source", "content_hash")
NUMBERS = ("tempo", "bars", "pickup", "steps", "voices", "transposition")

DECLARED = {"rolls": "bool", "onsets": "bool", "piece": "int32", "start": "int32"} | {
    "length": "int16"
}


@dataclass(frozen=True, eq=False)
class Frames:
    """The measured tables.

    Attributes
    ----------
    tensors : DataFrame
        One row an array: `array`, `shape`, `declared_shape`, `dtype`, `declared_dtype`.
    manifest : DataFrame
        One row a piece, see `manifest_frame`.
    windows : DataFrame
        One row a window, see `window_frame`.
    splits : DataFrame
        One row a split, see `split_frame`.
    histograms : dict of (128, line) int64
        For each split, how many steps each line sounds each pitch.
    ensemble : Ensemble
        The lines of the tensors.
    """

    tensors: pd.DataFrame
    manifest: pd.DataFrame
    windows: pd.DataFrame
    splits: pd.DataFrame
    histograms: dict[str, NDArray[np.int64]]
    ensemble: Ensemble = SATB


def measure(
    windows: Windows,
    manifest: pd.DataFrame,
    steps: int,
    min_pieces: Mapping[Any, int],
    ensemble: Ensemble = SATB,
) -> Frames:
    """Measure everything that the checks need.

    Parameters
    ----------
    windows
        The tensors, of any form.
    manifest
        One row a piece, in the order that ``windows.piece`` counts in.
    steps
        The length that every window should have.
    min_pieces
        For each split, how many pieces it should have at least.
    ensemble
        The lines that the tensors should have.
    """
    pieces = manifest_frame(manifest, windows)
    frame, counts = window_frame(windows, pieces, ensemble)
    pieces["copied_share"] = copied_shares(pieces, frame)
    if counts is not None:
        pieces["least_heard"] = least_heard(len(pieces), windows, counts)
    histograms = split_histograms(frame, counts)
    splits = split_frame(pieces, frame, histograms, min_pieces, ensemble)
    tensors = tensor_frame(windows, steps, len(ensemble))
    return Frames(tensors, pieces, frame, splits, histograms, ensemble)


def tensor_frame(windows: Windows, steps: int, lines: int) -> pd.DataFrame:
    """The form of each array beside the declared one, for windows of `steps` and `lines`."""
    import pandas as pd

    count = len(np.atleast_1d(windows.rolls))
    declared: dict[str, tuple[int, ...]] = dict.fromkeys(DECLARED, (count,))
    declared["rolls"] = (count, steps, PITCHES, lines)
    declared["onsets"] = (count, steps, lines)
    rows = []
    for name, dtype in DECLARED.items():
        array = np.asarray(getattr(windows, name))
        shapes = {"shape": _by(array.shape), "declared_shape": _by(declared[name])}
        dtypes = {"dtype": str(array.dtype), "declared_dtype": dtype}
        rows.append({"array": name, **shapes, **dtypes})
    return pd.DataFrame(rows)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape) or "a single number"


def read_manifest(path: Path) -> pd.DataFrame:
    """The manifest as a table, an empty cell being an empty text.

    Raises
    ------
    InputError
        If the file is missing or is no table.
    """
    import pandas as pd

    try:
        return pd.read_csv(path, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False)
    except FileNotFoundError:
        raise InputError(f"{path}: not found; `dvc repro ingest` writes it") from None
    except (OSError, ValueError) as error:
        fault = " ".join(str(error).split())
        raise InputError(f"{path}: not a table ({fault}); run `dvc repro -f ingest`") from None


def manifest_frame(manifest: pd.DataFrame, windows: Windows) -> pd.DataFrame:
    """The manifest, with what is known of each piece beside it.

    Returns
    -------
    DataFrame
        Its columns, texts as texts and numbers as numbers (missing where they are none), then
        `gaps`, the names of the columns in which a piece has no value (those that have checks
        of their own and the title aside), and `windows`, how many windows it has (left out
        where the tensors do not tell).
    """
    import pandas as pd

    frame = manifest.reset_index(drop=True)
    for name in [name for name in TEXTS if name in frame]:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "").astype(str)
    for name in [name for name in NUMBERS if name in frame]:
        frame[name] = pd.to_numeric(frame[name], errors="coerce")
    frame["gaps"] = ""
    for name in [name for name in ("id", *NUMBERS, "source", "content_hash") if name in frame]:
        empty = frame[name].isna() | (frame[name] == "")
        frame.loc[empty, "gaps"] += f"{name} "
    piece = np.asarray(windows.piece)
    if piece.ndim == 1 and piece.dtype.kind in "iu":
        counts = pd.Series(piece).value_counts()
        frame["windows"] = counts.reindex(frame.index, fill_value=0).to_numpy()
    return frame


def split_frame(
    manifest: pd.DataFrame,
    frame: pd.DataFrame,
    histograms: Mapping[str, NDArray[np.int64]],
    min_pieces: Mapping[Any, int],
    ensemble: Ensemble,
) -> pd.DataFrame:
    """Measure each split.

    Returns
    -------
    DataFrame
        `split`, `pieces`, `required_pieces`, `windows`, and for each voice how far its pitch
        histogram lies from that of training: `drift_<voice>` (total variation, 0 to 1) and
        `distance_<voice>` (earth mover's distance in semitones). Missing for training itself
        and for silent voices; left out where the rolls cannot be read.
    """
    import pandas as pd

    rows = []
    for split in SPLITS:
        row: dict[str, object] = {"split": split, "required_pieces": min_pieces.get(split, 0)}
        for name, table in (("pieces", manifest), ("windows", frame)):
            if "split" in table:
                row[name] = int((table["split"] == split).sum())
        for voice, name in enumerate(ensemble.names if histograms else ()):
            drift, distance = np.nan, np.nan
            if split != "train":
                pair = histograms[split][:, voice], histograms["train"][:, voice]
                drift, distance = histogram_distances(*pair)
            row |= {f"drift_{name}": drift, f"distance_{name}": distance}
        rows.append(row)
    return pd.DataFrame(rows)
