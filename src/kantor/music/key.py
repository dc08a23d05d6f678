"""Which key notes are in, where the file does not say; and keys by their names.

A melody alone is read as a chain of degrees that ends on one of them (`kantor.music.degrees`).
Several lines are read by naive Bayes: every key is asked how likely it makes the notes that sound,
the first note and the last one. How often each degree sounds, begins and ends was counted in the
218 sopranos of the JSB Chorales' training split whose key signature is known, apart for major and
for minor (pieces in Dorian and Phrygian are counted as minor).

Differs from Krumhansl's and Temperley's key finding (Krumhansl 1990; Temperley 1999, *What's Key
for Key?*), which correlate durations with a profile and know no order: a melody's last note says
more about its key than any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from kantor.errors import InputError
from kantor.music.degrees import MODES, WRITTEN, Floats, evidence, named
from kantor.music.score import REST, STEPS_PER_QUARTER, Key, Pitches, Score

# Shares in percent over the twelve degrees above the *major* tonic of the signature, so that a
# minor key's tonic is degree 9. Rows: major, minor.
_SOUNDING = (
    (19.2, 0.2, 17.2, 0.0, 17.0, 10.0, 0.9, 18.4, 0.1, 10.1, 0.5, 6.5),
    (15.4, 0.9, 14.5, 0.3, 17.8, 5.8, 1.6, 8.1, 2.0, 18.8, 0.4, 14.4),
)
_FIRST = (
    (45.4, 0.4, 1.3, 0.4, 21.3, 0.4, 0.4, 26.3, 0.4, 2.1, 0.4, 1.3),
    (7.7, 0.5, 14.0, 0.5, 33.8, 1.4, 0.5, 1.4, 0.5, 37.4, 0.5, 2.3),
)
_LAST = (
    (82.1, 0.4, 0.4, 0.4, 5.4, 0.4, 0.4, 8.8, 0.4, 0.4, 0.4, 0.4),
    (0.5, 1.4, 18.5, 0.5, 15.8, 0.5, 0.5, 0.5, 0.5, 60.8, 0.5, 0.5),
)
_SHARE_OF_MAJOR = 0.54
# Natural logarithms, where a key is there by default: how much likelier its signature is, and how
# much likelier the other mode of the same signature must be.
_LIKELIER, _OTHER_MODE = 1.0, 3.0
_FLOOR = 0.3  # no degree is impossible: a chromatic note must not rule a key out by itself


def estimate(pitches: Pitches, default: Key | None = None) -> Key:
    """The likeliest key of the notes in `pitches`, in its simplest spelling.

    Parameters
    ----------
    pitches : (time, line) int8
        MIDI note numbers, -1 for a rest; one line or several, the lowest last.
    default
        What a program writes where nobody chose a key: its signature is then a little likelier,
        and its mode much.

    Returns
    -------
    Key
        Of five flats to six sharps.

    Raises
    ------
    InputError
        If nothing sounds.
    """
    lines = _sounding(pitches)
    scores = _by_signature(evidence(lines[0])) if len(lines) == 1 else _of_lines(lines)
    if default:
        scores[:, default.major_tonic] += _LIKELIER
    mode, major_tonic = np.unravel_index(int(scores.argmax()), scores.shape)
    if default and major_tonic == default.major_tonic:
        own = scores[MODES.index(default.mode), major_tonic]
        if scores[mode, major_tonic] - own < _OTHER_MODE:
            return default
    return Key(0, MODES[mode]).transposed(int(major_tonic))


def likely(melody: Pitches, written: Key | None = None) -> list[tuple[Key, float]]:
    """Every key that a melody may be in and its probability, the likeliest first.

    Parameters
    ----------
    melody : (time,) or (time, 1) int8
        MIDI note numbers, -1 for a rest.
    written
        What a file names: evidence beside the notes, as a signature does not tell the mode, and
        is a sharp off where a piece is Dorian. What a person chose is no evidence, but the key.

    Returns
    -------
    list of (Key, float)
        All 24, in their simplest spelling or with the signature of `written`; the sum is 1.

    Raises
    ------
    InputError
        If nothing sounds.
    """
    scores = evidence(_sounding(np.asarray(melody).reshape(len(melody), 1))[0])
    if written:
        scores = scores + WRITTEN * named(written)
    chances = np.exp(scores - scores.max())
    chances /= chances.sum()
    found = []
    for (mode, tonic), chance in np.ndenumerate(chances):
        key = Key(0, MODES[mode]).transposed((tonic + 3 * mode) % 12)
        if written and written.major_tonic == key.major_tonic:
            key = Key(written.fifths, key.mode)
        found.append((key, float(chance)))
    return sorted(found, key=lambda one: -one[1])


def key_of(score: Score) -> Key:
    """The score's own key, else what the line that leads sounds like.

    Raises
    ------
    InputError
        If neither is known: that line has no note.
    """
    return score.key or estimate(score.pitches[:, [score.ensemble.leads]])


def _sounding(pitches: Pitches) -> list[Pitches]:
    """The lines of ``(time, line)`` pitches in which a note sounds.

    Raises
    ------
    InputError
        If there is none.
    """
    lines = [line for line in np.asarray(pitches).T if (line != REST).any()]
    if not lines:
        raise InputError("no key can be found where no note sounds")
    return lines


def _by_signature(scores: Floats) -> Floats:
    """``(mode, tonic)`` as ``(mode, major tonic)``, the tonic of the major key of its signature."""
    return np.stack([scores[0], np.roll(scores[1], 3)])


def _of_lines(lines: Sequence[Pitches]) -> Floats:
    """Log probability but for a constant of each key, ``(mode, major tonic)``."""
    sounding = np.concatenate([line[line != REST] for line in lines])
    duration = np.bincount(sounding % 12, minlength=12) / STEPS_PER_QUARTER
    classes = lines[-1][lines[-1] != REST] % 12
    shares = np.maximum([_SOUNDING, _FIRST, _LAST], _FLOOR)
    logs = np.log(shares / shares.sum(axis=2, keepdims=True))
    above = (np.arange(12)[None, :] - np.arange(12)[:, None]) % 12  # (major tonic, pitch class)
    sounds, begins, ends = logs[:, :, above]  # each (mode, major tonic, pitch class)
    prior = np.log([_SHARE_OF_MAJOR, 1 - _SHARE_OF_MAJOR])[:, None]
    scores = sounds @ duration + begins[:, :, classes[0]] + ends[:, :, classes[-1]] + prior
    return np.asarray(scores)


def parse_key(text: str) -> Key:
    """Read ``"G major"``, ``"F# minor"``, ``"Bb"`` or ``"c#m"``.

    Raises
    ------
    InputError
        If it is no key that can be written with up to seven sharps or flats.
    """
    plain = " ".join(text.replace("♯", "#").replace("♭", "b").lower().split())
    words = re.fullmatch(r"([a-g])([#b]?) ?(m|min|minor|maj|major)?", plain)
    if words:
        mode = "minor" if words[3] in ("m", "min", "minor") else "major"
        fifths = "fcgdaeb".index(words[1]) - 1 + {"": 0, "#": 7, "b": -7}[words[2]]
        fifths -= 3 if mode == "minor" else 0
        if -7 <= fifths <= 7:
            return Key(fifths, mode)
    raise InputError(
        f"key {text!r}: expected a name such as 'G major' or 'F# minor', "
        "of up to seven sharps or flats"
    )
