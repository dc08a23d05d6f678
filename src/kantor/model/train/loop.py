"""The training loop: resumes where it was, logs as it goes, stops when it should.

Everything random follows from the seed and the iteration, so a training that was interrupted and
resumed ends with the weights of one that was not. Where several workers train together, the
chief alone writes and decides, and the others follow.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from kantor import files
from kantor.data.corpus import Corpus
from kantor.data.windows import Windows
from kantor.hyperparameters import Train
from kantor.model import generator
from kantor.model.train import batches
from kantor.model.train.agreement import agree, compare, failing_together, in_touch
from kantor.model.train.film import Film
from kantor.model.train.history import History
from kantor.model.train.interruptions import TrainingStopped, alone, caught
from kantor.model.train.monitor import Monitor
from kantor.model.train.run import Run, Say, say_at_once, write_json
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
) -> str:
    """Train, or go on training, and write the model and its log.

    Parameters
    ----------
    fingerprint : str
        Names the data and everything else besides `settings` that the weights depend on; a
        checkpoint is taken up only by a training of the same fingerprint and settings.

    Returns
    -------
    str
        One line that says what was done.

    Raises
    ------
    TrainingStopped
        If SIGINT or SIGTERM arrived; the next start goes on from here.
    InputError
        If the health check found the training past saving, or the workers do not fit together.
    """
    folders = folders or Folders()
    pool = batches.pool(corpus, windows, "train")
    if settings.strategy == "workers":
        say("train: waiting for the other workers")
    trainer = Trainer(settings, windows.rolls.shape[1])
    team = trainer.team
    own = folders.checkpoints / _name(settings, fingerprint)
    with in_touch(), alone(own) if team.leads else nullcontext():
        compare(team, f"{fingerprint}\n{settings.model_dump_json()}")
        run = _resume(trainer, corpus, own, folders.reports, say) if team.leads else None
        trainer.take_over()
        say(_beginning(trainer, pool))
        stopped_by = _loop(trainer, run, pool)
        if run:
            with failing_together(team):
                _finish(run, folders.model, stopped_by)
        agree(team)
    if not run:
        return f"{trainer.done} iterations for the chief, stopped by: {stopped_by}"
    return (
        f"{trainer.done} iterations in {run.seconds:.0f} s, stopped by: {stopped_by}; "
        f"model in {folders.model}"
    )


def _resume(trainer: Trainer, corpus: Corpus, folder: Path, reports: Path, say: Say) -> Run:
    """Take up the last checkpoint in `folder`, where there is one, and the log up to it."""
    for place in (folder, reports):
        files.sweep(place)
    manager = trainer.checkpoints(folder)
    if manager.latest_checkpoint:
        manager.checkpoint.restore(manager.latest_checkpoint).assert_consumed()
    monitor = Monitor.of(corpus, trainer.settings.melodies)
    history = History(reports / "history.csv", trainer.done)
    write_json(reports / "reference.json", monitor.reference)
    film = Film(folder, monitor.pieces[0])
    return Run(trainer, monitor, history, film, manager.save, say)


def _beginning(trainer: Trainer, pool: batches.Pool) -> str:
    """What is said before the first iteration."""
    settings, team = trainer.settings, trainer.team
    where = f"resuming at iteration {trainer.done}" if trainer.done else "starting"
    shared = "" if team.alone else f", batches shared by {team.replicas} devices"
    return (
        f"train: {where} of {settings.total}, preset {settings.preset}, {len(pool)} windows, "
        f"{trainer.networks.generator.count_params():,} weights{shared}"
    )


def _loop(trainer: Trainer, run: Run | None, pool: batches.Pool) -> str:
    """Iterate until something ends the training; returns what did."""
    settings, team = trainer.settings, trainer.team
    stream = iter(
        batches.dataset(pool, trainer.batch_size, settings.seed, trainer.done, settings.masks)
    )
    reason, _ = agree(team, run.reason_to_stop() if run else None)
    began = time.monotonic() - float(trainer.seconds.numpy())
    with caught() as signals:
        while reason is None:
            figures = trainer.step(next(stream))
            if run:
                run.note(figures)
            if trainer.done % settings.log_every and trainer.done != settings.total:
                continue
            if run:
                with failing_together(team):
                    run.row(began)
            reason, stop = agree(team, run.reason_to_stop() if run else None, signals.first)
            if run and (stop or reason or trainer.done % settings.checkpoint_every == 0):
                run.save()
            if stop:
                raise TrainingStopped(
                    f"stopped at iteration {trainer.done}; the next start resumes there", stop
                )
    return reason


def fingerprint(inputs: Iterable[Path]) -> str:
    """Hash of the input files and of every module of Kantor that this process has loaded."""
    ours = [module for name, module in sorted(sys.modules.items()) if re.match(r"kantor\b", name)]
    digest = hashlib.sha256()
    for path in (*inputs, *(Path(module.__file__) for module in ours if module.__file__)):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _finish(run: Run, folder: Path, stopped_by: str) -> None:
    """Write the model, the frames that show its learning and the health report."""
    trainer = run.trainer
    networks = trainer.networks
    info = {
        "preset": trainer.settings.preset,
        "iterations": trainer.done,
        "parameters": {
            "generator": networks.generator.count_params(),
            "critic": networks.critic.count_params(),
        },
        "params": trainer.settings.model_dump(mode="json"),
    }
    generator.save(folder, trainer.shadow, info, critic=networks.critic)
    if not run.film.iterations(trainer.done):  # it ended before its first measurement
        run.film.keep(trainer.done, run.monitor.takes(trainer.average, 0)[0])
    run.film.write(run.history.path.with_name("frames.npz"), trainer.done)
    run.write_health("ok", stopped_by)


def _name(settings: Train, fingerprint: str) -> str:
    """The checkpoint folder of a training: other settings or data start afresh.

    A larger budget or other devices go on.
    """
    excluded = {"iterations", "minutes", "early_stop", "health", "strategy"}
    key = json.dumps(settings.model_dump(mode="json", exclude=excluded), sort_keys=True)
    return hashlib.sha256(f"{fingerprint}\n{key}".encode()).hexdigest()[:16]
