"""The training loop: resumes where it was, logs as it goes, stops when it should.

Everything random follows from the seed and the iteration, so a training that was interrupted and
resumed ends with the weights of one that was not. Where several workers train together, the
chief alone writes and decides, and the others follow.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kantor.data.corpus import Corpus
from kantor.data.windows import Windows
from kantor.model import batches, generator
from kantor.model.film import Film
from kantor.model.history import History
from kantor.model.interruptions import SIGNALS, TrainingStopped, alone, caught
from kantor.model.monitor import Monitor
from kantor.model.parameters import Train
from kantor.model.replicas import Team
from kantor.model.run import Run, Say, say_at_once, write_json
from kantor.model.trainer import Trainer
from kantor.music.score import ScoreError

FAILED = "failed"
REASONS = ("budget", "time", "critic", "converged", FAILED)


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
    ScoreError
        If the health check found the training past saving, or the workers do not fit together.
    """
    folders = folders or Folders()
    pool = batches.pool(corpus, windows, "train")
    if settings.strategy == "workers":
        say("train: waiting for the other workers")
    trainer = Trainer(settings, windows.rolls.shape[1])
    team = trainer.team
    _compare(team, settings, fingerprint)
    own = folders.checkpoints / _name(settings, fingerprint)
    with alone(own) if team.leads else nullcontext():
        save = _restore(trainer, own)
        run = _open(trainer, corpus, own, folders.reports, say) if team.leads else None
        say(_beginning(trainer, pool))
        stopped_by = _loop(trainer, run, pool, save)
        if run:
            with _failing_together(team):
                _finish(run, folders.model, stopped_by)
        _agree(team)
    if not run:
        return f"{trainer.done} iterations for the chief, stopped by: {stopped_by}"
    return (
        f"{trainer.done} iterations in {run.seconds:.0f} s, stopped by: {stopped_by}; "
        f"model in {folders.model}"
    )


def _compare(team: Team, settings: Train, fingerprint: str) -> None:
    """Refuse workers of different parameters, data or code."""
    digest = hashlib.sha256(f"{fingerprint}\n{settings.model_dump_json()}".encode()).digest()
    own = np.frombuffer(digest, np.uint8).astype(np.int64)
    if (team.total([own])[0] != team.size * own).any():
        raise ScoreError(
            "the workers have different params.yaml, code or data; bring all to the same commit "
            "and the same build/"
        )


def _restore(trainer: Trainer, folder: Path) -> Callable[[], object]:
    """Take up the chief's last checkpoint, where there is one; returns what saves the next."""
    save: Callable[[], object] = lambda: None  # noqa: E731
    if trainer.team.leads:
        manager = trainer.checkpoints(folder)
        if manager.latest_checkpoint:
            manager.checkpoint.restore(manager.latest_checkpoint).assert_consumed()
        save = manager.save
    trainer.take_over()
    return save


def _open(trainer: Trainer, corpus: Corpus, folder: Path, reports: Path, say: Say) -> Run:
    """The chief's log, from the iteration at which the training goes on."""
    monitor = Monitor.of(corpus, trainer.settings.melodies)
    history = History(reports / "history.csv", trainer.done)
    write_json(reports / "reference.json", monitor.reference)
    return Run(trainer, monitor, history, Film(folder, monitor.pieces[0]), say)


def _beginning(trainer: Trainer, pool: batches.Pool) -> str:
    """What is said before the first iteration."""
    settings, team = trainer.settings, trainer.team
    where = f"resuming at iteration {trainer.done}" if trainer.done else "starting"
    shared = "" if team.alone else f", batches shared by {team.replicas} devices"
    return (
        f"train: {where} of {settings.total}, preset {settings.preset}, {len(pool)} windows, "
        f"{trainer.networks.generator.count_params():,} weights{shared}"
    )


def _loop(trainer: Trainer, run: Run | None, pool: batches.Pool, save: Callable[[], object]) -> str:
    """Iterate until something ends the training; returns what did."""
    settings, team = trainer.settings, trainer.team
    stream = iter(
        batches.dataset(pool, trainer.batch_size, settings.seed, trainer.done, settings.masks)
    )
    reason, _ = _agree(team, run.reason_to_stop() if run else None)
    began = time.monotonic() - float(trainer.seconds.numpy())
    with caught() as signals:
        while reason is None:
            figures = trainer.step(next(stream))
            if run:
                run.note(figures)
            if trainer.done % settings.log_every and trainer.done != settings.total:
                continue
            if run:
                with _failing_together(team):
                    run.row(began)
            reason, stop = _agree(team, run.reason_to_stop() if run else None, signals.first)
            if stop or reason or trainer.done % settings.checkpoint_every == 0:
                save()
            if stop and not reason:
                raise TrainingStopped(
                    f"stopped at iteration {trainer.done}; the next start resumes there", stop
                )
    return reason


def _agree(
    team: Team, reason: str | None = None, caught: int | None = None
) -> tuple[str | None, int | None]:
    """The chief's reason to stop and the first worker's signal, where there are any, told to all.

    All workers must call this at the same moment of their training.
    """
    reasons = [float(one == reason) for one in REASONS]
    signals = [float(one == caught) for one in SIGNALS]
    votes = np.split(team.total([np.array(reasons + signals, np.float32)])[0], [len(REASONS)])
    agreed = next((one for one, vote in zip(REASONS, votes[0], strict=True) if vote), None)
    if agreed == FAILED:
        raise ScoreError("the chief could not go on; it says why")
    return agreed, next(
        (int(one) for one, vote in zip(SIGNALS, votes[1], strict=True) if vote), None
    )


@contextmanager
def _failing_together(team: Team) -> Iterator[None]:
    """Tell the other workers of a failure of the chief, else they would wait for ever."""
    try:
        yield
    except Exception:
        if team.size > 1:
            with suppress(ScoreError):
                _agree(team, FAILED)
        raise


def fingerprint(inputs: Iterable[Path]) -> str:
    """Hash of the input files and of the code that a training runs."""
    code = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256()
    for path in (*inputs, *code):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _finish(run: Run, folder: Path, stopped_by: str) -> None:
    """Write the model, the film of its learning and the health report."""
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
    run.film.write(run.history.path.with_name("learning.gif"), trainer.done)
    run.write_health("ok", stopped_by)


def _name(settings: Train, fingerprint: str) -> str:
    """The checkpoint folder of a training: other settings or data start afresh.

    A larger budget or other devices go on.
    """
    excluded = {"iterations", "minutes", "early_stop", "health", "strategy"}
    key = json.dumps(settings.model_dump(mode="json", exclude=excluded), sort_keys=True)
    return hashlib.sha256(f"{fingerprint}\n{key}".encode()).hexdigest()[:16]
