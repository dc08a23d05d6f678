"""Load a version of the generator, or take its files out of the registry.

A version is a pyfunc, and `mlflow.pyfunc.load_model` loads it anywhere. Inside Kantor the same
generator is loaded straight from the version's files.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kantor.errors import SetupError
from kantor.registry import database
from kantor.registry.pyfunc import GENERATOR, LoadedModel, load_folder
from kantor.registry.store import Away, opened
from kantor.registry.versions import CHAMPION, address_of, find, parse


def load_model(reference: str = CHAMPION, root: Path | None = None) -> LoadedModel:
    """Load a generator.

    Parameters
    ----------
    reference : str
        An alias such as ``challenger``, a number, ``models:/kantor-bach@champion``,
        ``models:/kantor-bach/3``, or a folder such as ``build/model``.
    """
    with _files(reference, root) as (folder, source):
        return load_folder(folder, source)


def fetch(into: Path, reference: str = CHAMPION, root: Path | None = None) -> str:
    """Copy a generator's files, so that it can be used without the registry; what it is called.

    What is copied to the folder `into` loads with `load_model`.
    """
    with _files(reference, root) as (folder, source):
        shutil.copytree(folder, into, dirs_exist_ok=True)
    return source


def load_alone(folder: str) -> LoadedModel:
    """Load a fetched generator in a process that is one of several: it keeps to one core."""
    return load_folder(Path(folder), folder, processes=1)


def may_pass(error: Exception) -> bool:
    """Whether the registry only cannot be asked at present, so that trying again makes sense."""
    return isinstance(error, Away)


@contextmanager
def _files(reference: str, root: Path | None) -> Iterator[tuple[Path, str]]:
    """The generator's folder, and what it is called.

    Files of a version that lie elsewhere are fetched for as long as they are needed.
    """
    if Path(reference).is_dir():
        yield Path(reference), reference
        return
    model, version = parse(reference, root)
    if row := database.look_up(model, version, root):
        number, folder = row
        if not (folder / GENERATOR).is_dir():
            raise SetupError(
                f"{model} version {number}: no generator of Kantor's is at {folder}; put its files "
                "back (from a backup); if the repository was moved, run "
                "`python -m kantor.registry relocate`"
            )
        yield folder / GENERATOR, f"{model} version {number}"
        return
    with opened(root, model) as store, tempfile.TemporaryDirectory(prefix="kantor-") as temporary:
        from mlflow.artifacts import download_artifacts

        chosen = find(store, version)
        address = f"{address_of(store, chosen)}/{GENERATOR}"
        folder = Path(download_artifacts(address, dst_path=temporary))
        yield folder, f"{model} version {chosen.version}"
