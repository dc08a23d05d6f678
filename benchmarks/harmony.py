"""What a harmony teacher marks: a model's settings of held-out sopranos beside Bach's own.

Each soprano is harmonised whole, once for each seed. `kantor.metrics.part_writing` defines the
rows, of which each says in a hundred of what it is counted.

With ``--songs`` the same of folk tunes (`tunes`), once each, meter by meter and all together. They
have no real setting. The tune's own key, written or found, stands in for the setting's in the
spelling of moves and in half cadences; phrase ends are those that Kantor finds in the tune. Rows
that need more of a real setting are left out. A bar of 3/8 is counted as one beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import harness
import tunes
from meters import requests, with_beats

from kantor.compose import composer
from kantor.data import corpus
from kantor.ensemble import SATB
from kantor.metrics.lines import parallel_fifths, parallel_octaves
from kantor.metrics.part_writing import marks, shares, tally
from kantor.metrics.passages import Passages
from kantor.music.score import Score
from kantor.registry import load_model
from kantor.report.composing import compose

LABELS = {"parallels": "parallel fifths and octaves (in 100 steps)"} | {
    name: f"{mark.label} (in 100 {mark.among})" for name, mark in marks(SATB).items()
}
"""What a person calls each row."""


def figures(takes: Sequence[Score], real: Sequence[Score]) -> dict[str, float]:
    """Every row of some settings beside the real ones, in per cent."""
    steps = sum(take.steps for take in takes)
    counted = (parallel_fifths, parallel_octaves)
    each = (
        sum(float(count(Passages.of(take))[0]) for count in counted) * take.steps for take in takes
    )
    rows = {name: 100 * value for name, value in shares(map(tally, takes, real)).items()}
    return {"parallels": sum(each) / steps, **rows}


def of_songs(model: Any, folder: Path, count: int) -> dict[str, dict[str, float]]:
    """The rows that need no real setting, of folk tunes in each meter and of all together."""
    made: dict[str, list[Score]] = {}
    for meter in tunes.METERS:
        asked = requests(tunes.of_meter(folder, meter, count, 0))
        made[meter] = with_beats([takes[0] for takes in composer.compose(asked, model)])
    made["all"] = [take for takes in made.values() for take in takes]
    left_out = {name for name, mark in marks(SATB).items() if mark.compared}
    return {
        f"{name} ({len(takes)})": {
            row: value for row, value in figures(takes, takes).items() if row not in left_out
        }
        for name, takes in made.items()
    }


def main() -> int:
    """Print the table."""
    parser = harness.parser(__doc__)
    parser.add_argument("models", nargs="*", default=["champion"], help="aliases, numbers, folders")
    parser.add_argument("--split", choices=["valid", "test"], default="valid")
    parser.add_argument("--seeds", type=harness.positive, default=3)
    parser.add_argument("--scores", type=Path, default=Path("build/scores.npz"))
    parser.add_argument("--songs", type=Path, help="a folder for folk tunes, made if they lack")
    parser.add_argument("--count", type=harness.positive, default=150, help="tunes of a meter")
    asked = parser.parse_args()
    real = [one.score for one in corpus.load(asked.scores) if one.split == asked.split]
    columns = {"Bach": figures(real, real)}
    for name in asked.models:
        model = load_model(name)
        takes = [
            take
            for seed in range(asked.seeds)
            for take in compose(model, real, [1000 * seed + row for row in range(len(real))])
        ]
        columns[name] = figures(takes, real * asked.seeds)
        if asked.songs:
            columns |= of_songs(model, asked.songs, asked.count)
    print(f"{len(real)} sopranos of the {asked.split} split, {asked.seeds} seeds\n")
    rows = [
        (label, *(f"{one[row]:.2f}" if row in one else "" for one in columns.values()))
        for row, label in LABELS.items()
    ]
    print(harness.table(("", *columns), rows))
    return 0


if __name__ == "__main__":
    harness.main(main, "harmony")
