"""The table of the windows: where each comes from, and what is measured of it.

A bar's length comes from the piece's meter, 16 steps where that is unknown. Other conventions
are those of `window_measures` and `split_measures`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.data.checks.split_measures import seen_elsewhere
from kantor.data.checks.window_measures import PITCHES, Columns, measure_windows
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError
from kantor.music.score import Meter

if TYPE_CHECKING:
    import pandas as pd

    from kantor.data.windows import Windows

CHUNK = 256  # windows measured at once: 4 MB of a roll of 32 steps


def window_frame(
    windows: Windows, manifest: pd.DataFrame, ensemble: Ensemble = SATB
) -> tuple[pd.DataFrame, NDArray[np.int32] | None]:
    """Measure each window.

    Returns
    -------
    frame : DataFrame
        `window_id` ("<piece's id>@<start>"), `piece`, `split`, `start`, `real_steps`,
        `overhang` (steps past the piece's end), then the columns that `measure_windows` and
        `seen_elsewhere` describe. Only the columns that the arrays' form allows.
    counts : (window, 128, line) int32 or None
        How many real steps each voice sounds each pitch; None where rolls cannot be read.
    """
    import pandas as pd

    if not _whole_numbers(windows.piece, windows.start, windows.length):
        return pd.DataFrame({"window_id": pd.Series(dtype=str)}), None
    rows = _origin(windows, manifest)
    if not _readable(windows, len(ensemble)):
        return pd.DataFrame(rows), None
    bars = np.array([_bar_steps(meter) for meter in rows.pop("meter")], np.int64)
    chunks, counts = [], []
    for begin in range(0, len(bars), CHUNK):
        part = slice(begin, begin + CHUNK)
        columns, sounding = measure_windows(
            np.asarray(windows.rolls)[part] > 0,
            np.asarray(windows.onsets)[part] > 0,
            np.asarray(windows.length)[part],
            bars[part],
            ensemble,
        )
        chunks.append(columns)
        counts.append(sounding)
    for name in chunks[0] if chunks else ():
        rows[name] = np.concatenate([chunk[name] for chunk in chunks])
    frame = pd.DataFrame(rows)
    if chunks:
        frame["also_in"] = seen_elsewhere(frame)
    return frame, np.concatenate(counts) if counts else None


def _whole_numbers(*arrays: NDArray[Any]) -> bool:
    """Whether these are vectors of whole numbers, equally long."""
    vectors = [np.asarray(array) for array in arrays]
    return all(v.ndim == 1 and v.dtype.kind in "iu" and len(v) == len(vectors[0]) for v in vectors)


def _readable(windows: Windows, lines: int) -> bool:
    """Whether rolls and onsets can be read as ``(window, time, 128, line)``, whatever dtype."""
    rolls, onsets = np.asarray(windows.rolls), np.asarray(windows.onsets)
    if rolls.ndim != 4 or rolls.shape[2:] != (PITCHES, lines) or rolls.shape[1] == 0:
        return False
    same = onsets.shape == (*rolls.shape[:2], lines) and len(rolls) == len(windows.piece)
    return same and rolls.dtype.kind in "biuf" and onsets.dtype.kind in "biuf"


def _origin(windows: Windows, manifest: pd.DataFrame) -> Columns:
    """Where each window comes from; a row that the manifest lacks leaves an empty split."""
    piece, start, length = (
        np.asarray(array).astype(np.int64)
        for array in (windows.piece, windows.start, windows.length)
    )
    known = (piece >= 0) & (piece < len(manifest))
    rows = manifest.reindex(np.where(known, piece, -1))

    def of(name: str, missing: NDArray[Any]) -> NDArray[Any]:
        """A column of the windows' pieces, `missing` where there is none."""
        values = rows[name].to_numpy(dtype=object) if name in rows else missing
        return np.where(known, values, missing)

    nothing = np.full(len(piece), "", object)
    ids = of("id", np.array([f"row {number}" for number in piece], object))
    columns = {
        "window_id": np.array([f"{i}@{s}" for i, s in zip(ids, start, strict=True)], object),
        "piece": ids,
        "split": of("split", nothing),
        "meter": of("meter", nothing),
        "start": start,
        "real_steps": length,
    }
    if "steps" in manifest:
        past = (start + length - of("steps", start + length)).astype(float)
        columns["overhang"] = np.maximum(past, 0) + np.maximum(-start, 0)
    return columns


def _bar_steps(meter: str) -> int:
    try:
        return Meter.parse(meter).bar_steps
    except InputError:
        return 16


def least_heard(pieces: int, windows: Windows, counts: NDArray[np.int32]) -> NDArray[np.float64]:
    """For each of `pieces`, the share of its windows' steps in which its least heard voice sounds.

    Missing where it has no windows; `counts` is that of `window_frame`.
    """
    known = (windows.piece >= 0) & (windows.piece < pieces)
    heard, steps = np.zeros((pieces, counts.shape[2])), np.zeros(pieces)
    np.add.at(heard, windows.piece[known], counts[known].sum(axis=1))
    np.add.at(steps, windows.piece[known], windows.length[known])
    return np.where(steps > 0, heard.min(axis=1) / np.maximum(steps, 1), np.nan)
