"""Tell the repository's own registry where its files are after the repository was moved or copied.

MLflow writes down absolute addresses. They are changed in a database that is copied before; nothing
else in it is touched, so that versions, aliases, runs and history stay as they are.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from kantor.files import private_file
from kantor.registry.errors import RegistryError
from kantor.registry.store import ARTIFACTS, DATABASE, missing, there

_PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)
_OLD = "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location LIKE 'file:%'"


def relocate(root: Path) -> str:
    """Replace the old address of ``mlartifacts/`` by the one in `root`; what was done, in one line.

    Raises
    ------
    RegistryError
        If the registry or its files are not in `root`, or the database cannot be changed.
    """
    database, files = root.absolute() / DATABASE, root.absolute() / ARTIFACTS
    if not there(database):
        raise missing(root.absolute())
    if not files.is_dir():
        raise RegistryError(f"{files}: not found; bring it here from where the repository was")
    try:
        with closing(sqlite3.connect(database, timeout=20)) as rows:
            return _relocated(rows, database, files.as_uri())
    except sqlite3.Error as error:
        raise RegistryError(f"{database}: {error}; nothing was changed") from error


def _relocated(rows: sqlite3.Connection, database: Path, new: str) -> str:
    places = [place for (place,) in rows.execute(_OLD) if place.endswith(f"/{ARTIFACTS}")]
    old = [place for place in places if place != new]
    if not old:
        return f"{database}: its files are where it says, {new}"
    copy = private_file(database.with_name(f"{DATABASE}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}"))
    with closing(sqlite3.connect(copy)) as kept:
        rows.backup(kept)
    with rows:
        for place in old:
            for table, column in _PLACES:
                rows.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                    f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                    (new, len(place) + 1, place, len(place) + 1, f"{place}/"),
                )
    return f"{database}: its files are at {new} now, before at {', '.join(old)}; copy: {copy.name}"
