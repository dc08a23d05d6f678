"""Find soprano, alto, tenor and bass among the parts of a recording.

Conventions
-----------
The rules, in this order; drums, and parts that sound less than a twentieth of the time of the
busiest one, such as a divided note here and there, are left out before.

1. *Names.* Parts whose names begin with a word for each of the four voices (in English, German,
   French, Italian, Spanish or Latin, or S, A, T, B) are these; all other parts, such as doubling
   instruments, are dropped. Of ``Soprano 1`` and ``Soprano 2`` the first is taken.
2. *Register.* Exactly four parts of one note at a time, as good as always, are ordered by their
   mean pitch; where one has two notes after all, the upper one is heard.
3. *Chords.* Parts in which, all together, four notes sound for at least half of the time and
   never more, as in a piano reduction: each note goes to the free voice that moves least, the
   order of voices kept. Of two parts, such as two staves, the upper one is soprano and alto.

Everything else is refused with the reason.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from fractions import Fraction

from kantor.errors import InputError
from kantor.formats.parsed import Part
from kantor.music.notes import Time, TimedNote
from kantor.music.score import VOICE_RANGES, VOICES

_WORDS = (
    "soprano sopran soprani sop s cantus canto discant diskant descant dessus superius treble",
    "alto alt alti altus contralto haute hautecontre a",
    "tenor tenore tenors taille ténor t",
    "bass basso bassi bassus basse baß bajo bas b",
)
_VOICE_OF = {word: voice for voice, words in enumerate(_WORDS) for word in words.split()}
# Instruments whose names begin like a voice's.
_INSTRUMENT = re.compile(r"sax|guitar|clarinet|recorder|flute|trombone|drum|tuba|synth|bassoon")
_TOLERANCE = Fraction(1, 4)  # quarters by which legato notes may overlap in one part
_CENTRES = tuple((low + high) / 2 for low, high in VOICE_RANGES)
_CHORDS_SHARE = Fraction(1, 2)
_MOST_OVERLAPS = 0.05  # share of a part's notes that may sound with another of its own
_SLIGHT = Fraction(1, 20)


def four_voices(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Soprano, alto, tenor and bass, by the rules above.

    Raises
    ------
    InputError
        With the reason, if there are no four voices to be found.
    """
    parts, _ = _without_slight(parts)
    named = named_voices(parts)
    if len(named) == len(VOICES):
        for part in named.values():
            if not _is_line(part):
                raise InputError(f"the part {part.name} holds chords, not one voice")
        return tuple(named[voice] for voice in range(len(VOICES)))
    return _by_register(parts, len(VOICES)) or _by_chords(parts)


def voices_among(parts: Sequence[Part], wanted: Sequence[int]) -> dict[int, Part]:
    """The `wanted` voices, 0 to 3, of a file that need not have the others.

    Parts that are named after the wanted voices are these, however little they sound; else as
    many lines of one note at a time as are wanted, none named after a voice, by their mean pitch;
    else the file has four voices by the rules above.

    Raises
    ------
    InputError
        With the reason, if they are not to be found.
    """
    full, slight = _without_slight(parts)
    named = named_voices([*full, *slight])
    if all(voice in named and _is_line(named[voice]) for voice in wanted):
        return {voice: named[voice] for voice in wanted}
    if not named or len(wanted) == len(VOICES):
        for candidates in ([*full, *slight], full):
            if found := _by_register(candidates, len(wanted)):
                return dict(zip(sorted(wanted), found, strict=True))
    found = four_voices(parts)
    return {voice: found[voice] for voice in wanted}


def named_voices(parts: Sequence[Part]) -> dict[int, Part]:
    """The parts that are named after voices, the first of each name."""
    found: dict[int, Part] = {}
    for part in parts:
        voice = voice_of(part.name)
        if voice is not None:
            found.setdefault(voice, part)
    return found


def voice_of(name: str) -> int | None:
    """The voice that a part's name stands for, 0 to 3; None if for none."""
    if _INSTRUMENT.search(name.lower()):
        return None
    words = re.findall(r"[^\W\d_]+", name.lower())
    return _VOICE_OF.get(words[0]) if words else None


def _without_slight(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """The pitched parts, and those of them that hardly sound."""
    parts = [part for part in parts if part.notes and not part.is_drum]
    if not parts:
        raise InputError("no notes on any track")
    enough = _SLIGHT * max(_sounding(part) for part in parts)
    full = [part for part in parts if _sounding(part) >= enough]
    return full, [part for part in parts if _sounding(part) < enough]


def _by_register(parts: Sequence[Part], count: int) -> tuple[Part, ...]:
    """The parts from the highest down; none unless they are `count` lines of one note at a time."""
    if len(parts) != count or not all(map(_is_line, parts)):
        return ()
    return tuple(sorted(parts, key=_mean_pitch, reverse=True))


def _by_chords(parts: Sequence[Part]) -> tuple[Part, ...]:
    notes = sorted(
        (note for part in parts for note in part.notes), key=lambda note: (note.start, -note.pitch)
    )
    share = _four_share(notes)
    if share < _CHORDS_SHARE:
        raise InputError(
            f"not four voices: four notes sound together in {round(100 * share)}% of the time, and "
            "no parts are named soprano, alto, tenor and bass"
        )
    if len(parts) == 2:
        upper, lower = sorted(parts, key=_mean_pitch, reverse=True)
        halves = _split(upper.notes, (0, 1)) + _split(lower.notes, (2, 3))
        if len(halves) == len(VOICES):
            return halves
    voices = _split(notes, range(len(VOICES)))
    if not voices:
        raise InputError("not four voices: more than four notes sound together")
    return voices


def _split(notes: Sequence[TimedNote], voices: Sequence[int]) -> tuple[Part, ...]:
    """One part for each of `voices`; none if more notes than that sound together."""
    lines: dict[int, list[TimedNote]] = {voice: [] for voice in voices}
    ordered = sorted(notes, key=lambda note: (note.start, -note.pitch))
    for start, group in itertools.groupby(ordered, key=lambda note: note.start):
        chord = list(group)
        free = [v for v in voices if not lines[v] or lines[v][-1].end - start < _TOLERANCE]
        if len(chord) > len(free):
            return ()
        for voice, note in zip(_nearest(chord, free, lines, start), chord, strict=True):
            lines[voice].append(note)
    return tuple(Part(VOICES[voice].title(), tuple(lines[voice])) for voice in voices)


def _nearest(
    chord: Sequence[TimedNote],
    free: Sequence[int],
    lines: dict[int, list[TimedNote]],
    start: Fraction,
) -> tuple[int, ...]:
    """The voices, top down, that `chord` reaches with the least movement and no crossing."""

    def cost(chosen: tuple[int, ...]) -> float:
        """Semitones moved, and two octaves for each voice that is crossed."""
        total = 0.0
        for voice, note in zip(chosen, chord, strict=True):
            last = lines[voice][-1].pitch if lines[voice] else _CENTRES[voice]
            total += abs(note.pitch - last)
            for other, line in lines.items():
                if line and line[-1].end > start and other not in chosen:
                    crossed = (other < voice) != (line[-1].pitch >= note.pitch)
                    total += 24 * (crossed and line[-1].pitch != note.pitch)
        return total

    return min(itertools.combinations(free, len(chord)), key=cost)


def _four_share(notes: Sequence[TimedNote]) -> Fraction:
    """Of the time in which anything sounds, the share in which four notes or more do."""
    changes = sorted([(n.start, 1) for n in notes] + [(n.end, -1) for n in notes])
    count, some, four = 0, Fraction(0), Fraction(0)
    for (now, step), (then, _) in itertools.pairwise(changes):
        count += step
        span = Fraction(then - now)
        some += span * (count > 0)
        four += span * (count >= len(VOICES))
    return four / some if some else Fraction(0)


def _is_line(part: Part) -> bool:
    return _overlaps(part) <= _MOST_OVERLAPS


def _overlaps(part: Part) -> float:
    """The share of a part's notes that begin well before the one before has ended."""
    notes = sorted(part.notes, key=lambda note: (note.start, note.end))
    end: Time = 0
    count = 0
    for note in notes:
        count += end - note.start > _TOLERANCE
        end = max(end, note.end)
    return count / len(notes)


def _sounding(part: Part) -> Fraction:
    """The durations of a part's notes, added up."""
    return Fraction(sum(note.end - note.start for note in part.notes))


def _mean_pitch(part: Part) -> float:
    """Weighted by duration."""
    weighted = sum((note.pitch * (note.end - note.start) for note in part.notes), Fraction(0))
    return float(weighted / _sounding(part))
