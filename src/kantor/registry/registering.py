"""Register what the pipeline has built: one MLflow run, one version, its aliases."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kantor import files, settings
from kantor.errors import ModelError, SetupError
from kantor.registry import lineage, pyfunc
from kantor.registry.loading import LoadedModel, load_folder
from kantor.registry.run import log_run
from kantor.registry.store import Store, opened
from kantor.registry.versions import CHALLENGER, CHAMPION, aliases_of, aliases_on, by_fingerprint

RETIRED = "retired"
"""The tag of a version that was taken out of use, with the time."""

_DESCRIPTION = (
    "Composes the lines that are not given, of {}: a conditional WGAN-GP. `champion` is the "
    "version that composes, `challenger` the newest."
)
_NAME = re.compile(r"[\w.-]+")  # what MLflow's searches and references take without quoting


@dataclass(frozen=True)
class Receipt:
    """What a registration came to.

    Attributes
    ----------
    model : str
        The registered model's name.
    fingerprint : str
        The hash of generator and evaluation by which the version is found again.
    version : int
    aliases : tuple of str
        Those on the version now, in alphabetical order.
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

    Raises
    ------
    SetupError
        If something to register is missing.
    ModelError
        If the generator does not load, or changes what it is given.
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
        version = by_fingerprint(store, tags["fingerprint"])
        created = version is None
        number = (
            _add(store, root, params.experiment, everything, tags)
            if version is None
            else int(version.version)
        )
        aliases = _set_aliases(store, number)
    return Receipt(params.model, tags["fingerprint"], number, aliases, created)


def retired_tag(fingerprint: str) -> str:
    """The tag of the registered model by which a retired version that was deleted is known."""
    return f"{RETIRED}.{fingerprint}"


def _add(
    store: Store,
    root: Path,
    experiment: str,
    params: Mapping[str, object],
    tags: dict[str, str],
) -> int:
    """Make a version; it appears with its tags on, so that a broken run leaves none behind.

    One that was retired and deleted is retired again.
    """
    loaded = load_folder(root / lineage.MODEL, str(lineage.MODEL))
    _check_keeps_given(loaded)
    lines = ", ".join(loaded.ensemble.names)
    tags = {**tags, "ensemble": loaded.ensemble.name, "ensemble.lines": lines}
    model = log_run(store, root, experiment, loaded, params, tags)
    client = store.client
    if not client.search_registered_models(f"name='{store.model}'"):
        client.create_registered_model(store.model, description=_DESCRIPTION.format(lines))
    kept = client.get_registered_model(store.model).tags
    if at := kept.get(retired_tag(tags["fingerprint"])):
        tags = {**tags, RETIRED: at}
    version = client.create_model_version(
        store.model, model.model_uri, model.run_id, tags=tags, model_id=model.model_id
    )
    return int(version.version)


def _check_keeps_given(loaded: LoadedModel) -> None:
    """Refuse a generator that does not keep what it is given: MLflow would only warn."""
    given = pyfunc.example(loaded.ensemble)
    pitches, onsets = loaded(given, np.zeros(1, np.int64))
    for name, array in (("pitches", pitches), ("onsets", onsets)):
        wanted = getattr(given, name)
        if array.dtype != wanted.dtype or not np.array_equal(array[given.mask], wanted[given.mask]):
            raise ModelError(f"{lineage.MODEL}: the generator changes the {name} it is given")


def _set_aliases(store: Store, number: int) -> tuple[str, ...]:
    """Set the aliases of a version that has just been made, or been found again."""
    aliases = aliases_of(store)
    wanted = {CHALLENGER: number} | ({} if CHAMPION in aliases else {CHAMPION: number})
    for alias, target in wanted.items():
        if aliases.get(alias) != target:
            store.client.set_registered_model_alias(store.model, alias, str(target))
    return tuple(aliases_on(aliases | wanted, number))
