"""What the pipeline's stages read of `params.yaml`: each a block of its own, and the ensemble."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kantor import settings
from kantor.hyperparameters import Train
from kantor.styles import EnsembleSettings

BLOCKS: Mapping[str, type[settings.Block]] = {
    "ingest": settings.Ingest,
    "validate": settings.Validate,
    "train": Train,
    "evaluate": settings.Evaluate,
    "register": settings.Register,
    "ensemble": EnsembleSettings,
}
"""Which block is read as what, by its name in `params.yaml`."""


def check_blocks(root: Path, blocks: Mapping[str, type[settings.Block]] = BLOCKS) -> str:
    """Check blocks of the parameters of the folder `root`; the path of the file.

    Raises
    ------
    SetupError
        One line that names the file, the key and the fault.
    """
    path = os.path.relpath(settings.params_path(root))
    values = settings.read_params(path)
    for name, block in blocks.items():
        settings.checked(block, name, values, path)
    return path
