"""Measure what splits share and how far they lie apart: copies, and drift of the pitches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.data.corpus import SPLITS

if TYPE_CHECKING:
    import pandas as pd


def seen_elsewhere(frame: pd.DataFrame) -> pd.Series[Any]:
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


def _names(splits: Iterable[str]) -> str:
    return " and ".join(
        sorted(splits, key=lambda name: SPLITS.index(name) if name in SPLITS else 9)
    )


def copied_shares(manifest: pd.DataFrame, frame: pd.DataFrame) -> NDArray[np.float64]:
    """For each held-out piece, the share of its windows that also stand in another split.

    Missing for training pieces and where the windows do not tell.
    """
    if "also_in" not in frame or "id" not in manifest:
        return np.full(len(manifest), np.nan)
    known = frame.dropna(subset="also_in")
    shares = (known["also_in"] != "").groupby(known["piece"]).mean()
    return np.asarray(manifest["id"].map(shares), dtype=float)


def split_histograms(
    frame: pd.DataFrame, counts: NDArray[np.int32] | None
) -> dict[str, NDArray[np.int64]]:
    """For each split, how many steps each voice sounds each pitch: (128, voice) int64."""
    if counts is None:
        return {}
    masks = {name: (frame["split"] == name).to_numpy() for name in SPLITS}
    return {name: counts[mask].sum(axis=0, dtype=np.int64) for name, mask in masks.items()}


def histogram_distances(one: NDArray[Any], other: NDArray[Any]) -> tuple[float, float]:
    """Total variation (0 to 1) and earth mover's distance (in bins) of two histograms.

    Both are NaN if either histogram is empty.
    """
    if not one.sum() or not other.sum():
        return float("nan"), float("nan")
    difference = one / one.sum() - other / other.sum()
    return float(np.abs(difference).sum() / 2), float(np.abs(np.cumsum(difference)).sum())
