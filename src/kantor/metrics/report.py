"""Generated music beside real chorales and a naive baseline: one table, one dict.

Conventions
-----------
A comparison is a table with a row a metric. Its figures are means over windows of 32 steps (the
reference protocol) or, with ``steps=None``, over whole pieces. ``real_sd`` is the standard
deviation of the real windows: ``real`` plus and minus it is the band in which single passages of
Bach lie. A mean far inside the band may still be wrong; `overlap` compares the whole
distributions. NaN: nothing to count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kantor.metrics import distances
from kantor.metrics.musical import LABELS, WINDOW_STEPS, evaluate_windows
from kantor.music.score import VOICES, Score, ScoreError

if TYPE_CHECKING:
    import pandas as pd

# What tells good from bad; the mean overlap is the last word.
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
_HISTOGRAMS = {
    "pitch_variation": ("pitch histogram, total variation", distances.total_variation),
    "pitch_movers": ("pitch histogram, semitones to move", distances.earth_movers),
}
_SIGNIFICANT = 6


def compare(
    generated: Sequence[Score],
    real: Sequence[Score],
    baseline: Sequence[Score],
    steps: int | None = WINDOW_STEPS,
) -> pd.DataFrame:
    """Every metric of generated music, of real chorales and of a baseline.

    Parameters
    ----------
    generated, real, baseline : sequence of Score
        Four voices each. Best for the same sopranos; the numbers of pieces may differ.
    steps : int or None
        Length of a window; None takes whole pieces, which separate good from bad more sharply.

    Returns
    -------
    DataFrame
        Rows: the metrics of `kantor.metrics.musical`, the distances of each voice's pitch
        histogram to that of `real` (so 0 for `real` itself), and ``overlap``, the mean over the
        metrics that depend on the lower voices. Columns: ``label``, ``generated``, ``real``,
        ``baseline`` (means), ``real_sd``, ``overlap`` and ``overlap_baseline`` (share of the
        distribution in common with the real one, 1 = the same).

    Raises
    ------
    ScoreError
        If one of the three is empty or does not have four voices.
    """
    import pandas as pd

    sides = {"generated": generated, "real": real, "baseline": baseline}
    for name, scores in sides.items():
        if not scores or any(score.pitches.shape[1] != len(VOICES) for score in scores):
            raise ScoreError(f"comparing needs four-voice scores on every side; {name} has none")
    frames = {name: evaluate_windows(scores, steps) for name, scores in sides.items()}
    table = pd.DataFrame({name: frame.mean() for name, frame in frames.items()})
    table["real_sd"] = frames["real"].std(ddof=0)
    table["overlap"] = _overlaps(frames["generated"], frames["real"])
    table["overlap_baseline"] = _overlaps(frames["baseline"], frames["real"])
    table.insert(0, "label", pd.Series(LABELS))
    table.index.name = "metric"
    return pd.concat([table, _histogram_rows(sides), _overlap_row(table)])


def _overlaps(frame: pd.DataFrame, real: pd.DataFrame) -> pd.Series[float]:
    import pandas as pd

    return pd.Series({name: distances.overlap_area(frame[name], real[name]) for name in real})


def _histogram_rows(sides: dict[str, Sequence[Score]]) -> pd.DataFrame:
    import pandas as pd

    histograms = {name: distances.voice_histograms(scores) for name, scores in sides.items()}
    rows: dict[str, dict[str, object]] = {}
    for metric, (label, distance) in _HISTOGRAMS.items():
        for index, voice in enumerate(VOICES):
            rows[f"{metric}_{voice}"] = {"label": f"{label}, {voice}"} | {
                name: distance(values[index], histograms["real"][index])
                for name, values in histograms.items()
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def _overlap_row(table: pd.DataFrame) -> pd.DataFrame:
    """The mean overlap over the metrics that the given soprano does not fix."""
    import pandas as pd

    free = table[~table.index.str.endswith("_soprano")]
    row = {
        "label": "overlap of distributions with real music",
        "generated": free["overlap"].mean(),
        "real": 1.0,
        "baseline": free["overlap_baseline"].mean(),
    }
    return pd.DataFrame.from_dict({"overlap": row}, orient="index")


def headline(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a comparison that separate good from bad, eight of them."""
    return table.loc[list(HEADLINE)]


def by_meter(scores: Sequence[Score], steps: int | None = WINDOW_STEPS) -> pd.DataFrame:
    """The metrics' means for each meter among `scores`.

    Returns
    -------
    DataFrame
        A row for each of `METERS` and one for `OTHERS`, as far as there are pieces; columns
        ``pieces``, ``windows`` and the metrics.
    """
    import pandas as pd

    groups: dict[str, list[Score]] = {meter: [] for meter in (*METERS, OTHERS)}
    for score in scores:
        meter = str(score.meter)
        groups[meter if meter in METERS else OTHERS].append(score)
    rows = {}
    for meter, pieces in groups.items():
        if pieces:
            frame = evaluate_windows(pieces, steps)
            rows[meter] = {"pieces": len(pieces), "windows": len(frame)} | frame.mean().to_dict()
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "meter"
    return table


def as_plain(table: pd.DataFrame) -> dict[str, dict[str, float | str | None]]:
    """A table as plain data for JSON: row -> column -> value.

    Floats are rounded to six significant digits, so that the last bits of a sum do not change a
    file; NaN becomes None.
    """
    return {
        str(name): {str(column): _plain(value) for column, value in row.items()}
        for name, row in table.to_dict(orient="index").items()
    }


def _plain(value: object) -> float | str | None:
    if isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]
    return float(f"{number:.{_SIGNIFICANT}g}") if math.isfinite(number) else None
