"""Deal the notes of one player, several at a time, to a bass and the voices above it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, groupby, pairwise

from kantor.ensemble import Ensemble
from kantor.music.notes import Note

_CUT = 6
"""Semitones of motion that are better than to end a note that still sounds."""
_CHORD, _REACH = 3, 12
"""Notes at once that are a chord, and semitones that it spans at most, as one hand plays it."""


def voices_of(notes: Iterable[tuple[int, int, int]], ensemble: Ensemble, low: int) -> list[Note]:
    """The notes with their lines in `ensemble`: its bass, or one of those that do not lead.

    The lowest of the notes that begin together is the bass's, if it lies below the pitch `low` and
    is not of a close chord above the bass's note, which still sounds. The others keep their order
    from high to low; each line takes the note that is near its last one. Where there are more notes
    than lines, inner ones are left out. Octaves bring what is out of a line's range into it.

    Parameters
    ----------
    notes
        Start, end and pitch, in steps.
    """
    hand = _Hand(ensemble)
    for start, together in groupby(sorted(notes), key=lambda note: note[0]):
        chord = sorted(((pitch, end) for _, end, pitch in together), reverse=True)
        lowest, end = chord[-1]
        close = len(chord) >= _CHORD and chord[0][0] - lowest <= _REACH
        if lowest < low and not (close and hand.bass_sounds(start, lowest)):
            hand.play(hand.bass, start, end, lowest)
            chord.pop()
        if len(chord) > len(hand.voices):
            chord = [*chord[: len(hand.voices) - 1], chord[-1]]
        for line, (pitch, end) in zip(hand.nearest(start, chord), chord, strict=True):
            hand.play(line, start, end, pitch)
    return hand.played


class _Hand:
    """What each line has played last, and all notes that were played."""

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble, self.bass = ensemble, ensemble.bass or 0
        self.voices = [line for line in ensemble.others if line != self.bass]
        self.last = {line: sum(ensemble.ranges[line]) // 2 for line in ensemble.others}
        self.ends = dict.fromkeys(ensemble.others, 0)
        self.played = list[Note]()

    def bass_sounds(self, start: int, pitch: int) -> bool:
        """Whether the bass still sounds on from the step `start`, below `pitch`."""
        return self.ends[self.bass] > start + 1 and self.last[self.bass] < pitch

    def play(self, line: int, start: int, end: int, pitch: int) -> None:
        low, high = self.ensemble.ranges[line]
        while pitch < low:
            pitch += 12
        while pitch > high:
            pitch -= 12
        self.played.append(Note(start, end, pitch, line))
        self.last[line], self.ends[line] = pitch, end

    def nearest(self, start: int, chord: Sequence[tuple[int, int]]) -> tuple[int, ...]:
        """The lines that take the pitches of `chord`, from high to low."""
        sounding = {line: self.last[line] for line in self.voices if self.ends[line] > start}

        def cost(lines: tuple[int, ...]) -> int:
            new = {line: pitch for line, (pitch, _) in zip(lines, chord, strict=True)}
            now = [pitch for _, pitch in sorted((sounding | new).items())]
            crossed = sum(upper < lower for upper, lower in pairwise(now))
            moved = sum(abs(pitch - self.last[line]) for line, pitch in new.items())
            return moved + _CUT * (len(sounding.keys() & new.keys()) + 2 * crossed)

        return min(combinations(self.voices, len(chord)), key=cost)


def held(notes: Iterable[Note], steps: int, silence: int) -> list[Note]:
    """The notes, each held until its line's next one or the end, if that is near.

    Parameters
    ----------
    steps
        Where the music ends.
    silence
        Steps without a note that are closed, at most.
    """
    found = list[Note]()
    ascending = sorted(notes, key=lambda note: (note.line, note.start))
    for line, own in groupby(ascending, key=lambda note: note.line):
        for note, after in pairwise([*own, Note(steps, steps + 1, 0, line)]):
            near = 0 <= after.start - note.end <= silence
            found.append(note._replace(end=after.start) if near else note)
    return found
