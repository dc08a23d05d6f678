"""One MLflow run for one pass through the pipeline: parameters, curves, figures, files, model."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

import kantor
from kantor.errors import SetupError
from kantor.registry import lineage, pyfunc
from kantor.registry.loading import LoadedModel
from kantor.registry.store import ARTIFACTS, Store

if TYPE_CHECKING:
    from mlflow.models.model import ModelInfo

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
# The most that MLflow takes: of a parameter's characters, and of entries in one call.
_PARAM_LENGTH, _PARAMS_A_CALL, _METRICS_A_CALL = 6000, 100, 1000

T = TypeVar("T")


def log_run(
    store: Store,
    root: Path,
    experiment: str,
    loaded: LoadedModel,
    params: Mapping[str, object],
    tags: Mapping[str, str],
) -> ModelInfo:
    """Log a run of `experiment` with the generator in it.

    Parameters
    ----------
    root
        Of the repository: its training's history, its reports and ``build/model`` are logged.
    params
        What ``params.yaml`` holds.
    tags
        Of the run; ``fingerprint`` is among them.

    Returns
    -------
    ModelInfo
        The logged model.
    """
    import mlflow
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    with mlflow.start_run(
        experiment_id=_experiment_id(store, experiment),
        run_name=f"{store.model} {tags['fingerprint'][:8]}",
        tags=dict(tags),
    ) as run:
        run_id = run.info.run_id
        entries = (
            Param(_name(name), str(value)[:_PARAM_LENGTH])
            for name, value in lineage.flatten(params).items()
        )
        for some in _chunks(entries, _PARAMS_A_CALL):
            store.client.log_batch(run_id, params=some)
        model = _log_model(root / lineage.MODEL, loaded)
        curves = (
            Metric(f"training/{_name(name)}", value, now, iteration)
            for iteration, figures in lineage.history(root)
            for name, value in figures.items()
        )
        figures = (  # shown with the run and with the model alike
            Metric(f"evaluation/{_name(name)}", value, now, 0, model_id=model.model_id)
            for name, value in lineage.figures(lineage.evaluation(root)).items()
        )
        for metrics in _chunks(itertools.chain(curves, figures), _METRICS_A_CALL):
            store.client.log_batch(run_id, metrics=metrics)
        _log_files(store, run_id, root)
    return model


def _experiment_id(store: Store, name: str) -> str:
    """The experiment `name`, made if need be; the repository's own keeps files beside it."""
    location = None if store.root is None else (store.root / ARTIFACTS).as_uri()
    experiment = store.client.get_experiment_by_name(name)
    if experiment is None:
        return str(store.client.create_experiment(name, artifact_location=location))
    if location not in (None, experiment.artifact_location):
        raise SetupError(
            f"{store.uri}: keeps its files in {experiment.artifact_location}: the repository was "
            "moved or copied; run `python -m kantor.registry relocate`"
        )
    if experiment.lifecycle_stage == "deleted":
        store.client.restore_experiment(experiment.experiment_id)
    return str(experiment.experiment_id)


def _log_model(folder: Path, loaded: LoadedModel) -> ModelInfo:
    """The generator as a pyfunc; MLflow loads it once and tries the example on it."""
    import mlflow

    example = pyfunc.example(loaded.ensemble)
    with tempfile.TemporaryDirectory(prefix="kantor-") as temporary:
        package = Path(temporary) / kantor.__name__
        source = Path(kantor.__file__).parent
        shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
        return mlflow.pyfunc.log_model(
            name=pyfunc.NAME,
            loader_module=pyfunc.LOADER,
            data_path=str(folder),
            code_paths=[str(package)],
            signature=pyfunc.signature(loaded.generator.compose, loaded.ensemble),
            input_example=pyfunc.inputs(example, np.zeros(1, np.int64)),
            pip_requirements=pyfunc.requirements(),
        )


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


def _chunks(entries: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(entries)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk
