"""Which checks are made on each table, and what each one's limit is.

A check is an expectation of great_expectations that carries a short name (the key in reports), a
sentence, and what is expected in words. Importing this module imports great_expectations, which
takes three seconds.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import great_expectations.expectations as gxe

from kantor.data.checks.tables import DTYPES
from kantor.data.corpus import NUMBERS, SPLITS, TEXTS
from kantor.ensemble import SATB, Ensemble
from kantor.settings import Validate

Check = Any
"""An expectation of great_expectations, whose types are not checked."""
Suite = list[Check]

SENTENCES = {
    "tensor_shape": "Shape of every array",
    "tensor_dtype": "Type of every array",
    "manifest_columns": "Columns of the manifest",
    "pieces_exist": "Number of pieces",
    "manifest_complete": "Values missing in the manifest",
    "piece_ids_unique": "Names of the pieces",
    "all_lines": "Voices of every piece",
    "voices_heard": "Share of a piece's steps in which its least heard voice sounds",
    "known_key": "Key of every piece",
    "known_meter": "Meter of every piece",
    "known_split": "Split of every piece",
    "pieces_in_one_split": "Disjoint splits",
    "pieces_not_copied": (
        "Share of a held-out piece's windows that, in any key, also stand in another split"
    ),
    "pieces_have_windows": "Windows of every piece",
    "windows_exist": "Number of windows",
    "window_ids_unique": "Places of the windows",
    "windows_have_pieces": "Piece of every window",
    "windows_inside_pieces": "Steps of a window outside its piece",
    "windows_have_steps": "Real steps of every window",
    "silent_padding": "Cells that sound, or start a note, in a window's padding",
    "one_pitch": "Pitches of one voice at one step",
    "onsets_match_pitches": "Onsets on rests, and changes of pitch without an onset",
    "rest_share": "Share of resting cells, mean",
    "empty_bar_share": "Share of a voice's bars without a note, mean",
    "crossing_share": "Share of steps with crossed voices, mean",
    "in_scale": "Share of notes in the best-fitting scale, mean",
    "windows_in_one_split": (
        "Held-out windows whose pitches, in any key, also stand in another split"
    ),
    "pieces_per_split": "Pieces of each split",
}
"""What each check looks at, by its name, but for those of single lines."""

# A piece shorter than half a window gives none; more than a few such are a fault of the source.
MOSTLY_CUT = 0.99
# Below it a line is missing rather than resting. The least in the chorales is 0.79.
LEAST_HEARD = 0.5
# More than half of a piece's windows in another split: a copy, moved or cut otherwise.
MOST_COPIED = 0.5
# Ranges are those of the repertoire, a semitone or two wider: music may leave them for once.
MOSTLY_IN_RANGE = 0.99
# What `Key.name` and `Meter` of `kantor.music.score` allow.
_KEY = r"^[A-G][#b]? (?:major|minor)\Z"
_METER = r"^(?:(?:[1-9]|[1-5]\d|6[0-4])/(?:[1248]|16)|(?:[2468]|[1-5][02468]|6[024])/32)\Z"


def check(
    kind: type[Any],
    name: str,
    expected: str,
    column: str = "",
    sentence: str = "",
    shown: str = "{0}",
    figure: str = "",
    **arguments: Any,
) -> Check:
    """An expectation that carries its short name, its sentence and its expectation in words.

    Parameters
    ----------
    column
        Which is looked at; empty where `arguments` say it otherwise.
    sentence
        Empty for that of `SENTENCES`.
    shown
        How an unexpected value is put into words.
    figure
        "max" or "min" where the number to watch is the column's greatest or least.
    """
    sentence = sentence or SENTENCES[name]
    words = {"check": name, "sentence": sentence, "expected": expected}
    words |= {"shown": shown, "figure": figure}
    columns = {"column": column} if column else {}
    return kind(description=f"{sentence}: {expected}.", meta=words, **columns, **arguments)


between = partial(check, gxe.ExpectColumnValuesToBeBetween)
"""Expect each value of a column to lie between `min_value` and `max_value`."""
among = partial(check, gxe.ExpectColumnValuesToBeInSet)
"""Expect each value of a column to be one of `value_set`."""
_unique = partial(check, gxe.ExpectColumnValuesToBeUnique, shown="")
_matching = partial(check, gxe.ExpectColumnValuesToMatchRegex)
_mean = partial(check, gxe.ExpectColumnMeanToBeBetween)
_count = partial(check, gxe.ExpectTableRowCountToBeBetween)


def _most(
    name: str, column: str, limit: float, more: str = "", of: Any = between, **arguments: Any
) -> Check:
    """Expect nothing above a limit; `more` is said of what is expected."""
    expected = f"at most {limit:g}{more}" if limit else "0"
    return of(name, expected, column, max_value=limit, **arguments)


def _least(name: str, column: str, limit: float, more: str = "", **arguments: Any) -> Check:
    """Expect nothing below a limit; `more` is said of what is expected."""
    return between(name, f"at least {limit:g}{more}", column, min_value=limit, **arguments)


def suites(limits: Validate, steps: int, ensemble: Ensemble = SATB) -> dict[str, Suite]:
    """The checks of each table of `kantor.data.checks.tables.Tables`, by its name."""
    return {
        "tensors": _tensors(steps, ensemble),
        "manifest": _manifest(limits.max_duplicate_share, ensemble),
        "windows": _windows(limits, ensemble),
        "splits": _splits(limits, ensemble),
    }


def _tensors(steps: int, ensemble: Ensemble) -> Suite:
    """One row an array: the form that the model reads."""
    shapes = f"windows x {steps} x 128 x {len(ensemble)} for rolls, the others in step with it"
    dtypes = ", ".join(f"{name} {dtype}" for name, dtype in DTYPES.items())
    equal = partial(check, gxe.ExpectColumnPairValuesToBeEqual)
    return [
        equal("tensor_shape", shapes, column_A="shape", column_B="declared_shape"),
        equal("tensor_dtype", dtypes, column_A="dtype", column_B="declared_dtype"),
    ]


def _manifest(copied: float, ensemble: Ensemble) -> Suite:
    """One row a piece: complete, known, in one split alone, and put to use."""
    columns = (*TEXTS, *NUMBERS)
    listed = partial(check, gxe.ExpectTableColumnsToMatchSet, exact_match=False)
    lines = f"{len(ensemble)} ({', '.join(ensemble.names)})"
    known, once = f"one of {', '.join(SPLITS)}", "no piece's notes in two splits"
    few, nearly = f", but for {copied:.1%} of the pieces", f", for {MOSTLY_CUT:.0%} of the pieces"
    return [
        listed("manifest_columns", ", ".join(columns), column_set=columns),
        _count("pieces_exist", "at least 1", min_value=1),
        among("manifest_complete", "none", "gaps", value_set=[""]),
        _unique("piece_ids_unique", "no id twice", "id"),
        among("all_lines", lines, "voices", value_set=[len(ensemble)]),
        _least("voices_heard", "least_heard", LEAST_HEARD, figure="min"),
        _matching("known_key", "a key such as F# minor", "key", regex=_KEY),
        _matching("known_meter", "a time signature such as 3/4", "meter", regex=_METER),
        among("known_split", known, "split", value_set=list(SPLITS)),
        between("pieces_in_one_split", once, "splits_of_content", max_value=1, shown=""),
        _most("pieces_not_copied", "copied_share", MOST_COPIED, few, mostly=1 - copied),
        _least("pieces_have_windows", "windows", 1, nearly, mostly=MOSTLY_CUT),
    ]


def _windows(limits: Validate, ensemble: Ensemble) -> Suite:
    """One row a window: its arrays agree, each line is in its range, and the music is usual."""
    copied, least = limits.max_duplicate_share, limits.min_in_scale
    piece, once = "a row of the manifest, with a split", "no place in a piece twice"
    in_range = f"in {MOSTLY_IN_RANGE:.0%} of the windows"
    return [
        _count("windows_exist", "at least 1", min_value=1),
        _unique("window_ids_unique", once, "window_id"),
        among("windows_have_pieces", piece, "split", value_set=list(SPLITS)),
        _most("windows_inside_pieces", "overhang", 0),
        _least("windows_have_steps", "real_steps", 1),
        _most("silent_padding", "padding_cells", 0),
        _most("one_pitch", "most_pitches", 1),
        _most("onsets_match_pitches", "onset_faults", 0),
        *(
            among(
                f"range_{line.name}",
                f"{line.low} to {line.high}, {in_range}",
                f"outside_{line.name}",
                f"Lowest and highest pitch of the {line.name}",
                value_set=[""],
                mostly=MOSTLY_IN_RANGE,
            )
            for line in ensemble.lines
        ),
        _most("rest_share", "rest_share", limits.max_rest_share, of=_mean),
        _most("empty_bar_share", "empty_bar_share", limits.max_empty_bar_share, of=_mean),
        _most("crossing_share", "crossing_share", limits.max_crossing_share, of=_mean),
        _mean("in_scale", f"at least {least:g}", "in_scale", min_value=least),
        among(
            "windows_in_one_split",
            f"at most {copied:.1%}",
            "also_in",
            shown="also in {0}",
            value_set=[""],
            mostly=1 - copied,
        ),
    ]


def _splits(limits: Validate, ensemble: Ensemble) -> Suite:
    """One row a split: large enough, and like training."""
    required = ", ".join(f"{split} at least {count}" for split, count in limits.min_pieces.items())
    limit, pair = limits.max_pitch_drift, {"column_A": "pieces", "column_B": "required_pieces"}
    larger = partial(check, gxe.ExpectColumnPairValuesAToBeGreaterThanB, or_equal=True)
    return [
        larger("pieces_per_split", required, **pair),
        *(
            between(
                f"drift_{line}",
                f"at most {limit:g}",
                f"drift_{line}",
                f"Distance of the {line}'s pitch histogram from training (total variation)",
                figure="max",
                max_value=limit,
            )
            for line in ensemble.names
        ),
    ]
