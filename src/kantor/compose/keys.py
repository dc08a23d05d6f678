"""Which key a score is in: the file's where its notes bear it out, else that of its notes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from kantor.compose.marks import step_of
from kantor.compose.overrides import Overrides
from kantor.formats.parsed import LATE, ParsedFile
from kantor.music.key import estimate, likely
from kantor.music.score import REST, STEPS_PER_QUARTER, Key, Score

_FITS = 0.8  # share of the notes' time that a key signature must hold to be believed
_BEYOND = 0.05  # share of the time that a default may hold beyond another key and yet be doubted
_OTHER_MODE = 3.0  # times as likely must the other mode be to be believed
_LISTED = 3  # key changes that a message names
_SCALE = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))


def key_for(
    file: ParsedFile, score: Score, first: int, overrides: Overrides
) -> tuple[Key, list[str]]:
    """The key of a score whose first note stands at step `first` of its file, and messages on it.

    It is the one that holds at the first note, or at the bar line after a pickup. Later ones are
    told: a score has one.
    """
    origin = first - int(np.flatnonzero(score.onsets.any(axis=1))[0])
    begins = Fraction(max(first, origin + int(score.bar_lines[0])), STEPS_PER_QUARTER)
    written = file.key_at(begins)
    messages = []
    if overrides.key or not len(_sounding(score)):  # drums have none
        key = overrides.key or written or Key()
    elif written is None:
        key = estimate(score.pitched)
        messages.append(f"the file names no key; it sounds like {key.name}")
    elif (key := _heard(file, written, score)) != written:
        messages.append(
            f"the file says {written.name}, but its notes are those of {key.name}; "
            "--key overrules it"
        )
    return key, messages + _changes(file, key, score, origin, begins)


def _heard(file: ParsedFile, written: Key, score: Score) -> Key:
    """The written key where the notes bear it out; many programs write C major into all MIDI."""
    share = _share_in(written, score)
    if file.kind == "midi" and written == Key():
        key = estimate(score.pitched, written)
        contradicted = share <= _share_in(key, score) + _BEYOND
    else:
        key = estimate(score.pitched)
        contradicted = share < _FITS and key.major_tonic != written.major_tonic
    if contradicted and _share_in(key, score) >= _FITS:
        return key
    return _in_mode(written, score)


def _in_mode(written: Key, score: Score) -> Key:
    """The written key, or its relative where an outer voice is clearly in that one.

    Many files name only a signature, and are read as major. Inner voices do not show the mode.
    """
    outer = (line for line in (score.ensemble.leads, score.ensemble.bass) if line is not None)
    heard = [line for line in outer if (score.pitches[:, line] != REST).any()]
    if not heard:
        return written
    found = likely(score.pitches[:, heard[0]], written)
    relative, chances = found[0][0], dict(found)
    is_relative = relative.major_tonic == written.major_tonic and relative.mode != written.mode
    if is_relative and chances[relative] > _OTHER_MODE * chances[written]:
        return relative
    return written


def _share_in(key: Key, score: Score) -> float:
    """Share of the sounding steps that are on the key's scale."""
    return float(_SCALE[(_sounding(score) - key.major_tonic) % 12].mean())


def _sounding(score: Score) -> NDArray[np.int16]:
    """The pitches of the steps that sound, drums aside."""
    return np.asarray(score.pitched[score.pitched != REST], np.int16)


def _changes(file: ParsedFile, kept: Key, score: Score, origin: int, begins: Fraction) -> list[str]:
    """One line on the keys that begin later in the score, which begins at step `origin`."""
    held, changes = file.key_at(begins), list[tuple[Key, int]]()
    for time, key in file.keys:
        step = step_of(time) - origin
        if time > begins + LATE and 0 < step < score.steps and key != held:
            held = key
            changes.append((key, step))
    if not changes:
        return []
    named = ", ".join(
        f"{key.name} at bar {int((score.bar_lines <= step).sum())}"
        for key, step in changes[:_LISTED]
    ) + ", and on" * (len(changes) > _LISTED)
    return [f"the key changes to {named}; the results keep {kept.name}"]
