"""Metrics of one kind stand together on the page, each by the name that people call it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kantor.ensemble import Ensemble
from kantor.metrics import cadences, names
from kantor.metrics.musical import labels
from kantor.metrics.part_writing import marks

GROUPS: dict[str, tuple[str, ...]] = {
    "Voice leading": ("parallel_fifths", "parallel_octaves", "crossing", "stepwise", "leaps"),
    "Under the melody": ("chord_tones", "lead_clash", "bass_on_roots"),
    "Harmony": (
        "triad_or_seventh",
        "complete_triads",
        "semitone_clash",
        "tonal_distance",
        "in_best_scale",
        "in_c_major",
        "pitch_classes",
    ),
    "Texture": ("four_pitches", "empty_bars", "notes", "hits"),
    "From bar to bar": ("same_notes", "same_rhythm", "same_drums", "recurs"),
    "Rhythm within the bar": ("onset_histogram", "kit_histogram"),
    "Range": ("span", "pitch_histogram"),
}
"""The kinds of metrics in a group, in the order of the table."""
MARKS: dict[str, tuple[str, ...]] = {
    "Lines": ("unusual_moves", "outside", "wide_leaps", "odd_durations", "above_lead"),
    "Chords": ("beat_parallels", "bare_fifths"),
    "Key": ("other_key", "other_last_bass"),
    "Phrase ends": ("authentic", "plagal", "half", "unrooted"),
}
"""The same for what a harmony teacher marks."""
KINDS = {
    **{kind: names.label(kind) for kinds in GROUPS.values() for kind in kinds},
    "recurs": "notes that were there some bars before",
}
"""What a person calls each kind of metric. One of a line is named by its kind and the line, such
as ``leaps_alto``."""


def titles(ensemble: Ensemble, more: Iterable[str] = ()) -> dict[str, str]:
    """What the page calls each metric that can stand on it, and `more`."""
    named = [*labels(ensemble), *cadences.LABELS, *marks(ensemble), *more]
    named += [f"pitch_histogram_{line}" for line in ensemble.names]
    texts = {name: names.label(name) for name in named}
    return {name: text[0].upper() + text[1:] for name, text in texts.items()}


def grouped(
    names: Iterable[str], by: Mapping[str, tuple[str, ...]] = GROUPS
) -> dict[str, list[str]]:
    """The metrics by their group, in the order of `by`; groups without any are left out."""
    groups = {
        group: [name for kind in kinds for name in of_kind(kind, names)]
        for group, kinds in by.items()
    }
    return {group: names for group, names in groups.items() if names}


def of_kind(kind: str, names: Iterable[str]) -> list[str]:
    """Those metrics that are of a kind."""
    return [name for name in names if name == kind or name.startswith(f"{kind}_")]
