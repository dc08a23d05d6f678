"""A training's run in MLflow: begun with it, told of as it goes, completed by its evaluation.

A run is found by what it is of, not by an id that somebody keeps. While it runs, the tag
``training`` names the training's checkpoints; when it has ended, ``dvc.model.md5`` names its model;
when that was evaluated, ``fingerprint`` names model and evaluation. From then on nothing is added
but the model itself. What could not be told in time is added later from the training's log. Where
there is no run (the files came from DVC's cache, or from another machine) one is made of the files.
"""

from __future__ import annotations

import getpass
import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantor import experiments, settings
from kantor.ensemble import Ensemble
from kantor.errors import SetupError
from kantor.metrics.musical import headline
from kantor.registry import lineage
from kantor.registry.store import ARTIFACTS, Store
from kantor.styles import load_ensemble
from kantor.training.history import FIGURES, read

if TYPE_CHECKING:
    from mlflow.entities import Run

TRAINING = "training"
"""The tag with the name of the training's checkpoints."""
RUNNING, FINISHED, FAILED, KILLED = "RUNNING", "FINISHED", "FAILED", "KILLED"
CURVES = "train/"
"""What the names of a run's curves begin with; MLflow's page shows the first letters first."""
SYSTEM = "system/"
# What a run keeps, and in which of its folders. What is missing is left out.
_FILES = {
    "params.yaml": None,
    "reports/metrics.json": None,
    "reports/windows.csv": None,
    "reports/tallies.csv": None,
    "reports/report.html": None,
    "reports/learning.gif": None,
    "reports/validation.html": None,
    "reports/training": "training",
    "reports/plots": "plots",
    "reports/samples": "samples",
}
_SHAPING = ("ensemble", "ingest", "train")
_METRICS_A_CALL = 1000  # the most that MLflow takes


def begin(store: Store, root: Path, training: str, resumed: bool, since: float) -> str:
    """The id of the run of a training that has begun, or goes on.

    Parameters
    ----------
    training
        The name of the folder of its checkpoints.
    resumed
        Whether it goes on from a checkpoint. Then its run goes on too, unless a parameter differs.
    since
        When it began, in seconds since 1970.
    """
    params = lineage.params_of(root, *_SHAPING)
    for known in _found(store, root, TRAINING, training) if resumed else ():
        if params.items() <= known.data.params.items():
            store.client.update_run(known.info.run_id, status=RUNNING)
            return str(known.info.run_id)
    return _create(store, root, lineage.WINDOWS, since, {TRAINING: training})


def curve_names(ensemble: Ensemble) -> dict[str, str]:
    """The columns of the training's log that a run shows, and what they are called there."""
    first = {f"metric_{name}": name for name in headline(ensemble)}
    return {name: name for name in FIGURES} | first


def add_curves(store: Store, root: Path, run_id: str, after: int) -> int:
    """Log what the training's log says after an iteration; the last iteration that is logged."""
    from mlflow.entities import Metric

    now, last, metrics = int(time.time() * 1000), after, []
    names = curve_names(load_ensemble(settings.params_path(root)))
    for row in read(root / lineage.HISTORY):
        if (iteration := int(float(row["iteration"]))) <= after:
            continue
        last = max(last, iteration)
        for column, name in names.items():
            value = row.get(column)
            if isinstance(value, float) and math.isfinite(value):
                metrics.append(Metric(CURVES + name, value, now, iteration))
    for first in range(0, len(metrics), _METRICS_A_CALL):
        store.client.log_batch(run_id, metrics=metrics[first : first + _METRICS_A_CALL])
    return last


def last_iteration(store: Store, run_id: str) -> int:
    """Up to which iteration a run has its curves."""
    curves = [key for key in store.client.get_run(run_id).data.metrics if key.startswith(CURVES)]
    points = (store.client.get_metric_history(run_id, key) for key in curves)
    return max((point.step for curve in points for point in curve), default=0)


def end(store: Store, root: Path, run_id: str, status: str) -> None:
    """End a run with its training; one that is finished is tied to the model that it made."""
    client, reports = store.client, (root / lineage.HEALTH).parent
    if reports.is_dir():
        client.log_artifacts(run_id, str(reports), "training")
    if status == FINISHED:
        client.set_tag(run_id, lineage.MADE, lineage.directory_md5(root / lineage.MODEL))
        client.set_tag(run_id, lineage.STOPPED, lineage.stopped_by(root))
    client.set_terminated(run_id, status)


def complete(store: Store, root: Path) -> str:
    """The id of the run of what is built in `root`, with its curves, evaluation and files.

    `SetupError` if there is no evaluation.
    """
    made = lineage.fingerprint(root)
    for known in _found(store, root, lineage.FINGERPRINT, made):
        return str(known.info.run_id)
    model = lineage.directory_md5(root / lineage.MODEL)
    unevaluated = [
        run
        for run in _found(store, root, lineage.MADE, model)
        if lineage.FINGERPRINT not in run.data.tags
    ]
    if unevaluated:
        run_id = str(unevaluated[0].info.run_id)
    else:
        run_id = _create(store, root, lineage.MODEL, time.time(), {})
    add_curves(store, root, run_id, last_iteration(store, run_id))
    _add_evaluation(store, root, run_id)
    if not unevaluated:
        end(store, root, run_id, FINISHED)
    store.client.set_tag(run_id, lineage.FINGERPRINT, made)
    return run_id


def _add_evaluation(store: Store, root: Path, run_id: str) -> None:
    from mlflow.entities import Metric

    client, now, split = store.client, int(time.time() * 1000), lineage.evaluation(root)["split"]
    metrics = [
        Metric(f"{split}/{name}", value, now, 0) for name, value in lineage.headline(root).items()
    ]
    client.log_batch(run_id, metrics=metrics, params=_entities(lineage.params_of(root, "evaluate")))
    for source, folder in _FILES.items():
        if (root / source).exists():
            log = client.log_artifacts if folder else client.log_artifact
            log(run_id, str(root / source), folder)


def _found(store: Store, root: Path, tag: str, value: str) -> list[Run]:
    """The runs with a tag, the newest first."""
    found = store.client.search_runs(
        [experiment_id(store, root)], f"tags.`{tag}` = '{value}'", order_by=["start_time DESC"]
    )
    return list(found)


def _create(store: Store, root: Path, made: Path, since: float, tags: Mapping[str, str]) -> str:
    """Begin a run with all that is known before its training; its data are those of `made`."""
    params = lineage.params_of(root, *_SHAPING)
    commit, dirty = lineage.git_commit(root)
    name = experiments.name()
    baseline = os.environ.get("DVC_EXP_BASELINE_REV", "")
    tags = {
        **tags,
        "git.commit": commit,
        "git.dirty": dirty,
        **({"dvc.exp.name": name, "dvc.exp.baseline": baseline} if name else {}),
        "mlflow.source.name": "pipelines/train.py",
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": commit,
        "mlflow.user": _user(),
    }
    preset, kind = params["train.preset"], tags.get(TRAINING) or lineage.fingerprint(root)
    run = store.client.create_run(
        experiment_id(store, root),
        start_time=int(since * 1000),
        tags=tags,
        run_name=name or f"{preset} {kind[:8]}",
    )
    run_id = str(run.info.run_id)
    store.client.log_batch(run_id, params=_entities(params))
    store.client.log_inputs(run_id, [_dataset(root, made)])
    return run_id


def _dataset(root: Path, made: Path) -> Any:
    """The scores that a model learns from, as MLflow shows a dataset: name, hash, source, size."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    pieces = lineage.sources(root)
    md5 = lineage.data_md5(root, made)
    dataset = Dataset(
        name=" + ".join(pieces) or "data",
        digest=md5,
        source_type="dvc",
        source=json.dumps({"uri": "data", "pin": "data.dvc", "md5": md5}),
        profile=json.dumps({"pieces": pieces}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def _entities(params: Mapping[str, str]) -> list[Any]:
    from mlflow.entities import Param

    return [Param(key, value) for key, value in params.items()]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return lineage.UNKNOWN


def experiment_id(store: Store, root: Path) -> str:
    """The experiment of ``params.yaml``, made if need be; the repository's own has files beside."""
    name = settings.load(settings.Register, "register", settings.params_path(root)).experiment
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
