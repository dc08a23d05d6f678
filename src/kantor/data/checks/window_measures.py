"""Measure windows of piano rolls: faults, shares and compasses, as pure functions of arrays.

Conventions
-----------
Shares are 0 to 1. A *cell* is one voice in one step. Only a window's real steps are measured,
except where the padding itself is the question. A bar counts as soon as it has begun. Two
windows have the same *content* if their pitches are equal after moving one of them by some
interval; repeated notes are not told from held ones in this, so that a repetition does not hide
a copy.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import SATB, Ensemble
from kantor.music.score import REST, onset_floor

PITCHES = 128

_MAJOR = (0, 2, 4, 5, 7, 9, 11)
# (major_tonic, pitch class): the twelve diatonic collections.
_COLLECTIONS = np.array([[(pc - tonic) % 12 in _MAJOR for pc in range(12)] for tonic in range(12)])

Columns = dict[str, NDArray[Any]]


def measure_windows(
    rolls: NDArray[np.bool_],
    onsets: NDArray[np.bool_],
    length: NDArray[Any],
    bar_steps: NDArray[np.int64],
    ensemble: Ensemble = SATB,
) -> tuple[Columns, NDArray[np.int32]]:
    """Measure some windows.

    Parameters
    ----------
    rolls : (window, time, 128, line) bool
    onsets : (window, time, line) bool
    length, bar_steps : (window,)
        Real steps, and steps a bar.

    Returns
    -------
    columns : dict of (window,) arrays
        `most_pitches` of a voice at one step, `onset_faults` (onsets on rests, and changes of
        pitch without one), `padding_cells` that sound, `rest_share` of the cells,
        `empty_bar_share` of the bars of all voices, `crossing_share` of the steps,
        `in_scale` (share of the cells inside the best diatonic scale; NaN for silence),
        `compass_<voice>` (such as "60 to 72"; missing for silence), `content` (a digest).
    counts : (window, 128, line) int32
    """
    real = np.arange(rolls.shape[1]) < length[:, None]
    thick = np.count_nonzero(rolls, axis=2)
    cells = np.where(real[..., None], thick, 0)
    pitches = np.where(cells > 0, rolls.argmax(axis=2), REST).astype(np.int8)
    counts = (rolls & real[:, :, None, None]).sum(axis=1, dtype=np.int32)
    steps = np.maximum(real.sum(axis=1), 1)
    late = ~real[..., None] & ((thick > 0) | onsets)
    columns: Columns = {
        "most_pitches": thick.max(axis=(1, 2)),
        "onset_faults": _onset_faults(pitches, onsets, real),
        "padding_cells": late.sum(axis=(1, 2)),
        "rest_share": ((cells == 0) & real[..., None]).sum(axis=(1, 2)) / (steps * len(ensemble)),
        "empty_bar_share": _empty_bar_share(cells > 0, length, bar_steps),
        "crossing_share": _crossings(pitches[..., : ensemble.pitched]).sum(axis=1) / steps,
        "in_scale": _in_scale(counts[..., : ensemble.pitched]),
        **_compasses(counts, ensemble),
        "content": _contents(pitches),
    }
    return columns, counts


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
    windows, time, voices = sounding.shape
    share = np.zeros(windows)
    for size in np.unique(bar_steps):
        group = bar_steps == size
        bars = -(-time // size)
        padded = np.pad(sounding[group], ((0, 0), (0, bars * size - time), (0, 0)))
        heard = padded.reshape(-1, bars, size, voices).any(axis=2)
        begun = np.arange(bars) * size < length[group, None]
        empty = (~heard & begun[..., None]).sum(axis=(1, 2))
        share[group] = empty / np.maximum(begun.sum(axis=1) * voices, 1)
    return share


def _crossings(pitches: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Steps, all voices sounding, at which a voice lies under the next lower one."""
    under = (np.diff(pitches.astype(np.int16), axis=2) > 0).any(axis=2)
    return np.asarray(under & (pitches != REST).all(axis=2), dtype=bool)


def _in_scale(counts: NDArray[np.int32]) -> NDArray[np.float64]:
    classes = np.zeros((len(counts), 12), np.int64)
    for pitch, sounding in enumerate(np.moveaxis(counts.sum(axis=2), 1, 0)):
        classes[:, pitch % 12] += sounding
    inside = (classes @ _COLLECTIONS.T).max(axis=1)
    total = classes.sum(axis=1)
    return np.where(total > 0, inside / np.maximum(total, 1), np.nan)


def _compasses(counts: NDArray[np.int32], ensemble: Ensemble) -> Columns:
    """Each voice's lowest and highest pitch, as one text: the library's pages mix up pairs."""
    columns: Columns = {}
    for voice, name in enumerate(ensemble.names):
        heard = counts[:, :, voice] > 0
        low, high = heard.argmax(axis=1), PITCHES - 1 - heard[:, ::-1].argmax(axis=1)
        compass = np.array([f"{one} to {other}" for one, other in zip(low, high, strict=True)])
        columns[f"compass_{name}"] = compass.astype(object)
        columns[f"compass_{name}"][~heard.any(axis=1)] = None
    return columns


def _contents(pitches: NDArray[np.int8]) -> NDArray[Any]:
    """A digest of each window's pitches above its lowest one; empty for silence."""
    wide = pitches.astype(np.int16)
    sounding = wide != REST
    lowest = np.where(sounding, wide, PITCHES).min(axis=(1, 2), keepdims=True)
    relative = np.where(sounding, wide - lowest, REST).astype(np.int8)
    digests = [hashlib.blake2b(one.tobytes(), digest_size=8).hexdigest() for one in relative]
    return np.where(sounding.any(axis=(1, 2)), np.array(digests, object), "")
