"""What each ingredient brings: the same training without one of them, and other ways to compose.

Every variant is trained by `params.yaml` but for what its name says, with the same seed and as many
iterations, and harmonises the same whole sopranos of the valid split. Those that differ in the
adversarial part alone start from the same warm-up.

Writes `ablation.csv` to a folder, anew after every variant.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
from exam import Exam
from quality_output import METRICS

from kantor import settings
from kantor.errors import InputError, SetupError
from kantor.files import save

FULL = "all of it"
SHOWN = ("triad_or_seventh", "semitone_clash", "complete_triads", "crossing", "leaps_bass")
Figures = dict[str, float]


@dataclass(frozen=True)
class Variant:
    """A training: which parameters differ, and whether it starts from the common warm-up."""

    name: str
    changes: dict[str, Any]
    own_warmup: bool = False
    shorter: int = 1

    def of(self, params: Any) -> Any:
        """The parameters of this training."""
        changes = {"warmup": params.warmup // self.shorter, **self.changes}
        return type(params)(**{**params.model_dump(), **changes})


VARIANTS = (
    Variant(FULL, {}),
    Variant("no likelihood beside the critic", {"likelihood_weight": 0.0}),
    Variant("a seventh of the warm-up", {}, own_warmup=True, shorter=7),
    Variant("no likelihood at all", {"likelihood_weight": 0.0, "warmup": 0}, own_warmup=True),
    Variant("soprano masks alone", {"masks": "melody"}, own_warmup=True),
)
COMPOSED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("any note may be drawn (min_p 0)", {"min_p": 0.0}),
    ("temperature 0.8", {"temperature": 0.8}),
    ("1 pass of refinement", {"passes": 1}),
    ("2 passes of refinement", {"passes": 2}),
)
"""What the full model does otherwise when it is told to."""
CANDIDATES = (4, 8)
TOLD = 100
"""Iterations between two lines that tell how far a training is."""


@dataclass(frozen=True)
class Options:
    """What is to be compared, and where."""

    params: Path
    build: Path
    out: Path
    melodies: int


class Bench:
    """Data, parameters and exam of all variants."""

    def __init__(self, options: Options) -> None:
        from kantor.data import corpus, windows
        from kantor.hyperparameters import Train
        from kantor.model.train import batches

        self.params = settings.load(Train, "train", options.params)
        pieces = corpus.load(options.build / "scores.npz")
        rolls = windows.load(options.build / "windows.npz")
        self.steps = rolls.rolls.shape[1]
        self.pool = batches.pool(pieces, rolls, "train")
        self.exam = Exam.of(pieces, options.melodies)
        self.warm: list[Any] | None = None

    def train(self, variant: Variant) -> tuple[Any, Figures | None]:
        """The trainer of a variant at its end, and the figures of its warm-up if it had one."""
        from kantor.model.train import batches
        from kantor.model.train.trainer import Trainer

        chosen = variant.of(self.params)
        trainer = Trainer(chosen, self.steps)
        start, warmed = 0, None
        if self.warm is not None and not variant.own_warmup:
            for part, weights in zip(_parts(trainer), self.warm, strict=True):
                for variable, value in zip(part, weights, strict=True):
                    variable.assign(value)
            start = chosen.warmup_iterations
            trainer.iteration.assign(start)
        stream = iter(
            batches.dataset(self.pool, trainer.batch_size, chosen.seed, start, chosen.masks)
        )
        for iteration in range(start, chosen.total):
            if iteration % TOLD == 0:
                print(f"{variant.name}: {iteration}/{chosen.total}", file=sys.stderr, flush=True)
            if iteration == chosen.warmup_iterations and iteration > start:
                warmed = self.grade(trainer.average.compose)
                if not variant.own_warmup:
                    self.warm = [[part.numpy() for part in parts] for parts in _parts(trainer)]
            trainer.step(next(stream))
        return trainer, warmed

    def grade(self, compose: Callable[..., Any]) -> Figures:
        """The figures of one take of every soprano."""
        return {name: row["value"] for name, row in self.exam.grade(Composer(compose)).items()}


@dataclass(frozen=True)
class Composer:
    """Something that composes, in the form that the exam asks."""

    compose: Callable[..., Any]


def _parts(trainer: Any) -> tuple[list[Any], list[Any]]:
    """The generator's variables and those of its average."""
    return list(trainer.networks.generator.variables), list(trainer.shadow.variables)


def run(options: Options) -> dict[str, Figures]:
    """Train and grade; what was measured so far is on disk at any time."""
    bench = Bench(options)
    found: dict[str, Figures] = {"Bach": real(bench.exam)}
    for variant in VARIANTS:
        trainer, warmed = bench.train(variant)
        if warmed and variant.name == FULL:
            found["no critic: likelihood alone"] = warmed
        found[variant.name] = bench.grade(trainer.average.compose)
        _kept(options, found)
        if variant.name == FULL:
            for name, compose in _otherwise(trainer):
                found[name] = bench.grade(compose)
                _kept(options, found)
    return found


def _kept(options: Options, found: dict[str, Figures]) -> None:
    write(options.out / "ablation.csv", found)
    print(list(found)[-1], file=sys.stderr)


def _otherwise(trainer: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The full model composing in other ways."""
    from kantor.model.generator import Generator

    generator = Generator(trainer.shadow, trainer.average.info, trainer.networks.critic)
    for name, knobs in COMPOSED:
        yield name, lambda given, seeds, knobs=knobs: generator.compose(given, seeds, **knobs)
    for count in CANDIDATES:
        yield (
            f"the critic's choice of {count} takes",
            lambda given, seeds, count=count: chosen(generator, given, seeds, count),
        )


def chosen(generator: Any, given: Any, seeds: Any, candidates: int) -> tuple[Any, Any]:
    """Of several takes of each piece the one that the critic scores highest."""
    import numpy as np

    takes = [generator.compose(given, seeds + 1_000_003 * one) for one in range(candidates)]
    scores = np.stack([generator.judge(given, *take) for take in takes])
    best = scores.argmax(axis=0)
    pitches, onsets = (np.stack(part) for part in zip(*takes, strict=True))
    rows = np.arange(len(best))
    return pitches[best, rows], onsets[best, rows]


def real(exam: Exam) -> Figures:
    """The figures of the real lower voices, and what else the training's chorales share."""
    from kantor.report.measuring import Bodies, compare

    compared = compare(Bodies(exam.real, exam.real, {}, []))
    return {
        **{name: compared[name].real for name in METRICS if name in compared},
        "overlap": exam.overlap,
    }


def write(path: Path, found: dict[str, Figures]) -> None:
    """One line a variant, one column a metric."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("variant", *METRICS))
    for name, figures in found.items():
        writer.writerow((name, *(f"{figures.get(one, float('nan')):.4g}" for one in METRICS)))
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, lambda file: file.write(text.getvalue().encode()))


def table(found: dict[str, Figures]) -> str:
    """For a person."""
    rows = []
    for name, figures in found.items():
        parallels = figures["parallel_fifths"] + figures["parallel_octaves"]
        cells = (figures.get(one, float("nan")) for one in (*SHOWN, "overlap"))
        rows.append((name, f"{parallels:.2f}", *(f"{cell:.3f}" for cell in cells)))
    head = (
        "",
        "parallels",
        "triad or 7th",
        "clash",
        "complete",
        "crossing",
        "bass leaps",
        "overlap",
    )
    return machine.columns(head, rows)


def parse(arguments: list[str] | None = None) -> Options:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--build", type=Path, default=Path("build"), help="what `ingest` wrote")
    parser.add_argument("--out", type=Path, default=Path("reports/benchmark"))
    parser.add_argument(
        "--melodies", type=int, default=0, help="sopranos to harmonise (0: the whole valid split)"
    )
    return Options(**vars(parser.parse_args(arguments)))


def main() -> int:
    """Compare, write and print."""
    options = parse()
    settings.quiet()
    try:
        found = run(options)
    except (InputError, SetupError, OSError) as error:
        print(f"ablation: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"ablation: stopped; what was measured is in {options.out}", file=sys.stderr)
        return 130
    print(table(found))
    print(f"\n{options.out / 'ablation.csv'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
