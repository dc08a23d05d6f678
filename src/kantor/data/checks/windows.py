"""The table of the windows: where each comes from, and what is measured of it.

Conventions
-----------
Shares are 0 to 1. A *cell* is one pitched line in one step. Only a window's real steps are
measured, except where the padding itself is the question. A bar counts as soon as it has begun;
its length comes from the piece's meter, 16 steps where that is unknown. Two windows have the same
*content* if their pitches are equal after moving one of them by some interval; a repeated note
counts as a held one in this, so that a repetition does not hide a copy.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.data.corpus import SPLITS
from kantor.ensemble import SATB, Ensemble, Line
from kantor.errors import InputError
from kantor.music.score import REST, Meter, onset_floor

if TYPE_CHECKING:
    import pandas as pd

    from kantor.data.windows import Windows

PITCHES = 128
_MAJOR = (0, 2, 4, 5, 7, 9, 11)
# (major tonic, pitch class): the twelve diatonic scales.
_SCALES = np.array([[(pc - tonic) % 12 in _MAJOR for pc in range(12)] for tonic in range(12)])


def window_table(
    windows: Windows, pieces: pd.DataFrame, ensemble: Ensemble = SATB
) -> tuple[pd.DataFrame, NDArray[np.int32]]:
    """Measure each window; `pieces` has the columns id, split, meter and steps, as far as known.

    Returns
    -------
    table : DataFrame
        `window_id` ("<piece's id>@<start>"), `piece`, `split` (empty where the manifest has no
        such piece), `start`, `real_steps`, `overhang` (steps outside the piece), `most_pitches`
        of a line at one step, `onset_faults` (onsets on rests, and changes of pitch without
        one), `padding_cells` that sound, `rest_share` of the cells, `empty_bar_share` of the
        bars of all pitched lines, `crossing_share` of the steps, `in_scale` (share of the cells
        inside the best diatonic scale; NaN for silence), `outside_<line>` (its lowest and highest
        pitch, such as "60 to 72", if they leave its range, else empty; missing for silence),
        `content` (a digest), and `also_in`: for a held-out window the other splits that hold its
        content, such as "train", empty where there is none, missing for training windows and for
        silence.
    counts : (window, 128, line) int32
        How many real steps each line sounds each pitch.
    """
    import pandas as pd

    start, length = windows.start.astype(np.int64), windows.length.astype(np.int64)
    # A piece that the manifest lacks gives a row without values.
    rows = pieces.reindex(index=windows.piece, columns=["id", "split", "meter", "steps"])
    rows = rows.reset_index(drop=True).astype({"id": object, "split": object})
    ids = rows["id"].where(rows["id"].notna(), [f"row {number}" for number in windows.piece])
    past_end = (start + length - rows["steps"]).clip(lower=0).fillna(0)
    bar_steps = np.array([_bar_steps(str(meter)) for meter in rows["meter"]], np.int64)
    real = np.arange(windows.rolls.shape[1]) < length[:, None]
    steps = np.maximum(real.sum(axis=1), 1)
    pitches_at_once = np.count_nonzero(windows.rolls, axis=2)
    sounding = (pitches_at_once > 0) & real[..., None]
    pitches = np.where(sounding, windows.rolls.argmax(axis=2), REST).astype(np.int8)
    counts = (windows.rolls & real[:, :, None, None]).sum(axis=1, dtype=np.int32)
    in_padding = ~real[..., None] & ((pitches_at_once > 0) | windows.onsets)
    pitched = slice(ensemble.pitched)
    resting = ~sounding[..., pitched] & real[..., None]
    columns = {
        "window_id": [f"{piece}@{step}" for piece, step in zip(ids, start, strict=True)],
        "piece": ids,
        "split": rows["split"].fillna(""),
        "start": start,
        "real_steps": length,
        "overhang": past_end + np.maximum(-start, 0),
        "most_pitches": pitches_at_once.max(axis=(1, 2)),
        "onset_faults": _onset_faults(pitches, windows.onsets, real),
        "padding_cells": in_padding.sum(axis=(1, 2)),
        "rest_share": resting.sum(axis=(1, 2)) / (steps * ensemble.pitched),
        "empty_bar_share": _empty_bar_share(sounding[..., pitched], length, bar_steps),
        "crossing_share": _crossings(pitches[..., pitched]).sum(axis=1) / steps,
        "in_scale": _in_scale(counts[..., pitched]),
        "content": _contents(pitches),
    }
    for index, line in enumerate(ensemble.lines):
        columns[f"outside_{line.name}"] = _outside(counts[..., index], line)
    table = pd.DataFrame(columns)
    table["also_in"] = _also_in(table)
    return table, counts


def _bar_steps(meter: str) -> int:
    try:
        return Meter.parse(meter).bar_steps
    except InputError:
        return 16


def _also_in(table: pd.DataFrame) -> list[str | None]:
    """The column `also_in` of the table."""
    splits_of = table.groupby("content")["split"].agg(set)
    return [
        " and ".join(other for other in SPLITS if other in splits_of[content] - {split})
        if content and split in SPLITS[1:]
        else None
        for content, split in zip(table["content"], table["split"], strict=True)
    ]


def _onset_faults(
    pitches: NDArray[np.int8], onsets: NDArray[np.bool_], real: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Onsets on rests, and changes of pitch without an onset.

    A note that sounds at a window's first step may have started before it.
    """
    on_rest = onsets & (pitches == REST)
    needed = np.swapaxes(onset_floor(np.swapaxes(pitches, 0, 1)), 0, 1)
    needed[:, 0] = False
    faults = (on_rest | (needed & ~onsets)) & real[..., None]
    return np.asarray(faults.sum(axis=(1, 2)), dtype=np.int64)


def _empty_bar_share(
    sounding: NDArray[np.bool_], length: NDArray[Any], bar_steps: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Share of silent bars; sounding (window, time, line)."""
    windows, time, lines = sounding.shape
    share = np.zeros(windows)
    for size in np.unique(bar_steps):
        group = bar_steps == size
        bars = -(-time // size)
        padded = np.pad(sounding[group], ((0, 0), (0, bars * size - time), (0, 0)))
        silent = ~padded.reshape(-1, bars, size, lines).any(axis=2)
        begun = np.arange(bars) * size < length[group, None]
        empty = (silent & begun[..., None]).sum(axis=(1, 2))
        share[group] = empty / np.maximum(begun.sum(axis=1) * lines, 1)
    return share


def _crossings(pitches: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Steps, all lines sounding, at which a line lies under the next lower one."""
    under = (np.diff(pitches.astype(np.int16), axis=2) > 0).any(axis=2)
    return np.asarray(under & (pitches != REST).all(axis=2), dtype=bool)


def _in_scale(counts: NDArray[np.int32]) -> NDArray[np.float64]:
    by_pitch = np.pad(counts.sum(axis=2), ((0, 0), (0, -PITCHES % 12)))
    classes = by_pitch.reshape(len(counts), -1, 12).sum(axis=1)
    inside = (classes @ _SCALES.T).max(axis=1)
    total = classes.sum(axis=1)
    return np.where(total > 0, inside / np.maximum(total, 1), np.nan)


def _outside(counts: NDArray[np.int32], line: Line) -> list[str | None]:
    """The column `outside_<line>`; `counts` (window, 128) is that line's."""
    texts: list[str | None] = []
    for pitches in map(np.flatnonzero, counts):
        fits = len(pitches) and line.low <= pitches[0] and pitches[-1] <= line.high
        outside = "" if fits else f"{pitches[0]} to {pitches[-1]}" if len(pitches) else None
        texts.append(outside)
    return texts


def _contents(pitches: NDArray[np.int8]) -> NDArray[Any]:
    """A digest of each window's pitches above its lowest one; empty for silence."""
    wide = pitches.astype(np.int16)
    sounding = wide != REST
    lowest = np.where(sounding, wide, PITCHES).min(axis=(1, 2), keepdims=True)
    relative = np.where(sounding, wide - lowest, REST).astype(np.int8)
    digests = [hashlib.blake2b(one.tobytes(), digest_size=8).hexdigest() for one in relative]
    return np.where(sounding.any(axis=(1, 2)), np.array(digests, object), "")
