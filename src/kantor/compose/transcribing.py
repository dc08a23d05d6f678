"""Write notes of a file onto the sixteenth grid as a score, and say what that took.

What comes out has all that a model must know: its place in the bars, its key, where its phrases
end, and notes that its lines can sing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kantor.compose.keys import key_for
from kantor.compose.melody import on_grid
from kantor.compose.overrides import NOTHING_SAID, Overrides
from kantor.compose.placing import place
from kantor.compose.plan import Rests
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError
from kantor.formats.parsed import ParsedFile, Part
from kantor.music.notation import LineNotation
from kantor.music.notes import Note
from kantor.music.phrases import infer_fermatas, leading_line, possible_ends
from kantor.music.quantise import quantise
from kantor.music.score import Score


def transcribe(
    file: ParsedFile,
    lines: Mapping[int, Part],
    rests: Rests = "cut",
    foreign: bool = False,
    ensemble: Ensemble = SATB,
    overrides: Overrides = NOTHING_SAID,
) -> tuple[Score, list[str]]:
    """Write the parts of lines, by their places in the ensemble, onto the grid.

    Parameters
    ----------
    rests
        As for `place`.
    foreign
        Whether the notes were written for other lines, as for `kantor.compose.melody.on_grid`.

    Returns
    -------
    score : Score
        ``(time, line)``, its key known, its fermatas known or inferred; rests where no line is.
    messages : list of str
        What was done to the file's notes, one line each.

    Raises
    ------
    InputError
        If there are no notes, or no octave suits a line.
    """
    notes: list[Note] = []
    messages: list[str] = []
    written: dict[int, LineNotation] = {}
    sources: set[int] = set()
    for index, part in sorted(lines.items()):
        line = ensemble.lines[index]
        if line.kind == "drum":
            own, changes = _hits(part), list[str]()
        else:
            own, changes = on_grid(part.notes, line, foreign)
        prefix = f"{line.name}: " if len(lines) > 1 else ""
        notes += [note._replace(line=index) for note in own]
        messages += [prefix + message for message in changes]
        if part.source in file.notation.lines and part.source not in sources:
            written[index] = _kept(file.notation.lines[part.source], own, part)
        sources.add(part.source)
    file = replace(file, notation=replace(file.notation, lines=written))
    if not file.names_meter:
        messages.append("no meter in the file: 4/4 assumed; --meter overrules it")
    if not notes:
        raise InputError("no notes to compose for")
    first = min(note.start for note in notes)
    score, changes = place(file, notes, rests, ensemble, overrides)
    key, doubts = key_for(file, score, first, overrides)
    score = replace(score, key=key)
    if not score.fermatas.any():
        score = _with_phrases(score, any(index < ensemble.pitched for index in lines))
    return score, messages + changes + doubts


def _with_phrases(score: Score, sung: bool) -> Score:
    """A score without fermatas, those of its phrases inferred if a line with a pitch is there."""
    fermatas = score.fermatas
    if sung:
        leading = leading_line(score)
        if score.ensemble.names == SATB.names:
            fermatas = possible_ends(leading) == 1
        else:  # it learned from phrases that were found, not from written fermatas
            fermatas = infer_fermatas(leading)
    notation = replace(score.notation, fermatas_inferred=True)
    return replace(score, fermatas=fermatas, notation=notation)


def _hits(part: Part) -> list[Note]:
    """A drum's notes on the grid, a step each."""
    notes = quantise(part.notes)[0] if part.notes else []
    return [note._replace(end=note.start + 1) for note in notes]


def _kept(written: LineNotation, notes: Sequence[Note], part: Part) -> LineNotation:
    """How a part is written; in another octave it needs a clef and octaves of its own."""
    if max(note.pitch for note in notes) == max(note.pitch for note in part.notes):
        return written
    steps, semitones = written.transposition or (0, 0)
    octaves = int(semitones / 12)  # towards none
    moved = steps - 7 * octaves, semitones - 12 * octaves
    return replace(written, clef=None, transposition=moved if any(moved) else None)
