"""Register what the pipeline has built: one run, one version, its aliases."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from kantor import settings
from kantor.promotion.gate import RETIRED
from kantor.registry import lineage
from kantor.registry.recording import record
from kantor.registry.store import RegistryError, Store, opened
from kantor.registry.versions import by_fingerprint

CHALLENGER = "challenger"
CHAMPION = "champion"

# What MLflow's searches and references take without quoting.
_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class Receipt:
    """What a registration came to.

    Attributes
    ----------
    model : str
        The model's name.
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
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(content, indent=2) + "\n")
        temporary.replace(path)


def register(root: Path, params: settings.Register) -> Receipt:
    """Log a run and register its generator, unless the same inputs made a version before.

    Reads ``build/model/``, ``reports/metrics.json`` and ``params.yaml`` under `root`, and what
    there is of the other reports, ``dvc.lock`` and git. The version gets the alias
    ``challenger``, and ``champion`` too where no version has it.

    Raises
    ------
    RegistryError
        One line: something to register is missing, or the registry fails.
    """
    for path in (lineage.MODEL, lineage.METRICS):
        if not (root / path).exists():
            raise RegistryError(f"{root / path}: not found; run `dvc repro`")
    if not _NAME.fullmatch(params.model):
        raise RegistryError(
            f"params.yaml: register.model: {params.model!r}: use letters, digits, dots and dashes"
        )
    everything = settings.read_params(root / "params.yaml")
    tags = lineage.tags(root, everything)
    with opened(root, create=True) as store:
        version = by_fingerprint(store, params.model, tags["fingerprint"])
        created = version is None
        number = (
            _add(store, root, params, everything, tags) if version is None else int(version.version)
        )
        aliases = _name(store, params.model, number)
    return Receipt(params.model, tags["fingerprint"], number, aliases, created)


def _add(
    store: Store,
    root: Path,
    params: settings.Register,
    everything: dict[str, object],
    tags: dict[str, str],
) -> int:
    """Make a version; it appears with its tags on, so that a broken run leaves none behind.

    One that was retired and deleted is retired again.
    """
    name = f"{params.model} {tags['fingerprint'][:8]}"
    model = record(store, root, params.experiment, name, everything, tags)
    client = store.client
    if not client.search_registered_models(f"name='{params.model}'"):
        client.create_registered_model(params.model, description=_DESCRIPTION)
    if at := client.get_registered_model(params.model).tags.get(retired_tag(tags["fingerprint"])):
        tags = {**tags, RETIRED: at}
    version = client.create_model_version(
        params.model, model.model_uri, model.run_id, tags=tags, model_id=model.model_id
    )
    return int(version.version)


def retired_tag(fingerprint: str) -> str:
    """The tag of the registered model by which a retired version that was deleted is known."""
    return f"{RETIRED}.{fingerprint}"


_DESCRIPTION = (
    "Composes the voices that are not given of a four-voice chorale: a conditional WGAN-GP "
    "trained on Bach's. `champion` is the version that composes, `challenger` the newest."
)


def _name(store: Store, model: str, number: int) -> tuple[str, ...]:
    """Set the aliases of a version that has just been made, or been found again."""
    client = store.client
    aliases = {k: int(v) for k, v in client.get_registered_model(model).aliases.items()}
    wanted = {CHALLENGER: number} | ({} if CHAMPION in aliases else {CHAMPION: number})
    for alias, target in wanted.items():
        if aliases.get(alias) != target:
            client.set_registered_model_alias(model, alias, str(target))
    aliases |= wanted
    return tuple(sorted(alias for alias, target in aliases.items() if target == number))
