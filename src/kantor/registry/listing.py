"""All versions of all registered models, for a page that shows them.

They are read from the registry's own file where that can be, without MLflow.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kantor.registry import database
from kantor.registry.lineage import SOURCES, TOLD
from kantor.registry.store import exists, lost, missing, opened
from kantor.registry.versions import CHAMPION, RETIRED, headline, headline_of
from kantor.styles import PREFIX

_VERSIONS = (
    "SELECT name, version, creation_time, coalesce(storage_location, source) FROM model_versions "
    "WHERE current_stage != 'Deleted_Internal'"
)
_TAGS = "SELECT name, version, key, value FROM model_version_tags"
_FIGURES = (
    "SELECT name, version, key, value FROM latest_metrics JOIN model_versions "
    "ON run_uuid = run_id WHERE key LIKE 'valid/%' OR key LIKE 'test/%'"
)
_ALIASES = "SELECT name, version, alias FROM registered_model_aliases"

Key = tuple[str, int]
"""A model's name and the number of a version."""


@dataclass(frozen=True)
class Listed:
    """A version of a registered model."""

    name: str
    version: int
    created: str  # ISO 8601, UTC
    aliases: tuple[str, ...] = ()  # sorted
    tags: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)  # the headline of its evaluation
    folder: Path | None = None  # of its files; None where they lie elsewhere

    @property
    def style(self) -> str:
        """What its model's name says after ``kantor-``; the name if it does not begin so."""
        return self.name.removeprefix(PREFIX)

    @property
    def source(self) -> str:
        """What it is called: ``kantor-bach version 3``."""
        return f"{self.name} version {self.version}"

    @property
    def retired(self) -> bool:
        """Whether it was taken out of use."""
        return RETIRED in self.tags


def listed(root: Path) -> list[Listed]:
    """Every version of every model: champions first, then the newest.

    None are listed where no model was registered yet.

    Raises
    ------
    SetupError
        If the registry was lost, or cannot be asked.
    """
    file = database.file_of(root)
    if file is not None and not exists(file):
        if lost(root):
            raise missing(root)
        return []
    versions = _from_file(root)
    rows = _from_mlflow(root) if versions is None else versions
    newest_first = sorted(rows, key=lambda row: (row.created, row.version), reverse=True)
    return sorted(newest_first, key=lambda row: CHAMPION not in row.aliases)


def trained_on(root: Path, name: str, version: int) -> set[str]:
    """The kinds of source that a version was trained on, such as ``jsb``; empty if not known."""
    for one in listed(root):
        if (one.name, one.version) == (name, version) and SOURCES in one.tags:
            return set(one.tags[SOURCES].split(", "))
    return set()


def told_of_data(root: Path, name: str, version: int) -> str:
    """Credits and licence of the data that a version was trained on; empty if it tells none."""
    own = (one.tags for one in listed(root) if (one.name, one.version) == (name, version))
    return next(own, {}).get(TOLD, "")


def _from_file(root: Path) -> list[Listed] | None:
    answers = database.query(root, (_VERSIONS, {}), (_TAGS, {}), (_ALIASES, {}), (_FIGURES, {}))
    if answers is None:
        return None
    tags: dict[Key, dict[str, str]] = defaultdict(dict)
    aliases: dict[Key, list[str]] = defaultdict(list)
    metrics: dict[Key, dict[str, float]] = defaultdict(dict)
    for name, version, tag, value in answers[1]:
        tags[name, version][tag] = value
    for name, version, alias in answers[2]:
        aliases[name, version].append(alias)
    for name, version, key, value in answers[3]:
        metrics[name, version][key] = value
    return [
        Listed(
            name,
            version,
            _moment(created),
            tuple(sorted(aliases[name, version])),
            tags[name, version],
            headline_of(metrics[name, version]),
            database.folder_at(address),
        )
        for name, version, created, address in answers[0]
    ]


def _from_mlflow(root: Path) -> list[Listed]:
    rows = []
    with opened(root) as store:
        for model in store.client.search_registered_models(max_results=1_000):
            aliases = store.client.get_registered_model(model.name).aliases
            for version in store.client.search_model_versions(f"name='{model.name}'"):
                number = int(version.version)
                own = sorted(alias for alias, target in aliases.items() if int(target) == number)
                created, tags = _moment(version.creation_timestamp), dict(version.tags)
                figures = headline(store, version)
                rows.append(Listed(model.name, number, created, tuple(own), tags, figures))
    return rows


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
