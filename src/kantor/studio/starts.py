"""What a piece can begin as: nothing but a form. Recordings, samples and files have modules."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field, StringConstraints

from kantor.compose.form import Form, continued
from kantor.compose.plan import MOST_BARS
from kantor.errors import InputError
from kantor.music.score import Key, Meter
from kantor.studio.document import (
    Event,
    KeySignature,
    Piece,
    Source,
    Step,
    Strict,
    Tempo,
    now,
)
from kantor.studio.file_reading import messages_of, on_the_page
from kantor.studio.scores import piece_of, runs, score_of

MeterText = Annotated[str, StringConstraints(pattern=r"^\d{1,2}/\d{1,2}$")]


class FormOrder(Strict):
    """A piece of which only the frame is known."""

    bars: Annotated[int, Field(ge=1, le=MOST_BARS)] = 8
    meter: MeterText = "4/4"
    key: KeySignature = KeySignature()
    pickup: Step = 0  # steps
    tempo: Tempo = 90.0
    write: bool = False
    """Whether the melody is to be written by hand: no note is given, not even the bass's."""


def form_piece(order: FormOrder) -> Piece:
    """An empty piece of that form, all to be composed but the first and last note of the bass.

    Raises
    ------
    InputError
        If the form cannot be.
    """
    key = Key(order.key.fifths, order.key.mode)
    try:
        request = Form(order.bars, Meter.parse(order.meter), key, order.pickup).request()
    except InputError as error:
        raise InputError(on_the_page(str(error))) from None
    score = replace(request.score, tempo=order.tempo)
    title = f"{'Melody' if order.write else 'Piece'} in {key.name}"
    source = Source(kind="form", options=order.model_dump(mode="json"))
    mask = np.zeros_like(request.mask) if order.write else request.mask
    if not order.write:
        source.messages = messages_of(request)
    return begun(
        piece_of(score, mask, source, title), f"{order.bars} empty bar{'s' * (order.bars != 1)}"
    )


def longer(piece: Piece, bars: int) -> Piece:
    """The piece with so many more bars, to be composed but for the last note of the bass.

    Raises
    ------
    InputError
        If it becomes too long; or as `score_of`.
    """
    before = score_of(piece)
    mask = np.zeros(before.pitches.shape, bool)
    for index, line in enumerate(piece.lines):
        for start, end in line.given:
            mask[start:end, index] = True
    last = before.meters[-1][1] if before.meters else before.meter
    score, mask = continued(before, mask, last, bars)
    extended = piece_of(score, mask, piece.source)
    lines = [
        line.model_copy(
            update={
                "given": new.given,
                "notes": [*line.notes, *(note for note in new.notes if note[0] >= piece.steps)],
            }
        )
        for line, new in zip(piece.lines, extended.lines, strict=True)
    ]
    event = Event(at=now(), what=f"continued by {bars} bar{'s' * (bars != 1)}")
    return piece.model_copy(
        update={
            "steps": score.steps,
            "bar_lines": score.bar_lines.tolist(),
            "fermatas": runs(score.fermatas),
            "lines": lines,
            "history": [*piece.history, event],
        }
    )


def begun(piece: Piece, what: str) -> Piece:
    """The piece with the first line of its history."""
    return piece.model_copy(update={"history": [Event(at=piece.created, what=what[:300])]})
