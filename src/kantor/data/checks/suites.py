"""Which checks are made on each table: of the form, and those of `kantor.data.checks.limited`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import great_expectations.expectations as gxe

from kantor.data.checks.expectations import (
    Suite,
    among,
    between,
    check,
    count,
    least,
    matching,
    most,
    unique,
)
from kantor.data.checks.limited import limited
from kantor.data.checks.tables import CHORALES, DTYPES
from kantor.data.corpus import NUMBERS, SPLITS, TEXTS
from kantor.ensemble import SATB, Ensemble
from kantor.settings import Validate

# A piece shorter than half a window gives none; more than a few such are a fault of the source.
MOSTLY_CUT = 0.99
# What `Key.name` and `Meter` of `kantor.music.score` allow.
_KEY = r"^[A-G][#b]? (?:major|minor)\Z"
_METER = r"^(?:(?:[1-9]|[1-5]\d|6[0-4])/(?:[1248]|16)|(?:[2468]|[1-5][02468]|6[024])/32)\Z"


def suites(
    limits: Validate,
    steps: int,
    ensemble: Ensemble = SATB,
    spans: Mapping[str, tuple[int, int]] | None = None,
) -> dict[str, Suite]:
    """The checks of each table of `kantor.data.checks.tables.Tables.levels`, by its name.

    `spans` is the lowest and the highest pitch of each line in the data: a line that is too often
    outside its range is told how wide the range would have to be.
    """
    spans = spans or {}
    found = limited(limits, ensemble, spans)
    found["tensors"] = _tensors(steps, ensemble)
    found["manifest"] = _manifest(ensemble) + found["manifest"]
    found["windows"] = _windows() + found["windows"]
    own = limited(limits.jsb, ensemble, spans, CHORALES) if limits.jsb else {}
    return found | {f"{CHORALES}_{level}": suite for level, suite in own.items()}


def _tensors(steps: int, ensemble: Ensemble) -> Suite:
    """One row an array: the form that the model reads."""
    shapes = f"windows x {steps} x 128 x {len(ensemble)} for rolls, the others in step with it"
    dtypes = ", ".join(f"{name} {dtype}" for name, dtype in DTYPES.items())
    equal = partial(check, gxe.ExpectColumnPairValuesToBeEqual)
    return [
        equal("tensor_shape", shapes, column_A="shape", column_B="declared_shape"),
        equal("tensor_dtype", dtypes, column_A="dtype", column_B="declared_dtype"),
    ]


def _manifest(ensemble: Ensemble) -> Suite:
    """One row a piece: complete, known, in one split alone, and put to use."""
    columns = (*TEXTS, *NUMBERS)
    listed = partial(check, gxe.ExpectTableColumnsToMatchSet, exact_match=False)
    lines = f"{len(ensemble)} ({', '.join(ensemble.names)})"
    known, once = f"one of {', '.join(SPLITS)}", "no piece's notes in two splits"
    nearly = f", for {MOSTLY_CUT:.0%} of the pieces"
    return [
        listed("manifest_columns", ", ".join(columns), column_set=columns),
        count("pieces_exist", "at least 1", min_value=1),
        among("manifest_complete", "none", "gaps", value_set=[""]),
        unique("piece_ids_unique", "no id twice", "id"),
        among("all_lines", lines, "voices", value_set=[len(ensemble)]),
        matching("known_key", "a key such as F# minor", "key", regex=_KEY),
        matching("known_meter", "a time signature such as 3/4", "meter", regex=_METER),
        among("known_split", known, "split", value_set=list(SPLITS)),
        between("pieces_in_one_split", once, "splits_of_content", max_value=1, shown=""),
        least("pieces_have_windows", "windows", 1, nearly, mostly=MOSTLY_CUT),
    ]


def _windows() -> Suite:
    """One row a window: its arrays agree."""
    piece, once = "a row of the manifest, with a split", "no place in a piece twice"
    return [
        count("windows_exist", "at least 1", min_value=1),
        unique("window_ids_unique", once, "window_id"),
        among("windows_have_pieces", piece, "split", value_set=list(SPLITS)),
        most("windows_inside_pieces", "overhang", 0),
        least("windows_have_steps", "real_steps", 1),
        most("silent_padding", "padding_cells", 0),
        most("one_pitch", "most_pitches", 1),
        most("onsets_match_pitches", "onset_faults", 0),
    ]
