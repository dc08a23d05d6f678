"""Where the registry is, how it is opened in silence, and one line for what is wrong with it.

MLflow waits minutes for a server that does not answer. So a server is first asked for its version,
with little patience. Any answer will do, also a refusal: MLflow, which alone has the token, deals
with that.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kantor import settings, styles
from kantor.errors import SetupError, one_line
from kantor.files import private_file

if TYPE_CHECKING:
    from mlflow import MlflowClient

URI_VARIABLE = "MLFLOW_TRACKING_URI"
ROOT_VARIABLE = "KANTOR_HOME"
DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"
RECEIPT = Path("build/registered.json")
PATIENCE = 4.0
"""Seconds until a server counts as away."""

_QUIET = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
IMPATIENT = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "6", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
"""Seconds to wait for a server that was reached and is silent then."""
# Whoever registers may wait: a server that was sent large files answers when it has stored them.
_WRITING = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "120", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
_LOGGERS = ("mlflow", "alembic", "urllib3")
_REFUSED = re.compile(r"error code 40[13]|^40[13] Client|^(UNAUTHENTICATED|PERMISSION_DENIED):")
_UNANSWERED = re.compile(
    r"failed with (timeout )?exception|error code 5\d\d|^5\d\d Server|too many 5\d\d"
)

# MLflow reads much of what it needs from the process itself: see `_surroundings`.
_ONE_AT_A_TIME = threading.RLock()


class Away(SetupError):
    """The registry cannot be asked at present: trying again later makes sense."""


@dataclass(frozen=True)
class Store:
    """An open registry, for the versions of the registered `model`.

    Attributes
    ----------
    uri : str
        Its address as a person may see it: without a password.
    root : Path or None
        The repository whose own registry it is; None for any other.
    """

    client: MlflowClient
    uri: str
    root: Path | None
    model: str


def find_root() -> Path:
    """The repository: ``KANTOR_HOME``, else the folder above us that holds a pipeline.

    From anywhere else it is the checkout that the package was installed from, if there is one.
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


def home(root: Path) -> Path:
    """The repository of a style's folder, or of a copy that `dvc exp run` made of it."""
    root = settings.repository(root)
    for folder in root.parents:
        if folder.parts[-3:] == (".dvc", "tmp", "exps"):
            return folder.parents[2]
    return root


def model_name(root: Path | None = None) -> str:
    """The registered model's name: `register.model` of ``params.yaml``, else the default."""
    try:
        path = settings.params_path(root or find_root())
    except SetupError:  # a registry elsewhere needs no repository
        return settings.Register().model
    return settings.load(settings.Register, "register", path, optional=True).model


@contextmanager
def opened(
    root: Path | None = None, model: str | None = None, create: bool = False
) -> Iterator[Store]:
    """Open the registry of `root`, or the one that ``MLFLOW_TRACKING_URI`` names.

    With `create` something is to be registered: the repository's registry is made if it does not
    exist yet, but never beside the files of one that was lost.
    """
    uri, own = os.environ.get(URI_VARIABLE, ""), None
    if not uri:
        own = home(root or find_root())
        if not exists(own / DATABASE):
            if not create or any((own / ARTIFACTS).glob("*")):
                raise missing(own, model or model_name(root))
            private_file(own / DATABASE)
        uri = f"sqlite:///{own / DATABASE}"
    model = model or model_name(root)
    shown = re.sub(r"//[^/@]*@", "//", uri)
    _reach(uri, shown)
    with (
        _ONE_AT_A_TIME,
        _surroundings(uri, _WRITING if create else IMPATIENT),
        one_line_errors(shown),
    ):
        from mlflow import MlflowClient

        yield Store(MlflowClient(tracking_uri=uri), shown, own, model)


def exists(database: Path) -> bool:
    """Whether it is a database, not only the empty file that one begins as."""
    return database.is_file() and database.stat().st_size > 0


def lost(root: Path) -> bool:
    """Whether the repository had a registry, and its database is not there any more."""
    had_one = any((root / ARTIFACTS).glob("*")) or (root / RECEIPT).is_file()
    return had_one and not exists(root / DATABASE)


def unmade(model: str, root: Path | None) -> str:
    """One line on a model of a style that was never made; empty where `model` is no style's."""
    style = model.removeprefix(styles.PREFIX)
    if root is None or not (root / settings.STYLES / f"{style}.yaml").is_file():
        return ""
    return f"no model of the style {style} yet; make style STYLE={style} makes one"


def missing(root: Path, model: str = "") -> SetupError:
    """The error for a repository whose registry is not there, or has not the `model` of a style."""
    if not lost(root):
        nothing = f"{root / DATABASE}: no model is registered yet; run `make repro`"
        return SetupError(unmade(model, root) or nothing)
    return SetupError(
        f"{root / DATABASE}: not found, though {ARTIFACTS}/ or {RECEIPT} is there; put it back "
        f"where it was (from a backup), or set {URI_VARIABLE} to where the registry is; to begin a "
        f"new one, move {ARTIFACTS}/ elsewhere, then run `make register`"
    )


def _reach(uri: str, shown: str) -> None:
    """Raise `Away` if the registry's server does not answer; nothing to do where it is a file."""
    import requests

    parts = urlsplit(uri)
    try:
        if parts.scheme in ("http", "https"):
            requests.get(f"{uri.rstrip('/')}/version", timeout=PATIENCE, stream=True).close()
        elif parts.hostname and parts.scheme.startswith("postgresql"):
            socket.create_connection((parts.hostname, parts.port or 5432), PATIENCE).close()
    except requests.exceptions.SSLError:
        pass  # a certificate is MLflow's business
    except OSError as error:
        raise _away(shown, str(error)) from error


def _away(shown: str, text: str) -> Away:
    cause = re.search(r"\[Errno -?\d+\] ([A-Za-z ]+)", text)
    why = f" ({cause[1].lower()})" if cause else ""
    return Away(
        f"{shown}: the server does not answer{why}; start it, or set {URI_VARIABLE} to another"
    )


@contextmanager
def one_line_errors(shown: str) -> Iterator[None]:
    """Turn the errors of MLflow, of its database and of the network into a `SetupError`."""
    from mlflow.exceptions import MlflowException
    from requests import ConnectionError, Timeout
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, OSError, SQLAlchemyError) as error:
        text = one_line(str(error), 10_000)
        if isinstance(error, ConnectionError | Timeout) or _UNANSWERED.search(text):
            raise _away(shown, text) from error
        if "database is locked" in text:
            fault = "another process is writing to it; try again when that one is done"
            raise Away(f"{shown}: {fault}") from error
        if _REFUSED.search(text):
            text = "the server refuses; set MLFLOW_TRACKING_TOKEN to its token"
        raise SetupError(f"{shown}: {text[:200]}") from error


@contextmanager
def _surroundings(uri: str, timeouts: dict[str, str]) -> Iterator[None]:
    """Make `uri` MLflow's own default, which parts of it read, and keep it quiet.

    Variables that somebody has set stay, and the process is left as it was.
    """
    settings.quiet()
    before, path = os.environ.get(URI_VARIABLE), list(sys.path)
    added = {name: value for name, value in (_QUIET | timeouts).items() if name not in os.environ}
    os.environ.update(added)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow  # sets up its loggers

        levels = {logger: logger.level for logger in map(logging.getLogger, _LOGGERS)}
        mlflow.set_tracking_uri(uri)
        try:
            for logger in levels:
                logger.setLevel(logging.CRITICAL)
            yield
        finally:
            for logger, level in levels.items():
                logger.setLevel(level)
            mlflow.set_tracking_uri(before)
            sys.path[:] = path
            for name in added:
                os.environ.pop(name, None)
