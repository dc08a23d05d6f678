"""The checks whose limits stand in params.yaml: for all pieces, or for those of one kind alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import great_expectations.expectations as gxe

from kantor.data.checks.expectations import (
    Check,
    Suite,
    among,
    between,
    check,
    least,
    mean,
    most,
)
from kantor.ensemble import Ensemble
from kantor.settings import DataLimits

ADMITTING = {
    "voices_heard": "lower validate.min_voice_share",
    "pieces_not_copied": "raise validate.max_duplicate_share",
    "rest_share": "raise validate.max_rest_share",
    "empty_bar_share": "raise validate.max_empty_bar_share",
    "crossing_share": "raise validate.max_crossing_share",
    "in_scale": "lower validate.min_in_scale",
    "windows_in_one_split": "raise validate.max_duplicate_share",
    "pieces_per_split": "lower validate.min_pieces",
}
"""What to change in params.yaml so that a check passes, by its name, but for single lines."""
# More than half of a piece's windows in another split: a copy, moved or cut otherwise.
MOST_COPIED = 0.5


def limited(
    limits: DataLimits, ensemble: Ensemble, spans: Mapping[str, tuple[int, int]], kind: str = ""
) -> dict[str, Suite]:
    """The checks by the table, for all pieces or for those of the `kind` of source.

    `spans` is the lowest and the highest pitch of each line in the data.
    """
    few = f", but for {limits.max_duplicate_share:.1%} of the pieces"
    once = {"mostly": 1 - limits.max_duplicate_share}
    found = {
        "manifest": [
            least("voices_heard", "least_heard", limits.min_voice_share, figure="min"),
            most("pieces_not_copied", "copied_share", MOST_COPIED, few, **once),
        ],
        "windows": _windows(limits, ensemble),
        "splits": _splits(limits, ensemble),
    }
    for one in (one for suite in found.values() for one in suite):
        _say_what_admits(one, ensemble, spans)
        if kind:
            _say_kind(one, kind)
    return found


def _say_what_admits(one: Check, ensemble: Ensemble, spans: Mapping[str, tuple[int, int]]) -> None:
    """Let a check say what to change in params.yaml so that it passes."""
    kind, _, line = one.meta["check"].partition("_")
    remedy = ADMITTING.get(one.meta["check"], "raise validate.max_pitch_drift")
    if kind == "range":
        low, high = ensemble.ranges[ensemble.names.index(line)]
        lowest, highest = spans.get(line, (low, high))
        wider = f"[{min(low, lowest)}, {max(high, highest)}]"
        remedy = f"set ensemble.ranges.{line} to {wider}, or raise validate.max_outside_share,"
    one.meta["remedy"] = f"{remedy} in params.yaml"


def _say_kind(one: Check, kind: str) -> None:
    """Make a check one of a single kind of source, whose limits stand in a block of their own."""
    words = one.meta
    words["check"] = f"{kind}_{words['check']}"
    words["sentence"] = f"{words['sentence']}, source {kind} alone"
    words["remedy"] = words["remedy"].replace("validate.", f"validate.{kind}.")
    one.description = f"{words['sentence']}: {words['expected']}."


def _windows(limits: DataLimits, ensemble: Ensemble) -> Suite:
    """One row a window: each line is in its range, and the music is usual."""
    copied, lowest = limits.max_duplicate_share, limits.min_in_scale
    inside = 1 - limits.max_outside_share
    return [
        *(
            among(
                f"range_{line.name}",
                f"{line.low} to {line.high}, in {100 * inside:g}% of the windows",
                f"outside_{line.name}",
                f"Lowest and highest pitch of the {line.name}",
                value_set=[""],
                mostly=inside,
            )
            for line in ensemble.lines
        ),
        most("rest_share", "rest_share", limits.max_rest_share, of=mean),
        most("empty_bar_share", "empty_bar_share", limits.max_empty_bar_share, of=mean),
        most("crossing_share", "crossing_share", limits.max_crossing_share, of=mean),
        mean("in_scale", f"at least {lowest:g}", "in_scale", min_value=lowest),
        among(
            "windows_in_one_split",
            f"at most {copied:.1%}",
            "also_in",
            shown="also in {0}",
            value_set=[""],
            mostly=1 - copied,
        ),
    ]


def _splits(limits: DataLimits, ensemble: Ensemble) -> Suite:
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
