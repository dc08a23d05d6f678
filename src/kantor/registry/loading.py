"""Load a version of the generator, or take its files out of the registry.

A version is a pyfunc, and `mlflow.pyfunc.load_model` loads it anywhere. Inside Kantor the same
generator is loaded straight from the version's files.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import yaml
from numpy.typing import NDArray

from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError, ModelError, SetupError
from kantor.music.conditioning import Conditioning
from kantor.music.score import Flags, Pitches
from kantor.registry import database
from kantor.registry.connection import Away
from kantor.registry.pyfunc import LOADER, ensemble_of, sampling_parameters
from kantor.registry.store import opened
from kantor.registry.versions import CHAMPION, address_of, find, parse

if TYPE_CHECKING:
    from kantor.registry.pyfunc import Generator

# What reading a damaged or foreign model raises.
_BROKEN = (OSError, ValueError, TypeError, LookupError, AttributeError, BadZipFile)


@dataclass(frozen=True)
class LoadedModel:
    """A generator, callable, and where it came from.

    Attributes
    ----------
    generator : Generator
    source : str
        Such as ``kantor-bach version 3``, or the folder it was loaded from.
    ensemble : Ensemble
        What it composes for.
    """

    generator: Generator
    source: str
    ensemble: Ensemble = SATB

    def __call__(
        self, given: Conditioning, seeds: NDArray[np.int64], **sampling: Any
    ) -> tuple[Pitches, Flags]:
        """Compose a batch of requests, one seed each.

        Parameters
        ----------
        sampling
            The generator's own sampling parameters.

        Returns
        -------
        pitches : (batch, time, line) int8
        onsets : (batch, time, line) bool

        Raises
        ------
        ModelError
            If the requests are for another number of lines.
        InputError
            If the generator has no such sampling parameter, or cannot do what is asked.
        """
        lines = given.pitches.shape[-1]
        if lines != len(self.ensemble):
            raise ModelError(
                f"{self.source}: composes for {', '.join(self.ensemble.names)}, and not for "
                f"{lines} lines; choose another model"
            )
        known = sampling_parameters(self.generator.compose)
        for name in sampling:
            if name not in known:
                there = ", ".join(known) or "nothing to set"
                raise InputError(f"{self.source}: knows no {name}; there is {there}")
        pitches, onsets = self.generator.compose(given, seeds, **sampling)
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


def load_model(reference: str = CHAMPION, root: Path | None = None) -> LoadedModel:
    """Load a generator.

    Parameters
    ----------
    reference : str
        An alias such as ``challenger``, a number, ``models:/kantor-bach@champion``,
        ``models:/kantor-bach/3``, or a folder such as ``build/model``.
    """
    if Path(reference).is_dir():
        return load_folder(Path(reference), reference)
    with _version_files(reference, root) as (folder, source):
        return load_folder(folder, source)


def fetch(into: Path, reference: str = CHAMPION, root: Path | None = None) -> str:
    """Copy a generator's files, so that it can be used without the registry.

    Parameters
    ----------
    into : Path
        A folder that exists. What is copied to it loads with `load_model`.
    reference
        As for `load_model`.

    Returns
    -------
    str
        Such as ``kantor-bach version 3``, or the folder that it came from.
    """
    if Path(reference).is_dir():
        shutil.copytree(reference, into, dirs_exist_ok=True)
        return reference
    with _version_files(reference, root) as (folder, source):
        shutil.copytree(folder, into, dirs_exist_ok=True)
    return source


def load_alone(folder: str) -> LoadedModel:
    """Load a fetched generator in a process that is one of several: it keeps to one core."""
    from kantor.compose import composer

    return LoadedModel(composer.load(folder, processes=1), folder, ensemble_of(Path(folder)))


def may_pass(error: Exception) -> bool:
    """Whether the registry only cannot be asked at present, so that trying again makes sense."""
    return isinstance(error, Away)


@contextmanager
def _version_files(reference: str, root: Path | None) -> Iterator[tuple[Path, str]]:
    """The generator's folder in a version, and what the version is called.

    Files that lie elsewhere are fetched for as long as they are needed.
    """
    model, version = parse(reference, root)
    row = database.look_up(model, version, root)
    if row is not None:
        source = f"{model} version {row.version}"
        yield row.folder / _data_path(row.folder, source), source
        return
    with opened(root, model) as store:
        chosen = find(store, version)
        source, address = f"{model} version {chosen.version}", address_of(store, chosen)
        from mlflow.artifacts import download_artifacts

        with tempfile.TemporaryDirectory(prefix="kantor-") as temporary:
            description = Path(download_artifacts(f"{address}/MLmodel", dst_path=temporary))
            data = _data_path(description.parent, source)
            yield Path(download_artifacts(f"{address}/{data}", dst_path=temporary)), source


def _data_path(folder: Path, source: str) -> str:
    """Where the generator's folder is among the files of a version."""
    if not (folder / "MLmodel").is_file():
        raise SetupError(
            f"{source}: its files are not at {folder}; put them back (from a backup); if the "
            "repository was moved, run `python -m kantor.registry relocate`"
        )
    try:
        flavor = yaml.safe_load((folder / "MLmodel").read_text())["flavors"]["python_function"]
        known, data = flavor["loader_module"] == LOADER, str(flavor["data"])
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        known, data = False, ""
    if not known:
        raise ModelError(f"{source}: not a generator of Kantor's")
    return data


def load_folder(folder: Path, source: str) -> LoadedModel:
    """The generator in `folder`; an error names `source` and the fault in one line."""
    from kantor.compose import composer

    try:
        return LoadedModel(composer.load(folder), source, ensemble_of(folder))
    except (InputError, ModelError) as error:
        text = str(error)
        named = text.startswith((f"{source}:", f"{source}/"))
        raise ModelError(text if named else f"{source}: {text}") from error
    except _BROKEN as error:
        fault = " ".join(str(error).split())[:200]
        raise ModelError(f"{source}: {folder} does not load as a generator: {fault}") from error
