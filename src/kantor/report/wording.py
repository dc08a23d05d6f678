"""What the page says in words: names and meanings of the metrics, the verdict, how numbers look.

The reader knows music but not this program. A metric of one line is named by its kind and the
line, such as ``leaps_alto``; what is said here of a kind holds for all its lines.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from kantor.ensemble import Ensemble
from kantor.report.comparing import ALIKE, IN_RANGE, OUTSIDE

# Metrics of one kind stand together in the table.
GROUPS: dict[str, tuple[str, ...]] = {
    "Voice leading": (
        "parallel_fifths",
        "parallel_octaves",
        "crossing",
        "stepwise",
        "leaps",
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
    "Texture": ("four_pitches", "empty_bars", "notes"),
    "Range": ("pitch_histogram",),
}

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


BADGES = {
    ALIKE: ("good", "like Bach"),
    IN_RANGE: ("fair", "in his range"),
    OUTSIDE: ("bad", "outside"),
    "": ("none", "not counted"),
}


def kind(name: str) -> str:
    """A metric's name without its line: ``leaps_alto`` is one of the ``leaps``."""
    if name in LABELS:
        return name
    return next((known for known in LABELS if name.startswith(f"{known}_")), name)


def title(name: str) -> str:
    """What the page calls a metric, with its line: ``Leaps, alto``."""
    known = kind(name)
    label = LABELS.get(known, known.replace("_", " ").capitalize())
    return label if known == name else f"{label}, {name.removeprefix(f'{known}_')}"


def ordered(names: Sequence[str]) -> dict[str, list[str]]:
    """The metrics by their group, in the order of `GROUPS`; unknown ones come last."""
    groups = {
        group: [name for one in kinds for name in names if kind(name) == one]
        for group, kinds in GROUPS.items()
    }
    known = {name for group in groups.values() for name in group}
    return {**groups, "Others": [name for name in names if name not in known]}


def listed(names: Sequence[str]) -> str:
    """``alto, tenor and bass``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def figure(value: float | None) -> str:
    """A metric's value as the table shows it: three digits that mean something."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    decimals = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{decimals}f}".replace("-", "−")


def verdict(figures: Mapping[str, Any], ensemble: Ensemble) -> dict[str, str]:
    """The page's title and the sentences under it."""
    entries = figures.get("metrics", {})
    if not entries:
        return {"title": "Nothing was measured", "text": "metrics.json holds no metrics."}
    by = {verdict: [n for n, e in entries.items() if e["verdict"] == verdict] for verdict in BADGES}
    inside = len(by[ALIKE]) + len(by[IN_RANGE])
    title = f"{inside} of {len(entries)} metrics lie in Bach’s range"
    if not by[OUTSIDE]:
        title = "Every metric lies in Bach’s range"
    return {"title": title, "text": " ".join(_sentences(figures, by, ensemble))}


def _sentences(
    figures: Mapping[str, Any], by: Mapping[str, Sequence[str]], ensemble: Ensemble
) -> list[str]:
    entries = figures["metrics"]
    split = {"valid": "validation"}.get(figures["split"], figures["split"])
    others = listed([ensemble.names[line] for line in ensemble.others])
    text = [
        f"The model wrote {others} to the {ensemble.names[ensemble.leads]} of "
        f"{figures['pieces']} pieces of the {split} split, which it was not trained on.",
        f"{len(by[ALIKE])} of {len(entries)} metrics cannot be told from Bach’s with these pieces, "
        f"{len(by[IN_RANGE])} differ by less than his own pieces do, {len(by[OUTSIDE])} by more.",
    ]
    if by[OUTSIDE]:
        worst = sorted(by[OUTSIDE], key=lambda name: -_distance(entries[name]))[:2]
        text.append(f"Furthest off: {listed([_beside(name, entries[name]) for name in worst])}.")
    beaten = sum(_nearer_than_random(entry) for entry in entries.values())
    text.append(f"{beaten} are at least as near to Bach as random notes are.")
    ends = figures.get("phrase_ends", {}).get("root_position", {})
    if ends.get("generated") is not None and ends.get("real") is not None:
        text.append(
            f"{ends['generated']:.0%} of its phrases end on a triad in root position "
            f"(Bach’s: {ends['real']:.0%})."
        )
    changed = figures.get("headline", {}).get("changed_by_another_seed")
    if changed is not None:
        text.append(f"Another seed changes {changed:.0%} of the composed cells.")
    return text


def _beside(name: str, entry: Mapping[str, Any]) -> str:
    words = title(name)
    made, real = figure(entry["generated"]), figure(entry["real"])
    return f"{words[0].lower()}{words[1:]} ({made}, Bach {real})"


def _distance(entry: Mapping[str, Any]) -> float:
    """How many times the real pieces' spread the generated figure is away, spread never 0."""
    apart = abs(entry["generated"] - entry["real"])
    return float(apart / max(entry["real_spread"], 0.01 * abs(entry["real"]), 1e-3))


def _nearer_than_random(entry: Mapping[str, Any]) -> bool:
    made, real, random = entry["generated"], entry["real"], entry["baseline"].get("random")
    return None not in (made, real, random) and abs(made - real) <= abs(random - real)
