"""What a harmony teacher marks: a model's settings of held-out sopranos beside Bach's own.

Each soprano is harmonised whole, once for each seed. `kantor.metrics.part_writing` defines the
rows, in per cent; parallels are per 100 steps and per 100 beats.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kantor.data import corpus
from kantor.metrics.lines import parallel_fifths, parallel_octaves
from kantor.metrics.part_writing import shares, tally
from kantor.metrics.passages import Passages
from kantor.music.score import Score
from kantor.registry import load_model
from kantor.report.composing import compose


def figures(takes: Sequence[Score], real: Sequence[Score]) -> dict[str, float]:
    """Every row of some settings beside the real ones, in per cent."""
    rows = {f"{name}": 100 * value for name, value in shares(map(tally, takes, real)).items()}
    steps = sum(take.steps for take in takes)
    counted = (parallel_fifths, parallel_octaves)
    each = (
        sum(float(count(Passages.of(take))[0]) for count in counted) * take.steps for take in takes
    )
    return {"parallels": sum(each) / steps, **rows}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=["champion"], help="aliases, numbers, folders")
    parser.add_argument("--split", choices=["valid", "test"], default="valid")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--scores", type=Path, default=Path("build/scores.npz"))
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
    print(f"{len(real)} sopranos of the {asked.split} split, {asked.seeds} seeds")
    print(f"{'':<24}" + "".join(f"{name[-12:]:>13}" for name in columns))
    for row in columns["Bach"]:
        print(f"{row:<24}" + "".join(f"{one.get(row, np.nan):>13.2f}" for one in columns.values()))


if __name__ == "__main__":
    main()
