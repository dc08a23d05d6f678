"""What each ingredient brings: the same training without one of them, and other ways to compose.

Every variant is trained by `params.yaml` but for what its name says, with the same seed, and
harmonises the same whole sopranos of the valid split.

Writes `ablation.csv` to a folder, anew after every variant.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import harness
import numpy as np
import pandas as pd
from exam import METRICS, Exam
from harmony import LABELS

from kantor import settings
from kantor.ensemble import SATB
from kantor.files import save
from kantor.metrics.part_writing import marks

Figures = dict[str, float]
Compose = Callable[..., Any]

FULL, WARM = "all of it", "no critic: likelihood alone"
SHOWN = ("triad_or_seventh", "semitone_clash", "complete_triads", "crossing", "leaps_bass")
VARIANTS: dict[str, dict[str, Any]] = {
    FULL: {},
    "no likelihood beside the critic": {"likelihood_weight": 0.0},
    "a seventh of the warm-up": {"warmup": 1 / 7},
    "no likelihood at all": {"likelihood_weight": 0.0, "warmup": 0},
    "melody masks alone": {"masks": "melody"},
}
"""What each training changes; a warm-up between 0 and 1 is a share of the usual one."""
COMPOSED: dict[str, dict[str, float]] = {
    "one particle": {"particles": 1},
    "no bonus for movement": {"movement": 0.0},
    "any note may be drawn (min_p 0)": {"min_p": 0.0},
    "temperature 0.8": {"temperature": 0.8},
    "1 pass of refinement": {"passes": 1},
    "2 passes of refinement": {"passes": 2},
}
"""Other sampling parameters for the full model."""
LIKELIHOOD = "particles weighed by likelihood alone"
ANEW = "each bar anew, whether the melody had it before or not"
CANDIDATES = (4, 8)
MARKS = tuple(marks(SATB))
SHOW_EVERY = 100
"""Iterations between two lines on the progress of a training."""


def run(params: Path, build: Path, melodies: int) -> Iterator[tuple[str, Figures]]:
    """Train and grade every variant: its name and its figures."""
    from kantor.data import corpus, windows
    from kantor.hyperparameters import Train
    from kantor.model.generator import Generator
    from kantor.model.train import batches, discriminating
    from kantor.model.train.trainer import Trainer

    train = settings.load(Train, "train", params)
    pieces = corpus.load(build / "scores.npz")
    rolls = windows.load(build / "windows.npz")
    pool = batches.pool(pieces, rolls, "train")
    exam = Exam.of(pieces, melodies)
    yield "Bach", exam.bach
    for name, changes in VARIANTS.items():
        chosen = train.model_copy(update=changes)
        if 0 < chosen.warmup < 1:
            chosen = chosen.model_copy(update={"warmup": int(chosen.warmup * train.warmup)})
        trainer = Trainer(chosen, rolls.rolls.shape[1])
        data = batches.dataset(pool, trainer.batch_size, chosen.seed, 0, chosen.masks)
        info = trainer.average.info | {"params": {"sampling": chosen.sampling.model_dump()}}

        def complete(trainer: Trainer = trainer, info: dict[str, Any] = info) -> Generator:
            """The generator as it is, with a discriminator of its own."""
            discriminator, _ = discriminating.fit(trainer.average, pieces)
            return Generator(trainer.shadow, info, trainer.networks.critic, discriminator)

        for iteration, batch in zip(range(chosen.total), data, strict=False):
            if iteration % SHOW_EVERY == 0:
                print(f"{name}: {iteration}/{chosen.total}", file=sys.stderr, flush=True)
            if name == FULL and iteration == chosen.warmup_iterations:
                yield WARM, _values(exam, complete().compose)
            trainer.step(batch)
        generator = complete()
        yield name, _values(exam, generator.compose)
        if name == FULL:
            yield LIKELIHOOD, _values(exam, Generator(trainer.shadow, info).compose)
            parts = trainer.shadow, trainer.average.info, None, generator.discriminator
            yield ANEW, _values(exam, Generator(*parts).compose)
            for other, compose in _otherwise(generator):
                yield other, _values(exam, compose)


def _values(exam: Exam, compose: Compose) -> Figures:
    return {name: figures["value"] for name, figures in exam.grade(compose).items()}


def _otherwise(generator: Any) -> Iterator[tuple[str, Compose]]:
    """The full model composing in other ways."""
    for name, sampling in COMPOSED.items():
        yield (
            name,
            lambda given, seeds, sampling=sampling: generator.compose(given, seeds, **sampling),
        )
    for count in CANDIDATES:
        yield (
            f"the critic's choice of {count} takes",
            lambda given, seeds, count=count: chosen(generator, given, seeds, count),
        )


def chosen(generator: Any, given: Any, seeds: Any, candidates: int) -> tuple[Any, Any]:
    """Of several takes of each piece the one that the critic scores highest."""
    takes = [generator.compose(given, seeds + 100_000 * number) for number in range(candidates)]
    scores = np.stack([generator.judge(given, *take) for take in takes])
    best, rows = scores.argmax(axis=0), np.arange(scores.shape[1])
    pitches, onsets = (np.stack(part) for part in zip(*takes, strict=True))
    return pitches[best, rows], onsets[best, rows]


def main() -> int:
    """Compare, write and print."""
    asked = harness.training_parser(__doc__).parse_args()
    harness.machine()
    asked.out.mkdir(parents=True, exist_ok=True)
    found: dict[str, Figures] = {}
    for name, figures in run(asked.params, asked.build, asked.melodies):
        found[name] = figures
        text = pd.DataFrame(found).T.reindex(columns=[*METRICS, *MARKS]).to_csv(float_format="%.4g")
        save(asked.out / "ablation.csv", lambda file, text=text: file.write(text.encode()))
    rows = [
        (
            name,
            f"{figures['parallel_fifths'] + figures['parallel_octaves']:.2f}",
            *(f"{figures.get(metric, float('nan')):.3f}" for metric in (*SHOWN, "overlap")),
        )
        for name, figures in found.items()
    ]
    print(harness.table(("", "parallels", *SHOWN, "overlap"), rows))
    marked = [
        (LABELS[mark], *(f"{100 * figures[mark]:.2f}" for figures in found.values()))
        for mark in MARKS
    ]
    print("\n" + harness.table(("", *found), marked))
    return 0


if __name__ == "__main__":
    harness.main(main, "ablation")
