"""The training loop: resumes where it was, logs as it goes, stops when it should.

Everything random follows from the seed and the iteration, so a training that was interrupted and
resumed ends with the weights of one that was not.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from kantor import files
from kantor.data.corpus import Corpus
from kantor.data.windows import Windows
from kantor.ensemble import SATB, Ensemble
from kantor.hyperparameters import Train
from kantor.model import generator
from kantor.model.train import batches
from kantor.model.train.checkpoints import TrainingStopped, alone, caught, folder_name
from kantor.model.train.history import History
from kantor.model.train.monitor import Film, Monitor
from kantor.model.train.progress import Progress, Say, say_at_once, write_json
from kantor.model.train.trainer import Trainer


@dataclass(frozen=True)
class Folders:
    """Where a training writes."""

    model: Path = Path("build/model")
    reports: Path = Path("reports/training")
    checkpoints: Path = Path("build/checkpoints")


def train(
    settings: Train,
    corpus: Corpus,
    windows: Windows,
    fingerprint: str,
    folders: Folders | None = None,
    say: Say = say_at_once,
    ensemble: Ensemble = SATB,
) -> str:
    """Train, or go on training, and write the model and its log.

    Parameters
    ----------
    fingerprint : str
        Names the data and everything else besides `settings` and `ensemble` that the weights
        depend on; a checkpoint is taken up only where all three are the same.

    Returns
    -------
    str
        One line that says what was done.

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
        progress = _resume(trainer, corpus, checkpoints, folders.reports, say)
        say(_first_line(trainer, pool))
        stopped_by = _loop(progress, pool)
        _finish(progress, folders.model, stopped_by)
    return (
        f"{trainer.done} iterations in {progress.seconds:.0f} s, stopped by: {stopped_by}; "
        f"model in {folders.model}"
    )


def _resume(trainer: Trainer, corpus: Corpus, folder: Path, reports: Path, say: Say) -> Progress:
    """Take up the last checkpoint in `folder`, where there is one, and the log up to it."""
    for place in (folder, reports):
        files.sweep(place)
    manager = trainer.checkpoints(folder)
    if manager.latest_checkpoint:
        manager.checkpoint.restore(manager.latest_checkpoint).assert_consumed()
    monitor = Monitor.of(corpus, trainer.settings.melodies, trainer.ensemble)
    log = History(reports / "history.csv", trainer.done, trainer.ensemble)
    write_json(reports / "reference.json", monitor.reference)
    film = Film(folder, monitor.pieces[0])
    return Progress(trainer, monitor, log, film, manager.save, say)


def _first_line(trainer: Trainer, pool: batches.Pool) -> str:
    """What is said before the first iteration."""
    settings = trainer.settings
    where = f"resuming at iteration {trainer.done}" if trainer.done else "starting"
    shared = f", batches shared by {trainer.devices} devices" if trainer.devices > 1 else ""
    return (
        f"train: {where} of {settings.total}, preset {settings.preset}, {len(pool)} windows, "
        f"{trainer.networks.generator.count_params():,} weights{shared}"
    )


def _loop(progress: Progress, pool: batches.Pool) -> str:
    """Iterate until something ends the training; returns what did."""
    trainer = progress.trainer
    settings = trainer.settings
    stream = iter(
        batches.dataset(pool, trainer.batch_size, settings.seed, trainer.done, settings.masks)
    )
    reason = progress.reason_to_stop()
    began = time.monotonic() - progress.seconds
    with caught() as signals:
        while reason is None:
            progress.note(trainer.step(next(stream)))
            if trainer.done % settings.log_every and trainer.done != settings.total:
                continue
            progress.row(time.monotonic() - began)
            reason, stop = progress.reason_to_stop(), signals.first
            if stop or reason or trainer.done % settings.checkpoint_every == 0:
                progress.save()
            if stop and not reason:
                raise TrainingStopped(
                    f"stopped at iteration {trainer.done}; the next start resumes there", stop
                )
    return reason


def _finish(progress: Progress, folder: Path, stopped_by: str) -> None:
    """Write the model, the frames that show its learning and the health report."""
    trainer, film = progress.trainer, progress.film
    networks = trainer.networks
    info = {
        "preset": trainer.settings.preset,
        "ensemble": trainer.ensemble.to_dict(),
        "iterations": trainer.done,
        "parameters": {
            "generator": networks.generator.count_params(),
            "critic": networks.critic.count_params(),
        },
        "params": trainer.settings.model_dump(mode="json"),
    }
    generator.save(folder, trainer.shadow, info, critic=networks.critic)
    if not film.iterations(trainer.done):  # it ended before its first measurement
        film.keep(trainer.done, progress.monitor.takes(trainer.average, 0)[0])
    film.write(progress.history.path.with_name("frames.npz"), trainer.done)
    progress.write_health("ok", stopped_by)
