"""The workshop's model and ours at equal training time: every headline metric as both learn.

`unet` is trained by the workshop's recipe, `chorale` by `params.yaml`, each for the same minutes
of wall-clock time on the same machine, compilation included. They take turns from one moment to
the next, so that what else happens on the machine meets both. At every moment both compose the
same whole sopranos of the valid split; the time that this takes counts for neither.

Writes `quality.csv`, `quality.png` and `quality.json` to a folder, anew after every moment.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
import numpy as np
from exam import Exam
from quality_output import METRICS, Row, read, table, write

from kantor import settings
from kantor.data.corpus import Corpus
from kantor.data.windows import Windows
from kantor.errors import InputError, SetupError

UNET, CHORALE = "unet", "chorale"
MOMENTS = (1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1)
"""When to measure, as shares of the time."""


@dataclass(frozen=True)
class Options:
    """What is to be compared."""

    minutes: float
    moments: tuple[float, ...]
    params: Path
    build: Path
    out: Path
    melodies: int
    windows: str
    batch: int


class Contender:
    """A model that is trained in slices of time."""

    def __init__(self, name: str, trainer: Any, stream: Iterator[Any]) -> None:
        self.name, self.trainer, self.stream = name, trainer, stream
        self.generator = trainer.average
        self.seconds = 0.0

    @property
    def iteration(self) -> int:
        return int(self.trainer.iteration.numpy())

    @property
    def phase(self) -> str:
        """Of the iteration done last."""
        return "likelihood" if self.trainer.warming(max(0, self.iteration - 1)) else "adversarial"

    @property
    def done(self) -> bool:
        """Whether the iterations that its settings allow are used up."""
        return self.iteration >= int(self.trainer.settings.total)

    def train(self, until: float) -> None:
        """Iterate until `until` seconds of training have passed, all in all."""
        while self.seconds < until and not self.done:
            began = time.perf_counter()
            for figure in self.trainer.step(next(self.stream)).values():
                figure.numpy()
            self.seconds += time.perf_counter() - began


def contenders(options: Options, corpus: Corpus, rolls: Windows) -> list[Contender]:
    """Both models, untrained."""
    from workshop import recipe, untransposed

    from kantor.hyperparameters import Train
    from kantor.model.train import batches
    from kantor.model.train.trainer import Trainer

    params = settings.load(Train, "train", options.params)
    ours = params.model_copy(update={"preset": CHORALE, "batch": options.batch or params.batch})
    steps = rolls.rolls.shape[1]
    pool = batches.pool(corpus, rolls, "train")
    theirs = recipe(params, **({"batch": options.batch} if options.batch else {}))
    own_pool = pool
    if options.windows == "first":
        own_pool = untransposed(batches.pool(corpus, firsts(rolls), "train"))
    pairs = ((UNET, Trainer(theirs, steps), own_pool), (CHORALE, Trainer(ours, steps), pool))
    return [
        Contender(
            name, trainer, iter(batches.dataset(one, trainer.batch_size, trainer.settings.seed))
        )
        for name, trainer, one in pairs
    ]


def firsts(rolls: Windows) -> Windows:
    """The first window of each piece."""
    _, rows = np.unique(rolls.piece, return_index=True)
    return Windows(
        *(getattr(rolls, name)[rows] for name in ("rolls", "onsets", "piece", "start", "length"))
    )


def run(options: Options) -> list[Row]:
    """Train both, measuring at every moment; what was measured so far is on disk at any time."""
    from kantor.data import corpus, windows

    about: dict[str, Any] = {"machine": machine.describe(), "minutes": options.minutes}
    pieces = corpus.load(options.build / "scores.npz")
    exam = Exam.of(pieces, options.melodies)
    both = contenders(options, pieces, windows.load(options.build / "windows.npz"))
    about |= {
        "sopranos": len(exam.real),
        "settings": {one.name: one.trainer.settings.model_dump(mode="json") for one in both},
    }
    rows: list[Row] = []
    for moment in (0.0, *options.moments):
        for one in both:
            before = one.iteration
            one.train(60 * moment)
            if moment and one.iteration == before:
                continue  # its own budget ended earlier: the last figures stand
            rows += measured(one, exam.grade(one.generator))
            print(told(one, rows), file=sys.stderr)
        write(options.out, rows, about | {"training": [ended(one) for one in both]})
    return rows


def measured(one: Contender, figures: dict[str, dict[str, float]]) -> list[Row]:
    """A row a metric."""
    return [
        {
            "model": one.name,
            "minutes": one.seconds / 60,
            "iteration": one.iteration,
            "phase": one.phase,
            "metric": name,
            **values,
        }
        for name, values in figures.items()
    ]


def ended(one: Contender) -> dict[str, Any]:
    """How far a model came."""
    reason = "its iterations" if one.done else "time"
    return {
        "model": one.name,
        "seconds": round(one.seconds, 1),
        "iterations": one.iteration,
        "ended_by": reason,
    }


def told(one: Contender, rows: Sequence[Row]) -> str:
    last = {row["metric"]: row["value"] for row in rows[-len(METRICS) :]}
    return (
        f"{one.name}: {one.seconds / 60:.2f} min, iteration {one.iteration}, "
        f"overlap {last['overlap']:.3f}"
    )


def parse(arguments: list[str] | None = None) -> tuple[Options, Path | None]:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument(
        "--minutes", type=machine.above_zero, default=8.0, help="of training, each (8)"
    )
    parser.add_argument(
        "--moments", type=minutes, help="when to measure, in minutes, such as 1,2,4,8"
    )
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--build", type=Path, default=Path("build"), help="what `ingest` wrote")
    parser.add_argument("--out", type=Path, default=Path("reports/benchmark"))
    parser.add_argument(
        "--melodies", type=int, default=0, help="sopranos to harmonise (0: the whole valid split)"
    )
    parser.add_argument(
        "--workshop-windows",
        dest="windows",
        choices=("first", "all"),
        default="first",
        help="the workshop's training data: two bars a chorale as there, or all that ours gets",
    )
    parser.add_argument(
        "--batch", type=int, default=0, help="windows in a batch, to try it out (0: the recipes')"
    )
    parser.add_argument(
        "--from", dest="source", type=Path, help="train nothing: table and plot from this CSV"
    )
    values = vars(parser.parse_args(arguments))
    source = values.pop("source")
    if values["moments"] is None:
        values["moments"] = tuple(values["minutes"] * share for share in MOMENTS)
    if max(values["moments"]) > values["minutes"]:
        parser.error("--moments: later than --minutes")
    if min(values["melodies"], values["batch"]) < 0:
        parser.error("--melodies and --batch: not below 0")
    return Options(**values), source


def minutes(text: str) -> tuple[float, ...]:
    """Moments on the command line."""
    return tuple(sorted({machine.above_zero(part) for part in text.split(",")}))


def main() -> int:
    """Compare, write and print."""
    options, source = parse()
    settings.quiet()
    try:
        if source:
            rows = read(source)
            write(options.out, rows)
        else:
            machine.warn_if_busy(machine.describe())
            rows = run(options)
    except (InputError, SetupError, OSError) as error:
        print(f"quality: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"quality: stopped; what was measured is in {options.out}", file=sys.stderr)
        return 130
    print(table(rows))
    print(f"\n{options.out / 'quality.csv'}\n{options.out / 'quality.png'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
