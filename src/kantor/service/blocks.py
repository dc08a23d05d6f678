"""A fault of params.yaml, found before DVC removes what a stage made to run that stage again."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from kantor import settings
from kantor.hyperparameters import Train

BLOCKS: dict[str, type[settings.Block]] = {
    "ingest": settings.Ingest,
    "validate": settings.Validate,
    "train": Train,
    "evaluate": settings.Evaluate,
    "register": settings.Register,
}
"""What each stage reads, by the name of both."""


def check(root: Path) -> None:
    """Check the parameters of all stages that ``root/dvc.yaml`` names.

    Raises
    ------
    SetupError
        One line that names the file, the key and the fault.
    """
    path = os.path.relpath(root / "params.yaml")
    named = [name for name in BLOCKS if name in _stages(root / "dvc.yaml")]
    values = settings.read_params(path) if named else {}
    for name in named:
        settings.checked(BLOCKS[name], name, values, path)


def _stages(path: Path) -> dict[str, object]:
    """The stages of a ``dvc.yaml``; none where it is for DVC to say what is wrong with it."""
    try:
        found = yaml.safe_load(path.read_text())["stages"]
    except (OSError, yaml.YAMLError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}
