"""What the checks look at: tables measured from the tensors and the manifest.

Four tables, one level each: a row is an array, a piece, a window or a split. Arrays of a wrong
form are never an error here: the columns that cannot be measured are left out, and the table of
the arrays says why. The conventions are those of `kantor.data.checks.windows`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.data.checks.windows import PITCHES, window_table
from kantor.data.corpus import NUMBERS, SPLITS, TEXTS
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError, one_line

if TYPE_CHECKING:
    import pandas as pd

    from kantor.data.windows import Windows

DTYPES = {
    "rolls": "bool",
    "onsets": "bool",
    "piece": "int32",
    "start": "int32",
    "length": "int16",
}


@dataclass(frozen=True, eq=False)
class Tables:
    """The measured tables.

    Attributes
    ----------
    tensors : DataFrame
        One row an array: `array`, `shape`, `declared_shape`, `dtype`, `declared_dtype`.
    manifest : DataFrame
        One row a piece, see `piece_table`.
    windows : DataFrame
        One row a window, see `window_table`.
    splits : DataFrame
        One row a split, see `split_table`.
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
) -> Tables:
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
    import pandas as pd

    tensors = _tensor_table(windows, steps, len(ensemble))
    pieces = piece_table(manifest, windows)
    table, histograms = pd.DataFrame({"window_id": pd.Series(dtype=str)}), {}
    if (tensors["shape"] == tensors["declared_shape"]).all() and _measurable(windows):
        table, counts = window_table(windows, pieces, ensemble)
        pieces["copied_share"] = _copied_shares(pieces, table)
        pieces["least_heard"] = _least_heard(pieces, windows, counts[..., : ensemble.pitched])
        for split in SPLITS:
            held = (table["split"] == split).to_numpy()
            histograms[split] = counts[held].sum(axis=0, dtype=np.int64)
    splits = split_table(pieces, table, histograms, min_pieces, ensemble)
    return Tables(tensors, pieces, table, splits, histograms, ensemble)


def _measurable(windows: Windows) -> bool:
    """Whether there are windows, of numbers, even where a dtype is another than declared."""
    kinds = {"rolls": "biuf", "onsets": "biuf", "piece": "iu", "start": "iu", "length": "iu"}
    numbers = (getattr(windows, name).dtype.kind in kind for name, kind in kinds.items())
    return len(windows.piece) > 0 and all(numbers)


def _tensor_table(windows: Windows, steps: int, lines: int) -> pd.DataFrame:
    """The form of each array beside the declared one, for windows of `steps` and `lines`."""
    import pandas as pd

    count = len(np.atleast_1d(windows.rolls))
    declared = {"rolls": (count, steps, PITCHES, lines), "onsets": (count, steps, lines)}
    rows = []
    for name, dtype in DTYPES.items():
        array = np.asarray(getattr(windows, name))
        shapes = {
            "shape": _by(array.shape),
            "declared_shape": _by(declared.get(name, (count,))),
        }
        rows.append({"array": name, **shapes, "dtype": str(array.dtype), "declared_dtype": dtype})
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
        fault = one_line(str(error))
        raise InputError(f"{path}: not a table ({fault}); run `dvc repro -f ingest`") from None


def piece_table(manifest: pd.DataFrame, windows: Windows) -> pd.DataFrame:
    """The manifest, with what is known of each piece beside it.

    Returns
    -------
    DataFrame
        Its columns, texts as texts and numbers as numbers (missing where they are none), then
        `gaps`, the names of the columns in which a piece has no value (those that have checks
        of their own and the title aside), and `windows`, how many windows it has (left out
        where the tensors cannot be counted).
    """
    import pandas as pd

    table = manifest.reset_index(drop=True)
    for name in [name for name in TEXTS if name in table]:
        table[name] = table[name].astype(object).where(table[name].notna(), "").astype(str)
    for name in [name for name in NUMBERS if name in table]:
        table[name] = pd.to_numeric(table[name], errors="coerce")
    table["gaps"] = ""
    for name in [name for name in ("id", *NUMBERS, "source", "content_hash") if name in table]:
        empty = table[name].isna() | (table[name] == "")
        table.loc[empty, "gaps"] += f"{name} "
    piece = np.asarray(windows.piece)
    if piece.ndim == 1 and piece.dtype.kind in "iu":
        counts = pd.Series(piece).value_counts()
        table["windows"] = counts.reindex(table.index, fill_value=0).to_numpy()
    return table


def _copied_shares(pieces: pd.DataFrame, windows: pd.DataFrame) -> pd.Series[float]:
    """For each held-out piece, the share of its windows that also stand in another split.

    Missing for training pieces.
    """
    known = windows.dropna(subset="also_in")
    shares = (known["also_in"] != "").groupby(known["piece"]).mean()
    ids = pieces["id"] if "id" in pieces else pieces.index.to_series()
    return ids.map(shares).astype(float)


def _least_heard(
    pieces: pd.DataFrame, windows: Windows, counts: NDArray[np.int32]
) -> pd.Series[float]:
    """For each piece, the share of its windows' steps in which its least heard line sounds.

    Missing where it has no windows; `counts` (window, 128, line) is that of `window_table`.
    """
    import pandas as pd

    sounding = pd.DataFrame(counts.sum(axis=1)).groupby(windows.piece).sum()
    steps = pd.Series(windows.length).astype(np.int64).groupby(windows.piece).sum()
    return sounding.div(steps, axis=0).min(axis=1).reindex(pieces.index)


def split_table(
    pieces: pd.DataFrame,
    windows: pd.DataFrame,
    histograms: Mapping[str, NDArray[np.int64]],
    min_pieces: Mapping[Any, int],
    ensemble: Ensemble = SATB,
) -> pd.DataFrame:
    """Measure each split.

    Returns
    -------
    DataFrame
        `split`, `required_pieces`, `pieces`, `windows`, and for each line `drift_<line>`: how far
        its pitch histogram lies from that of training (total variation, 0 to 1). Missing for
        training itself and for silent lines; left out where the rolls cannot be read.
    """
    import pandas as pd

    rows = []
    for split in SPLITS:
        row: dict[str, object] = {"split": split, "required_pieces": min_pieces.get(split, 0)}
        for name, table in (("pieces", pieces), ("windows", windows)):
            if "split" in table:
                row[name] = int((table["split"] == split).sum())
        for line, name in enumerate(ensemble.names if histograms else ()):
            own, training = (histograms[one][:, line] for one in (split, SPLITS[0]))
            row[f"drift_{name}"] = np.nan if split == SPLITS[0] else _drift(own, training)
        rows.append(row)
    return pd.DataFrame(rows)


def _drift(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Total variation of two histograms; NaN if either is empty."""
    if not one.sum() or not other.sum():
        return float("nan")
    return float(np.abs(one / one.sum() - other / other.sum()).sum() / 2)
