"""Which checkpoints a training may take up, and what stops it from outside.

A training is stopped by signals and by the death of what started it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kantor.ensemble import Ensemble
from kantor.errors import SetupError
from kantor.hyperparameters import Train

GO_ON = {"minutes", "early_stop", "health", "strategy", "sampling", "discriminator"}
"""Parameters with which a training may go on after they changed."""


def fingerprint(inputs: Iterable[Path]) -> str:
    """Hash of the input files, of every module of Kantor that this process has loaded, and of the
    tables beside them."""
    ours = [module for name, module in sorted(sys.modules.items()) if re.match(r"kantor\b", name)]
    modules = [Path(module.__file__) for module in ours if module.__file__]
    tables = [path.with_suffix(".csv") for path in modules]
    digest = hashlib.sha256()
    for path in (*inputs, *modules, *(table for table in tables if table.is_file())):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def folder_name(settings: Train, ensemble: Ensemble, fingerprint: str) -> str:
    """The folder of a training's checkpoints: another one for other parameters or data.

    A sound shapes no weights.
    """
    parameters = settings.model_dump(mode="json", exclude=GO_ON)
    key = json.dumps([parameters, replace(ensemble, sound=None).to_dict()], sort_keys=True)
    return hashlib.sha256(f"{fingerprint}\n{key}".encode()).hexdigest()[:16]


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Refuse to train beside another process that trains on the same checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SetupError(
                f"{folder}: another training is at work here; wait for it or stop it"
            ) from None
        yield


class TrainingStopped(Exception):
    """A signal stopped the training; its checkpoint is complete."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number


class Signals:
    """SIGINT and SIGTERM, which are collected within it instead of ending the process."""

    def __enter__(self) -> Signals:
        self._caught: list[int] = []
        # DVC dies of a SIGTERM of its own and leaves its stages running.
        self._parent = os.getppid() if "DVC_STAGE" in os.environ else None
        self._before = {
            number: signal.signal(number, lambda caught, _frame: self._caught.append(caught))
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def first(self) -> int | None:
        """The one that arrived first; SIGTERM where DVC, which started this process, is gone."""
        if self._parent and os.getppid() != self._parent:
            self._caught.append(signal.SIGTERM)
        return self._caught[0] if self._caught else None
