"""Take a version of the generator out of the registry, so that it can be used without one."""

from __future__ import annotations

import shutil
from pathlib import Path

from kantor.compose import composer
from kantor.registry.errors import Away
from kantor.registry.loading import CHAMPION, LoadedModel, generator_files
from kantor.registry.store import opened
from kantor.registry.versions import NAME, resolve
from kantor.runtime import blas


def fetch(into: Path, uri: str = CHAMPION, root: Path | None = None) -> str:
    """Copy a generator's files.

    Parameters
    ----------
    into : Path
        A folder that is there. What is copied to it loads with `load_model`.
    uri, root
        As for `load_model`.

    Returns
    -------
    str
        Such as ``kantor-bach version 3``, or the folder that it came from.

    Raises
    ------
    RegistryError
        As `load_model` does, but for files that are not a generator.
    """
    if Path(uri).is_dir():
        shutil.copytree(uri, into, dirs_exist_ok=True)
        return uri
    if "/" not in uri and ":" not in uri:
        uri = f"models:/{NAME}@{uri.removeprefix('@')}"
    with opened(root) as store:
        version = resolve(store, uri)
        source = f"{version.name} version {version.version}"
        address = store.client.get_model_version_download_uri(version.name, str(version.version))
        with generator_files(address, source) as folder:
            shutil.copytree(folder, into, dirs_exist_ok=True)
    return source


def may_pass(error: Exception) -> bool:
    """Whether the registry only cannot be asked at present, so that trying again makes sense."""
    return isinstance(error, Away)


def load_alone(folder: str) -> LoadedModel:
    """Load a fetched generator in a process that is one of several: it keeps to one core.

    Raises
    ------
    InputError
        If the folder holds no model.
    """
    blas.only(1)
    return LoadedModel(composer.load(folder, processes=1), folder)
