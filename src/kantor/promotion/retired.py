"""Delete versions that were retired long ago, with their files.

What is deleted last is the version itself: a process that is killed before that leaves a version
that the next call deletes. The history of moves stays, and so does that a model was retired: made
again of the same inputs, it is registered as retired.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantor.files import NOTHING, Freed
from kantor.promotion.champion_history import Event
from kantor.promotion.promote import exclusive
from kantor.registry.registering import retired_tag
from kantor.registry.store import DATABASE, RECEIPT, URI_VARIABLE, Store, find_root, opened
from kantor.registry.versions import RETIRED, address_of, aliases_of, all_versions, unless_gone

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CHAMPIONS = 2  # the champion, and the one before


def prune_retired(before: datetime, dry_run: bool = False, *, root: Path | None = None) -> Freed:
    """Delete the versions that were retired before a time, with the files of model and run.

    Kept is a version that has an alias, that was one of the last two champions or was champion
    since it was retired, and the one that was made of what is built in the repository. With
    `dry_run` they are only counted.
    """
    root = root or find_root()
    if not os.environ.get(URI_VARIABLE) and not (root / DATABASE).is_file():
        return NOTHING
    with opened(root) as store:
        if not store.client.search_registered_models(f"name='{store.model}'"):
            return NOTHING
    try:
        here = json.loads((root / RECEIPT).read_text())["fingerprint"]
    except (OSError, ValueError, LookupError, TypeError):
        here = None
    freed = NOTHING
    with exclusive(root) as (store, moves, _):
        versions = all_versions(store)
        needed = {*aliases_of(store).values(), *_needed(moves)}
        for version in versions:
            is_needed = (
                int(version.version) in needed or version.tags.get("fingerprint", "") == here
            )
            if _retired_at(version) < before and not is_needed:
                others = [each for each in versions if each is not version]
                freed += _delete(store, version, others, dry_run)
    return freed


def _retired_at(version: ModelVersion) -> datetime:
    """When a version was retired; far in the future where it was not, or nobody knows when."""
    try:
        return datetime.fromisoformat(version.tags[RETIRED]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.max.replace(tzinfo=UTC)


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
    store: Store, version: ModelVersion, others: Sequence[ModelVersion], dry_run: bool
) -> Freed:
    """Delete what a version alone has (the files of its model and of its run), then the version."""
    client, run, address = store.client, version.run_id, address_of(store, version)
    freed = Freed(1)
    if run and all(each.run_id != run and address_of(store, each) != address for each in others):
        freed += _delete_files(address, dry_run)
        with unless_gone():
            freed += _delete_files(client.get_run(run).info.artifact_uri, dry_run)
        if not dry_run:
            with unless_gone():
                client.delete_logged_model(version.source.removeprefix("models:/"))
            with unless_gone():
                client.delete_run(run)
    if not dry_run:
        if fingerprint := version.tags.get("fingerprint"):
            tag = retired_tag(fingerprint)
            client.set_registered_model_tag(store.model, tag, version.tags[RETIRED])
        client.delete_model_version(store.model, str(version.version))
    return freed


def _delete_files(address: str, dry_run: bool) -> Freed:
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
