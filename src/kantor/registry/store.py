"""Where the registry is, and how it is opened without MLflow's words on the terminal."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kantor import settings
from kantor.errors import SetupError
from kantor.files import private_file
from kantor.registry.connection import URI_VARIABLE, one_line, reach

if TYPE_CHECKING:
    from mlflow import MlflowClient

ROOT_VARIABLE = "KANTOR_HOME"
DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"
RECEIPT = Path("build/registered.json")

_ENVIRONMENT = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
# Seconds to wait for a server that was reached and is silent then; MLflow's own defaults come to
# minutes. Whoever registers may wait: a server that was sent large files answers when it has put
# them where it keeps them.
_READING = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "6", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
_WRITING = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "120", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
_LOGGERS = ("mlflow", "alembic", "urllib3")

# MLflow reads much of what it needs from the process itself: see `_surroundings` and `_silence`.
_ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True)
class Store:
    """An open registry, for the versions of one model.

    Attributes
    ----------
    client : MlflowClient
    uri : str
        Its address as a person may see it: without a password.
    root : Path or None
        The repository whose own registry it is; None for any other.
    model : str
        The registered model's name.
    """

    client: MlflowClient
    uri: str
    root: Path | None
    model: str


def find_root() -> Path:
    """The repository: ``KANTOR_HOME``, else the folder above us that holds a pipeline.

    From anywhere else it is the checkout that the package was installed from, if there is one.

    Raises
    ------
    SetupError
        If there is none.
    """
    if named := os.environ.get(ROOT_VARIABLE):
        return Path(named).absolute()
    here = Path.cwd()
    for folder in (here, *here.parents, *Path(__file__).parents):
        if all((folder / name).is_file() for name in ("params.yaml", "dvc.yaml")):
            return folder
    raise SetupError(
        f"{here}: not inside a Kantor repository; change to it, or set {ROOT_VARIABLE} to it"
    )


def model_name(root: Path | None = None) -> str:
    """The registered model's name: `register.model` of ``params.yaml``, else the default."""
    try:
        path = (root or find_root()) / "params.yaml"
    except SetupError:  # a registry elsewhere needs no repository
        return settings.Register().model
    return settings.load(settings.Register, "register", path, optional=True).model


@contextmanager
def opened(
    root: Path | None = None, model: str | None = None, create: bool = False
) -> Iterator[Store]:
    """Open the registry of `root`, or the one that ``MLFLOW_TRACKING_URI`` names.

    With `create` something is to be registered: the repository's registry is made if it does not
    exist yet.
    """
    uri = os.environ.get(URI_VARIABLE, "")
    own = None if uri else (root or find_root()).absolute()
    if own is not None:
        uri = f"sqlite:///{_database(own, create)}"
    model = model or model_name(root)
    shown = re.sub(r"//[^/@]*@", "//", uri)
    reach(uri, shown)
    with _ONE_AT_A_TIME, _silence():
        from mlflow import MlflowClient

        with one_line(shown), _surroundings(uri, _WRITING if create else _READING):
            yield Store(MlflowClient(tracking_uri=uri), shown, own, model)


def lost(root: Path) -> str | None:
    """What shows that the repository once had a registry, though its database is not there.

    None where the database is there, or nothing shows that there ever was one.
    """
    if exists(root / DATABASE):
        return None
    if any((root / ARTIFACTS).glob("*")):
        return f"{ARTIFACTS}/ holds the files of its models"
    return f"{RECEIPT} names a registered model" if (root / RECEIPT).is_file() else None


def missing(root: Path) -> SetupError:
    """The error for a repository whose registry is not there."""
    trace = lost(root)
    if trace is None:
        return SetupError(f"{root / DATABASE}: no model is registered yet; run `make repro`")
    aside = f"move {ARTIFACTS}/ elsewhere, then " if (root / ARTIFACTS).exists() else ""
    return SetupError(
        f"{root / DATABASE}: not found, though {trace}; put it back where it was (from a backup), "
        f"or set {URI_VARIABLE} to where the registry is; to begin a new one beside it: {aside}"
        "`dvc repro -fs register`"
    )


def _database(root: Path, create: bool) -> Path:
    """The repository's own database, made if wanted; never where one was lost."""
    database = root / DATABASE
    if not exists(database):
        if not create or any((root / ARTIFACTS).glob("*")):
            raise missing(root)
        private_file(database)
    return database


def exists(database: Path) -> bool:
    """Whether it is a database, not only the empty file that one begins as."""
    return database.is_file() and database.stat().st_size > 0


@contextmanager
def _surroundings(uri: str, timeouts: Mapping[str, str]) -> Iterator[None]:
    """Make `uri` MLflow's own default, which parts of it read, and set how long it waits.

    Variables that somebody has set stay, and the process is left as it was.
    """
    import mlflow

    before, path = os.environ.get(URI_VARIABLE), list(sys.path)
    added = [name for name in timeouts if name not in os.environ]
    os.environ.update({name: timeouts[name] for name in added})
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)
        sys.path[:] = path
        for name in added:
            os.environ.pop(name, None)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep MLflow's progress, hints and warnings from a person's terminal."""
    settings.quiet()
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow  # noqa: F401  (sets up its loggers, which are turned down here)

        loggers = {logger: logger.level for logger in map(logging.getLogger, _LOGGERS)}
        try:
            for logger in loggers:
                logger.setLevel(logging.CRITICAL)
            yield
        finally:
            for logger, level in loggers.items():
                logger.setLevel(level)
