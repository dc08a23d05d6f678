"""Which checks are made on each table, and what each one's limit is.

A suite is a list of expectations with everything that a person reads about them: a short name
(the key in reports and on the command line), a sentence, and what is expected. Importing this
module imports great_expectations.
"""

from __future__ import annotations

from typing import Any

import great_expectations.expectations as gxe

from kantor.data import expectations as kx
from kantor.data.corpus import SPLITS
from kantor.data.frames import DECLARED, NUMBERS, TEXTS
from kantor.music.score import VOICE_RANGES, VOICES
from kantor.settings import Validate

# Ranges are those of the repertoire, a semitone or two wider: music may leave them for once.
MOSTLY_IN_RANGE = 0.99
# A piece shorter than half a window gives none; more than a few such are a fault of the source.
MOSTLY_WITH_WINDOWS = 0.99
# Below it a voice is missing rather than resting. The least in the chorales is 0.79.
LEAST_HEARD = 0.5
# More than half of a piece's windows in another split: a copy, moved or cut otherwise.
MOST_COPIED = 0.5
MANIFEST_COLUMNS = (*TEXTS, *NUMBERS)

Suite = list[Any]


def suites(limits: Validate, steps: int) -> dict[str, Suite]:
    """The checks of each table of `kantor.data.frames.Frames`, by its name."""
    return {
        "tensors": tensors(steps),
        "manifest": [*table(), *pieces(), *sources(limits)],
        "windows": [*form(), *voices(), *music(limits)],
        "splits": splits(limits),
    }


def check(
    kind: type[Any],
    name: str,
    sentence: str,
    expected: str,
    told: dict[str, str] | None = None,
    **arguments: object,
) -> Any:
    """An expectation that carries its short name, its sentence and its expectation in words.

    What `told` may hold: `shown`, how an unexpected value is put into words, and `figure`,
    "max" or "min" where the number to watch is the column's greatest or least.
    """
    meta = {"check": name, "sentence": sentence, "expected": expected, **(told or {})}
    return kind(description=f"{sentence}: {expected}.", meta=meta, **arguments)


def tensors(steps: int) -> Suite:
    """One row an array: the form that the model reads."""
    pair = gxe.ExpectColumnPairValuesToBeEqual
    return [
        check(
            pair,
            "tensor_shape",
            "Shape of every array",
            f"windows x {steps} x 128 x 4 for rolls, the others in step with it",
            column_A="shape",
            column_B="declared_shape",
        ),
        check(
            pair,
            "tensor_dtype",
            "Type of every array",
            ", ".join(f"{name} {dtype}" for name, dtype in DECLARED.items()),
            column_A="dtype",
            column_B="declared_dtype",
        ),
    ]


def table() -> Suite:
    """One row a piece: the manifest is complete."""
    return [
        check(
            gxe.ExpectTableColumnsToMatchSet,
            "manifest_columns",
            "Columns of the manifest",
            ", ".join(MANIFEST_COLUMNS),
            column_set=MANIFEST_COLUMNS,
            exact_match=False,
        ),
        _rows("pieces_exist", "Number of pieces"),
        check(
            gxe.ExpectColumnValuesToBeInSet,
            "manifest_complete",
            "Values missing in the manifest",
            "none",
            column="gaps",
            value_set=[""],
        ),
        check(
            gxe.ExpectColumnValuesToBeUnique,
            "piece_ids_unique",
            "Names of the pieces",
            "no id twice",
            told={"shown": ""},
            column="id",
        ),
    ]


def pieces() -> Suite:
    """One row a piece: what a score must have."""
    return [
        check(
            gxe.ExpectColumnValuesToBeInSet,
            "four_voices",
            "Voices of every piece",
            "4 (soprano, alto, tenor, bass)",
            column="voices",
            value_set=[len(VOICES)],
        ),
        check(
            gxe.ExpectColumnValuesToBeBetween,
            "voices_heard",
            "Share of a piece's steps in which its least heard voice sounds",
            f"at least {LEAST_HEARD:g}",
            told={"figure": "min"},
            column="least_heard",
            min_value=LEAST_HEARD,
        ),
        check(
            kx.ExpectKnownKey,
            "known_key",
            "Key of every piece",
            "a key such as F# minor",
            column="key",
        ),
        check(
            kx.ExpectKnownMeter,
            "known_meter",
            "Meter of every piece",
            "a time signature such as 3/4",
            column="meter",
        ),
    ]


def sources(limits: Validate) -> Suite:
    """One row a piece: in one split alone, and put to use."""
    return [
        check(
            gxe.ExpectColumnValuesToBeInSet,
            "known_split",
            "Split of every piece",
            f"one of {', '.join(SPLITS)}",
            column="split",
            value_set=list(SPLITS),
        ),
        check(
            kx.ExpectContentInOneSplit,
            "pieces_in_one_split",
            "Disjoint splits",
            "no piece's notes in two splits",
            told={"shown": ""},
            column_A="content_hash",
            column_B="split",
        ),
        check(
            gxe.ExpectColumnValuesToBeBetween,
            "pieces_not_copied",
            "Share of a held-out piece's windows that, in any key, also stand in another split",
            f"at most {MOST_COPIED:g}, but for {limits.max_duplicate_share:.1%} of the pieces",
            column="copied_share",
            max_value=MOST_COPIED,
            mostly=1 - limits.max_duplicate_share,
        ),
        check(
            gxe.ExpectColumnValuesToBeBetween,
            "pieces_have_windows",
            "Windows of every piece",
            f"at least 1, for {MOSTLY_WITH_WINDOWS:.0%} of the pieces",
            column="windows",
            min_value=1,
            mostly=MOSTLY_WITH_WINDOWS,
        ),
    ]


def _rows(name: str, sentence: str) -> Any:
    return check(gxe.ExpectTableRowCountToBeBetween, name, sentence, "at least 1", min_value=1)


def form() -> Suite:
    """One row a window: where it comes from and whether its arrays agree with each other."""
    between = gxe.ExpectColumnValuesToBeBetween
    return [
        _rows("windows_exist", "Number of windows"),
        check(
            gxe.ExpectColumnValuesToBeUnique,
            "window_ids_unique",
            "Places of the windows",
            "no place in a piece twice",
            told={"shown": ""},
            column="window_id",
        ),
        check(
            gxe.ExpectColumnValuesToBeInSet,
            "windows_have_pieces",
            "Piece of every window",
            "a row of the manifest, with a split",
            column="split",
            value_set=list(SPLITS),
        ),
        check(
            between,
            "windows_inside_pieces",
            "Steps of a window outside its piece",
            "0",
            column="overhang",
            max_value=0,
        ),
        check(
            between,
            "windows_have_steps",
            "Real steps of every window",
            "at least 1",
            column="real_steps",
            min_value=1,
        ),
        check(
            kx.ExpectSilentPadding,
            "silent_padding",
            "Cells that sound, or start a note, in a window's padding",
            "0",
        ),
        check(
            kx.ExpectOnePitchPerVoiceAndStep,
            "one_pitch",
            "Pitches of one voice at one step",
            "at most 1",
        ),
        check(
            kx.ExpectOnsetsToMatchPitches,
            "onsets_match_pitches",
            "Onsets on rests, and changes of pitch without an onset",
            "0",
        ),
    ]


def voices() -> Suite:
    """One row a window: each voice in its range."""
    return [
        check(
            kx.ExpectVoiceInRange,
            f"range_{voice}",
            f"Lowest and highest pitch of the {voice}",
            f"{low} to {high}, in {MOSTLY_IN_RANGE:.0%} of the windows",
            column=f"compass_{voice}",
            low=low,
            high=high,
            mostly=MOSTLY_IN_RANGE,
        )
        for voice, (low, high) in zip(VOICES, VOICE_RANGES, strict=True)
    ]


def music(limits: Validate) -> Suite:
    """One row a window: what the music is like on average, and whether splits share any."""
    at_most = (
        ("rest_share", "Share of resting cells, mean", limits.max_rest_share),
        (
            "empty_bar_share",
            "Share of a voice's bars without a note, mean",
            limits.max_empty_bar_share,
        ),
        ("crossing_share", "Share of steps with crossed voices, mean", limits.max_crossing_share),
    )
    mean = gxe.ExpectColumnMeanToBeBetween
    return [
        *(
            check(mean, name, sentence, f"at most {limit:g}", column=name, max_value=limit)
            for name, sentence, limit in at_most
        ),
        check(
            mean,
            "in_scale",
            "Share of notes in the best-fitting scale, mean",
            f"at least {limits.min_in_scale:g}",
            column="in_scale",
            min_value=limits.min_in_scale,
        ),
        check(
            gxe.ExpectColumnValuesToBeInSet,
            "windows_in_one_split",
            "Held-out windows whose pitches, in any key, also stand in another split",
            f"at most {limits.max_duplicate_share:.1%}",
            told={"shown": "also in {0}"},
            column="also_in",
            value_set=[""],
            mostly=1 - limits.max_duplicate_share,
        ),
    ]


def splits(limits: Validate) -> Suite:
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
                f"drift_{voice}",
                f"Distance of the {voice}'s pitch histogram from training (total variation)",
                f"at most {limits.max_pitch_drift:g}",
                told={"figure": "max"},
                column=f"drift_{voice}",
                max_value=limits.max_pitch_drift,
            )
            for voice in VOICES
        ),
    ]
