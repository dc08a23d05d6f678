"""Where the moves of a model's champion are kept: tags of the registered model, one a move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kantor.promotion import history as events
from kantor.promotion.history import TAG, Event
from kantor.promotion.walking import back
from kantor.registry.registering import CHAMPION
from kantor.registry.store import Store
from kantor.registry.versions import aliases_of

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

PREVIOUS = "previous"
FIRST = 1  # the version that was champion by being registered


def recorded(store: Store, name: str) -> list[Event]:
    """All moves of the model `name`, the oldest first, with what is missing between."""
    champion = aliases_of(store, name).get(CHAMPION)
    found = _versions(store, name)
    first = FIRST if any(int(version.version) == FIRST for version in found) else None
    texts = _of_versions(found) | _of_model(store, name)
    return events.in_order(texts.values(), champion, first)


def following(moves: list[Event]) -> int:
    """The number of the next move."""
    return max((move.number for move in moves), default=0) + 1


def write(store: Store, name: str, event: Event) -> None:
    """Record a move."""
    store.client.set_registered_model_tag(name, event.tag, event.to_json())


def take_back(store: Store, name: str, event: Event) -> None:
    """Take away the record of a move that was not made."""
    store.client.delete_registered_model_tag(name, event.tag)


def keep(store: Store, name: str) -> None:
    """Copy moves that are tags of versions to the model: there they outlive the version."""
    known = _of_model(store, name)
    for tag, text in _of_versions(_versions(store, name)).items():
        if tag not in known:
            store.client.set_registered_model_tag(name, tag, text)


def numbers(store: Store, name: str) -> set[int]:
    """The numbers of the versions that exist."""
    return {int(version.version) for version in _versions(store, name)}


def point_previous(store: Store, name: str, moves: list[Event]) -> None:
    """Set the alias ``previous`` on where the next rollback leads; none where that is nowhere."""
    to = back(moves, numbers(store, name)).to
    if to is not None:
        store.client.set_registered_model_alias(name, PREVIOUS, str(to))
    elif PREVIOUS in aliases_of(store, name):
        store.client.delete_registered_model_alias(name, PREVIOUS)


def _versions(store: Store, name: str) -> list[ModelVersion]:
    return list(store.client.search_model_versions(f"name='{name}'", max_results=10_000))


def _of_versions(found: list[ModelVersion]) -> dict[str, str]:
    """The moves in the tags of versions, where they were kept once, by their tags."""
    return {tag: text for version in found for tag, text in _moves(version.tags).items()}


def _of_model(store: Store, name: str) -> dict[str, str]:
    return _moves(store.client.get_registered_model(name).tags)


def _moves(tags: dict[str, str]) -> dict[str, str]:
    return {tag: text for tag, text in tags.items() if tag.startswith(TAG)}
