"""Whether the take that the critic likes best is a better one, in 4/4 and in 3/4.

``python benchmarks/ranking.py`` composes several takes of folk songs (`songs`) and of held-out
sopranos and compares the one that the critic ranks first with the takes' mean, song by song. Bars
of 3/4 are told the critic in both ways there are: as the generator is asked for them, and as both
networks learned them (`kantor.music.conditioning`).

Conventions
-----------
Figures are differences, best take minus the mean of all takes of the same song, averaged over the
songs, with their standard error. Below zero is better in clashes and parallels, above in the rest.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import machine
import meters
import numpy as np
import songs
from numpy.typing import NDArray

from kantor.compose import composer
from kantor.compose.composer import compose
from kantor.compose.request import Request
from kantor.music.conditioning import asked_bars, bar_features, stack
from kantor.music.score import Score
from kantor.report.composing import melody_mask

Figures = NDArray[np.float64]
Telling = Callable[[Score], NDArray[np.int16]]

COLUMNS = ("triad_or_seventh", "semitone_clash", "complete_triads", "parallels", "root_position")
TELLINGS: dict[str, Telling] = {"as asked": asked_bars, "as learned": bar_features}


def figures(takes: Sequence[Score]) -> Figures:
    """What is measured of each take, ``(take, column)``; NaN where there is nothing to count."""
    rows = [meters.measure([take]) for take in takes]
    return np.array([[row[column] for column in COLUMNS] for row in rows])


def judged(model: Any, request: Request, takes: Sequence[Score], telling: Telling) -> Figures:
    """What the critic says of each take, ``(take,)``, its bars told in one of the two ways."""
    given = replace(request.given, bars=telling(request.score))
    pitches = np.stack([take.pitches for take in takes])
    onsets = np.stack([take.onsets for take in takes])
    return np.asarray(model.judge(stack([given] * len(takes)), pitches, onsets), np.float64)


def gains(model: Any, asked: Sequence[Request], takes: int, seed: int) -> dict[str, Figures]:
    """For each telling the differences ``(song, column)`` of the take that is ranked first."""
    composed = compose(asked, model, seed, takes)
    measured = [figures(one) for one in composed]
    found = {}
    for name, telling in TELLINGS.items():
        first = [
            int(np.argmax(judged(model, request, one, telling)))
            for request, one in zip(asked, composed, strict=True)
        ]
        found[name] = np.array(
            [rows[best] - rows.mean(axis=0) for rows, best in zip(measured, first, strict=True)]
        )
    return found


def line(name: str, differences: Figures) -> str:
    """A row of the table: mean and standard error of each column."""
    cells = []
    for column in differences.T:
        known = column[~np.isnan(column)]
        error = known.std(ddof=1) / np.sqrt(len(known))
        cells.append(f"{known.mean():+.4f} ± {error:.4f}")
    return f"| {name} | {len(differences)} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=Path, default=meters.ROOT / "build")
    parser.add_argument("--songs", type=Path, default=meters.ROOT / "build/songs")
    parser.add_argument("--count", type=machine.positive, default=150, help="songs of a meter")
    parser.add_argument("--takes", type=machine.positive, default=8)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    model = composer.load(asked.build / "model")
    print(f"| | pieces | {' | '.join(meters.COLUMNS[name] for name in COLUMNS)} |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    for meter in ("4/4", "3/4"):
        found = {
            "songs": meters.requests(songs.sample(asked.songs, meter, asked.count, asked.seed)),
            "sopranos": [
                Request(one, melody_mask(one)) for one in meters.chorales(asked.build, meter)
            ],
        }
        for kind, requests in found.items():
            for telling, rows in gains(model, requests, asked.takes, asked.seed).items():
                print(line(f"{kind}, {meter}, told {telling}", rows), flush=True)


if __name__ == "__main__":
    main()
