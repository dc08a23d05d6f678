"""Load a version of the generator, by the shortest way.

A version is a pyfunc, and `mlflow.pyfunc.load_model` loads it anywhere. Inside Kantor the same
generator is loaded straight from the version's files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import numpy as np
from numpy.typing import NDArray

from kantor.music.given import Given
from kantor.music.score import Flags, Pitches
from kantor.registry import contract
from kantor.registry.store import RegistryError, Store, opened
from kantor.registry.versions import NAME, resolve

if TYPE_CHECKING:
    from kantor.model.generator import Generator

CHAMPION = f"models:/{NAME}@champion"


@dataclass(frozen=True)
class LoadedModel:
    """A generator, callable, and where it came from.

    Attributes
    ----------
    generator : Generator
    source : str
        ``kantor-bach version 3``, or the folder it was loaded from.
    """

    generator: Generator
    source: str

    def __call__(
        self, given: Given, seeds: NDArray[np.int64], **knobs: Any
    ) -> tuple[Pitches, Flags]:
        """Compose a batch of requests, one seed each; `knobs` as the generator's `compose`."""
        pitches, onsets = self.generator.compose(given, seeds, **knobs)
        return pitches, onsets


def load_model(uri: str = CHAMPION, root: Path | None = None) -> LoadedModel:
    """Load a generator.

    Parameters
    ----------
    uri : str
        ``models:/kantor-bach@champion``, ``models:/kantor-bach/3``, a bare alias such as
        ``challenger``, or a folder such as ``build/model``.
    root : Path, optional
        The repository; by default found from the current folder.

    Raises
    ------
    RegistryError
        One line: no registry yet, no such alias or version, a server that does not answer, or
        files that are not a generator.
    """
    if Path(uri).is_dir():
        return LoadedModel(_generator(Path(uri), uri), uri)
    if "/" not in uri and ":" not in uri:
        uri = f"models:/{NAME}@{uri.removeprefix('@')}"
    with opened(root) as store:
        version = resolve(store, uri)
        source = f"{version.name} version {version.version}"
        with _files(store, version.name, str(version.version)) as folder:
            return LoadedModel(_generator(_inside(folder, source), source), source)


@contextmanager
def _files(store: Store, name: str, number: str) -> Iterator[Path]:
    """The version's files: where they lie on this machine, else fetched for as long as needed."""
    address = store.client.get_model_version_download_uri(name, number)
    parsed = urlparse(address)
    if parsed.scheme in ("", "file"):
        yield Path(unquote(parsed.path))
        return
    from mlflow.artifacts import download_artifacts

    with tempfile.TemporaryDirectory(prefix="kantor-") as temporary:
        yield Path(download_artifacts(address, dst_path=temporary))


def _inside(folder: Path, source: str) -> Path:
    """The generator's folder among the files of a version."""
    from mlflow.models import Model

    if not (folder / "MLmodel").is_file():
        raise RegistryError(
            f"{source}: its files are not at {folder}; if the repository was moved, remove "
            "mlflow.db and build/registered.json and run `make repro`"
        )
    flavors = Model.load(str(folder)).flavors
    flavor = flavors.get("python_function", {})
    if flavor.get("loader_module") != contract.LOADER:
        raise RegistryError(f"{source}: not a generator of Kantor's")
    return folder / str(flavor["data"])


def _generator(folder: Path, source: str) -> Generator:
    from kantor.model import generator

    try:
        return generator.load(folder)
    except (OSError, ValueError, TypeError, LookupError) as error:
        fault = " ".join(str(error).split())[:200]
        raise RegistryError(f"{source}: {folder} does not load as a generator: {fault}") from error
