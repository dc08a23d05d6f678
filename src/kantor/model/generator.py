"""A generator held by Keras: saving it, loading it, composing with it.

A model's folder holds the generator in Keras's own format and ``model.json``: the preset, the
parameters that made it and its size; beside them the critic, where it was kept, and for the
networks of `chorale` ``runtime.npz``: all that composing with them needs.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor import files, runtime
from kantor.errors import InputError
from kantor.model import rolls, weights
from kantor.model.nets import chorale
from kantor.model.nets.critic import ChoraleCritic
from kantor.music.conditioning import Conditioning
from kantor.music.score import Flags, Pitches
from kantor.runtime.choosing import Manner
from kantor.runtime.generator import MIN_P, NO_CRITIC
from kantor.runtime.weights import FORMAT, NAME, REMEDY
from kantor.runtime.weights import save as save_weights

GENERATOR, CRITIC = "generator.keras", "critic.keras"


class Generator:
    """Composes the cells that are not given.

    Parameters
    ----------
    network : keras.Model
        Its weights may change between two compositions, as in a training.
    info : dict
        As in ``model.json``.
    critic : keras.Model, optional
    """

    def __init__(
        self, network: keras.Model, info: dict[str, Any], critic: keras.Model | None = None
    ) -> None:
        self.network, self.info, self.critic = network, info, critic
        self._runtime: runtime.Generator | None = None

    def compose(
        self,
        given: Conditioning,
        seeds: ArrayLike,
        temperature: float = 1.0,
        min_p: float = MIN_P,
        passes: int = 0,
    ) -> tuple[Pitches, Flags]:
        """Compose a batch; see `kantor.runtime.Generator.compose`.

        Raises
        ------
        InputError
            If the model cannot do what is asked.
        """
        if self.info["preset"] != "unet":
            return self._in_numpy().compose(given, seeds, temperature, min_p, passes)
        seeds = runtime.check(given, seeds, Manner(temperature, min_p), passes)
        if passes:
            raise InputError("a model of the preset unet cannot refine; use one of chorale")
        return rolls.compose(self.network, given, seeds)

    def judge(self, given: Conditioning, pitches: Pitches, onsets: Flags) -> NDArray[np.float32]:
        """What the critic holds of compositions; see `kantor.runtime.Generator.judge`.

        Raises
        ------
        InputError
            If the model carries no critic of `chorale`.
        """
        if not isinstance(self.critic, ChoraleCritic):
            raise InputError(NO_CRITIC)
        return self._in_numpy().judge(given, pitches, onsets)

    def _in_numpy(self) -> runtime.Generator:
        """The generator as it composes, made anew where weights have changed."""
        found, kept = weights.of(self.network, self.critic), self._runtime
        if kept and all(np.array_equal(kept.weights[name], found[name]) for name in found):
            return kept
        self._runtime = runtime.Generator(found, self.info, processes=1)
        return self._runtime


def save(
    folder: str | Path,
    network: keras.Model,
    info: dict[str, Any],
    critic: keras.Model | None = None,
) -> None:
    """Write a model's folder; from fresh processes equal weights and `info` give equal bytes.

    The critic, where it is given, is kept beside the generator, to choose among takes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in ((GENERATOR, network), (CRITIC, critic)):
        if part is not None:
            _write_network(part, folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
    if isinstance(network, chorale.ChoraleGenerator):
        save_weights(folder, weights.of(network, critic))
    else:
        (folder / NAME).unlink(missing_ok=True)
    text = json.dumps(info | {"format": FORMAT}, indent=2, sort_keys=True) + "\n"
    files.save(folder / "model.json", lambda file: file.write(text.encode()))


def _write_network(network: keras.Model, path: Path) -> None:
    draft = path.with_name(f".{path.name}")
    network.save(draft)
    _settle(draft)
    draft.replace(path)


def _settle(path: Path) -> None:
    """Take the dates out of a ``.keras`` file."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    metadata = json.loads(members["metadata.json"])
    metadata["date_saved"] = "1980-01-01@00:00:00"
    members["metadata.json"] = json.dumps(metadata).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in sorted(members.items()):
            archive.writestr(zipfile.ZipInfo(name), content)


def load(folder: str | Path) -> Generator:
    """Read a model's folder.

    Raises
    ------
    InputError
        If the folder holds no model.
    """
    folder = Path(folder)
    try:
        info = json.loads((folder / "model.json").read_text())
        known = _NETWORKS[info["preset"]]
        (folder / GENERATOR).stat()
        network = _read_network(folder / GENERATOR, known[0])
        critic = None
        if (folder / CRITIC).exists():
            critic = _read_network(folder / CRITIC, known[1])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, BadZipFile) as error:
        what = f"{type(error).__name__} {error}".splitlines()[0]
        raise InputError(f"{folder}: not a model of Kantor ({what}); {REMEDY}") from None
    return Generator(network, info, critic)


def _read_network(path: Path, known: type[keras.Model]) -> keras.Model:
    network = keras.saving.load_model(path, compile=False)
    if not isinstance(network, known):
        raise ValueError(f"{path.name} is not a network of the model's preset")
    return network


_NETWORKS: dict[str, tuple[type[keras.Model], type[keras.Model]]] = {
    "chorale": (chorale.ChoraleGenerator, ChoraleCritic),
    "long": (chorale.ChoraleGenerator, ChoraleCritic),
    "unet": (keras.Model, keras.Model),
}
