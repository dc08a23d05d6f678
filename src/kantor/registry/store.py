"""Where the registry is, and how to reach it without a word too many on the terminal."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kantor import settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

URI_VARIABLE = "MLFLOW_TRACKING_URI"
ROOT_VARIABLE = "KANTOR_HOME"
DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"

# A dead server shall be noticed in seconds: MLflow's own defaults are minutes of silence.
_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
_LOGGERS = ("mlflow", "alembic", "urllib3")

# MLflow reads much of what it needs from the process itself; see `_pointed_at` and `_silence`.
_ONE_AT_A_TIME = threading.RLock()


class RegistryError(RuntimeError):
    """The registry or a model in it cannot be used; the message is one line for a person."""


@dataclass(frozen=True)
class Store:
    """An open registry.

    Attributes
    ----------
    client : MlflowClient
    uri : str
        Its address as a person may see it: without a password.
    root : Path or None
        The repository whose own registry it is; None for any other.
    """

    client: MlflowClient
    uri: str
    root: Path | None


def find_root() -> Path:
    """The repository: ``KANTOR_HOME``, else the folder above us that holds a pipeline.

    From anywhere else it is the checkout that the package was installed from, if there is one.

    Raises
    ------
    RegistryError
        If there is none.
    """
    if named := os.environ.get(ROOT_VARIABLE):
        return Path(named).absolute()
    here = Path.cwd()
    for folder in (here, *here.parents, *Path(__file__).parents):
        if all((folder / name).is_file() for name in ("params.yaml", "dvc.yaml")):
            return folder
    raise RegistryError(
        f"{here}: not inside a Kantor repository; change to it, or set {ROOT_VARIABLE} to it"
    )


@contextmanager
def opened(root: Path | None = None, create: bool = False) -> Iterator[Store]:
    """Open the registry of `root`, or the one that ``MLFLOW_TRACKING_URI`` names.

    Parameters
    ----------
    root : Path, optional
        The repository; found from the current folder where it is needed and not given.
    create : bool
        Make the repository's registry if it does not exist yet.

    Raises
    ------
    RegistryError
        If there is no registry, or anything in it or on the way to it fails: one line.
    """
    uri = os.environ.get(URI_VARIABLE, "")
    own = None if uri else (root or find_root()).absolute()
    if own is not None:
        database = own / DATABASE
        if not create and not database.is_file():
            raise RegistryError(f"{database}: no model is registered yet; run `make repro`")
        uri = f"sqlite:///{database}"
    with _ONE_AT_A_TIME, _silence():
        from mlflow import MlflowClient

        shown = re.sub(r"//[^/@]*@", "//", uri)
        with _one_line(shown), _pointed_at(uri):
            yield Store(MlflowClient(tracking_uri=uri), shown, own)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep MLflow's progress, hints and warnings from a person's terminal."""
    settings.quiet()
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow  # noqa: F401  (sets up its loggers, which we then turn down)

        levels = {name: logging.getLogger(name).level for name in _LOGGERS}
        try:
            for name in _LOGGERS:
                logging.getLogger(name).setLevel(logging.CRITICAL)
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)


@contextmanager
def _one_line(uri: str) -> Iterator[None]:
    """Turn the errors of MLflow, of its database and of the network into one line each."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, OSError, RequestException, SQLAlchemyError) as error:
        text = " ".join(str(error).split())
        if "API request to" in text or isinstance(error, RequestException):
            text = f"the server does not answer; start it, or unset {URI_VARIABLE}"
        elif "out-of-date database schema" in text:
            text = f"made by another MLflow; run `mlflow db upgrade {uri}`"
        raise RegistryError(f"{uri}: {text if len(text) <= 200 else text[:199] + '…'}") from error


@contextmanager
def _pointed_at(uri: str) -> Iterator[None]:
    """Make `uri` MLflow's own default, which parts of it read; leave the process as it was."""
    import mlflow

    before, path = os.environ.get(URI_VARIABLE), list(sys.path)
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)
        sys.path[:] = path


def experiment_id(store: Store, name: str) -> str:
    """The experiment `name`, made if need be; the repository's own keeps files beside it."""
    location = None if store.root is None else (store.root / ARTIFACTS).as_uri()
    experiment = store.client.get_experiment_by_name(name)
    if experiment is None:
        return str(store.client.create_experiment(name, artifact_location=location))
    if location not in (None, experiment.artifact_location):
        raise RegistryError(
            f"{store.uri}: keeps its files in {experiment.artifact_location}; where the "
            f"repository was moved or copied, remove {DATABASE} and start anew"
        )
    if experiment.lifecycle_stage == "deleted":
        store.client.restore_experiment(experiment.experiment_id)
    return str(experiment.experiment_id)
