"""Many pieces composed by few runs of the networks."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Sequence

from kantor.music.score import Flags
from kantor.runtime import blas, lines
from kantor.runtime.choosing import Manner
from kantor.runtime.decoder import Decoder
from kantor.runtime.encoder import Encoder
from kantor.runtime.pieces import Piece
from kantor.runtime.pitches import CONTEXT, Codes
from kantor.runtime.tasks import Task
from kantor.runtime.weights import Weights

DECODERS = 8
"""Tasks whose tables are kept."""

Filled = tuple[Codes, Flags]


class Network:
    """The generator's weights, made ready for what is asked of them."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._encoder = Encoder(weights)
        self._memory = lines.Memory(weights)
        self._decoders: OrderedDict[Task, Decoder] = OrderedDict()

    def fill(
        self,
        pieces: Sequence[Piece],
        seeds: Sequence[int],
        tasks: Sequence[Task],
        manner: Manner,
    ) -> list[Filled]:
        """Compose the cells that are not given.

        What else is in the batch changes neither a piece's codes nor its onsets.

        Parameters
        ----------
        seeds, tasks
            Of each piece.

        Returns
        -------
        list of (codes, onsets)
            ``(time, voice)`` int8 and bool of each piece, given cells unchanged.
        """
        found = [_given(piece) for piece in pieces]
        alike: dict[Task, list[int]] = defaultdict(list)
        for row, task in enumerate(tasks):
            if task.voices:
                alike[task].append(row)
        with blas.one_core():
            blas.warm()
            for task, rows in alike.items():
                answers = lines.compose(
                    self._encoder,
                    self._decoder(task),
                    self._memory,
                    [pieces[row] for row in rows],
                    [seeds[row] for row in rows],
                    manner,
                )
                for row, answer in zip(rows, answers, strict=True):
                    found[row] = answer
        return found

    def _decoder(self, task: Task) -> Decoder:
        found = self._decoders.pop(task, None) or Decoder(self._weights, task)
        self._decoders[task] = found
        while len(self._decoders) > DECODERS:
            self._decoders.popitem(last=False)
        return found


def _given(piece: Piece) -> Filled:
    within = slice(CONTEXT, CONTEXT + piece.steps)
    return piece.codes[within], piece.onsets[within]
