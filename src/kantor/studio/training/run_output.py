"""What the lines of a run say: which stage is at work, where the training took up, what failed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

STAGES = ("ingest", "validate", "train", "evaluate", "register")
_RUNNING = re.compile(r"Running stage '(?P<name>[^']+)'")
_SKIPPED = re.compile(r"Stage '(?P<name>[^']+)' didn't change")
_RESUMING = re.compile(r"train: resuming at iteration (\d+)")
_BEGUN = re.compile(r"train: (starting|resuming)")
_KEPT = 30  # lines


@dataclass
class Reading:
    """What was read so far; `resumed` is the iteration at which the training took up."""

    stages: dict[str, str] = field(default_factory=dict)
    stage: str = ""
    training: bool = False
    resumed: int = 0
    count: int = 0
    last: list[str] = field(default_factory=list)

    def feed(self, lines: Iterable[str]) -> None:
        """Read more lines."""
        for line in lines:
            self.count += 1
            self._read(line)
            if line.strip():
                self.last = [*self.last[-_KEPT + 1 :], line]

    def _read(self, line: str) -> None:
        if match := _SKIPPED.search(line):
            self.stages[match["name"]] = "unchanged"
        elif match := _RUNNING.search(line):
            if self.stage:
                self.stages[self.stage] = "done"
            self.stage = match["name"]
            self.stages[self.stage] = "running"
            self.training = self.training and self.stage != "train"
        elif _BEGUN.search(line):
            self.training = True
            match = _RESUMING.search(line)
            self.resumed = int(match[1]) if match else 0

    def close(self, status: str) -> None:
        """The run has ended: so has its last stage."""
        if self.stage and self.stages.get(self.stage) == "running":
            self.stages[self.stage] = {"done": "done", "stopped": "stopped"}.get(status, "failed")

    def listed(self) -> list[dict[str, str]]:
        """Every stage in order, and how it stands."""
        names = (*(["data"] if "data" in self.stages else []), *STAGES)
        return [{"name": name, "state": self.stages.get(name, "waiting")} for name in names]
