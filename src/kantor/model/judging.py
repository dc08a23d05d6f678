"""What the critic of `chorale` holds of whole pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kantor.model.batches import CONTEXT
from kantor.model.critic import ChoraleCritic
from kantor.model.piece import judged_features, shift, to_piece

HOP = 16


def judge(critic: ChoraleCritic, batch: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    """The mean of the critic's scores over a piece's windows.

    Parameters
    ----------
    batch
        Arrays as in `kantor.model.batches.Pool` and a ``mask``, the pieces whole, `CONTEXT` steps
        before and at least a window's length after each.

    Returns
    -------
    (batch,) float32
        Windows that begin within the piece, `HOP` steps apart.
    """
    piece = to_piece({name: tf.constant(value) for name, value in batch.items()})
    seen = judged_features(piece.classes, shift(piece.classes), piece.onsets)
    embedded = critic.embed(seen)
    inside = batch["inside"]
    total = np.zeros(len(inside), np.float32)
    count = np.zeros(len(inside), np.float32)
    for start in range(CONTEXT, inside.shape[1] - critic.steps + 1, HOP):
        at = slice(start, start + critic.steps)
        scores = critic(embedded[:, at], piece.mask[:, at], piece.conditions[:, at]).numpy()
        begins = inside[:, start] | (start == CONTEXT)
        total += np.where(begins, scores, 0)
        count += begins
    return total / count
