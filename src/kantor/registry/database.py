"""The repository's own registry, one SQLite file, read and mended without MLflow.

MLflow's import takes longer than composing. Where the file's tables are of the form that we know,
the row of a version is read from there. Everything else (a server, another release's tables, a
version that is not found) is left to MLflow, which also words what is wrong.

MLflow writes down absolute addresses. `relocate` changes them after a repository was moved or
copied; nothing else in the file is touched, so versions, aliases, runs and history stay.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlparse

from kantor.errors import SetupError
from kantor.files import private_file
from kantor.registry.connection import URI_VARIABLE
from kantor.registry.store import ARTIFACTS, DATABASE, exists, find_root, missing

SCHEMA = "dc11669786a5"
"""The form of the tables, as MLflow 3.17 numbers it."""

_LOCAL = "sqlite:///"
_PATIENCE = 5.0  # seconds to wait for another process that writes
_ALIAS = "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?"
_VERSION = (
    "SELECT creation_time, coalesce(storage_location, source) FROM model_versions "
    "WHERE name = ? AND version = ? AND current_stage != 'Deleted_Internal'"
)
_FILES = "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location LIKE 'file:%'"
_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)


@dataclass(frozen=True)
class VersionRow:
    """A version as the file has it.

    Attributes
    ----------
    model : str
        The registered model's name.
    version : int
    created : int
        Milliseconds since 1970, UTC.
    folder : Path
        Where its files lie on this machine.
    """

    model: str
    version: int
    created: int
    folder: Path


def look_up(model: str, version: str, root: Path | None = None) -> VersionRow | None:
    """The version of a model that an alias or a number means; None: MLflow is to be asked."""
    address = os.environ.get(URI_VARIABLE, "")
    if address and not address.startswith(_LOCAL):
        return None
    file = Path(address[len(_LOCAL) :]) if address else (root or find_root()) / DATABASE
    if not file.is_file():
        return None
    uri = f"{file.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, timeout=_PATIENCE, uri=True)) as rows:
            return _read(rows, model, version)
    except (sqlite3.Error, OSError):
        return None


def _read(rows: sqlite3.Connection, model: str, version: str) -> VersionRow | None:
    if rows.execute("SELECT version_num FROM alembic_version").fetchall() != [(SCHEMA,)]:
        return None
    if not version.isdecimal():
        row = rows.execute(_ALIAS, (model, version)).fetchone()
        if row is None:
            return None
        version = str(row[0])
    row = rows.execute(_VERSION, (model, int(version))).fetchone()
    address = urlparse(str(row[1])) if row else None
    if address is None or address.scheme not in ("", "file"):
        return None
    return VersionRow(model, int(version), int(row[0]), Path(unquote(address.path)))


def relocate(root: Path) -> str:
    """Replace the old address of ``mlartifacts/`` by the one in `root`; what was done, in one line.

    The file is copied before.

    Raises
    ------
    SetupError
        If the registry or its files are not in `root`, or the file cannot be changed.
    """
    database, files = root.absolute() / DATABASE, root.absolute() / ARTIFACTS
    if not exists(database):
        raise missing(root.absolute())
    if not files.is_dir():
        raise SetupError(f"{files}: not found; bring it here from where the repository was")
    try:
        with closing(sqlite3.connect(database, timeout=20)) as rows:
            return _replace_addresses(rows, database, files.as_uri())
    except sqlite3.Error as error:
        raise SetupError(f"{database}: {error}; nothing was changed") from error


def _replace_addresses(rows: sqlite3.Connection, database: Path, new: str) -> str:
    places = [place for (place,) in rows.execute(_FILES) if place.endswith(f"/{ARTIFACTS}")]
    old = [place for place in places if place != new]
    if not old:
        return f"{database}: its files are where it says, {new}"
    copy = private_file(database.with_name(f"{DATABASE}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}"))
    with closing(sqlite3.connect(copy)) as kept:
        rows.backup(kept)
    with rows:
        for place in old:
            for table, column in _ADDRESSES:
                rows.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                    f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                    (new, len(place) + 1, place, len(place) + 1, f"{place}/"),
                )
    return f"{database}: its files are at {new} now, before at {', '.join(old)}; copy: {copy.name}"
