"""One MLflow run for one pass through the pipeline: parameters, curves, figures, files, model."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import kantor
from kantor.registry import contract, lineage
from kantor.registry.loading import load_generator
from kantor.registry.pyfunc import GeneratorModel
from kantor.registry.store import RegistryError, Store, experiment_id

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.models.model import ModelInfo

    from kantor import runtime
    from kantor.model.generator import Generator

# What a run keeps, and in which of its folders. What is missing is left out.
_FILES = (
    ("params.yaml", None),
    ("dvc.lock", None),
    ("reports/report.html", None),
    ("reports/metrics.json", None),
    ("reports/windows.csv", None),
    ("reports/validation.json", None),
    ("reports/training", "training"),
    ("reports/plots", "plots"),
    ("reports/samples", "samples"),
)

# The most that one call of MLflow takes.
_METRICS_A_CALL = 1000
_PARAMS_A_CALL = 100
_PARAM_LENGTH = 6000


def record(
    store: Store,
    root: Path,
    experiment: str,
    name: str,
    params: Mapping[str, object],
    tags: Mapping[str, str],
) -> ModelInfo:
    """Log the run `name` of `experiment`, the generator in it, and return the logged model."""
    import mlflow

    with mlflow.start_run(
        experiment_id=experiment_id(store, experiment), run_name=name, tags=dict(tags)
    ) as run:
        run_id = run.info.run_id
        _log_params(store, run_id, params)
        _log_curves(store, run_id, root)
        model = _log_model(root)
        _log_figures(store, run_id, root, model.model_id)
        _log_files(store, run_id, root)
    return model


def _log_params(store: Store, run_id: str, params: Mapping[str, object]) -> None:
    from mlflow.entities import Param

    flat = lineage.flatten(params).items()
    entries = (Param(_name(name), str(value)[:_PARAM_LENGTH]) for name, value in flat)
    for chunk in _chunks(entries, _PARAMS_A_CALL):
        store.client.log_batch(run_id, params=chunk)


def _log_curves(store: Store, run_id: str, root: Path) -> None:
    """The training's history, each figure at its iteration."""
    from mlflow.entities import Metric

    now = _now()
    points = (
        Metric(f"training/{_name(name)}", value, now, iteration)
        for iteration, figures in lineage.history(root)
        for name, value in figures.items()
    )
    for chunk in _chunks(points, _METRICS_A_CALL):
        store.client.log_batch(run_id, metrics=chunk)


def _log_figures(store: Store, run_id: str, root: Path, model_id: str) -> None:
    """The evaluation, shown with the run and with the model alike."""
    from mlflow.entities import Metric

    now = _now()
    points: Iterator[Metric] = (
        Metric(f"evaluation/{_name(name)}", value, now, 0, model_id=model_id)
        for name, value in lineage.figures(root).items()
    )
    for chunk in _chunks(points, _METRICS_A_CALL):
        store.client.log_batch(run_id, metrics=chunk)


def _log_model(root: Path) -> ModelInfo:
    """The generator as a pyfunc; MLflow loads it once and tries the example on it."""
    import mlflow

    folder = root / lineage.MODEL
    generator = load_generator(folder, str(lineage.MODEL))
    _try(generator)
    with tempfile.TemporaryDirectory(prefix="kantor-") as temporary:
        package = Path(temporary) / kantor.__name__
        shutil.copytree(
            Path(kantor.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
        )
        return mlflow.pyfunc.log_model(
            name=contract.NAME,
            loader_module=contract.LOADER,
            data_path=str(folder),
            code_paths=[str(package)],
            signature=contract.signature(generator.compose),
            input_example=contract.example(),
            pip_requirements=contract.requirements(),
        )


def _try(generator: Generator | runtime.Generator) -> None:
    """Refuse a generator that does not keep what it is given: MLflow would only warn."""
    example = contract.example()
    answer = GeneratorModel(generator).predict(example)
    given = example["mask"]
    for name, array in answer.items():
        wanted = example[name]
        if array.dtype != wanted.dtype or not np.array_equal(array[given], wanted[given]):
            raise RegistryError(f"{lineage.MODEL}: the generator changes the {name} it is given")


def _log_files(store: Store, run_id: str, root: Path) -> None:
    for source, folder in _FILES:
        path = root / source
        if path.is_dir():
            store.client.log_artifacts(run_id, str(path), folder)
        elif path.is_file():
            store.client.log_artifact(run_id, str(path), folder)


def _name(text: str) -> str:
    """The name with what MLflow does not allow in one replaced."""
    return re.sub(r"[^\w\-./ ]", "_", text)


def _now() -> int:
    return int(time.time() * 1000)


def _chunks(entries: Iterable[object], size: int) -> Iterator[list[object]]:
    iterator = iter(entries)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk
