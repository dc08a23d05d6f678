"""Read songs of POP909 (Wang et al. 2020, *POP909: A Pop-song Dataset for Music Arrangement
Generation*): a sung melody and a piano that accompanies it.

A song is a folder: ``NNN.mid`` with the tracks MELODY, BRIDGE and PIANO in seconds, and the times
of its beats and chords, ``beat_midi.txt`` and ``chord_midi.txt``. Its own downbeats are wrong too
often; `kantor.data.downbeats` finds them. Excerpts are cut where they are sure.

Conventions
-----------
MELODY leads; the lowest note of PIANO below G3 is the bass, unless it belongs to a chord above a
lower note that still sounds. The others are the voices between lead and bass, see
`kantor.data.voicing`. A piano's note sounds until its voice's next one, if that comes within a
quarter: pianists use the pedal. BRIDGE is left out.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kantor.data.downbeats import BEATS, Spans, beats_of_bars
from kantor.data.voicing import held, voices_of
from kantor.ensemble import Ensemble
from kantor.errors import InputError
from kantor.formats import reading
from kantor.music.key import estimate
from kantor.music.notes import Note, arrays_of
from kantor.music.phrases import infer_fermatas
from kantor.music.score import REST, STEPS_PER_QUARTER, Score

BARS = 16
"""Bars of an excerpt; a song gives two where they do not overlap, the first and the last."""
_BEATS, _BAR = BARS * BEATS, BEATS * STEPS_PER_QUARTER  # of an excerpt; steps
_SURE = 0.95  # of each beat's place in its bar
_LOW = 55  # G3: the bass is below it
_OFF, _MOST_OFF = 0.2, 0.1  # steps from the grid, and which share of the notes may be so far off
_SUNG, _PLAYED = 0.75, 0.9  # of the bars of an excerpt, at least
_HEARD = 0.1  # of an excerpt, in which each line sounds, at least
_BREATH, _PEDAL = 1, 4  # steps of silence after a note that are closed: of the lead, of the piano


def is_song(file: Path) -> bool:
    """Whether a file is a song; its folder also has other versions of it."""
    return file.suffix == ".mid" and file.stem == file.parent.name


def read_song(path: Path, ensemble: Ensemble) -> list[Score]:
    """The excerpts of a song, in 4/4, as scores of `ensemble`: the one that leads, voices, bass.

    Raises
    ------
    InputError
        If a file of the song is missing or damaged, or there is no excerpt; says why.
    """
    if ensemble.bass is None or ensemble.pitched < len(ensemble) or len(ensemble) < 3:
        raise InputError("POP909 needs an ensemble of a lead, voices and a bass, without drums")
    times = _table(path.with_name("beat_midi.txt"))[0][:, 0]
    if len(times) < _BEATS or (np.diff(times) <= 0).any():
        raise InputError(f"beat_midi.txt: expected the times of {_BEATS} beats or more, ascending")
    melody, piano = _notes(path, times)
    chords = _chords(path.with_name("chord_midi.txt"), times)
    places, sure = beats_of_bars(len(times), chords, piano[piano[:, 2] < _LOW], melody)
    firm = sure > _SURE
    blocks = [
        first
        for first in range(len(times) - _BEATS)
        if firm[first : first + _BEATS].all()
        and (places[first : first + _BEATS] == np.arange(_BEATS) % BEATS).all()
    ]
    if not blocks:
        raise InputError(f"no {BARS} bars one after the other whose downbeats are sure")
    fitting = [first for first in blocks if _fits(melody, piano, first, ensemble)]
    if not fitting:
        raise InputError(f"no {BARS} bars whose downbeats are sure with melody and piano on a grid")
    apart = fitting[-1] - fitting[0] >= _BEATS
    excerpts = [
        _excerpt(melody, piano, first, times, ensemble)
        for first in (fitting[0], fitting[-1])[: 1 + apart]
    ]
    whole = [replace(score, title=f"POP909 {path.stem}") for score in excerpts]
    heard = [score for score in whole if (score.pitches != REST).mean(0).min() >= _HEARD]
    if not heard:
        raise InputError("the piano has too few notes at once for the voices")
    return heard


def _table(path: Path) -> tuple[NDArray[np.float64], list[str]]:
    """The first two columns of a text file as numbers, ``(row, 2)``, and the third one."""
    try:
        rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
        numbers = np.array([(float(first), float(second)) for first, second, _ in rows])
    except FileNotFoundError:
        raise InputError(f"{path.name}: not found beside the song") from None
    except ValueError:
        raise InputError(f"{path.name}: expected three columns, the first two numbers") from None
    return numbers.reshape(-1, 2), [row[2] for row in rows]


def _notes(path: Path, times: NDArray[np.float64]) -> tuple[Spans, Spans]:
    """The notes of MELODY and of PIANO in beats of `times`, ascending."""
    parsed = reading.read(path)
    tempi = [(float(start), tempo) for start, tempo in parsed.tempi] or [(0.0, parsed.tempo)]
    quarters, tempo = np.array([start for start, _ in tempi]), np.array([own for _, own in tempi])
    seconds = np.concatenate([[0.0], np.cumsum(np.diff(quarters) * 60 / tempo[:-1])])

    def beats(at: list[float]) -> NDArray[np.float64]:
        index = np.maximum(np.searchsorted(quarters, at, side="right") - 1, 0)
        exact = seconds[index] + (np.array(at) - quarters[index]) * 60 / tempo[index]
        return np.asarray(np.interp(exact, times, np.arange(len(times)), left=-1))

    found = dict[str, Spans]()
    for part in parsed.parts:
        starts, ends = (beats([float(note[at]) for note in part.notes]) for at in (0, 1))
        notes = np.stack([starts, ends, [note.pitch for note in part.notes]], 1)
        notes = notes[(starts >= 0) & (starts < len(times) - 1)]
        found[part.name] = notes[np.lexsort(notes.T[::-1])]
    for name in ("MELODY", "PIANO"):
        if not len(found.get(name, ())):
            raise InputError(f"no notes on a track {name}")
    return found["MELODY"], found["PIANO"]


def _chords(path: Path, times: NDArray[np.float64]) -> Spans:
    """Each chord of a song in beats; one number for all that have the same name."""
    spans, names = _table(path)
    starts, ends = np.interp(spans.T, times, np.arange(len(times)))
    numbers = np.unique(names, return_inverse=True)[1]
    return np.stack([starts, ends, np.where(np.array(names) == "N", -1, numbers)], 1)


def _fits(melody: Spans, piano: Spans, first: int, ensemble: Ensemble) -> bool:
    """Whether enough bars from the beat `first` on are sung and played, and on the grid."""
    lead = ensemble.lines[ensemble.leads]
    sung, played = (_within(notes, first) for notes in (melody, piano))
    if ((sung[:, 2] < lead.low) | (sung[:, 2] > lead.high)).any():
        return False
    for notes, least in ((sung, _SUNG), (played, _PLAYED)):
        steps = notes[:, 0] * STEPS_PER_QUARTER
        heard = np.unique(np.round(steps) // _BAR)
        if len(heard) < least * BARS or heard[0] > 0:
            return False
        if (np.abs(steps - np.round(steps)) > _OFF).mean() > _MOST_OFF:
            return False
    return True


def _within(notes: Spans, first: int) -> Spans:
    """The notes that begin in an excerpt, in beats from its first one."""
    early = 0.5 / STEPS_PER_QUARTER
    begin, end = np.searchsorted(notes[:, 0], [first - early, first + _BEATS - early])
    return notes[begin:end] - [first, first, 0]


def _excerpt(
    melody: Spans, piano: Spans, first: int, times: NDArray[np.float64], ensemble: Ensemble
) -> Score:
    lead = [Note(*note, ensemble.leads) for note in _on_grid(_within(melody, first))]
    played = voices_of(_on_grid(_within(piano, first)), ensemble, _LOW)
    notes = [*held(lead, BARS * _BAR, _BREATH), *held(played, BARS * _BAR, _PEDAL)]
    pitches, onsets = arrays_of(notes, BARS * _BAR, len(ensemble))
    beat = float(np.median(np.diff(times[first : first + _BEATS])))
    tempo, key = round(60 / beat, 1), estimate(pitches)
    score = Score(pitches, onsets, tempo=tempo, key=key, ensemble=ensemble)
    return replace(score, fermatas=infer_fermatas(score.line(ensemble.leads)))


def _on_grid(notes: Spans) -> list[tuple[int, int, int]]:
    """Start and end in steps, and the pitch; each note lasts a step or more."""
    starts, ends = (np.round(notes[:, at] * STEPS_PER_QUARTER).astype(int).clip(0) for at in (0, 1))
    ends = np.maximum(ends, starts + 1).clip(max=BARS * _BAR)
    return list(zip(starts.tolist(), ends.tolist(), notes[:, 2].astype(int).tolist(), strict=True))
