"""The workshop's model and ours at equal training time: every headline metric as both learn.

`unet` is trained by the workshop's recipe, `chorale` by `params.yaml`, each for the same minutes
of wall-clock time on the same machine, compilation included. They take turns from one moment to
the next, so that what else happens on the machine meets both. At every moment both compose the
same whole sopranos of the valid split; the time that this takes counts for neither.

Writes `quality.csv` and `quality.png` to a folder, anew after every moment.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import harness
import numpy as np
import pandas as pd
from exam import CHANGED, METRICS, Exam

from kantor import settings
from kantor.data.corpus import Corpus
from kantor.data.windows import Windows
from kantor.files import save
from kantor.metrics import musical

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNET, CHORALE = "unet", "chorale"
MOMENTS = (1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1)
"""When to measure, as shares of the time."""
LABELS = musical.LABELS | {
    "overlap": "overlap with Bach",
    CHANGED: "cells that another seed changes",
}
NAMES = {UNET: "the workshop's U-Net", CHORALE: "chorale"}
COLOURS = {UNET: "#D55E00", CHORALE: "#0072B2"}


class Contender:
    """A model that is trained in slices of time."""

    def __init__(self, name: str, trainer: Any, stream: Iterator[Any]) -> None:
        self.name, self.trainer, self.stream = name, trainer, stream
        self.seconds = 0.0

    @property
    def iteration(self) -> int:
        """How many iterations are done."""
        return int(self.trainer.iteration.numpy())

    def train(self, until: float) -> bool:
        """Iterate until `until` seconds of training have passed in all; whether it did anything."""
        before = self.iteration
        while self.seconds < until and self.iteration < self.trainer.settings.total:
            began = time.perf_counter()
            for figure in self.trainer.step(next(self.stream)).values():
                figure.numpy()
            self.seconds += time.perf_counter() - began
        return self.iteration > before


def contenders(params: Path, corpus: Corpus, rolls: Windows) -> list[Contender]:
    """Both models, untrained; the workshop's gets two bars a chorale, in its own key, as there."""
    import workshop

    from kantor.hyperparameters import Train
    from kantor.model.train import batches
    from kantor.model.train.trainer import Trainer

    ours = settings.load(Train, "train", params).model_copy(update={"preset": CHORALE})
    steps = rolls.rolls.shape[1]
    pools = {
        UNET: workshop.pool(corpus, rolls),
        CHORALE: batches.pool(corpus, rolls, "train"),
    }
    trainers = {UNET: Trainer(workshop.recipe(ours), steps), CHORALE: Trainer(ours, steps)}
    return [
        Contender(
            name,
            trainer,
            iter(batches.dataset(pools[name], trainer.batch_size, trainer.settings.seed)),
        )
        for name, trainer in trainers.items()
    ]


def run(params: Path, build: Path, out: Path, minutes: float, melodies: int) -> pd.DataFrame:
    """Train both, measuring at every moment; what was measured so far is on disk at any time."""
    from kantor.data import corpus, windows

    pieces = corpus.load(build / "scores.npz")
    exam = Exam.of(pieces, melodies)
    both = contenders(params, pieces, windows.load(build / "windows.npz"))
    rows: list[dict[str, Any]] = []
    for moment in (0.0, *(60 * minutes * share for share in MOMENTS)):
        for one in both:
            if not one.train(moment) and moment:
                continue  # its own budget ended earlier: the last figures stand
            figures = exam.grade(one.trainer.average.compose)
            about = {"model": one.name, "minutes": one.seconds / 60, "iteration": one.iteration}
            rows += [{**about, "metric": name, **values} for name, values in figures.items()]
            overlap = figures["overlap"]["value"]
            print(f"{one.name}: iteration {one.iteration}, overlap {overlap:.3f}", file=sys.stderr)
        write(pd.DataFrame(rows), out)
    return pd.DataFrame(rows)


def write(rows: pd.DataFrame, out: Path) -> None:
    """The figures as CSV and as one panel a metric: both models over the time, and Bach."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    out.mkdir(parents=True, exist_ok=True)
    text = rows.to_csv(index=False, float_format="%.6g")
    save(out / "quality.csv", lambda file: file.write(text.encode()))
    figure = Figure(figsize=(14, 9), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(3, 4).ravel()
    for panel, metric in zip(panels, METRICS, strict=True):
        _draw(panel, rows[rows.metric == metric], metric)
    for panel in panels[-4:]:
        panel.set_xlabel("minutes of training")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5, frameon=False)
    save(
        out / "quality.png",
        lambda file: figure.savefig(file, format="png", metadata={"Software": None}),
    )


def _draw(panel: Axes, rows: pd.DataFrame, metric: str) -> None:
    panel.set_title(LABELS[metric], fontsize=10)
    panel.spines[["top", "right"]].set_visible(False)
    for model, points in rows.groupby("model"):
        panel.plot(
            points.minutes,
            points.value,
            marker="o",
            markersize=3,
            color=COLOURS[str(model)],
            label=NAMES[str(model)],
        )
    bach = rows.iloc[0]
    if not np.isfinite(bach.real):
        panel.set_ylim(bottom=0)
        return
    if np.isfinite(bach.spread):
        low, high = max(0.0, bach.real - bach.spread), bach.real + bach.spread
        label = "Bach, a piece (± one deviation)"
        panel.axhspan(low, high, color="#009E73", alpha=0.15, lw=0, label=label)
    panel.axhline(bach.real, color="#009E73", lw=1.2, label="Bach, mean")
    panel.axhline(bach.shuffled, color="#6B717A", lw=1, ls=":", label="lower voices shuffled")


def table(rows: pd.DataFrame) -> str:
    """The figures at the end of the time, for a person."""
    last = rows.groupby(["metric", "model"], sort=False).last()
    lines = []
    for metric in METRICS:
        bach = last.loc[metric].iloc[0]
        values = [last.loc[metric, model].value for model in (UNET, CHORALE)]
        cells = (bach.real, bach.spread, bach.shuffled, *values)
        lines.append((metric, *(f"{cell:.3f}" if np.isfinite(cell) else "-" for cell in cells)))
    return harness.table(("", "Bach", "± a piece", "shuffled", UNET, CHORALE), lines)


def main() -> int:
    """Compare, write and print."""
    parser = harness.training_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=8.0, help="of training, each (8)")
    asked = parser.parse_args()
    harness.machine()
    rows = run(asked.params, asked.build, asked.out, asked.minutes, asked.melodies)
    print(table(rows))
    print(f"\n{asked.out / 'quality.csv'}\n{asked.out / 'quality.png'}")
    return 0


if __name__ == "__main__":
    harness.main(main, "quality")
