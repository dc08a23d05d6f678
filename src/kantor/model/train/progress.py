"""How a training goes: its log, its health, and whether there is a reason to stop it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kantor import files
from kantor.errors import SetupError
from kantor.model.train import history
from kantor.model.train.history import History, Row
from kantor.model.train.monitor import Film, Monitor, stopped_improving
from kantor.model.train.trainer import Trainer

Say = Callable[[str], None]


def say_at_once(line: str) -> None:
    """Print a line now, also where the output is a file or another program."""
    print(line, flush=True)


@dataclass
class Progress:
    """What is derived from a training's log, and the log itself."""

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

    def row(self, seconds: float) -> None:
        """Write a row of the log after so many seconds of training; check the training's health.

        Raises
        ------
        SetupError
            If the training is past saving.
        """
        self._log(seconds)
        self.trainer.seconds.assign(seconds)
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
        shown = "  ".join(
            f"{name} {row[name]:.3g}"
            for name in ("likelihood", "wasserstein", "metric_triad_or_seventh")
            if name in row
        )
        self.say(f"train: {iteration}/{settings.total}  {seconds:.0f} s  {phase}  {shown}")

    def _check_health(self) -> None:
        """Note each finding once; a fatal one is an error."""
        for finding in history.examine(self.history, self.trainer.settings.health):
            known = {(earlier["kind"], earlier["fatal"]) for earlier in self.findings}
            if (finding.kind, finding.fatal) not in known:
                self.findings.append({"iteration": self.trainer.done, **asdict(finding)})
                self.say(f"train: health: {finding.message}")
            if finding.fatal:
                self.write_health("stopped", finding.kind)
                raise SetupError(f"stopped at iteration {self.trainer.done}: {finding.message}")

    def write_health(self, status: str, stopped_by: str) -> None:
        """Write the findings, beside the log."""
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
        measured = [
            {name: float(value) for name, value in row.items() if name.startswith("metric_")}
            for row in self.history.rows
            if "diversity" in row and row["phase"] == "adversarial"
        ][-stop.measurements :]
        converged = [self.monitor.converged(row, stop.tolerance) for row in measured]
        return "converged" if len(measured) == stop.measurements and all(converged) else None


def write_json(path: Path, value: Any) -> None:
    """Write a value, keys in order, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, indent=2, sort_keys=True) + "\n"
    files.save(path, lambda file: file.write(text.encode()))
