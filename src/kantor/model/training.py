"""The training loop: resumes where it was, logs as it goes, stops when it should.

Everything random follows from the seed and the iteration, so a training that was interrupted and
resumed ends with the weights of one that was not.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kantor.data.corpus import Corpus
from kantor.data.windows import Windows
from kantor.model import batches, generator, health
from kantor.model.history import History
from kantor.model.monitor import Monitor, stopped_improving
from kantor.model.trainer import Train, Trainer
from kantor.music import files, picture
from kantor.music.score import Score, ScoreError

Say = Callable[[str], None]
FRAMES = 40


class TrainingStopped(Exception):
    """The training was asked to stop and did so; its checkpoint is complete."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number


def say_at_once(line: str) -> None:
    """Print a line now, also where the output is a file or another program."""
    print(line, flush=True)


@dataclass(frozen=True)
class Folders:
    """Where a training writes."""

    model: Path = Path("build/model")
    reports: Path = Path("reports/training")
    checkpoints: Path = Path("build/checkpoints")


@dataclass
class Run:
    """The loop's own state, all of it derived from the log and the frames on disk."""

    settings: Train
    trainer: Trainer
    monitor: Monitor
    history: History
    folder: Path
    say: Say
    pending: dict[str, list[Any]] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def iteration(self) -> int:
        return int(self.trainer.iteration.numpy())

    @property
    def seconds(self) -> float:
        return float(self.trainer.seconds.numpy())


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
        If the health check found the training past saving.
    """
    folders = folders or Folders()
    steps = windows.rolls.shape[1]
    pool = batches.pool(corpus, windows, "train")
    trainer = Trainer(settings, steps)
    own = folders.checkpoints / _name(settings, fingerprint)
    with _alone(own):
        return _train(settings, corpus, pool, trainer, own, folders, say)


def _train(
    settings: Train,
    corpus: Corpus,
    pool: batches.Pool,
    trainer: Trainer,
    own: Path,
    folders: Folders,
    say: Say,
) -> str:
    """`train`, once nobody else works on the same checkpoints."""
    manager = trainer.checkpoints(own)
    if manager.latest_checkpoint:
        manager.checkpoint.restore(manager.latest_checkpoint).assert_consumed()
    monitor = Monitor.of(corpus, settings.melodies)
    iteration = int(trainer.iteration.numpy())
    history = History(folders.reports / "history.csv", iteration)
    _write_json(folders.reports / "reference.json", monitor.reference)
    run = Run(settings, trainer, monitor, history, own, say)
    where = f"resuming at iteration {iteration}" if iteration else "starting"
    say(
        f"train: {where} of {settings.total}, preset {settings.preset}, {len(pool)} windows, "
        f"{trainer.networks.generator.count_params():,} weights"
    )
    stopped_by = _loop(run, pool, manager.save)
    _finish(run, folders, stopped_by)
    return (
        f"{run.iteration} iterations in {run.seconds:.0f} s, stopped by: {stopped_by}; "
        f"model in {folders.model}"
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Refuse to train beside another process that trains on the same checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ScoreError(
                f"{folder}: another training is at work here; wait for it or stop it"
            ) from None
        yield


def fingerprint(inputs: Iterable[Path]) -> str:
    """Hash of the input files and of the code that a training runs."""
    code = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256()
    for path in (*inputs, *code):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _loop(run: Run, pool: batches.Pool, save: Callable[[], object]) -> str:
    """Iterate until something ends the training; returns what did."""
    settings, trainer = run.settings, run.trainer
    stream = iter(batches.dataset(pool, trainer.batch_size, settings.seed, run.iteration))
    reason = _reason_to_stop(run)
    began = time.monotonic() - run.seconds
    # DVC dies of a SIGTERM of its own and leaves its stages running.
    parent = os.getppid() if "DVC_STAGE" in os.environ else None
    with _signals() as caught:
        while reason is None:
            for name, value in trainer.step(next(stream)).items():
                run.pending.setdefault(name, []).append(value)
            due = run.iteration % settings.log_every == 0 or run.iteration == settings.total
            if not due:
                continue
            _log(run, time.monotonic() - began)
            trainer.seconds.assign(time.monotonic() - began)
            _check_health(run)
            reason = _reason_to_stop(run)
            if parent and os.getppid() != parent:
                caught.append(signal.SIGTERM)
            if caught or reason or run.iteration % settings.checkpoint_every == 0:
                save()
            if caught and not reason:
                raise TrainingStopped(
                    f"stopped at iteration {run.iteration}; the next start resumes there",
                    caught[0],
                )
    return reason


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying of them."""
    caught: list[int] = []
    names = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(name, lambda number, _: caught.append(number)) for name in names]
    try:
        yield caught
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


def _log(run: Run, seconds: float) -> None:
    """Write a row: the means of the figures since the last, and metrics where they are due."""
    settings, iteration = run.settings, run.iteration
    figures = {name: float(np.mean(np.stack(values))) for name, values in run.pending.items()}
    run.pending.clear()
    phase = "likelihood" if run.trainer.warming(iteration - 1) else "adversarial"
    row: dict[str, str | float] = {
        "iteration": iteration,
        "seconds": round(seconds, 1),
        "phase": phase,
        **figures,
    }
    if iteration % settings.measure_every == 0 or iteration == settings.total:
        measured, takes = run.monitor.measure(run.trainer.average)
        row |= {name: value for name, value in measured.items() if math.isfinite(value)}
        _keep_frame(run.folder, iteration, takes[0])
    run.history.add(row)
    told = "  ".join(
        f"{name} {row[name]:.3g}"
        for name in ("likelihood", "wasserstein", "metric_triad_or_seventh")
        if name in row
    )
    run.say(f"train: {iteration}/{settings.total}  {seconds:.0f} s  {phase}  {told}")


def _check_health(run: Run) -> None:
    """Note what the health check finds; a fatal finding ends the training."""
    for finding in health.examine(run.history, run.settings.health):
        known = {(found["kind"], found["fatal"]) for found in run.findings}
        if (finding.kind, finding.fatal) not in known:
            run.findings.append({"iteration": run.iteration, **asdict(finding)})
            run.say(f"train: health: {finding.message}")
        if finding.fatal:
            _write_health(run, run.history.path.parent, "stopped", finding.kind)
            raise ScoreError(f"stopped at iteration {run.iteration}: {finding.message}")


def _reason_to_stop(run: Run) -> str | None:
    """The budget, the metrics' convergence, or a critic that no longer improves."""
    settings, stop = run.settings, run.settings.early_stop
    if run.iteration >= settings.total:
        return "budget"
    if run.seconds >= 60 * settings.minutes:
        return "time"
    if run.trainer.warming(run.iteration):
        return None
    distances = run.history.column("wasserstein")
    if stopped_improving(distances, stop.critic_rows, stop.critic_tolerance):
        return "critic"
    measured = [
        {name: float(value) for name, value in row.items() if name.startswith("metric_")}
        for row in run.history.rows
        if "diversity" in row and row["phase"] == "adversarial"
    ][-stop.measurements :]
    enough = len(measured) == stop.measurements
    if enough and all(run.monitor.converged(row, stop.tolerance) for row in measured):
        return "converged"
    return None


def _keep_frame(folder: Path, iteration: int, take: Score) -> None:
    """Keep what the model makes of the one fixed melody at this moment."""

    def content(file: Any) -> None:
        np.savez(file, pitches=take.pitches, onsets=take.onsets)

    folder.mkdir(parents=True, exist_ok=True)
    files.save(folder / f"frame-{iteration:07d}.npz", content)


def _frames(run: Run) -> tuple[list[Score], list[str]]:
    """At most `FRAMES` of the frames kept, evenly spread, with their labels."""
    melody = run.monitor.pieces[0]
    paths = [
        path
        for path in sorted(run.folder.glob("frame-*.npz"))
        if int(path.stem.split("-")[1]) <= run.iteration
    ]
    chosen = np.unique(np.linspace(0, len(paths) - 1, min(FRAMES, len(paths))).astype(int))
    scores, labels = [], []
    for index in chosen:
        with np.load(paths[index]) as kept:
            scores.append(
                Score(
                    kept["pitches"],
                    kept["onsets"],
                    melody.meter,
                    melody.pickup,
                    melody.key,
                    melody.tempo,
                    melody.title,
                    bar_lines=melody.bar_lines,
                )
            )
        labels.append(f"iteration {int(paths[index].stem.split('-')[1]):,}")
    return scores, labels


def _finish(run: Run, folders: Folders, stopped_by: str) -> None:
    """Write the model, the animation and the health report."""
    settings, trainer = run.settings, run.trainer
    info = {
        "preset": settings.preset,
        "iterations": run.iteration,
        "parameters": {
            "generator": trainer.networks.generator.count_params(),
            "critic": trainer.networks.critic.count_params(),
        },
        "params": settings.model_dump(mode="json"),
    }
    generator.save(folders.model, trainer.shadow, info)
    if not _frames(run)[0]:  # it ended before its first measurement
        _keep_frame(run.folder, run.iteration, run.monitor.takes(trainer.average, 0)[0])
    scores, labels = _frames(run)
    mask = np.zeros(scores[0].pitches.shape, bool)
    mask[:, 0] = True
    picture.write_animation(scores, folders.reports / "learning.gif", labels, mask)
    _write_health(run, folders.reports, "ok", stopped_by)


def _write_health(run: Run, folder: Path, status: str, stopped_by: str) -> None:
    report = {
        "status": status,
        "stopped_by": stopped_by,
        "iterations": run.iteration,
        "seconds": round(run.seconds, 1),
        "findings": run.findings,
    }
    _write_json(folder / "health.json", report)


def _write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, indent=2, sort_keys=True) + "\n"
    files.save(path, lambda file: file.write(text.encode()))


def _name(settings: Train, fingerprint: str) -> str:
    """The checkpoint folder of a training: other settings or data start afresh."""
    budget = {"iterations", "minutes", "early_stop", "health"}
    key = json.dumps(settings.model_dump(mode="json", exclude=budget), sort_keys=True)
    return hashlib.sha256(f"{fingerprint}\n{key}".encode()).hexdigest()[:16]
