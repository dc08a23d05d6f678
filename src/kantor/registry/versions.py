"""Versions of a model: which there are, which one a reference means, and what its run keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantor.errors import InputError
from kantor.registry.store import Store, model_name, opened, unmade

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CHAMPION, CHALLENGER = "champion", "challenger"
RETIRED = "retired"
"""The tag of a version that was taken out of use, with the time."""
WINDOWS, TALLIES, METRICS = "windows.csv", "tallies.csv", "metrics.json"
"""Files that a version's run keeps."""
SPLITS = ("valid/", "test/")
"""What the names of a run's figures begin with: on which pieces they were measured."""
_REFERENCE = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+))")


def parse(reference: str, root: Path | None = None) -> tuple[str, str]:
    """The model's name and the version (an alias or a number) that a reference means.

    It is ``models:/name@alias``, ``models:/name/number``, or an alias or a number of the model of
    `root`: a style's where that is the folder of a style.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is not None:
        return match["name"], match["alias"] or match["version"]
    if "/" in reference or ":" in reference:
        raise InputError(
            f"{reference}: not a model; expected an alias such as champion, a version's number, "
            f"models:/{model_name(root)}@champion or a folder"
        )
    return model_name(root), reference.removeprefix("@")


def versions(root: Path | None = None) -> list[dict[str, Any]]:
    """The versions of the model, the newest first.

    Returns
    -------
    list of dict
        ``version`` (int), ``aliases`` (sorted list), ``created`` (ISO 8601, UTC), ``run`` (the id
        of the MLflow run that made it), ``tags`` (dict of str) and ``metrics``, the headline
        figures of its evaluation (dict of float).
    """
    with opened(root) as store:
        aliases = aliases_of(store)
        rows = [_row(store, version, aliases) for version in all_versions(store)]
    return sorted(rows, key=lambda row: -row["version"])


def describe(version: int | str, root: Path | None = None) -> dict[str, Any]:
    """The row of `versions` for one version, by number or alias."""
    with opened(root) as store:
        return _row(store, find(store, version), aliases_of(store))


def _row(store: Store, version: ModelVersion, aliases: dict[str, int]) -> dict[str, Any]:
    created = datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)
    return {
        "version": int(version.version),
        "aliases": aliases_on(aliases, int(version.version)),
        "created": created.isoformat(timespec="seconds"),
        "run": version.run_id,
        "tags": dict(version.tags),
        "metrics": headline(store, version),
    }


def headline(store: Store, version: ModelVersion) -> dict[str, float]:
    """The headline figures of a version's evaluation, from its run; none where that is gone."""
    metrics: dict[str, float] = {}
    with unless_gone():
        metrics = store.client.get_run(version.run_id).data.metrics
    return headline_of(metrics)


def headline_of(metrics: Mapping[str, float]) -> dict[str, float]:
    """Those of a run's metrics that are figures of its evaluation, by their plain names."""
    return {
        name.partition("/")[2]: value for name, value in metrics.items() if name.startswith(SPLITS)
    }


def all_versions(store: Store) -> list[ModelVersion]:
    """The versions of the model, in no order; none where there is no such model."""
    return list(store.client.search_model_versions(f"name='{store.model}'", max_results=10_000))


def numbers(store: Store) -> set[int]:
    """The numbers of the versions that exist."""
    return {int(version.version) for version in all_versions(store)}


def aliases_of(store: Store) -> dict[str, int]:
    """The aliases of the model, and the version each of them stands on."""
    # A search over HTTP may leave the aliases out; reading the one model does not.
    aliases: dict[str, str] | None = None
    with unless_gone():
        aliases = store.client.get_registered_model(store.model).aliases
    if aliases is not None:
        return {alias: int(version) for alias, version in aliases.items()}
    if fault := unmade(store.model, store.root):
        raise InputError(fault)
    models = sorted(model.name for model in store.client.search_registered_models())
    others = f"; it has {', '.join(models[:5])}" if models else ""
    raise InputError(f"{store.model}: no such model in {store.uri}{others}; run `make repro`")


def aliases_on(aliases: dict[str, int], number: int) -> list[str]:
    """Those of the `aliases` that stand on version `number`, sorted."""
    return sorted(alias for alias, target in aliases.items() if target == number)


def find(store: Store, version: int | str) -> ModelVersion:
    """The version that a number or an alias means."""
    text = str(version).removeprefix("@")
    aliases = aliases_of(store)
    number = int(text) if text.isdecimal() else aliases.get(text)
    for each in all_versions(store):
        if int(each.version) == number:
            return each
    known = ", ".join(f"{alias} (version {aliases[alias]})" for alias in sorted(aliases))
    raise InputError(
        f"{store.model}: no version {text}; there is {known or 'none that has an alias'}; "
        "`kantor models list` names all, `make repro` makes one"
    )


def by_fingerprint(store: Store, fingerprint: str) -> ModelVersion | None:
    """The version made from these very inputs, if there is one."""
    same = store.client.search_model_versions(
        f"name='{store.model}' and tag.`fingerprint`='{fingerprint}'"
    )
    return max(same, key=lambda version: int(version.version), default=None)


def address_of(store: Store, version: ModelVersion) -> str:
    """The address of a version's files."""
    return str(store.client.get_model_version_download_uri(version.name, str(version.version)))


def kept_tables(version: int | str, root: Path | None = None) -> tuple[int, dict[str, str]]:
    """A version's number, and what its evaluation counted as CSV: `WINDOWS` and `TALLIES`.

    What the version's run does not keep is left out; both are if it is gone.
    """
    with opened(root) as store:
        chosen = find(store, version)
        texts = {name: kept(store, chosen, name) for name in (WINDOWS, TALLIES)}
        return int(chosen.version), {name: text for name, text in texts.items() if text}


def kept(store: Store, version: ModelVersion, name: str) -> str | None:
    """The text of a file of a version's run; None where it does not keep it, or is gone."""
    from mlflow.artifacts import load_text

    text: str | None = None
    with unless_gone():
        files = store.client.list_artifacts(version.run_id)
        if name in [file.path for file in files]:
            text = load_text(f"runs:/{version.run_id}/{name}")
    return text


@contextmanager
def unless_gone() -> Iterator[None]:
    """Pass over MLflow's error that what is asked for does not exist."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
