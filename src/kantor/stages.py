"""What the pipeline's stages read of `params.yaml`: each a block of its own, and the ensemble."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kantor import settings
from kantor.hyperparameters import Train

BLOCKS: Mapping[str, type[settings.Block]] = {
    "ingest": settings.Ingest,
    "validate": settings.Validate,
    "train": Train,
    "evaluate": settings.Evaluate,
    "register": settings.Register,
    "ensemble": settings.EnsembleSettings,
}
"""Which block is read as what, by its name in `params.yaml`."""


def check_blocks(root: Path, blocks: Mapping[str, type[settings.Block]] = BLOCKS) -> str:
    """Check blocks of ``root/params.yaml``; the path of the file.

    Raises
    ------
    SetupError
        One line that names the file, the key and the fault.
    """
    path = os.path.relpath(root / "params.yaml")
    values = settings.read_params(path)
    for name, block in blocks.items():
        settings.checked(block, name, values, path)
    return path
