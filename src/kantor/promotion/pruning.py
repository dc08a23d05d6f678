"""Delete versions that were retired long ago, with their files.

What is deleted last is the version itself: a process that is killed before that leaves a version
that the next call deletes. The history of moves stays, and so does that a model was retired: made
again of the same inputs, it is registered as retired.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantor.files import NOTHING, Freed
from kantor.promotion.alias_audit import exclusive
from kantor.promotion.history import Event
from kantor.registry.connection import URI_VARIABLE
from kantor.registry.registering import RETIRED, retired_tag
from kantor.registry.store import DATABASE, RECEIPT, Store, find_root, opened
from kantor.registry.versions import address_of, aliases_of, all_versions, unless_gone

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CHAMPIONS = 2  # the champion, and the one before
_LOGGED = "models:/"  # and the number of a logged model, which begins with m-


def prune_retired(
    before: datetime, dry_run: bool = False, *, model: str | None = None, root: Path | None = None
) -> Freed:
    """Delete the versions that were retired before a time, with the files of model and run.

    Kept is a version that has an alias, that was one of the last two champions or was champion
    since it was retired, and the one that was made of what is built in the repository.

    Parameters
    ----------
    dry_run
        Only count.

    Returns
    -------
    Freed
        Versions and their files.
    """
    root = root or find_root()
    freed = NOTHING
    if not _is_there(model, root):
        return freed
    with exclusive(model, root) as (store, moves):
        versions = all_versions(store)
        needed = {*aliases_of(store).values(), *_needed(moves)}
        here = _built_here(root)
        for version in versions:
            is_needed = int(version.version) in needed or version.tags.get("fingerprint") == here
            if _retired_at(version) < before and not is_needed:
                others = [each for each in versions if each is not version]
                freed += _delete(store, version, others, dry_run)
    return freed


def _is_there(model: str | None, root: Path) -> bool:
    """Whether there is a registry, and such a model in it."""
    if not os.environ.get(URI_VARIABLE) and not (root / DATABASE).is_file():
        return False
    with opened(root, model) as store:
        return bool(store.client.search_registered_models(f"name='{store.model}'"))


def _retired_at(version: ModelVersion) -> datetime:
    """When a version was retired; far in the future where it was not, or nobody knows when."""
    try:
        return datetime.fromisoformat(version.tags[RETIRED]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.max.replace(tzinfo=UTC)


def _built_here(root: Path) -> str | None:
    """The fingerprint of what the pipeline has built and registered, if it has."""
    try:
        return str(json.loads((root / RECEIPT).read_text())["fingerprint"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _needed(moves: Sequence[Event]) -> set[int]:
    """The last champions, and all that were champion since they were last retired."""
    champions: list[int] = []
    good: set[int] = set()
    for move in moves:
        if move.what == "retire" and move.before is not None:
            good.discard(move.before)
        else:
            champions += [each for each in (move.before, move.after) if each is not None]
            good |= {*champions[-1:]}
    return good | {*[*dict.fromkeys(reversed(champions))][:CHAMPIONS]}


def _delete(
    store: Store, version: ModelVersion, others: Collection[ModelVersion], dry_run: bool
) -> Freed:
    """Delete what a version alone has, then the version."""
    client = store.client
    freed = Freed(1)
    if not _is_shared(store, version, others):
        freed += _delete_run(store, version, dry_run)
    if not dry_run:
        if fingerprint := version.tags.get("fingerprint"):
            tag = retired_tag(fingerprint)
            client.set_registered_model_tag(store.model, tag, version.tags[RETIRED])
        client.delete_model_version(store.model, str(version.version))
    return freed


def _is_shared(store: Store, version: ModelVersion, others: Collection[ModelVersion]) -> bool:
    """Whether another version names the same run or the same files."""
    run, address = version.run_id, address_of(store, version)
    return any(
        (run and each.run_id == run) or address_of(store, each) == address for each in others
    )


def _delete_run(store: Store, version: ModelVersion, dry_run: bool) -> Freed:
    """Delete the files of a version's logged model and of its run, then mark both as deleted."""
    client, run, model = store.client, version.run_id, version.source.removeprefix(_LOGGED)
    freed = _files(address_of(store, version), dry_run)
    with unless_gone():
        freed += _files(client.get_run(run).info.artifact_uri, dry_run) if run else NOTHING
    with unless_gone():
        if model.startswith("m-") and not dry_run:
            client.delete_logged_model(model)
    with unless_gone():
        if run and not dry_run:
            client.delete_run(run)
    return freed


def _files(address: str, dry_run: bool) -> Freed:
    """Delete all that lies at an address, wherever MLflow keeps it."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    files = get_artifact_repository(address)
    freed = _listed(files, None)
    if freed.files and not dry_run:
        files.delete_artifacts()
    return freed


def _listed(files: Any, folder: str | None) -> Freed:
    freed = NOTHING
    for each in files.list_artifacts(folder):
        freed += _listed(files, each.path) if each.is_dir else Freed(0, 1, each.file_size or 0)
    return freed
