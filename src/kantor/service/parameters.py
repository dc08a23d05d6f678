"""Faults of params.yaml, told before a service starts, and when they come while it runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from kantor import settings
from kantor.batch.settings import Batch
from kantor.errors import SetupError
from kantor.intake import read_limits
from kantor.service.blocks import BLOCKS

WHAT_FAILS = "flows fail until it is mended"
SERVED: dict[str, type[settings.Block]] = {
    **BLOCKS,
    "promote": settings.Promote,
    "serve": settings.Serve,
    "retrain": settings.Retrain,
    "keep": settings.Keep,
    "drift": settings.Drift,
    "batch": Batch,
}
"""What stages, flows and the service read, by the name of the block."""


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


class Parameters:
    """Looks now and then whether ``params.yaml`` is sound.

    Parameters
    ----------
    say
        Told in one line of a fault, and that it is gone.
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
        self._checked, told = self._seen, self._fault
        self._fault = fault(self._root)
        if self._fault and self._fault != told:
            self._say(f"{self._fault}; {WHAT_FAILS}")
        elif told and not self._fault:
            self._say("params.yaml is sound again")

    def _mark(self) -> tuple[int, int] | None:
        """What differs when the file was written; None where there is none."""
        try:
            found = (self._root / "params.yaml").stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
