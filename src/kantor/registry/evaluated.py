"""What a version's run keeps of its evaluation, for those who compare versions."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from kantor.registry.store import Store, opened
from kantor.registry.versions import NAME, chosen

WINDOWS = "windows.csv"


@dataclass(frozen=True)
class Evaluated:
    """A version, its run, and the table of its evaluation.

    Attributes
    ----------
    version : int
    run_id : str
        Of the MLflow run that made it.
    windows : str or None
        The figures of every window as CSV; None where its run does not keep them.
    """

    version: int
    run_id: str
    windows: str | None


def evaluated(version: int | str, name: str = NAME, root: Path | None = None) -> Evaluated:
    """Look up a version by number or alias.

    Raises
    ------
    RegistryError
        If there is no registry, model or version, or the registry fails.
    """
    with opened(root) as store:
        found = chosen(store, name, version)
        return Evaluated(int(found.version), found.run_id, _file(store, found.run_id, WINDOWS))


def _file(store: Store, run_id: str, file: str) -> str | None:
    """The text of one of a run's files; None if it has no such file, or the run is gone."""
    from mlflow.exceptions import MlflowException

    try:
        there = {each.path for each in store.client.list_artifacts(run_id)}
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    if file not in there:
        return None
    with tempfile.TemporaryDirectory(prefix="kantor-") as folder:
        return Path(store.client.download_artifacts(run_id, file, folder)).read_text()
