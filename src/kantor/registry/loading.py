"""Load a version of the generator, take its files out of the registry, or write it to one file.

A version is a pyfunc, and `mlflow.pyfunc.load_model` loads it anywhere. Inside Kantor the same
generator is loaded straight from the version's files.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kantor.errors import SetupError
from kantor.registry import database, loaded, model_file
from kantor.registry.card import MARKDOWN
from kantor.registry.loaded import GENERATOR, LoadedModel, Scope, load_folder
from kantor.registry.store import URI_VARIABLE, Away, find_root, opened
from kantor.registry.versions import CHAMPION, address_of, find, parse


def load_model(reference: str = CHAMPION, root: Path | None = None) -> LoadedModel:
    """Load a generator.

    Parameters
    ----------
    reference : str
        An alias such as ``challenger``, a number, ``models:/kantor-bach@champion``,
        ``models:/kantor-bach/3``, a folder such as ``build/model``, or a file of `export`.
    """
    with _files(reference, root) as (folder, source):
        return load_folder(folder, source)


def scope_of(reference: str = CHAMPION, root: Path | None = None) -> Scope:
    """For what a model composes, without loading it."""
    with _files(reference, root) as (folder, _):
        return loaded.scope_of(folder)


def fetch(into: Path, reference: str = CHAMPION, root: Path | None = None) -> str:
    """Copy a generator's files, so that it can be used without the registry; what it is called.

    What is copied to the folder `into` loads with `load_model`.
    """
    with _files(reference, root) as (folder, source):
        shutil.copytree(folder, into, dirs_exist_ok=True)
    return source


def export(path: Path, reference: str = CHAMPION, root: Path | None = None) -> str:
    """Write a generator to one file, which `load_model` takes anywhere; what it is called."""
    with _files(reference, root) as (folder, source):
        model_file.write(folder, path)
    return source


def card_of(path: Path) -> str:
    """The model card in a file of `export`, as Markdown; empty if it carries none."""
    with _files(str(path), None) as (folder, _):
        text = folder / MARKDOWN
        return text.read_text(errors="replace") if text.is_file() else ""


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
    if Path(reference).is_file() or reference.endswith(model_file.SUFFIX):
        with tempfile.TemporaryDirectory(prefix="kantor-") as temporary:
            model_file.unpack(Path(reference), Path(temporary))
            yield Path(temporary), reference
        return
    if root is None and not os.environ.get(URI_VARIABLE):
        try:
            root = find_root()
        except SetupError as error:
            raise SetupError(f"{error}; or name a model's file: --model FILE") from None
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
