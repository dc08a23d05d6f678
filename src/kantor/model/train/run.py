"""The course of a training: its log, its health, and whether there is a reason to stop it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kantor import files
from kantor.errors import InputError
from kantor.model.train import health
from kantor.model.train.film import Film
from kantor.model.train.history import History, Row
from kantor.model.train.monitor import Monitor, stopped_improving
from kantor.model.train.trainer import Trainer

Say = Callable[[str], None]


def say_at_once(line: str) -> None:
    """Print a line now, also where the output is a file or another program."""
    print(line, flush=True)


@dataclass
class Run:
    """Everything that is told of a training, all of it derived from what is on disk."""

    trainer: Trainer
    monitor: Monitor
    history: History
    film: Film
    save: Callable[[], object]
    say: Say
    pending: dict[str, list[Any]] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Seconds of training up to the last row."""
        return float(self.trainer.seconds.numpy())

    def note(self, figures: dict[str, Any]) -> None:
        """Keep an iteration's figures for the next row."""
        for name, value in figures.items():
            self.pending.setdefault(name, []).append(value)

    def row(self, began: float) -> None:
        """Write a row of the log and look at the training's health.

        Parameters
        ----------
        began : float
            What `time.monotonic` would have said, had the training begun without interruptions.

        Raises
        ------
        InputError
            If the training is past saving.
        """
        self._log(time.monotonic() - began)
        self.trainer.seconds.assign(time.monotonic() - began)
        self._check_health()

    def _log(self, seconds: float) -> None:
        """Write the means of the figures since the last row, and metrics where they are due."""
        settings, iteration = self.trainer.settings, self.trainer.done
        figures = {name: float(np.mean(np.stack(values))) for name, values in self.pending.items()}
        self.pending.clear()
        phase = "likelihood" if self.trainer.warming(iteration - 1) else "adversarial"
        row: Row = {
            "iteration": iteration,
            "seconds": round(seconds, 1),
            "phase": phase,
            **figures,
        }
        if iteration % settings.measure_every == 0 or iteration == settings.total:
            measured, takes = self.monitor.measure(self.trainer.average)
            row |= {name: value for name, value in measured.items() if math.isfinite(value)}
            self.film.keep(iteration, takes[0])
        self.history.add(row)
        told = "  ".join(
            f"{name} {row[name]:.3g}"
            for name in ("likelihood", "wasserstein", "metric_triad_or_seventh")
            if name in row
        )
        self.say(f"train: {iteration}/{settings.total}  {seconds:.0f} s  {phase}  {told}")

    def _check_health(self) -> None:
        """Note what the health check finds; a fatal finding is an error."""
        for finding in health.examine(self.history, self.trainer.settings.health):
            known = {(found["kind"], found["fatal"]) for found in self.findings}
            if (finding.kind, finding.fatal) not in known:
                self.findings.append({"iteration": self.trainer.done, **asdict(finding)})
                self.say(f"train: health: {finding.message}")
            if finding.fatal:
                self.write_health("stopped", finding.kind)
                raise InputError(f"stopped at iteration {self.trainer.done}: {finding.message}")

    def write_health(self, status: str, stopped_by: str) -> None:
        """Write what the health check found, beside the log."""
        report = {
            "status": status,
            "stopped_by": stopped_by,
            "iterations": self.trainer.done,
            "seconds": round(self.seconds, 1),
            "findings": self.findings,
        }
        write_json(self.history.path.with_name("health.json"), report)

    def reason_to_stop(self) -> str | None:
        """The budget, the metrics' convergence, or a critic that no longer improves."""
        settings = self.trainer.settings
        if self.trainer.done >= settings.total:
            return "budget"
        if self.seconds >= 60 * settings.minutes:
            return "time"
        if self.trainer.warming(self.trainer.done):
            return None
        stop = settings.early_stop
        distances = self.history.column("wasserstein")
        if stopped_improving(distances, stop.critic_rows, stop.critic_tolerance):
            return "critic"
        return "converged" if self._converged(stop.measurements, stop.tolerance) else None

    def _converged(self, measurements: int, tolerance: float) -> bool:
        """Whether the last measurements against the critic are all as the data's."""
        measured = [
            {name: float(value) for name, value in row.items() if name.startswith("metric_")}
            for row in self.history.rows
            if "diversity" in row and row["phase"] == "adversarial"
        ][-measurements:]
        if len(measured) < measurements:
            return False
        return all(self.monitor.converged(row, tolerance) for row in measured)


def write_json(path: Path, value: Any) -> None:
    """Write a value, keys in order, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, indent=2, sort_keys=True) + "\n"
    files.save(path, lambda file: file.write(text.encode()))
