"""Which checks are made on the manifest, a row a piece, and what each one's limit is."""

from __future__ import annotations

import great_expectations.expectations as gxe

from kantor.data.checks import expectations as kx
from kantor.data.checks.check import Suite, at_least_one, check
from kantor.data.checks.tables import NUMBERS, TEXTS
from kantor.data.corpus import SPLITS
from kantor.ensemble import Ensemble
from kantor.settings import Validate

# A piece shorter than half a window gives none; more than a few such are a fault of the source.
MOSTLY_WITH_WINDOWS = 0.99
# Below it a voice is missing rather than resting. The least in the chorales is 0.79.
LEAST_HEARD = 0.5
# More than half of a piece's windows in another split: a copy, moved or cut otherwise.
MOST_COPIED = 0.5
MANIFEST_COLUMNS = (*TEXTS, *NUMBERS)


def table() -> Suite:
    """The manifest is complete."""
    return [
        check(
            gxe.ExpectTableColumnsToMatchSet,
            "manifest_columns",
            "Columns of the manifest",
            ", ".join(MANIFEST_COLUMNS),
            column_set=MANIFEST_COLUMNS,
            exact_match=False,
        ),
        at_least_one("pieces_exist", "Number of pieces"),
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


def pieces(ensemble: Ensemble) -> Suite:
    """What a score must have."""
    return [
        check(
            gxe.ExpectColumnValuesToBeInSet,
            "four_voices",
            "Voices of every piece",
            f"{len(ensemble)} ({', '.join(ensemble.names)})",
            column="voices",
            value_set=[len(ensemble)],
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
    """In one split alone, and put to use."""
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
