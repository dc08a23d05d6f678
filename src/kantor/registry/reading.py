"""Find a version without MLflow, whose import takes longer than composing.

The repository's own registry is one SQLite file. Where its tables are of the form that we know, the
row of a version is read from there; everything else (a server, another release's tables, a version
that is not found) is MLflow's, which also words what is wrong.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from kantor.registry.store import DATABASE, URI_VARIABLE, find_root
from kantor.registry.versions import REFERENCE

SCHEMA = "dc11669786a5"
"""The form of the tables, as MLflow 3.17 numbers it."""
_LOCAL = "sqlite:///"
_PATIENCE = 5.0  # seconds to wait for another process that writes
_ALIAS = "SELECT version FROM registered_model_aliases WHERE name = :name AND alias = :alias"
_VERSION = (
    "SELECT creation_time, coalesce(storage_location, source) FROM model_versions "
    "WHERE name = :name AND version = :version AND current_stage != 'Deleted_Internal'"
)


@dataclass(frozen=True)
class Found:
    """A version as its row tells it.

    Attributes
    ----------
    name : str
    version : int
    created : int
        Milliseconds since 1970, UTC.
    folder : Path
        Where its files lie on this machine.
    """

    name: str
    version: int
    created: int
    folder: Path


def look_up(uri: str, root: Path | None = None) -> Found | None:
    """The version that ``models:/name@alias`` or ``models:/name/number`` means.

    Parameters
    ----------
    root : Path, optional
        The repository; by default found from the current folder.

    Returns
    -------
    Found or None
        None: ask MLflow.

    Raises
    ------
    RegistryError
        If there is no repository.
    """
    match = REFERENCE.fullmatch(uri)
    database = _database(root)
    if match is None or database is None:
        return None
    try:
        with closing(_open(database)) as rows:
            return _read(rows, match["name"], match["alias"], match["version"])
    except (sqlite3.Error, OSError):
        return None


def _database(root: Path | None) -> Path | None:
    """The registry's file, if it is one."""
    address = os.environ.get(URI_VARIABLE, "")
    if address and not address.startswith(_LOCAL):
        return None
    file = Path(address[len(_LOCAL) :]) if address else (root or find_root()) / DATABASE
    return file if file.is_file() else None


def _open(database: Path) -> sqlite3.Connection:
    """To read only; nothing is made where nothing is."""
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", timeout=_PATIENCE, uri=True)


def _read(
    rows: sqlite3.Connection, name: str, alias: str | None, version: str | None
) -> Found | None:
    if rows.execute("SELECT version_num FROM alembic_version").fetchall() != [(SCHEMA,)]:
        return None
    if alias is not None:
        number = rows.execute(_ALIAS, {"name": name, "alias": alias}).fetchone()
    else:
        number = (version,)
    if number is None:
        return None
    row = rows.execute(_VERSION, {"name": name, "version": int(number[0])}).fetchone()
    if row is None:
        return None
    address = urlparse(str(row[1]))
    if address.scheme not in ("", "file"):
        return None
    return Found(name, int(number[0]), int(row[0]), Path(unquote(address.path)))
