"""What each metric says, in a sentence or two for a reader who knows music but not this program."""

from __future__ import annotations

from kantor.music.score import VOICES

LOWER = VOICES[1:]

# Metrics of one kind stand together in the table. What the soprano does is given, not composed.
GROUPS: dict[str, tuple[str, ...]] = {
    "Voice leading": (
        "parallel_fifths",
        "parallel_octaves",
        "crossing",
        *(f"stepwise_{voice}" for voice in LOWER),
        *(f"leaps_{voice}" for voice in LOWER),
    ),
    "Harmony": (
        "triad_or_seventh",
        "complete_triads",
        "semitone_clash",
        "tonal_distance",
        "in_best_scale",
        "in_c_major",
        "pitch_classes",
    ),
    "Texture": (
        "four_pitches",
        "empty_bars",
        *(f"notes_{voice}" for voice in LOWER),
    ),
    "Range": tuple(f"pitch_histogram_{voice}" for voice in LOWER),
}
GIVEN = tuple(f"{name}_soprano" for name in ("stepwise", "leaps", "notes"))

UNITS = {
    "parallel_fifths": "per 100 steps",
    "parallel_octaves": "per 100 steps",
    "notes": "per 16 steps",
    "leaps": "a fourth or more",
    "pitch_histogram": "semitones",
    "pitch_classes": "per bar",
}

LABELS = {
    "parallel_fifths": "Parallel fifths",
    "parallel_octaves": "Parallel octaves",
    "crossing": "Voices crossed",
    "stepwise": "Moves by step",
    "leaps": "Leaps",
    "triad_or_seventh": "Triad or seventh chord",
    "complete_triads": "Complete triad",
    "semitone_clash": "Semitone clash",
    "tonal_distance": "Tonal distance",
    "in_best_scale": "In the best-fitting key",
    "in_c_major": "In C major",
    "pitch_classes": "Pitch classes",
    "four_pitches": "Four different pitches",
    "empty_bars": "Empty bars",
    "notes": "Notes",
    "pitch_histogram": "Pitch histogram distance",
    "root_position": "Triad in root position",
    "of_the_key": "… of the key",
    "tonic_or_dominant": "… on the tonic or dominant",
}

EXPLAINED = {
    "parallel_fifths": (
        "Two voices a fifth apart that move in the same direction to another fifth. Bach avoids "
        "them nearly always; to learn that is the hardest thing here."
    ),
    "parallel_octaves": "The same for octaves and unisons: two voices become one.",
    "crossing": "Share of the steps in which a voice lies under the next lower one.",
    "stepwise": (
        "Of the moves of a voice that change its pitch, the share of at most a whole tone. "
        "Singable lines move mostly by step, the bass the least."
    ),
    "leaps": "Of the same moves, the share of a fourth (five semitones) or more.",
    "triad_or_seventh": (
        "Share of the beats whose notes all belong to one triad or seventh chord. Too many is as "
        "wrong as too few: passing notes and suspensions belong to the style."
    ),
    "complete_triads": "Share of the beats that are a triad with root, third and fifth.",
    "semitone_clash": (
        "Share of the beats on which two notes a semitone apart, in any octave, sound together."
    ),
    "tonal_distance": (
        "Mean distance between the voices on the circles of fifths and thirds (Harte, Sandler and "
        "Gasser 2006). Small where voices agree on a chord."
    ),
    "in_best_scale": (
        "Share of the notes inside the major scale that fits best. Hardly separates good from bad."
    ),
    "in_c_major": (
        "MuseGAN's in-scale rate (Dong et al. 2018). Chorales stand in all keys, so Bach is at "
        "about .8; kept because others report it."
    ),
    "pitch_classes": "Different note names in a bar, all voices together (Dong et al. 2018).",
    "four_pitches": "Share of the steps in which four different pitches sound.",
    "empty_bars": "Share of a voice's bars without a note (Dong et al. 2018).",
    "notes": "How many notes a voice has in the length of a 4/4 bar: its rhythm.",
    "pitch_histogram": (
        "How far, in semitones, the notes of a voice would have to be moved on average to be "
        "spread over the pitches as in the training data (earth mover's distance, Rubner, Tomasi "
        "and Guibas 2000). For Bach: the held-out chorales' own distance from the training data."
    ),
}


def base(name: str) -> str:
    """A metric's name without its voice: ``leaps_alto`` is one of the ``leaps``."""
    stem, _, voice = name.rpartition("_")
    return stem if voice in VOICES else name


def title(name: str) -> str:
    """What the page calls a metric, with its voice: ``Leaps of a fourth or more, alto``."""
    known = LABELS.get(base(name), base(name).replace("_", " ").capitalize())
    return known if base(name) == name else f"{known}, {name.rpartition('_')[2]}"
