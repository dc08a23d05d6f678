"""The training loop: resumes where it was, logs as it goes, stops when it should.

Everything random follows from the seed and the iteration, so a training that was interrupted and
resumed ends with the weights of one that was not.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kantor import files
from kantor.data.corpus import Corpus
from kantor.data.windows import Windows
from kantor.ensemble import SATB, Ensemble
from kantor.errors import SetupError
from kantor.hyperparameters import CUT, Train
from kantor.model import generator
from kantor.model.train import batches, discriminating
from kantor.model.train.checkpoints import Signals, TrainingStopped, alone, folder_name
from kantor.model.train.monitor import Monitor
from kantor.model.train.trainer import Trainer
from kantor.training.film import Film
from kantor.training.history import TIMES, TIMES_COLUMNS, History, Row, columns, examine
from kantor.training.stopping import criteria

Say = Callable[[str], object]
SHOWN = ("likelihood", "wasserstein", "metric_triad_or_seventh")
"""Figures of a row that are printed."""


@dataclass(frozen=True)
class Folders:
    """Where a training writes."""

    model: Path = Path("build/model")
    reports: Path = Path("reports/training")
    checkpoints: Path = Path("build/checkpoints")
    times: Path = TIMES


def train(
    settings: Train,
    corpus: Corpus,
    windows: Windows,
    fingerprint: str,
    folders: Folders | None = None,
    say: Say = lambda line: print(line, flush=True),
    ensemble: Ensemble = SATB,
    begun: Callable[[str, int], object] = lambda name, iteration: None,
) -> str:
    """Train, or go on training, and write the model and its log; says in one line what was done.

    `fingerprint` names the data and everything else besides `settings` and `ensemble` that the
    weights depend on; a checkpoint is taken up only where all three are the same. `begun` is told
    the name of the checkpoints, and after which iteration the training goes on.

    Raises
    ------
    TrainingStopped
        If SIGINT or SIGTERM arrived; the next start goes on from here.
    SetupError
        If another training has these checkpoints, or the health check found this one past saving.
    """
    folders = folders or Folders()
    pool = batches.pool(corpus, windows, "train", ensemble)
    trainer = Trainer(settings, windows.rolls.shape[1], ensemble)
    checkpoints = folders.checkpoints / folder_name(settings, ensemble, fingerprint)
    with alone(checkpoints):
        training = Training(trainer, corpus, checkpoints, folders, say)
        begun(checkpoints.name, trainer.done)
        where = f"resuming at iteration {trainer.done}" if trainer.done else "starting"
        shared = f", batches shared by {trainer.devices} devices" if trainer.devices > 1 else ""
        say(
            f"train: {where} of {settings.total}, preset {settings.preset}, {len(pool)} windows, "
            f"{trainer.networks.generator.count_params():,} weights{shared}"
        )
        stopped_by = training.iterate(pool)
        training.finish(folders.model, stopped_by)
    done = f"{trainer.done} of {settings.total} iterations in {training.seconds:.0f} s"
    if stopped_by == CUT:
        return (
            f"{done}: cut by the clock (train.minutes: {settings.minutes:g}); "
            f"model in {folders.model}, which is no champion by itself"
        )
    return f"{done}, stopped by: {stopped_by}; model in {folders.model}"


class Training:
    """A training that was taken up from its last checkpoint in a folder, where there is one."""

    def __init__(
        self, trainer: Trainer, corpus: Corpus, folder: Path, folders: Folders, say: Say
    ) -> None:
        for place in (folder, folders.reports):
            files.sweep(place)
        self.trainer, self.settings, self.corpus = trainer, trainer.settings, corpus
        self.reports, self.say = folders.reports, say
        self.checkpoints = trainer.checkpoints(folder)
        if self.checkpoints.latest_checkpoint:
            restored = self.checkpoints.checkpoint.restore(self.checkpoints.latest_checkpoint)
            restored.assert_consumed()
        self.monitor = Monitor.of(corpus, self.settings.melodies, trainer.ensemble)
        names = columns(trainer.ensemble)
        self.log = History(self.reports / "history.csv", trainer.done, names)
        self.times = History(folders.times, trainer.done, TIMES_COLUMNS)
        self.film = Film(folder, self.monitor.pieces[0])
        self.findings: list[dict[str, Any]] = []
        self._write("reference.json", self.monitor.reference)

    @property
    def seconds(self) -> float:
        """Seconds of training up to the last row of the log."""
        return float(self.trainer.seconds.numpy())

    def iterate(self, pool: batches.Pool) -> str:
        """Train until something ends the training; returns what did, or raises as `train` does."""
        trainer, settings = self.trainer, self.settings
        stream = iter(
            batches.dataset(pool, trainer.batch_size, settings.seed, trainer.done, settings.masks)
        )
        reason = self._reason_to_stop()
        if not trainer.done:
            self.film.keep(0, self.monitor.takes(trainer.average, 0)[0])
        self._write_health("training", "")
        began = time.monotonic() - self.seconds
        figures: dict[str, list[Any]] = defaultdict(list)
        with Signals() as signals:
            while reason is None:
                for name, figure in trainer.step(next(stream)).items():
                    figures[name].append(figure)
                if trainer.done % settings.log_every and trainer.done != settings.total:
                    continue
                trainer.seconds.assign(time.monotonic() - began)
                self._log({name: float(np.mean(np.stack(row))) for name, row in figures.items()})
                self._check_health()
                figures.clear()
                reason, stop = self._reason_to_stop(), signals.first
                if stop or reason or trainer.done % settings.checkpoint_every == 0:
                    self.checkpoints.save()
                if stop and not reason:
                    raise TrainingStopped(
                        f"stopped at iteration {trainer.done}; the next start resumes there", stop
                    )
        return reason

    def _log(self, figures: dict[str, float]) -> None:
        """Write a row of the log, with metrics where they are due."""
        settings, iteration = self.settings, self.trainer.done
        phase = "likelihood" if self.trainer.warming(iteration - 1) else "adversarial"
        row: Row = {"iteration": iteration, "phase": phase, **figures}
        if iteration % settings.measure_every == 0 or iteration == settings.total:
            measured, takes = self.monitor.measure(self.trainer.average)
            row |= {name: value for name, value in measured.items() if math.isfinite(value)}
            self.film.keep(iteration, takes[0])
        self.times.add({"iteration": iteration, "seconds": round(self.seconds, 1)})
        self.log.add(row)
        shown = "  ".join(f"{name} {row[name]:.3g}" for name in SHOWN if name in row)
        self.say(f"train: {iteration}/{settings.total}  {self.seconds:.0f} s  {phase}  {shown}")

    def _check_health(self) -> None:
        """Note each finding once; a fatal one is an error."""
        for finding in examine(self.log, self.settings.health):
            known = {(earlier["kind"], earlier["fatal"]) for earlier in self.findings}
            if (finding.kind, finding.fatal) not in known:
                self.findings.append({"iteration": self.trainer.done, **asdict(finding)})
                self._write_health("training", "")
                self.say(f"train: health: {finding.message}")
            if finding.fatal:
                self._write_health("stopped", finding.kind)
                raise SetupError(f"stopped at iteration {self.trainer.done}: {finding.message}")

    def _reason_to_stop(self) -> str | None:
        """The budget, the metrics' convergence, or a critic that no longer improves."""
        trainer, reference = self.trainer, self.monitor.reference
        state = self.log, self.settings, trainer.done, self.seconds, reference, trainer.ensemble
        return next((one.name for one in criteria(*state) if one.met), None)

    def finish(self, folder: Path, stopped_by: str) -> None:
        """Write the model, the frames that show its learning and the health report."""
        trainer, networks = self.trainer, self.trainer.networks
        counts = {name: getattr(networks, name).count_params() for name in ("generator", "critic")}
        info = {
            "preset": self.settings.preset,
            "ensemble": trainer.ensemble.to_dict(),
            **_learned(self.corpus),
            "iterations": trainer.done,
            "stopped_by": stopped_by,
            "parameters": counts,
            "params": self.settings.model_dump(mode="json"),
        }
        discriminator = None
        several = self.settings.sampling.particles > 1
        if self.settings.preset != "unet" and self.settings.discriminator and several:
            self.say("train: composing the training pieces, to tell the result from them")
            discriminator, figures = discriminating.fit(trainer.average, self.corpus)
            info["discriminator"] = figures
        generator.save(folder, trainer.shadow, info, networks.critic, discriminator)
        if not any(self.film.iterations(trainer.done)):  # it ended before its first measurement
            self.film.keep(trainer.done, self.monitor.takes(trainer.average, 0)[0])
        self.film.write(self.reports / "frames.npz", trainer.done)
        self._write_health("ok", stopped_by)

    def _write_health(self, status: str, stopped_by: str) -> None:
        report = {
            "status": status,
            "stopped_by": stopped_by,
            "iterations": self.trainer.done,
            "of": self.settings.total,
            "findings": self.findings,
        }
        self._write("health.json", report)

    def _write(self, name: str, value: dict[str, Any]) -> None:
        text = json.dumps(value, indent=2, sort_keys=True) + "\n"
        files.save(self.reports / name, lambda file: file.write(text.encode()))


def _learned(corpus: Corpus) -> dict[str, Any]:
    """How many pieces were learned from, and the share of them in each meter."""
    works = {piece.id.partition("#")[0]: piece for piece in corpus if piece.split == "train"}
    counts = Counter(str(piece.score.meter) for piece in works.values())
    shares = {meter: round(count / len(works), 4) for meter, count in counts.most_common()}
    return {"pieces": len(works), "meters": shares}
