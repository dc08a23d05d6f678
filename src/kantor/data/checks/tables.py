"""What the checks look at: tables measured from the tensors and the manifest.

Four tables, one level each: a row is an array, a piece, a window or a split. Arrays of a wrong
form are never an error here: the columns that cannot be measured are left out, and the table of
the arrays says why. The conventions are those of `kantor.data.checks.windows`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    from kantor.settings import Validate

CHORALES = "jsb"
"""The kind of source whose pieces have limits of their own."""
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
        One row a piece: the manifest's columns; `gaps`, the names of those in which it has no
        value; `splits_of_content`, in how many splits its notes stand; `windows`, how many it
        has; `copied_share` of its windows whose content another split holds, for held-out
        pieces; `least_heard`, the share of its windows' steps in which its least heard pitched
        line sounds.
    windows : DataFrame
        One row a window, see `window_table`.
    splits : DataFrame
        One row a split: `split`, `required_pieces`, `pieces`, `windows`, and for each line
        `drift_<line>`, how far its pitch histogram lies from that of training (total variation,
        0 to 1). Missing for training itself and for silent lines.
    histograms : dict of (128, line) int64
        For each split, how many steps each line sounds each pitch; empty if not measured.
    ensemble : Ensemble
        The lines of the tensors.
    chorales : dict of DataFrame
        The rows of the chorales alone, by the names ``manifest``, ``windows``, ``splits``; empty
        where there are no limits for them.
    """

    tensors: pd.DataFrame
    manifest: pd.DataFrame
    windows: pd.DataFrame
    splits: pd.DataFrame
    histograms: dict[str, NDArray[np.int64]]
    ensemble: Ensemble = SATB
    chorales: dict[str, pd.DataFrame] = field(default_factory=dict)

    def levels(self) -> dict[str, pd.DataFrame]:
        """The tables by name; those of the chorales are called such as ``jsb_windows``."""
        names = ("tensors", "manifest", "windows", "splits")
        own = {f"{CHORALES}_{name}": table for name, table in self.chorales.items()}
        return {name: getattr(self, name) for name in names} | own

    def spans(self) -> dict[str, tuple[int, int]]:
        """The lowest and the highest pitch that each line sounds, but for silent lines."""
        found = {}
        for index, name in enumerate(self.ensemble.names if self.histograms else ()):
            sums = [counts[:, index] for counts in self.histograms.values()]
            if len(pitches := np.flatnonzero(np.sum(sums, axis=0))):
                found[name] = (int(pitches[0]), int(pitches[-1]))
        return found


def measure(
    windows: Windows,
    manifest: pd.DataFrame,
    steps: int,
    limits: Validate,
    ensemble: Ensemble = SATB,
) -> Tables:
    """Measure everything that the checks need.

    The tensors may have any form; they should be windows of `steps` with the lines of `ensemble`,
    and their ``piece`` counts the rows of `manifest`. `limits` says how many pieces each split
    should have, and whether the chorales are looked at alone as well.
    """
    import pandas as pd

    tensors = _tensor_table(windows, steps, len(ensemble))
    forms = tensors[["shape", "dtype"]].to_numpy()
    declared = tensors[["declared_shape", "declared_dtype"]].to_numpy()
    pieces, table = manifest, pd.DataFrame({"window_id": pd.Series(dtype=str)})
    counts, chorales = None, {}
    if {*TEXTS, *NUMBERS} <= {*manifest}:
        pieces = _piece_table(manifest)
        if (forms == declared).all() and len(windows.piece):
            table, counts = window_table(windows, pieces, ensemble)
            _add_windows(pieces, windows, table, counts[..., : ensemble.pitched])
    histograms = _histograms(table, counts)
    splits = _split_table(pieces, table, histograms, limits.min_pieces, ensemble)
    if limits.jsb and "source" in pieces:
        of_them = pieces["source"] == CHORALES
        own, part, sums = pieces[of_them], table, {}
        if counts is not None:
            held = of_them.reindex(windows.piece, fill_value=False).to_numpy()
            part, sums = table[held], _histograms(table[held], counts[held])
        number = _split_table(own, part, sums, limits.jsb.min_pieces, ensemble)
        chorales = {"manifest": own, "windows": part, "splits": number}
    return Tables(tensors, pieces, table, splits, histograms, ensemble, chorales)


def _histograms(
    table: pd.DataFrame, counts: NDArray[np.int32] | None
) -> dict[str, NDArray[np.int64]]:
    """For each split how many steps each line sounds each pitch; empty without `counts`."""
    if counts is None:
        return {}
    held = {split: (table["split"] == split).to_numpy() for split in SPLITS}
    return {split: counts[rows].sum(axis=0, dtype=np.int64) for split, rows in held.items()}


def _tensor_table(windows: Windows, steps: int, lines: int) -> pd.DataFrame:
    """The form of each array beside the declared one, for windows of `steps` and `lines`."""
    import pandas as pd

    count = len(np.atleast_1d(windows.rolls))
    declared = {"rolls": (count, steps, PITCHES, lines), "onsets": (count, steps, lines)}
    rows = []
    for name, dtype in DTYPES.items():
        array = getattr(windows, name)
        shapes = [_by(array.shape), _by(declared.get(name, (count,)))]
        rows.append((name, *shapes, str(array.dtype), dtype))
    columns = ["array", "shape", "declared_shape", "dtype", "declared_dtype"]
    return pd.DataFrame(rows, columns=columns)


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


def _piece_table(manifest: pd.DataFrame) -> pd.DataFrame:
    """The manifest, numbers as numbers, and what it tells of each piece.

    No gap is the want of a title, or of what has a check of its own.
    """
    import pandas as pd

    numbers = {name: pd.to_numeric(manifest[name], errors="coerce") for name in NUMBERS}
    table = manifest.assign(**numbers, gaps="")
    for name in ("id", *NUMBERS, "source", "content_hash"):
        table.loc[table[name].isna() | (table[name] == ""), "gaps"] += f"{name} "
    table["splits_of_content"] = table.groupby("content_hash")["split"].transform("nunique")
    return table


def _add_windows(
    pieces: pd.DataFrame, windows: Windows, table: pd.DataFrame, counts: NDArray[np.int32]
) -> None:
    """Add to `pieces` what their windows tell; `counts` are those of the pitched lines."""
    import pandas as pd

    of_piece = windows.piece
    held_out = table.dropna(subset="also_in")
    copied = (held_out["also_in"] != "").groupby(held_out["piece"]).mean()
    sounding = pd.DataFrame(counts.sum(axis=1)).groupby(of_piece).sum()
    steps = pd.Series(windows.length).astype(np.int64).groupby(of_piece).sum()
    number = pd.Series(of_piece).value_counts()
    pieces["windows"] = number.reindex(pieces.index, fill_value=0)
    pieces["copied_share"] = pieces["id"].map(copied).astype(float)
    pieces["least_heard"] = sounding.div(steps, axis=0).min(axis=1).reindex(pieces.index)


def _split_table(
    pieces: pd.DataFrame,
    windows: pd.DataFrame,
    histograms: Mapping[str, NDArray[np.int64]],
    min_pieces: Mapping[Any, int],
    ensemble: Ensemble,
) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for split in SPLITS:
        row: dict[str, object] = {"split": split, "required_pieces": min_pieces.get(split, 0)}
        for name, table in (("pieces", pieces), ("windows", windows)):
            row[name] = int((table["split"] == split).sum()) if "split" in table else 0
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
