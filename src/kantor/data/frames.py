"""What the checks look at: tables measured from the tensors and the manifest.

Four tables, one level each: a row is an array, a piece, a window or a split. Of a window only
its `length` real steps are measured, except where the padding itself is the question. Arrays of
a wrong form are never an error here: the columns that cannot be measured are left out, and the
table of the arrays says why.

Conventions
-----------
Shares are 0 to 1. A *cell* is one voice in one step. A bar counts as soon as it has begun; its
length comes from the piece's meter, 16 steps where that is unknown. Two windows have the same
*content* if their pitches are equal after moving one of them by some interval; repeated notes
are not told from held ones in this, so that a repetition does not hide a copy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.data.corpus import SPLITS
from kantor.music.score import REST, VOICES, Meter, ScoreError, onset_floor

if TYPE_CHECKING:
    import pandas as pd

    from kantor.data.windows import Windows

TEXTS = ("id", "title", "key", "meter", "split", "source", "content_hash")
NUMBERS = ("tempo", "bars", "pickup", "steps", "voices", "transposition")
PITCHES = 128
CHUNK = 256  # windows measured at once: 4 MB of a roll of 32 steps

DECLARED = {"rolls": "bool", "onsets": "bool", "piece": "int32", "start": "int32"} | {
    "length": "int16"
}

_MAJOR = (0, 2, 4, 5, 7, 9, 11)
# (collection, pitch class): the twelve diatonic collections.
_COLLECTIONS = np.array([[(pc - tonic) % 12 in _MAJOR for pc in range(12)] for tonic in range(12)])

Columns = dict[str, NDArray[Any]]


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
    histograms : dict of (128, voice) int64
        For each split, how many steps each voice sounds each pitch.
    """

    tensors: pd.DataFrame
    manifest: pd.DataFrame
    windows: pd.DataFrame
    splits: pd.DataFrame
    histograms: dict[str, NDArray[np.int64]]


def measure(
    windows: Windows, manifest: pd.DataFrame, steps: int, min_pieces: Mapping[Any, int]
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
    """
    pieces = manifest_frame(manifest, windows)
    frame, counts = window_frame(windows, pieces)
    pieces["copied_share"] = copied_shares(pieces, frame)
    histograms = split_histograms(frame, counts)
    splits = split_frame(pieces, frame, histograms, min_pieces)
    return Frames(tensor_frame(windows, steps), pieces, frame, splits, histograms)


def tensor_frame(windows: Windows, steps: int) -> pd.DataFrame:
    """The form of each array beside the declared one, for windows of `steps`."""
    import pandas as pd

    count = len(np.atleast_1d(windows.rolls))
    declared: dict[str, tuple[int, ...]] = dict.fromkeys(DECLARED, (count,))
    declared["rolls"] = (count, steps, PITCHES, len(VOICES))
    declared["onsets"] = (count, steps, len(VOICES))
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
    ScoreError
        If the file is missing or is no table.
    """
    import pandas as pd

    try:
        return pd.read_csv(path, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False)
    except FileNotFoundError:
        raise ScoreError(f"{path}: not found; `dvc repro ingest` writes it") from None
    except (OSError, ValueError) as error:
        fault = " ".join(str(error).split())
        raise ScoreError(f"{path}: not a table ({fault}); run `dvc repro -f ingest`") from None


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


def window_frame(
    windows: Windows, manifest: pd.DataFrame
) -> tuple[pd.DataFrame, NDArray[np.int32] | None]:
    """Measure each window.

    Returns
    -------
    frame : DataFrame
        `window_id` ("<piece's id>@<start>"), `piece`, `split`, `start`, `real_steps`,
        `overhang` (steps past the piece's end), then the columns that `_measure` and
        `_seen_elsewhere` describe. Only the columns that the arrays' form allows.
    counts : (window, 128, voice) int32 or None
        How many real steps each voice sounds each pitch; None where rolls cannot be read.
    """
    import pandas as pd

    if not _whole_numbers(windows.piece, windows.start, windows.length):
        return pd.DataFrame({"window_id": pd.Series(dtype=str)}), None
    rows = _origin(windows, manifest)
    if not _readable(windows):
        return pd.DataFrame(rows), None
    bars = np.array([_bar_steps(meter) for meter in rows.pop("meter")], np.int64)
    chunks, counts = [], []
    for begin in range(0, len(bars), CHUNK):
        part = slice(begin, begin + CHUNK)
        columns, sounding = _measure(
            np.asarray(windows.rolls)[part] > 0,
            np.asarray(windows.onsets)[part] > 0,
            np.asarray(windows.length)[part],
            bars[part],
        )
        chunks.append(columns)
        counts.append(sounding)
    for name in chunks[0] if chunks else ():
        rows[name] = np.concatenate([chunk[name] for chunk in chunks])
    frame = pd.DataFrame(rows)
    if chunks:
        frame["also_in"] = _seen_elsewhere(frame)
    return frame, np.concatenate(counts) if counts else None


def _whole_numbers(*arrays: NDArray[Any]) -> bool:
    """Whether these are vectors of whole numbers, equally long."""
    vectors = [np.asarray(array) for array in arrays]
    return all(v.ndim == 1 and v.dtype.kind in "iu" and len(v) == len(vectors[0]) for v in vectors)


def _readable(windows: Windows) -> bool:
    """Whether rolls and onsets can be read as ``(window, time, 128, voice)``, whatever dtype."""
    rolls, onsets = np.asarray(windows.rolls), np.asarray(windows.onsets)
    if rolls.ndim != 4 or rolls.shape[2:] != (PITCHES, len(VOICES)) or rolls.shape[1] == 0:
        return False
    same = onsets.shape == (*rolls.shape[:2], len(VOICES)) and len(rolls) == len(windows.piece)
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
    except ScoreError:
        return 16


def _measure(
    rolls: NDArray[np.bool_],
    onsets: NDArray[np.bool_],
    length: NDArray[Any],
    bar_steps: NDArray[np.int64],
) -> tuple[Columns, NDArray[np.int32]]:
    """Measure some windows.

    Parameters
    ----------
    rolls : (window, time, 128, voice) bool
    onsets : (window, time, voice) bool
    length, bar_steps : (window,)
        Real steps, and steps a bar.

    Returns
    -------
    columns : dict of (window,) arrays
        `most_pitches` of a voice at one step, `onset_faults` (onsets on rests, and changes of
        pitch without one), `padding_cells` that sound, `rest_share` of the cells,
        `empty_bar_share` of the bars of all voices, `crossing_share` of the steps,
        `in_scale` (share of the cells inside the best diatonic collection; NaN for silence),
        `compass_<voice>` (such as "60 to 72"; missing for silence), `content` (a digest).
    counts : (window, 128, voice) int32
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
        "rest_share": ((cells == 0) & real[..., None]).sum(axis=(1, 2)) / (steps * len(VOICES)),
        "empty_bar_share": _empty_bar_share(cells > 0, length, bar_steps),
        "crossing_share": _crossings(pitches).sum(axis=1) / steps,
        "in_scale": _in_scale(counts),
        **_compasses(counts),
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
    """Share of silent bars; sounding (window, time, voice)."""
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


def _compasses(counts: NDArray[np.int32]) -> Columns:
    """Each voice's lowest and highest pitch, as one text: the library's pages mix up pairs."""
    columns: Columns = {}
    for voice, name in enumerate(VOICES):
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


def _seen_elsewhere(frame: pd.DataFrame) -> pd.Series[Any]:
    """For each held-out window, the other splits that hold its content, such as "train".

    Empty where there is none; missing for training windows and for silence, so that shares are
    those of the held-out windows.
    """
    pairs = list(zip(frame["content"], frame["split"], strict=True))
    splits: dict[str, set[str]] = {}
    for content, split in pairs:
        splits.setdefault(content, set()).add(split)
    found = [
        _names(splits[content] - {split}) if content and split in SPLITS[1:] else None
        for content, split in pairs
    ]
    return type(frame["content"])(found, index=frame.index, dtype=object)


def copied_shares(manifest: pd.DataFrame, frame: pd.DataFrame) -> NDArray[np.float64]:
    """For each held-out piece, the share of its windows that also stand in another split.

    Missing for training pieces and where the windows do not tell.
    """
    if "also_in" not in frame or "id" not in manifest:
        return np.full(len(manifest), np.nan)
    known = frame.dropna(subset="also_in")
    shares = (known["also_in"] != "").groupby(known["piece"]).mean()
    return np.asarray(manifest["id"].map(shares), dtype=float)


def _names(splits: Iterable[str]) -> str:
    return " and ".join(
        sorted(splits, key=lambda name: SPLITS.index(name) if name in SPLITS else 9)
    )


def split_histograms(
    frame: pd.DataFrame, counts: NDArray[np.int32] | None
) -> dict[str, NDArray[np.int64]]:
    """For each split, how many steps each voice sounds each pitch: (128, voice) int64."""
    if counts is None:
        return {}
    masks = {name: (frame["split"] == name).to_numpy() for name in SPLITS}
    return {name: counts[mask].sum(axis=0, dtype=np.int64) for name, mask in masks.items()}


def split_frame(
    manifest: pd.DataFrame,
    frame: pd.DataFrame,
    histograms: Mapping[str, NDArray[np.int64]],
    min_pieces: Mapping[Any, int],
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
        for voice, name in enumerate(VOICES if histograms else ()):
            drift, distance = np.nan, np.nan
            if split != "train":
                pair = histograms[split][:, voice], histograms["train"][:, voice]
                drift, distance = histogram_distances(*pair)
            row |= {f"drift_{name}": drift, f"distance_{name}": distance}
        rows.append(row)
    return pd.DataFrame(rows)


def histogram_distances(one: NDArray[Any], other: NDArray[Any]) -> tuple[float, float]:
    """Total variation (0 to 1) and earth mover's distance (in bins) of two histograms.

    Both are NaN if either histogram is empty.
    """
    if not one.sum() or not other.sum():
        return float("nan"), float("nan")
    difference = one / one.sum() - other / other.sum()
    return float(np.abs(difference).sum() / 2), float(np.abs(np.cumsum(difference)).sum())
