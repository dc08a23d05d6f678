"""What goes to a worker and what comes back: a chunk of melodies, and what was made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kantor.batch.drawing import Drawing
from kantor.batch.settings import Manner
from kantor.compose.composer import Model
from kantor.drift.features import Row
from kantor.intake import Limits, Upload

Loader = Callable[[str], Model]
"""Loads a model from its folder; a function of a module, so that other processes find it."""
FEW = 32
"""Melodies of a chunk at least: fewer are not worth a run of the model."""


@dataclass(frozen=True)
class Entry:
    """One file that a batch found.

    Attributes
    ----------
    place : int
        Which of the batch's places it is from.
    position : int
        Its rank among the files of that place.
    name : str
        What a person calls it.
    nth : int
        0, or 1 for the second of two files of one name, and so on.
    sha256 : str
        Of its bytes.
    """

    place: int
    position: int
    name: str
    nth: int
    sha256: str


@dataclass(frozen=True)
class Job:
    """One melody to compose.

    Attributes
    ----------
    key : str
    stem : str
        What its files are called.
    upload : Upload
    shown : bool
        Whether it may come onto the batch's page.
    """

    key: str
    stem: str
    upload: Upload
    shown: bool = False


@dataclass(frozen=True)
class Orders:
    """What all chunks of a batch have in common.

    Attributes
    ----------
    model, loader
        The folder of the model, and what loads it.
    out, scratch
        Where files go, and where they are written before they are moved there. One file system.
    manner, limits
        As in a batch's plan.
    """

    model: Path
    loader: Loader
    out: Path
    scratch: Path
    manner: Manner
    limits: Limits


@dataclass(frozen=True)
class Chunk:
    """Melodies that one worker takes at once."""

    orders: Orders
    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class Made:
    """What became of one melody.

    Attributes
    ----------
    key : str
    reason : str
        Why it was not composed, one line; empty where it was.
    failed : bool
        Whether that is Kantor's fault and not the melody's.
    files : tuple of (path, bytes)
        What was written, relative to the folder of the results.
    features : dict or None
        Of the melody, for telling drift.
    drawn : dict or None
        Its first take for the batch's page, where it may come onto that.
    """

    key: str
    reason: str = ""
    failed: bool = False
    seed: int = 0
    takes: int = 0
    musical_key: str = ""
    meter: str = ""
    steps: int = 0
    metrics: dict[str, float | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    files: tuple[tuple[str, int], ...] = ()
    features: Row | None = None
    drawn: Drawing | None = None
    seconds: float = 0.0

    def details(self) -> dict[str, Any]:
        """What the ledger keeps of a composition."""
        return {
            "seed": self.seed,
            "takes": self.takes,
            "key": self.musical_key,
            "meter": self.meter,
            "steps": self.steps,
            "metrics": self.metrics,
            "warnings": self.warnings,
            "files": self.files,
            "drawn": self.drawn,
            "seconds": round(self.seconds, 4),
        }


@dataclass(frozen=True)
class Done:
    """A chunk that is back.

    Attributes
    ----------
    made : tuple of Made
        One a job, in their order.
    seconds, model_seconds : float
        How long the worker took, and how long of that the model.
    """

    made: tuple[Made, ...]
    seconds: float = 0.0
    model_seconds: float = 0.0
