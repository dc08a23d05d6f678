"""How melodies move through their bars, counted in folk tunes: ``src/kantor/music/rhythms.csv``.

``python benchmarks/rhythms.py`` makes the file anew from music21's corpus. One tune in ten is left
out, drawn by its name; `takes` plays those.
"""

from __future__ import annotations

import csv
import random
import re
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import harness
import numpy as np
import tunes
from numpy.typing import NDArray

from kantor.music import rhythms
from kantor.music.rhythms import INTERVALS, LONGEST, METERS, SMOOTH, smoothed
from kantor.music.score import Meter

COLLECTIONS = (*tunes.ESSEN, *tunes.JIGS, "ryansMammoth")
WRITTEN = {
    "2/4": "2/4",
    "4/4": "4/4",
    "C": "4/4",
    "C|": "4/4",
    "2/2": "4/4",
    "3/4": "3/4",
    "6/8": "6/8",
}
DRAWN = 3_500  # of all tunes
GROUPS = 4
COLUMNS = (
    "meter", "group", "place", "first", "last",
    *map(str, range(1, LONGEST + 1)), *"abcdefg",
)  # fmt: skip


class Tune(NamedTuple):
    """A melody; times in steps from the first whole bar."""

    name: str
    meter: Meter
    starts: NDArray[np.float64]
    lengths: NDArray[np.float64]
    pitches: NDArray[np.int64]


def tune(item: tuple[str, str]) -> Tune | None:
    """A tune from its name and ABC text; None where its bars are not those of its meter."""
    from music21.abcFormat import ABCFile, translate

    warnings.simplefilter("ignore")
    name, text = item
    meter = Meter.parse(WRITTEN[_meters(text)[0]])
    try:
        part = translate.abcToStreamScore(ABCFile().readstr(text)).parts[0]
    except Exception:  # whatever music21 raises on a tune
        return None
    measures = list(part.getElementsByClass("Measure"))
    if not measures:
        return None
    padding = 4 * float(measures[0].paddingLeft)
    pickup = (meter.bar_steps - padding) % meter.bar_steps if padding else 0
    whole = [(4 * float(one.offset) - pickup) % meter.bar_steps for one in measures]
    notes = {
        float(note.offset): (float(note.quarterLength), max(pitch.midi for pitch in note.pitches))
        for note in part.flatten().stripTies().notes
        if note.quarterLength > 0 and note.pitches
    }
    if np.mean(np.isclose(whole, 0)) < 0.8 or len(notes) < 16:
        return None
    starts = np.array(sorted(notes))
    lengths, pitches = np.array([notes[start] for start in starts]).T
    return Tune(name, meter, 4 * starts - pickup, 4 * lengths, pitches.astype(int))


def _meters(text: str) -> list[str]:
    return re.findall(r"(?m)^\s*\[?M:\s*([^\s\]]+)", text)


def corpus(held_out: bool) -> list[Tune]:
    """The tunes that are counted, or those that are left out, in an order drawn by chance."""
    items = [
        item
        for item in tunes.texts(COLLECTIONS)
        if item[1].count("|") >= 4 and len(_meters(item[1])) == 1 and _meters(item[1])[0] in WRITTEN
    ]
    random.Random(0).shuffle(items)
    wanted = [one for one in items[:DRAWN] if tunes.is_held_out(one[0]) == held_out]
    with ProcessPoolExecutor(2) as pool:
        return [one for one in pool.map(tune, wanted, chunksize=20) if one]


def count(counted: Sequence[Tune]) -> list[dict[str, Any]]:
    """The rows of the file of counts."""
    rows = []
    for meter in METERS:
        own = [one for one in counted if one.meter == meter]
        places = np.arange(meter.bar_steps)
        moves = np.zeros((len(own), meter.bar_steps, LONGEST + 1), int)
        intervals = np.zeros((len(own), meter.bar_steps, len(INTERVALS) + 1), int)
        ends = np.zeros((2, len(own), meter.bar_steps), int)
        for number, one in enumerate(own):
            steps = np.floor(one.starts + 0.5).astype(int)
            gaps, place = np.diff(steps), steps % meter.bar_steps
            near = gaps <= LONGEST
            np.add.at(moves[number], (place[:-1][near], gaps[near]), 1)
            kinds = np.digitize(np.diff(one.pitches), INTERVALS)
            np.add.at(intervals[number], (place[1:], kinds), 1)
            ends[:, number] = place[[0, -1], None] == places
        gaps = np.array([np.diff(one.starts).mean() for one in own])
        group = grouped(moves[..., 1:], gaps)
        for index in range(GROUPS):
            member = group == index
            columns = [places, *ends[:, member].sum(axis=1)]
            columns += [*moves[member].sum(axis=0).T[1:], *intervals[member].sum(axis=0).T]
            table = np.column_stack(columns).tolist()
            rows += [dict(zip(COLUMNS, [str(meter), index, *row], strict=True)) for row in table]
    return rows


def grouped(moves: NDArray[np.int64], gaps: NDArray[np.float64]) -> NDArray[np.int64]:
    """The group of each tune, ``(tune,)``: a mixture by expectation and maximisation.

    It begins with groups of equal size by the mean gap between onsets.
    """
    cuts = np.quantile(gaps, np.arange(1, GROUPS) / GROUPS)
    shares = np.eye(GROUPS)[np.searchsorted(cuts, gaps)]
    for _ in range(25):
        together = np.einsum("tg,tpk->gpk", shares, moves)
        likely = np.einsum("tpk,gpk->tg", moves, np.log(smoothed(together, SMOOTH)))
        likely += np.log(shares.mean(axis=0))
        shares = np.exp(likely - likely.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
    return shares.argmax(axis=1)


def main() -> int:
    """Write the file."""
    harness.parser(__doc__).parse_args()
    counted = corpus(held_out=False)
    with Path(rhythms.__file__).with_name("rhythms.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(count(counted))
    print(f"{len(counted):,} tunes counted")
    return 0


if __name__ == "__main__":
    harness.main(main, "rhythms")
