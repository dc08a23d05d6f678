"""Register what the pipeline has built: one MLflow run, one version, its aliases.

The run has the parameters, the training's curves, the figures of the evaluation, files and model.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import kantor
from kantor import files, settings
from kantor.errors import ModelError, SetupError
from kantor.registry import lineage, pyfunc
from kantor.registry.pyfunc import LoadedModel, load_folder
from kantor.registry.store import ARTIFACTS, Store, opened
from kantor.registry.versions import (
    CHALLENGER,
    CHAMPION,
    RETIRED,
    aliases_of,
    aliases_on,
    by_fingerprint,
)

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.models.model import ModelInfo

REQUIREMENTS = ("keras", "numpy", "pydantic", "pyyaml", "tensorflow", "threadpoolctl")
"""What the generator imports when it composes; the package itself travels with the version."""

_DESCRIPTION = (
    "Composes the lines that are not given, of {}: a conditional WGAN-GP. `champion` is the "
    "version that composes, `challenger` the newest."
)
_NAME = re.compile(r"[\w.-]+")  # what MLflow's searches and references take without quoting
# What a run keeps, and in which of its folders. What is missing is left out.
_FILES = {
    "params.yaml": None,
    "dvc.lock": None,
    "reports/report.html": None,
    "reports/metrics.json": None,
    "reports/windows.csv": None,
    "reports/validation.json": None,
    "reports/training": "training",
    "reports/plots": "plots",
    "reports/samples": "samples",
}
_PARAMS_A_CALL, _METRICS_A_CALL = 100, 1000  # the most that MLflow takes


@dataclass(frozen=True)
class Receipt:
    """What a registration came to: a version of `model`, and the sorted aliases on it now.

    Attributes
    ----------
    fingerprint : str
        The hash of generator and evaluation by which the version is found again.
    created : bool
        False if the same inputs were registered before.
    """

    model: str
    fingerprint: str
    version: int
    aliases: tuple[str, ...]
    created: bool

    def write(self, path: Path) -> None:
        """Write what stays the same wherever and whenever the same inputs are registered."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"model": self.model, "fingerprint": self.fingerprint}
        text = json.dumps(content, indent=2) + "\n"
        files.save(path, lambda stream: stream.write(text.encode()))


def register(root: Path, params: settings.Register) -> Receipt:
    """Log a run and register its generator, unless the same inputs made a version before.

    Reads ``build/model/``, ``reports/metrics.json`` and ``params.yaml`` under `root`, and what
    there is of the other reports, ``dvc.lock`` and git. The version gets the alias
    ``challenger``, and ``champion`` too where no version has it.

    `SetupError` if something to register is missing; `ModelError` if the generator does not load,
    or changes what it is given.
    """
    for path in (lineage.MODEL, lineage.METRICS):
        if not (root / path).exists():
            raise SetupError(f"{root / path}: not found; run `dvc repro`")
    if not _NAME.fullmatch(params.model):
        raise SetupError(
            f"params.yaml: register.model: {params.model!r}: use letters, digits, dots and dashes"
        )
    everything = settings.read_params(root / "params.yaml")
    tags = lineage.tags(root, everything)
    with opened(root, params.model, create=True) as store:
        known = by_fingerprint(store, tags["fingerprint"])
        version = known or _add_version(store, root, params.experiment, everything, tags)
        number, aliases = int(version.version), aliases_of(store)
        wanted = {CHALLENGER: number} | ({} if CHAMPION in aliases else {CHAMPION: number})
        for alias in wanted:
            store.client.set_registered_model_alias(store.model, alias, str(number))
    names = tuple(aliases_on(aliases | wanted, number))
    return Receipt(params.model, tags["fingerprint"], number, names, known is None)


def retired_tag(fingerprint: str) -> str:
    """The tag of the registered model by which a retired version that was deleted is known."""
    return f"{RETIRED}.{fingerprint}"


def _add_version(
    store: Store, root: Path, experiment: str, params: Mapping[str, object], tags: dict[str, str]
) -> ModelVersion:
    """Make a version; it appears with its tags on, so that a broken run leaves none behind.

    One that was retired and deleted is retired again.
    """
    loaded = load_folder(root / lineage.MODEL, str(lineage.MODEL))
    given = pyfunc.example(loaded.ensemble)
    if fault := pyfunc.fault_of(given, *loaded(given, np.zeros(1, np.int64))):
        raise ModelError(f"{lineage.MODEL}: the generator {fault}")  # MLflow would only warn
    lines = ", ".join(loaded.ensemble.names)
    tags = {**tags, "ensemble": loaded.ensemble.name, "ensemble.lines": lines}
    model = _log_run(store, root, experiment, loaded, params, tags)
    client = store.client
    if not client.search_registered_models(f"name='{store.model}'"):
        client.create_registered_model(store.model, description=_DESCRIPTION.format(lines))
    kept = client.get_registered_model(store.model).tags
    if at := kept.get(retired_tag(tags["fingerprint"])):
        tags = {**tags, RETIRED: at}
    return client.create_model_version(
        store.model, model.model_uri, model.run_id, tags=tags, model_id=model.model_id
    )


def _log_run(
    store: Store,
    root: Path,
    experiment: str,
    loaded: LoadedModel,
    params: Mapping[str, object],
    tags: dict[str, str],
) -> ModelInfo:
    """Log a run of `experiment` with the generator, the parameters and all that was reported."""
    import mlflow
    from mlflow.entities import Metric, Param

    client, now = store.client, int(time.time() * 1000)
    name = f"{store.model} {tags['fingerprint'][:8]}"
    experiment_id = _experiment_id(store, experiment)
    with mlflow.start_run(experiment_id=experiment_id, run_name=name, tags=tags) as run:
        run_id = run.info.run_id
        entries = [Param(_key(key), str(v)) for key, v in lineage.flatten(params).items()]
        for first in range(0, len(entries), _PARAMS_A_CALL):
            client.log_batch(run_id, params=entries[first : first + _PARAMS_A_CALL])
        model = _log_model(root / lineage.MODEL, loaded)
        metrics = [
            Metric(_key(f"training/{key}"), value, now, iteration)
            for iteration, figures in lineage.curves(root)
            for key, value in figures.items()
        ]
        metrics += [  # shown with the run and with the model alike
            Metric(_key(f"evaluation/{key}"), value, now, 0, model_id=model.model_id)
            for key, value in lineage.figures(lineage.evaluation(root)).items()
        ]
        for first in range(0, len(metrics), _METRICS_A_CALL):
            client.log_batch(run_id, metrics=metrics[first : first + _METRICS_A_CALL])
        for source, folder in _FILES.items():
            if (root / source).exists():
                log = client.log_artifacts if folder else client.log_artifact
                log(run_id, str(root / source), folder)
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
            name="generator",
            loader_module=pyfunc.__name__,
            data_path=str(folder),
            code_paths=[str(package)],
            signature=pyfunc.signature(loaded),
            input_example=pyfunc.inputs(example, np.zeros(1, np.int64)),
            pip_requirements=[f"{name}=={metadata.version(name)}" for name in REQUIREMENTS],
        )


def _key(text: str) -> str:
    """The name with what MLflow does not allow in one replaced."""
    return re.sub(r"[^\w\-./ ]", "_", text)
