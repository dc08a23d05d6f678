"""Versions of a model: which there are, and which one a reference means."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantor.registry.lineage import EVALUATION
from kantor.registry.store import RegistryError, Store, opened

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

NAME = "kantor-bach"

REFERENCE = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+))")


def versions(name: str = NAME, root: Path | None = None) -> list[dict[str, Any]]:
    """The versions of the model `name`, the newest first.

    Returns
    -------
    list of dict
        ``version`` (int), ``aliases`` (sorted list), ``created`` (ISO 8601, UTC), ``tags``
        (dict of str) and ``metrics``, the headline figures of its evaluation (dict of float).

    Raises
    ------
    RegistryError
        If there is no registry or no such model, or the server does not answer.
    """
    with opened(root) as store:
        aliases = aliases_of(store, name)
        found = store.client.search_model_versions(f"name='{name}'", max_results=10_000)
    rows = [_row(version, aliases) for version in found]
    return sorted(rows, key=lambda row: -row["version"])


def _row(version: ModelVersion, aliases: dict[str, int]) -> dict[str, Any]:
    number = int(version.version)
    created = datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)
    return {
        "version": number,
        "aliases": sorted(alias for alias, target in aliases.items() if target == number),
        "created": created.isoformat(timespec="seconds"),
        "tags": dict(version.tags),
        "metrics": headline(version),
    }


def headline(version: ModelVersion) -> dict[str, float]:
    """The headline figures of a version's evaluation, from its tags."""
    return {
        tag.removeprefix(EVALUATION): float(value)
        for tag, value in version.tags.items()
        if tag.startswith(EVALUATION)
    }


def aliases_of(store: Store, name: str) -> dict[str, int]:
    """The aliases of the model `name`, and the version each of them stands on.

    Raises
    ------
    RegistryError
        If the registry has no such model; the message names those that it has.
    """
    from mlflow.exceptions import MlflowException

    # A search over HTTP may leave the aliases out; reading the one model does not.
    try:
        found = store.client.get_registered_model(name).aliases
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        models = sorted(model.name for model in store.client.search_registered_models())
        others = f"; it has {', '.join(models[:5])}" if models else ""
        raise RegistryError(
            f"{name}: no such model in {store.uri}{others}; run `make repro`"
        ) from None
    return {alias: int(version) for alias, version in found.items()}


def resolve(store: Store, uri: str) -> ModelVersion:
    """The version that ``models:/name@alias`` or ``models:/name/number`` means.

    Raises
    ------
    RegistryError
        If `uri` has another form, or there is no such model, alias or version.
    """
    match = REFERENCE.fullmatch(uri)
    if match is None:
        raise RegistryError(
            f"{uri}: not a model; expected an alias such as champion, models:/{NAME}@champion, "
            f"models:/{NAME}/1 or a folder"
        )
    name, alias, number = match["name"], match["alias"], match["version"]
    aliases = aliases_of(store, name)
    if alias is not None:
        if alias not in aliases:
            known = ", ".join(f"{each} (version {aliases[each]})" for each in sorted(aliases))
            raise RegistryError(
                f"{uri}: no version has the alias {alias!r}; there is {known or 'none'}; "
                "`make repro` makes a model and names it"
            )
        number = str(aliases[alias])
    return by_number(store, name, number)


def chosen(store: Store, name: str, version: int | str) -> ModelVersion:
    """The version of the model `name` that a number or an alias means.

    Raises
    ------
    RegistryError
        If there is no such model, alias or version.
    """
    text = str(version).removeprefix("@")
    if text.isdecimal():
        return by_number(store, name, str(int(text)))
    return resolve(store, f"models:/{name}@{text}")


def by_number(store: Store, name: str, number: str) -> ModelVersion:
    """Version `number` of the model `name`, or an error that names those there are."""
    found = store.client.search_model_versions(f"name='{name}'", max_results=10_000)
    for version in found:
        if str(version.version) == number:
            return version
    known = ", ".join(sorted((str(version.version) for version in found), key=int)[-5:])
    raise RegistryError(f"{name}: no version {number}; there is {known or 'none'}")


def by_fingerprint(store: Store, name: str, fingerprint: str) -> ModelVersion | None:
    """The version of the model `name` made from these very inputs, if there is one."""
    found = store.client.search_model_versions(
        f"name='{name}' and tag.`fingerprint`='{fingerprint}'"
    )
    return max(found, key=lambda version: int(version.version), default=None)
