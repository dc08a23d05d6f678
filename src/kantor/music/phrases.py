"""Where phrases end, for melodies whose file has no fermatas, and for what is composed freely.

A chorale's phrases close on a fermata, and the model was trained with them. A melody from MIDI
has none, so the likeliest places are found: the best way to cut the notes into phrases, by what
each phrase's last note is like and how long the phrase is. It is found by dynamic programming
(Viterbi) over the notes; the probability that a note ends a phrase by sums over all cuts (forward
and backward). The weights are those of a conditional random field over segments
(Sarawagi and Cohen 2004), fitted to the fermatas of the JSB Chorales' training split and to the
phrases of the Essen folk songs, each half: ``phrases.csv``, made by ``benchmarks/phrases.py``.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kantor.music.key import likely
from kantor.music.notes import Note, notes_of
from kantor.music.score import REST, STEPS_PER_QUARTER, Flags, Meter, Score

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NOTE = {"held": 7, "place": 4, "rest": 3, "next": 7, "opening": 4, "leap": 9, "degree": 12}
"""What is asked of a phrase's last note, and how many answers there are."""
PHRASE = {"quarters": 51, "bars": 13, "notes": 40}
"""What is asked of a phrase, and how many answers there are."""
LONGEST = PHRASE["notes"]
"""Notes in a phrase, at most."""
_HELD = (3, 4, 6, 8, 12, 16)  # steps from which each answer but the first holds
_NEXT = (0.6, 0.95, 1.05, 1.6, 2.5, 3.5)  # of the next note's length
_LEAP = (-7, -4, -2, 0, 1, 3, 5, 8)  # semitones
_LONGEST_FERMATA = 16  # steps
_SURE = 0.4  # with this probability a note counts wholly as the end of a phrase
_LEADS = 0.5  # share of the busiest line's time that a line must sound to show the phrases


def infer_fermatas(score: Score) -> Flags:
    """Where a singer would rest on the last note of a phrase: the likeliest cut.

    Against the real fermatas of the validation split, by note and the last one of each piece
    aside: 86 % of those named are real and 85 % of the real ones are named. In Essen folk songs
    that were not fitted 79 % and 79 %.

    Parameters
    ----------
    score : (time, 1)

    Returns
    -------
    (time,) bool
        True during the last note of each phrase; the piece's last note always ends one.
    """
    fermatas = np.zeros(score.steps, bool)
    if notes := notes_of(score):
        for index in _likeliest(_scores(score, notes)):
            fermatas[notes[index].start : notes[index].end] = True
    return fermatas


def possible_ends(score: Score) -> NDArray[np.float32]:
    """How much each note counts as a phrase's end, for a model trained on written fermatas.

    Two and a half times the probability that it is one, over all cuts, and at most 1: a phrase end
    that is missed costs a cadence, one too many hardly anything.

    Parameters
    ----------
    score : (time, 1)

    Returns
    -------
    (time,) float32
        0 to 1 during each note, 1 during the last one; 0 in rests.
    """
    counts = np.zeros(score.steps, np.float32)
    if notes := notes_of(score):
        for note, probability in zip(notes, _probabilities(_scores(score, notes)), strict=True):
            counts[note.start : note.end] = min(1.0, probability / _SURE)
    return counts


def leading_line(score: Score) -> Score:
    """The line that shows the phrases, ``(time, 1)``: the highest that sounds enough."""
    sounding = (score.pitched != REST).sum(axis=0)
    return score.line(int(np.flatnonzero(sounding >= _LEADS * sounding.max())[0]))


def _scores(score: Score, notes: list[Note]) -> Floats:
    """What speaks for each phrase: ``(its last note, how many come before that one)``.

    What stands for phrases of more notes than there are means nothing.
    """
    weights = _weights()
    scores = np.zeros((len(notes), LONGEST))
    for name, answers in note_answers(score, notes).items():
        scores[:-1] += weights[name][answers[:-1], None]
    for name, answers in phrase_answers(score, notes).items():
        scores += weights[name][answers]
    return scores


def _likeliest(scores: Floats) -> list[int]:
    """The notes that end phrases in the best cut of all notes, from the last on."""
    count = len(scores)
    best, cut = np.zeros(count + 1), [0]
    for last in range(count):
        firsts = best[_firsts(last)] + scores[last, : last + 1]
        before = int(firsts.argmax())
        cut.append(last - before)
        best[last + 1] = firsts[before]
    ends = []
    after = count
    while after > 0:
        ends.append(after - 1)
        after = cut[after]
    return ends


def _probabilities(scores: Floats) -> Floats:
    """The probability of each note to end a phrase, over all cuts, ``(note,)``."""
    count = len(scores)
    before, after = np.full((2, count + 1), -np.inf)  # of all cuts up to a note, and from it on
    before[0] = after[count] = 0
    for last in range(count):
        firsts = before[_firsts(last)] + scores[last, : last + 1]
        before[last + 1] = np.logaddexp.reduce(firsts)
    for last in reversed(range(count)):
        into, whole = _firsts(last), scores[last, : last + 1] + after[last + 1]
        after[into] = np.logaddexp(after[into], whole)
    return np.asarray(np.exp(before[1:] + after[1:] - before[count]))


def _firsts(last: int) -> Ints:
    """The notes with which a phrase that ends on this one can begin, the latest first."""
    return np.arange(last, max(-1, last - LONGEST), -1)


def note_answers(score: Score, notes: list[Note]) -> dict[str, Ints]:
    """The answers to `NOTE` for each note, ``(note,)``; those for the last one mean nothing."""
    starts, ends, pitches = np.array(notes)[:, :3].T
    gaps = _until(score, notes) - starts
    rests = np.append(starts[1:], ends[-1]) - ends
    beat = score.meter.beat_steps
    since, bar = score.bar_positions[starts].astype(int).T
    strong = np.array([_strong(length, beat) for length in bar.tolist()])
    after = np.roll(since, -1) - since[0]
    tonic = likely(score.pitches[:, 0])[0][0].tonic
    return {
        "held": np.digitize(gaps, _HELD),
        "place": np.select([since == 0, since % strong == 0, since % beat == 0], [0, 1, 2], 3),
        "rest": np.digitize(rests - np.median(rests), (2, STEPS_PER_QUARTER)),
        "next": np.digitize(gaps / np.roll(gaps, -1), _NEXT),
        # Where in the bar the next phrase begins, against where the first one does.
        "opening": np.select(
            [after % bar == 0, after % strong == 0, after % beat == 0], [0, 1, 2], 3
        ),
        "leap": np.digitize(np.roll(pitches, -1) - pitches, _LEAP),
        "degree": (pitches - tonic) % 12,
    }


def phrase_answers(score: Score, notes: list[Note]) -> dict[str, Ints]:
    """The answers to `PHRASE` for each phrase: ``(its last note, how many come before that one)``.

    A phrase lasts until the next one begins. The answers for phrases of more notes than there are
    mean nothing.
    """
    starts, before = np.array(notes)[:, 0], np.arange(LONGEST)
    firsts = (np.arange(len(notes))[:, None] - before).clip(min=0)
    lengths = _until(score, notes)[:, None] - starts[firsts]
    bar, beat = score.meter.bar_steps, score.meter.beat_steps
    bars = [lengths % bar == 0, 2 * (lengths % bar) == bar, lengths % bar % beat == 0]
    return {
        "quarters": np.minimum(2 * lengths // STEPS_PER_QUARTER, PHRASE["quarters"] - 1),
        "bars": np.select(bars, [np.minimum(lengths // bar, 9), 10, 11], 12),
        "notes": np.broadcast_to(before, lengths.shape),
    }


def _until(score: Score, notes: list[Note]) -> Ints:
    """When each note's successor begins, at most a bar after its end, ``(note,)``."""
    starts, ends = np.array(notes)[:, :2].T
    return np.asarray(np.minimum(np.append(starts[1:], ends[-1]), ends + score.meter.bar_steps))


@cache
def _weights() -> dict[str, NDArray[np.float64]]:
    """The weight of each answer to each question."""
    weights = {name: np.zeros(size) for name, size in (NOTE | PHRASE).items()}
    with Path(__file__).with_name("phrases.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            weights[row["question"]][int(row["answer"])] = float(row["weight"])
    return weights


def even_endings(score: Score, start: int, meter: Meter, phrase: int) -> list[tuple[int, int]]:
    """The last notes of phrases of `phrase` bars each, from step `start` to the score's end.

    A phrase ends on what is held from the beginning or the middle of its last bar, as nearly all
    do in the JSB Chorales: without a pickup on a half note in 4/4 and a dotted half in 3/4, with
    one of a quarter on a quarter and a half. A single bar that is left joins the last phrase.
    `start` is whole bars of `meter` before the end; of the score only the bars are read.

    Returns
    -------
    list of (int, int)
        Where each note begins and ends, ascending, in steps.
    """
    positions, bar = score.bar_positions, meter.bar_steps
    strong = _strong(bar, meter.beat_steps)
    count = (score.steps - start) // bar
    endings = []
    for bars in [*range(phrase, count - (phrase > 1), phrase), count]:
        end = start + bars * bar
        earliest = max(start, end - _LONGEST_FERMATA)
        latest = max(earliest, end - STEPS_PER_QUARTER)
        places = np.flatnonzero(positions[earliest : latest + 1, 0] % strong == 0)
        endings.append((earliest + (int(places[-1]) if places.size else 0), end))
    return endings


def _strong(bar: int, beat: int) -> int:
    """Steps between the strong places of a bar: its beginning and, where it is long, its middle."""
    return bar // 2 if bar % (2 * beat) == 0 and bar > 2 * STEPS_PER_QUARTER else bar
