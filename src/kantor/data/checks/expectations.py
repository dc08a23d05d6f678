"""Expectations of great_expectations that carry words for a person.

A check is an expectation with a short name (the key in reports), a sentence, and what is expected
in words. Importing this module imports great_expectations, which takes three seconds.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import great_expectations.expectations as gxe

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
    words |= {"shown": shown, "figure": figure, "remedy": ""}
    columns = {"column": column} if column else {}
    return kind(description=f"{sentence}: {expected}.", meta=words, **columns, **arguments)


between = partial(check, gxe.ExpectColumnValuesToBeBetween)
"""Expect each value of a column to lie between `min_value` and `max_value`."""
among = partial(check, gxe.ExpectColumnValuesToBeInSet)
"""Expect each value of a column to be one of `value_set`."""
unique = partial(check, gxe.ExpectColumnValuesToBeUnique, shown="")
matching = partial(check, gxe.ExpectColumnValuesToMatchRegex)
mean = partial(check, gxe.ExpectColumnMeanToBeBetween)
count = partial(check, gxe.ExpectTableRowCountToBeBetween)


def most(
    name: str, column: str, limit: float, more: str = "", of: Any = between, **arguments: Any
) -> Check:
    """Expect nothing above a limit; `more` is said of what is expected."""
    expected = f"at most {limit:g}{more}" if limit else "0"
    return of(name, expected, column, max_value=limit, **arguments)


def least(name: str, column: str, limit: float, more: str = "", **arguments: Any) -> Check:
    """Expect nothing below a limit; `more` is said of what is expected."""
    return between(name, f"at least {limit:g}{more}", column, min_value=limit, **arguments)
