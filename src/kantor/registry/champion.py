"""A model that follows its alias: whoever composes takes up a new champion without a restart.

A `Champion` hands out models by `Champion.take`. What it hands out never changes, so that a piece
of work ends with the model that it began with; the next piece of work gets the version on which
the alias stands by then, whoever moved it. While the registry does not answer, the model at hand
goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from kantor.registry import reading
from kantor.registry.loading import CHAMPION, LoadedModel, load_model
from kantor.registry.store import RegistryError, opened
from kantor.registry.versions import NAME, resolve

EVERY = 20.0
PATIENCE = 5.0
PAUSE = 2.0

_log = logging.getLogger(__name__)


class Champion:
    """The model behind an alias, taken up anew when the alias moves.

    Parameters
    ----------
    uri : str
        As `kantor.registry.load_model` takes it. A folder or a numbered version stays what it is.
    every : float
        Seconds after which the registry is asked again: a move is taken up that much later.
    root : Path, optional
        The repository; by default found from the current folder.
    patience : float
        Seconds that `take` waits for an answer before it goes on with the model at hand.

    Notes
    -----
    Any number of threads may take from one `Champion`; one of them at a time asks the registry,
    and loads, in the background.
    """

    def __init__(
        self,
        uri: str = CHAMPION,
        every: float = EVERY,
        root: Path | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.uri = uri
        self.every = every
        self.patience = patience
        self._root = root
        self._guard = threading.Lock()
        self._model: LoadedModel | None = None
        self._identity = ""
        self._checked = self._started = float("-inf")
        self._checking: threading.Thread | None = None
        self._trouble: Exception | None = None

    @property
    def trouble(self) -> str | None:
        """Why the registry could last not be asked, in one line; None while all is well."""
        return None if self._trouble is None else str(self._trouble)

    def take(self, wait: float = 0.0) -> LoadedModel:
        """The model to do the next piece of work with; keep it until that work is done.

        Parameters
        ----------
        wait : float
            Seconds to go on asking a registry that fails, where there is no model at hand yet.

        Raises
        ------
        RegistryError
            If there is no model at hand and none can be loaded.
        """
        until = time.monotonic() + wait
        while True:
            check = self._due()
            if check is not None:
                check.join(self._longest())
            model = self._model
            if model is not None:
                return model
            if time.monotonic() + PAUSE > until:
                raise self._trouble or RegistryError(f"{self.uri}: cannot be loaded")
            time.sleep(PAUSE)

    def _due(self) -> threading.Thread | None:
        """The check to wait for: the one that runs, or a new one if the last is too long ago."""
        with self._guard:
            if self._checking is None:
                fresh = time.monotonic() - self._checked < self.every
                if self._model is not None and fresh:
                    return None
                self._checking = threading.Thread(
                    target=self._check, name="kantor-champion", daemon=True
                )
                self._started = time.monotonic()
                self._checking.start()
            return self._checking

    def _longest(self) -> float | None:
        """Seconds to wait for the check that runs: none where trouble is known already."""
        if self._model is None:
            return None
        if self._trouble is not None:
            return 0.0
        return max(self._started + self.patience - time.monotonic(), 0.0)

    def _check(self) -> None:
        """Ask where the alias stands, and load that version unless it is at hand."""
        try:
            model = self._moved()
        except Exception as error:  # the thread must not die of what its model goes on without
            self._failed(error)
        else:
            if self._trouble is not None and self._model is not None:
                _log.warning("%s: answers again", self.uri)
            self._trouble = None
            if model is not None:
                _log.info("%s: now %s", self.uri, model.source)
                self._model = model
        with self._guard:
            self._checked = time.monotonic()
            self._checking = None

    def _moved(self) -> LoadedModel | None:
        """The model on which the alias stands now; None if it is the one at hand."""
        identity, pinned = pointed_at(self.uri, self._root)
        if self._model is not None and identity == self._identity:
            return None
        model = load_model(pinned, self._root)
        self._identity = identity
        return model

    def _failed(self, error: Exception) -> None:
        if self._model is not None and self._trouble is None:
            _log.warning("%s; going on with %s", error, self._model.source)
        self._trouble = error


def pointed_at(uri: str, root: Path | None = None) -> tuple[str, str]:
    """What `uri` means at this moment.

    Returns
    -------
    identity : str
        Differs where another model is meant, also after the registry was made anew.
    pinned : str
        The same as an address that no move of an alias changes.

    Raises
    ------
    RegistryError
        As `kantor.registry.load_model` does.
    """
    if Path(uri).is_dir():
        return uri, uri
    if "/" not in uri and ":" not in uri:
        uri = f"models:/{NAME}@{uri.removeprefix('@')}"
    found = reading.look_up(uri, root)
    if found is not None:
        pinned = f"models:/{found.name}/{found.version}"
        return f"{pinned} of {found.created}", pinned
    with opened(root) as store:
        version = resolve(store, uri)
    pinned = f"models:/{version.name}/{version.version}"
    return f"{pinned} of {version.creation_timestamp}", pinned
