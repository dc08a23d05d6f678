"""Faults of params.yaml, found before a stage or a service starts, and while a service runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import yaml

from kantor import settings
from kantor.batch.settings import Batch
from kantor.errors import SetupError
from kantor.hyperparameters import Train
from kantor.intake import read_limits
from kantor.service.settings import Keep, Retrain, Serve

UNTIL_MENDED = "flows fail until it is mended"
STAGES: dict[str, type[settings.Block]] = {
    "ingest": settings.Ingest,
    "validate": settings.Validate,
    "train": Train,
    "evaluate": settings.Evaluate,
    "register": settings.Register,
}
"""What each stage reads, by the name of both."""
SERVED: dict[str, type[settings.Block]] = {
    **STAGES,
    "promote": settings.Promote,
    "serve": Serve,
    "retrain": Retrain,
    "keep": Keep,
    "drift": settings.Drift,
    "batch": Batch,
    "ensemble": settings.EnsembleSettings,
}
"""What stages, flows and the service read, by the name of the block."""
_READ_ENSEMBLE = {"ingest", "validate", "train"}


def check_stages(root: Path) -> None:
    """Check the parameters of all stages that ``root/dvc.yaml`` names.

    Raises
    ------
    SetupError
        One line that names the file, the key and the fault.
    """
    path = os.path.relpath(root / "params.yaml")
    names = [name for name in STAGES if name in _stages(root / "dvc.yaml")]
    values = settings.read_params(path) if names else {}
    for name in names:
        settings.checked(STAGES[name], name, values, path)
    if not _READ_ENSEMBLE.isdisjoint(names):
        settings.checked(settings.EnsembleSettings, "ensemble", values, path)


def _stages(path: Path) -> dict[str, object]:
    """The stages of a ``dvc.yaml``; none where it is for DVC to say what is wrong with it."""
    try:
        stages = yaml.safe_load(path.read_text())["stages"]
    except (OSError, yaml.YAMLError, LookupError, TypeError):
        return {}
    return stages if isinstance(stages, dict) else {}


def check(root: Path) -> None:
    """Check all blocks that anything in a service reads.

    Raises
    ------
    SetupError
        One line that names the file, the key and the fault.
    """
    path = os.path.relpath(root / "params.yaml")
    values = settings.read_params(path)
    for name, block in SERVED.items():
        settings.checked(block, name, values, path)
    read_limits(path)


def fault(root: Path) -> str:
    """What is wrong with ``root/params.yaml``, in one line; empty where nothing is."""
    try:
        check(root)
    except SetupError as error:
        return str(error)
    return ""


class Watch:
    """Looks now and then whether ``params.yaml`` is sound.

    Parameters
    ----------
    say
        Gets one line for a fault, and one when it is mended.
    """

    def __init__(self, root: Path, say: Callable[[str], object]) -> None:
        self._root, self._say = root, say
        self._fault = fault(root)
        self._checked = self._seen = self._mark()

    def look(self) -> None:
        """Check the file if it has changed and is the same in two looks."""
        before, self._seen = self._seen, self._mark()
        if self._seen == self._checked or self._seen != before:
            return
        self._checked, known = self._seen, self._fault
        self._fault = fault(self._root)
        if self._fault and self._fault != known:
            self._say(f"{self._fault}; {UNTIL_MENDED}")
        elif known and not self._fault:
            self._say("params.yaml is sound again")

    def _mark(self) -> tuple[int, int] | None:
        """Time and size of the file; None where there is none."""
        try:
            status = (self._root / "params.yaml").stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size
