"""Which checks are made on each table, and what each one's limit is.

Importing this module imports great_expectations.
"""

from __future__ import annotations

import great_expectations.expectations as gxe

from kantor.data.checks import expectations as kx
from kantor.data.checks.expectations import (
    Check,
    among,
    at_least_one,
    between,
    check,
    unique,
)
from kantor.data.checks.tables import DTYPES
from kantor.data.corpus import NUMBERS, SPLITS, TEXTS
from kantor.ensemble import SATB, Ensemble
from kantor.settings import Validate

Suite = list[Check]

# A piece shorter than half a window gives none; more than a few such are a fault of the source.
MOSTLY_WITH_WINDOWS = 0.99
# Below it a line is missing rather than resting. The least in the chorales is 0.79.
LEAST_HEARD = 0.5
# More than half of a piece's windows in another split: a copy, moved or cut otherwise.
MOST_COPIED = 0.5
# Ranges are those of the repertoire, a semitone or two wider: music may leave them for once.
MOSTLY_IN_RANGE = 0.99


def suites(limits: Validate, steps: int, ensemble: Ensemble = SATB) -> dict[str, Suite]:
    """The checks of each table of `kantor.data.checks.tables.Tables`, by its name."""
    return {
        "tensors": _tensors(steps, ensemble),
        "manifest": [*_manifest(), *_pieces(ensemble), *_sources(limits)],
        "windows": [*_form(), *_ranges(ensemble), *music(limits)],
        "splits": _splits(limits, ensemble),
    }


def _tensors(steps: int, ensemble: Ensemble) -> Suite:
    """One row an array: the form that the model reads."""
    shapes = f"windows x {steps} x 128 x {len(ensemble)} for rolls, the others in step with it"
    dtypes = ", ".join(f"{name} {dtype}" for name, dtype in DTYPES.items())
    return [
        check(
            gxe.ExpectColumnPairValuesToBeEqual,
            f"tensor_{column}",
            sentence,
            expected,
            column_A=column,
            column_B=f"declared_{column}",
        )
        for column, sentence, expected in (
            ("shape", "Shape of every array", shapes),
            ("dtype", "Type of every array", dtypes),
        )
    ]


def _manifest() -> Suite:
    """The manifest is complete."""
    columns = (*TEXTS, *NUMBERS)
    return [
        check(
            gxe.ExpectTableColumnsToMatchSet,
            "manifest_columns",
            "Columns of the manifest",
            ", ".join(columns),
            column_set=columns,
            exact_match=False,
        ),
        at_least_one("pieces_exist", "Number of pieces"),
        among("manifest_complete", "Values missing in the manifest", "none", "gaps", [""]),
        unique("piece_ids_unique", "Names of the pieces", "no id twice", "id"),
    ]


def _pieces(ensemble: Ensemble) -> Suite:
    """What a score must have."""
    lines = f"{len(ensemble)} ({', '.join(ensemble.names)})"
    key = "a key such as F# minor"
    meter = "a time signature such as 3/4"
    return [
        among("all_lines", "Voices of every piece", lines, "voices", [len(ensemble)]),
        between(
            "voices_heard",
            "Share of a piece's steps in which its least heard voice sounds",
            f"at least {LEAST_HEARD:g}",
            "least_heard",
            min_value=LEAST_HEARD,
            meta={"figure": "min"},
        ),
        check(kx.ExpectKnownKey, "known_key", "Key of every piece", key, column="key"),
        check(kx.ExpectKnownMeter, "known_meter", "Meter of every piece", meter, column="meter"),
    ]


def _sources(limits: Validate) -> Suite:
    """In one split alone, and put to use."""
    splits = f"one of {', '.join(SPLITS)}"
    return [
        among("known_split", "Split of every piece", splits, "split", list(SPLITS)),
        check(
            kx.ExpectContentInOneSplit,
            "pieces_in_one_split",
            "Disjoint splits",
            "no piece's notes in two splits",
            {"shown": ""},
            column_A="content_hash",
            column_B="split",
        ),
        between(
            "pieces_not_copied",
            "Share of a held-out piece's windows that, in any key, also stand in another split",
            f"at most {MOST_COPIED:g}, but for {limits.max_duplicate_share:.1%} of the pieces",
            "copied_share",
            max_value=MOST_COPIED,
            mostly=1 - limits.max_duplicate_share,
        ),
        between(
            "pieces_have_windows",
            "Windows of every piece",
            f"at least 1, for {MOSTLY_WITH_WINDOWS:.0%} of the pieces",
            "windows",
            min_value=1,
            mostly=MOSTLY_WITH_WINDOWS,
        ),
    ]


def _form() -> Suite:
    """Where a window comes from and whether its arrays agree with each other."""
    piece = "a row of the manifest, with a split"
    outside = "Steps of a window outside its piece"
    real = "Real steps of every window"
    padding = "Cells that sound, or start a note, in a window's padding"
    pitches = "Pitches of one voice at one step"
    onsets = "Onsets on rests, and changes of pitch without an onset"
    return [
        at_least_one("windows_exist", "Number of windows"),
        unique(
            "window_ids_unique", "Places of the windows", "no place in a piece twice", "window_id"
        ),
        among("windows_have_pieces", "Piece of every window", piece, "split", list(SPLITS)),
        between("windows_inside_pieces", outside, "0", "overhang", max_value=0),
        between("windows_have_steps", real, "at least 1", "real_steps", min_value=1),
        check(kx.ExpectSilentPadding, "silent_padding", padding, "0"),
        check(kx.ExpectOnePitchPerLineAndStep, "one_pitch", pitches, "at most 1"),
        check(kx.ExpectOnsetsToMatchPitches, "onsets_match_pitches", onsets, "0"),
    ]


def _ranges(ensemble: Ensemble) -> Suite:
    """Each line in its range."""
    return [
        check(
            kx.ExpectLineInRange,
            f"range_{line.name}",
            f"Lowest and highest pitch of the {line.name}",
            f"{line.low} to {line.high}, in {MOSTLY_IN_RANGE:.0%} of the windows",
            column=f"compass_{line.name}",
            low=line.low,
            high=line.high,
            mostly=MOSTLY_IN_RANGE,
        )
        for line in ensemble.lines
    ]


def music(limits: Validate) -> Suite:
    """What the music is like on average, and whether splits share any."""
    most = {
        "rest_share": ("Share of resting cells, mean", limits.max_rest_share),
        "empty_bar_share": (
            "Share of a voice's bars without a note, mean",
            limits.max_empty_bar_share,
        ),
        "crossing_share": ("Share of steps with crossed voices, mean", limits.max_crossing_share),
    }
    mean = gxe.ExpectColumnMeanToBeBetween
    scale, least = "Share of notes in the best-fitting scale, mean", limits.min_in_scale
    return [
        *(
            check(mean, name, sentence, f"at most {limit:g}", column=name, max_value=limit)
            for name, (sentence, limit) in most.items()
        ),
        check(mean, "in_scale", scale, f"at least {least:g}", column="in_scale", min_value=least),
        among(
            "windows_in_one_split",
            "Held-out windows whose pitches, in any key, also stand in another split",
            f"at most {limits.max_duplicate_share:.1%}",
            "also_in",
            [""],
            meta={"shown": "also in {0}"},
            mostly=1 - limits.max_duplicate_share,
        ),
    ]


def _splits(limits: Validate, ensemble: Ensemble) -> Suite:
    """One row a split: large enough, and like training."""
    return [
        check(
            gxe.ExpectColumnPairValuesAToBeGreaterThanB,
            "pieces_per_split",
            "Pieces of each split",
            ", ".join(f"{split} at least {count}" for split, count in limits.min_pieces.items()),
            column_A="pieces",
            column_B="required_pieces",
            or_equal=True,
        ),
        *(
            check(
                kx.ExpectPitchDriftBelow,
                f"drift_{name}",
                f"Distance of the {name}'s pitch histogram from training (total variation)",
                f"at most {limits.max_pitch_drift:g}",
                {"figure": "max"},
                column=f"drift_{name}",
                max_value=limits.max_pitch_drift,
            )
            for name in ensemble.names
        ),
    ]
