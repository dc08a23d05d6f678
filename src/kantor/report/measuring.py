"""The figures of an evaluation: what ``metrics.json`` holds, as plain data.

Conventions
-----------
Figures are rounded to `DECIMALS`, so that a difference in `dvc metrics diff` is one. What could
not be counted is null.

Composers set many tunes more than once, and the canonical split of the chorales does not keep
such settings together: a held-out melody may nearly be one that was trained on, in another
setting. Pieces whose tune is new are the stricter test. A tune is the sequence of its intervals
in semitones, repeated notes and rests left out, so that key and rhythm do not matter. It is
*known* if one training tune holds at least `KNOWN` of its different runs of `RUN` intervals. On
the published split this finds 22 of 76 valid and 27 of 77 test tunes; a comparison by alignment
found 21 and 24.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kantor.metrics.musical import headline
from kantor.metrics.part_writing import KEY_MARKS
from kantor.music.key import key_of
from kantor.music.score import REST, Score
from kantor.report.beside import beside
from kantor.report.bodies import Bodies, compare
from kantor.report.comparing import (
    ALIKE,
    IN_RANGE,
    compare_tables,
    compare_tallies,
    overlaps,
)
from kantor.report.composing import melody_mask
from kantor.report.tables import SIDES
from kantor.settings import Evaluate

DECIMALS = 4
METERS, OTHERS = ("4/4", "3/4"), "others"
RUN, KNOWN = 6, 0.6


def measure(
    bodies: Bodies, settings: Evaluate, changed: Mapping[str, float | None]
) -> dict[str, Any]:
    """The figures of a model, as ``metrics.json`` holds them.

    Parameters
    ----------
    bodies : Bodies
    settings : Evaluate
    changed
        Further figures of the headline: how much another seed and another melody change.

    Returns
    -------
    dict
        ``headline``, the few figures to look at first; ``metrics``, ``phrase_ends`` and
        ``part_writing``, each figure beside the real one and the baselines'; ``overlap`` of the
        distributions; ``beside`` (`kantor.report.beside`), whether it is better than other real
        parts; and the headline's metrics ``by_meter`` and for ``new_tunes``.
    """
    compared = compare(bodies)
    naive = {name: bodies.tallies[name] for name in bodies.baselines}
    marks = compare_tallies(bodies.tallies["generated"], bodies.tallies["real"], naive)
    first = [name for name in headline(bodies.ensemble) if name in compared]
    verdicts = [one.verdict for one in compared.values()]
    meters = [str(score.meter) for score in bodies.real]
    groups = [meter if meter in METERS else OTHERS for meter in meters]
    figures = {
        "split": settings.split,
        "pieces": len(bodies.real),
        **({"takes": settings.takes} if settings.takes > 1 else {}),
        "seed": settings.seed,
        "headline": {
            **{name: compared[name].generated for name in first},
            **{name: marks[name].generated for name in KEY_MARKS if name in marks},
            "overlap": overlaps(compared)["generated"],
            "metrics": len(verdicts),
            "metrics_in_range": sum(verdict in (ALIKE, IN_RANGE) for verdict in verdicts),
            **changed,
        },
        "metrics": {name: one.entry for name, one in compared.items()},
        "overlap": overlaps(compared) | bodies.training_overlap,
        "beside": beside(bodies, compared),
        "phrase_ends": _phrase_ends(bodies),
        "part_writing": {name: one.entry for name, one in marks.items()},
        "by_meter": {
            group: _part(bodies, [row for row, own in enumerate(groups) if own == group], first)
            for group in (*METERS, OTHERS)
            if group in groups
        },
        "new_tunes": _part(bodies, new_tunes(bodies.real, bodies.training), first),
    }
    plain: dict[str, Any] = rounded(figures)
    return plain


def share_changed(takes: Sequence[Score], others: Sequence[Score]) -> float:
    """Share of the composed cells whose pitch differs between two takes of the same melodies."""
    differs = [
        (take.pitches != other.pitches)[~melody_mask(take)]
        for take, other in zip(takes, others, strict=True)
    ]
    return float(np.concatenate(differs).mean())


def share_changed_by_melody(takes: Sequence[Score], others: Sequence[Score]) -> float | None:
    """The same for takes of two melodies: from the first bar line on, as far as both go.

    The others are moved to the takes' major tonic, up or down by at most a tritone, so that
    another key alone changes nothing. None where there is nothing to compare.
    """
    differs = []
    for take, other in zip(takes, others, strict=True):
        up = (key_of(take).major_tonic - key_of(other).major_tonic + 6) % 12 - 6
        pair = take, other.transposed(up)
        ours, theirs = (one.pitches[next(iter(one.bar_lines), 0) :] for one in pair)
        steps = min(len(ours), len(theirs))
        different = ours[:steps] != theirs[:steps]
        differs.append(np.delete(different, take.ensemble.leads, axis=1).ravel())
    cells = np.concatenate([np.zeros(0, bool), *differs])
    return float(cells.mean()) if cells.size else None


def _phrase_ends(bodies: Bodies) -> dict[str, Any]:
    """How many phrases end, and on what, see `kantor.metrics.cadences`."""
    made, real = (bodies.phrase_ends[side] for side in SIDES)
    naive = {name: bodies.phrase_ends[name] for name in bodies.baselines}
    counts = {name: len(frame) for name, frame in naive.items()}
    entries = {name: one.entry for name, one in compare_tables(made, real, naive).items()}
    return {"count": {"generated": len(made), "real": len(real), "baseline": counts}, **entries}


def _part(bodies: Bodies, rows: Sequence[int], names: Sequence[str]) -> dict[str, Any]:
    """How many pieces the part `rows` has, and the means of the metrics `names` in it."""
    part: dict[str, Any] = {"pieces": len(rows)}
    for side in SIDES if rows else ():
        table = bodies.tables[side]
        inside = table.index.get_level_values("piece").isin(rows)
        part[side] = table.loc[inside, list(names)].mean().to_dict()
    return part


def rounded(value: Any) -> Any:
    """Plain data with rounded figures; what could not be counted (NaN) becomes null."""
    if isinstance(value, Mapping):
        return {str(name): rounded(part) for name, part in value.items()}
    if isinstance(value, float):
        return round(value, DECIMALS) + 0.0 if math.isfinite(value) else None
    return value


def new_tunes(scores: Sequence[Score], training: Sequence[Score]) -> list[int]:
    """The places in `scores` of the pieces whose melody no training piece knows.

    None where there is no training data.
    """
    known = [_interval_runs(score) for score in training]
    tunes = [_interval_runs(score) for score in scores] if training else []
    shares = [max(len(runs & other) / max(len(runs), 1) for other in known) for runs in tunes]
    return [row for row, greatest in enumerate(shares) if greatest < KNOWN]


def _interval_runs(score: Score) -> set[tuple[int, ...]]:
    """All different runs of `RUN` intervals of the melody; none for a shorter tune."""
    pitches = score.pitches[:, score.ensemble.leads]
    sounding = pitches[pitches != REST].astype(np.int64)
    tune = sounding[np.flatnonzero(np.diff(sounding, prepend=-1))]
    intervals = np.diff(tune).tolist()
    return {tuple(intervals[at : at + RUN]) for at in range(len(intervals) - RUN + 1)}
