"""Which checks are made on the windows, a row a window, and what each one's limit is."""

from __future__ import annotations

import great_expectations.expectations as gxe

from kantor.data.checks import expectations as kx
from kantor.data.checks.check import Suite, at_least_one, check
from kantor.data.corpus import SPLITS
from kantor.ensemble import Ensemble
from kantor.settings import Validate

# Ranges are those of the repertoire, a semitone or two wider: music may leave them for once.
MOSTLY_IN_RANGE = 0.99


def form() -> Suite:
    """Where a window comes from and whether its arrays agree with each other."""
    between = gxe.ExpectColumnValuesToBeBetween
    return [
        at_least_one("windows_exist", "Number of windows"),
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


def ranges(ensemble: Ensemble) -> Suite:
    """Each line in its range."""
    return [
        check(
            kx.ExpectVoiceInRange,
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
