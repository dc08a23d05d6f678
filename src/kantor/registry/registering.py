"""Register what the pipeline has built: a version, with its card, of the run that it came from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kantor import files, settings
from kantor.errors import ModelError, SetupError
from kantor.hyperparameters import CUT
from kantor.registry import card as cards
from kantor.registry import lineage, packing, runs
from kantor.registry.card_text import markdown
from kantor.registry.loaded import LoadedModel, example, fault_of, load_folder
from kantor.registry.store import Store, opened
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

_DESCRIPTION = (
    "Composes the lines that are not given, of {}: a conditional WGAN-GP. `champion` is the "
    "version that composes, `challenger` the newest."
)
_NAME = re.compile(r"[\w.-]+")  # what MLflow's searches and references take without quoting


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
    """Add the generator to its run and register it, unless the same inputs made a version before.

    Reads ``build/model/``, ``reports/metrics.json`` and ``params.yaml`` under `root`, and what
    there is of the other reports, ``dvc.lock`` and git. The version gets the alias
    ``challenger``, and ``champion`` too where no version has it and no clock cut the training.

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
    tags = lineage.tags(root)
    with opened(root, params.model, create=True) as store:
        known = by_fingerprint(store, tags["fingerprint"])
        version = known or _add_version(store, root, tags)
        number, aliases = int(version.version), aliases_of(store)
        crowned = CHAMPION not in aliases and tags[lineage.STOPPED] != CUT
        wanted = {CHALLENGER: number} | ({CHAMPION: number} if crowned else {})
        for alias in wanted:
            store.client.set_registered_model_alias(store.model, alias, str(number))
    names = tuple(aliases_on(aliases | wanted, number))
    return Receipt(params.model, tags["fingerprint"], number, names, known is None)


def receipt_of(root: Path, params: settings.Register) -> Receipt:
    """The receipt of what is built under `root`, where nothing is to be registered."""
    return Receipt(params.model, lineage.fingerprint(root), 0, (), False)


def retired_tag(fingerprint: str) -> str:
    """The tag of the registered model by which a retired version that was deleted is known."""
    return f"{RETIRED}.{fingerprint}"


def _add_version(store: Store, root: Path, tags: dict[str, str]) -> ModelVersion:
    """Make a version; it appears with its tags on, so that a broken run leaves none behind.

    One that was retired and deleted is retired again.
    """
    loaded = load_folder(root / lineage.MODEL, str(lineage.MODEL))
    given = example(loaded.ensemble)
    if fault := fault_of(given, *loaded(given, np.zeros(1, np.int64))):
        raise ModelError(f"{lineage.MODEL}: the generator {fault}")  # MLflow would only warn
    lines = ", ".join(loaded.ensemble.names)
    tags = {**tags, "ensemble": loaded.ensemble.name, "ensemble.lines": lines}
    card = cards.card(root, store.model)
    model = _log_model(store, root, loaded, card)
    client = store.client
    if not client.search_registered_models(f"name='{store.model}'"):
        client.create_registered_model(store.model, description=_DESCRIPTION.format(lines))
    kept = client.get_registered_model(store.model).tags
    if at := kept.get(retired_tag(tags["fingerprint"])):
        tags = {**tags, RETIRED: at}
    return client.create_model_version(
        store.model,
        model.model_uri,
        model.run_id,
        tags=tags,
        description=markdown(card),
        model_id=model.model_id,
    )


def _log_model(store: Store, root: Path, loaded: LoadedModel, card: Mapping[str, Any]) -> ModelInfo:
    """Add the generator, with its card, to the run that it came from, as a pyfunc.

    MLflow loads it and tries the example on it. The run keeps the end of its training as its own.
    """
    import mlflow

    run_id = runs.complete(store, root)
    ended = store.client.get_run(run_id).info
    with mlflow.start_run(run_id=run_id):
        model = packing.log(root / lineage.MODEL, loaded, card)
    store.client.set_terminated(run_id, ended.status, ended.end_time)
    if (root / "dvc.lock").is_file():
        store.client.log_artifact(run_id, str(root / "dvc.lock"))
    return model
