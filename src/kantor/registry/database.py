"""The repository's own registry, one SQLite file, read and mended without MLflow.

MLflow's import takes longer than composing. Where the file's tables are of the form that we know,
the row of a version is read from there. Everything else (a server, another release's tables, a
version that is not found) is left to MLflow, which also words what is wrong.

MLflow writes down absolute addresses. `relocate` changes them after a repository was moved or
copied; nothing else in the file is touched, so versions, aliases, runs and history stay.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from kantor.errors import SetupError
from kantor.files import private_file
from kantor.registry.store import ARTIFACTS, DATABASE, URI_VARIABLE, exists, find_root, missing

SCHEMA = "dc11669786a5"
"""The form of the tables, as MLflow 3.17 numbers it."""

_LOCAL = "sqlite:///"
_VERSION = (
    "SELECT version, coalesce(storage_location, source) FROM model_versions "
    "WHERE name = :model AND current_stage != 'Deleted_Internal' AND version = coalesce((SELECT "
    "version FROM registered_model_aliases WHERE name = :model AND alias = :version), :version)"
)
_FOLDERS = (
    "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location LIKE 'file:%'"
)
_ADDRESSES = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "logged_models": "artifact_location",
    "model_versions": "storage_location",
}


def look_up(model: str, version: str, root: Path | None = None) -> tuple[int, Path] | None:
    """The number and the folder of the version that an alias or a number means.

    None: MLflow is to be asked.
    """
    answers = query(root, (_VERSION, {"model": model, "version": version}))
    if not answers or not answers[0]:
        return None
    number, address = answers[0][0]
    folder = folder_at(address)
    return None if folder is None else (int(number), folder)


def file_of(root: Path | None = None) -> Path | None:
    """The registry's file; None where it is something else than a file."""
    address = os.environ.get(URI_VARIABLE, "")
    if address and not address.startswith(_LOCAL):
        return None
    return Path(address[len(_LOCAL) :]) if address else (root or find_root()) / DATABASE


def query(
    root: Path | None, *questions: tuple[str, Mapping[str, str]]
) -> list[list[tuple[Any, ...]]] | None:
    """The rows that each query in SQL finds, with its parameters by name.

    None: MLflow is to be asked.
    """
    file = file_of(root)
    if file is None:
        return None
    try:
        uri = f"{file.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as rows:
            if rows.execute("SELECT version_num FROM alembic_version").fetchall() != [(SCHEMA,)]:
                return None
            return [rows.execute(*question).fetchall() for question in questions]
    except sqlite3.Error:
        return None


def folder_at(address: object) -> Path | None:
    """The folder of an address; None where it lies elsewhere."""
    parts = urlparse(str(address))
    return Path(unquote(parts.path)) if parts.scheme in ("", "file") else None


def relocate(root: Path) -> str:
    """Replace the old address of ``mlartifacts/`` by the one in `root`; what was done, in one line.

    The file is copied before.
    """
    database, files = root.absolute() / DATABASE, root.absolute() / ARTIFACTS
    if not exists(database):
        raise missing(root.absolute())
    new, copy = files.as_uri(), database.with_name(f"{DATABASE}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    try:
        with closing(sqlite3.connect(database, timeout=20)) as rows:
            old = [folder for (folder,) in rows.execute(_FOLDERS) if folder != new]
            if not old:
                return f"{database}: its files are where it says, {new}"
            if not files.is_dir():
                raise SetupError(f"{files}: not found; bring it here from where the repository was")
            with closing(sqlite3.connect(private_file(copy))) as kept:
                rows.backup(kept)
            with rows:
                for folder, (table, column) in itertools.product(old, _ADDRESSES.items()):
                    rows.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                        f"WHERE instr({column} || '/', ?) = 1",
                        (new, len(folder) + 1, f"{folder}/"),
                    )
    except sqlite3.Error as error:
        raise SetupError(f"{database}: {error}; nothing was changed") from error
    return f"{database}: its files are at {new} now, before at {', '.join(old)}; copy: {copy.name}"
