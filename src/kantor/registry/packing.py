"""A generator as MLflow keeps it: weights, card, signature, and the code and packages it needs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kantor
from kantor import runtime
from kantor.registry import card as cards
from kantor.registry import pyfunc
from kantor.registry.loaded import LoadedModel

if TYPE_CHECKING:
    from mlflow.models.model import ModelInfo

ROOMS = ("compose", "formats", "metrics", "music", "network", "registry", "runtime", "training")
"""What is imported when a version is loaded; the modules beside the rooms travel as well."""
_REQUIREMENTS = ("numpy", "pydantic", "pyyaml", "threadpoolctl")
# What a preset needs in addition that `kantor.runtime` does not know.
_TRAINER_ROOMS, _TRAINER_REQUIREMENTS = ("model",), ("keras", "tensorflow")


def log(folder: Path, loaded: LoadedModel, card: Mapping[str, Any]) -> ModelInfo:
    """Log a generator and its card, with the code and packages that composing needs.

    MLflow loads it once and tries the example on it.
    """
    import mlflow

    rooms, needs = list(ROOMS), list(_REQUIREMENTS)
    if not isinstance(loaded.generator, runtime.Generator):
        rooms += _TRAINER_ROOMS
        needs += _TRAINER_REQUIREMENTS
    with tempfile.TemporaryDirectory(prefix="kantor-") as temporary:
        package = Path(temporary) / kantor.__name__
        package.mkdir()
        source = Path(kantor.__file__).parent
        for module in source.glob("*.py"):
            shutil.copy(module, package)
        for room in rooms:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source / room, package / room, ignore=ignored)
        model = Path(temporary) / "model"
        shutil.copytree(folder, model)
        cards.write(card, model)
        return mlflow.pyfunc.log_model(
            name="generator",
            loader_module=pyfunc.__name__,
            data_path=str(model),
            code_paths=[str(package)],
            signature=pyfunc.signature(loaded),
            input_example=pyfunc.music_example(loaded),
            pip_requirements=[f"{name}=={metadata.version(name)}" for name in needs],
        )
