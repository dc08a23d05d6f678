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
from zipfile import BadZipFile

import numpy as np
import yaml
from numpy.typing import NDArray

from kantor.errors import InputError, ModelError
from kantor.music.conditioning import Conditioning
from kantor.music.score import Flags, Pitches
from kantor.registry import contract, reading
from kantor.registry.store import RegistryError, opened
from kantor.registry.versions import NAME, resolve

if TYPE_CHECKING:
    from kantor import runtime
    from kantor.model.generator import Generator

CHAMPION = f"models:/{NAME}@champion"


# What reading a damaged or foreign model raises.
_BROKEN = (OSError, ValueError, TypeError, LookupError, AttributeError, BadZipFile)


@dataclass(frozen=True)
class LoadedModel:
    """A generator, callable, and where it came from.

    Attributes
    ----------
    generator : Generator
    source : str
        ``kantor-bach version 3``, or the folder it was loaded from.
    """

    generator: Generator | runtime.Generator
    source: str

    def __call__(
        self, given: Conditioning, seeds: NDArray[np.int64], **knobs: Any
    ) -> tuple[Pitches, Flags]:
        """Compose a batch of requests, one seed each; `knobs` as the generator's `compose`.

        Raises
        ------
        InputError
            If the generator has no such knob, or cannot do what is asked.
        """
        known = contract.knobs(self.generator.compose)
        for name in knobs:
            if name not in known:
                there = ", ".join(known) or "nothing to set"
                raise InputError(f"{self.source}: knows no {name}; there is {there}")
        pitches, onsets = self.generator.compose(given, seeds, **knobs)
        return pitches, onsets

    @property
    def mixes_lengths(self) -> bool:
        """Whether pieces of any lengths may be in one batch; see `kantor.compose.composer`."""
        return bool(getattr(self.generator, "mixes_lengths", False))

    def judge(self, given: Conditioning, pitches: Pitches, onsets: Flags) -> NDArray[np.float32]:
        """How well the critic likes compositions of a batch, ``(batch,)``: higher is better.

        Raises
        ------
        InputError
            If the model carries no critic.
        """
        if not hasattr(self.generator, "judge"):
            raise InputError(f"{self.source}: carries no critic, so it cannot judge what it made")
        return np.asarray(self.generator.judge(given, pitches, onsets), np.float32)


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
        return LoadedModel(load_generator(Path(uri), str(Path(uri))), uri)
    if "/" not in uri and ":" not in uri:
        uri = f"models:/{NAME}@{uri.removeprefix('@')}"
    found = reading.look_up(uri, root)
    if found is not None:
        source = f"{found.name} version {found.version}"
        folder = found.folder / _data_path(found.folder, source)
        return LoadedModel(load_generator(folder, source), source)
    with opened(root) as store:
        version = resolve(store, uri)
        source = f"{version.name} version {version.version}"
        address = store.client.get_model_version_download_uri(version.name, str(version.version))
        with generator_files(address, source) as folder:
            return LoadedModel(load_generator(folder, source), source)


@contextmanager
def generator_files(address: str, source: str) -> Iterator[Path]:
    """The generator's folder in a version: where it lies, else fetched for as long as needed."""
    parsed = urlparse(address)
    if parsed.scheme in ("", "file"):
        folder = Path(unquote(parsed.path))
        yield folder / _data_path(folder, source)
        return
    from mlflow.artifacts import download_artifacts

    with tempfile.TemporaryDirectory(prefix="kantor-") as temporary:
        description = Path(download_artifacts(f"{address}/MLmodel", dst_path=temporary))
        data = _data_path(description.parent, source)
        yield Path(download_artifacts(f"{address}/{data}", dst_path=temporary))


def _data_path(folder: Path, source: str) -> str:
    """Where the generator's folder is among the files of a version."""
    if not (folder / "MLmodel").is_file():
        raise RegistryError(
            f"{source}: its files are not at {folder}; put them back (from a backup); if the "
            "repository was moved, run `python -m kantor.registry relocate`"
        )
    try:
        flavor = yaml.safe_load((folder / "MLmodel").read_text())["flavors"]["python_function"]
        known, data = flavor["loader_module"] == contract.LOADER, str(flavor["data"])
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        known, data = False, ""
    if not known:
        raise RegistryError(f"{source}: not a generator of Kantor's")
    return data


def load_generator(folder: Path, source: str) -> Generator | runtime.Generator:
    """The generator in `folder`; an error names `source` and the fault in one line."""
    from kantor.compose import composer

    try:
        return composer.load(folder)
    except (InputError, ModelError) as error:
        told = str(error)
        named = told.startswith((f"{source}:", f"{source}/"))
        raise RegistryError(told if named else f"{source}: {told}") from error
    except _BROKEN as error:
        fault = " ".join(str(error).split())[:200]
        raise RegistryError(f"{source}: {folder} does not load as a generator: {fault}") from error
