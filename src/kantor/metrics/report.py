"""Which metrics to report first, and in which groups of pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kantor.metrics.musical import evaluate_windows
from kantor.music.score import Score

if TYPE_CHECKING:
    import pandas as pd

# What tells good from bad; the mean overlap of the distributions is the last word.
HEADLINE = (
    "parallel_fifths",
    "parallel_octaves",
    "semitone_clash",
    "triad_or_seventh",
    "complete_triads",
    "crossing",
    "leaps_bass",
    "overlap",
)
METERS = ("4/4", "3/4")
OTHERS = "others"


def by_meter(scores: Sequence[Score]) -> pd.DataFrame:
    """The metrics' means over windows in the reference protocol, for each meter among `scores`.

    Returns
    -------
    DataFrame
        A row for each of `METERS` and one for `OTHERS`, as far as there are pieces; columns
        ``pieces`` and the metrics.
    """
    import pandas as pd

    groups: dict[str, list[Score]] = {meter: [] for meter in (*METERS, OTHERS)}
    for score in scores:
        meter = str(score.meter)
        groups[meter if meter in METERS else OTHERS].append(score)
    rows = {}
    for meter, pieces in groups.items():
        if pieces:
            means = evaluate_windows(pieces).mean().to_dict()
            rows[meter] = {"pieces": len(pieces)} | means
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "meter"
    return table
