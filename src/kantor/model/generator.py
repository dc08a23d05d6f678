"""A generator held by Keras: saving it, loading it, composing with it.

A model's folder holds the generator in Keras's own format and ``model.json``: the preset, the
parameters that made it, its ensemble; beside them the critic, where it was kept, and for the
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
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError, ModelError
from kantor.model.nets import unet
from kantor.model.nets.chorale import TESSITURA_SCALE, ChoraleGenerator
from kantor.model.nets.critic import ChoraleCritic
from kantor.model.nets.heads import SUCCESSOR_SCALE
from kantor.music.conditioning import Conditioning
from kantor.music.score import Flags, Pitches
from kantor.runtime import weights as runtime_weights
from kantor.runtime.generator import DEFAULT, NO_CRITIC
from kantor.runtime.weights import Weights

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

    @property
    def ensemble(self) -> Ensemble:
        """The lines that it composes; the preset unet knows `SATB` only."""
        return getattr(self.network, "ensemble", SATB)

    def compose(
        self,
        given: Conditioning,
        seeds: ArrayLike,
        temperature: float = DEFAULT.temperature,
        min_p: float = DEFAULT.min_p,
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
        runtime.SamplingParameters(temperature, min_p)
        seeds = runtime.check(given, seeds, passes)
        if passes:
            raise InputError("a model of the preset unet cannot refine; use one of chorale")
        return unet.compose(self.network, given, seeds)

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
        weights, kept = weights_of(self.network, self.critic), self._runtime
        if kept and all(np.array_equal(kept.weights[name], weights[name]) for name in weights):
            return kept
        info = self.info | {"ensemble": self.ensemble.to_dict()}
        self._runtime = runtime.Generator(weights, info, processes=1)
        return self._runtime


def weights_of(generator: ChoraleGenerator, critic: ChoraleCritic | None = None) -> Weights:
    """The weights of a generator, and of its critic, by their names in ``runtime.npz``."""
    encoder = generator.encoder
    layers = {
        "encoder.entry": encoder.entry,
        "remember": generator.remember,
        "entry": generator.entry,
        "inner": generator.inner,
    }
    layers |= {f"encoder.{place}": layer.dense for place, layer in enumerate(encoder.layers)}
    arrays = {
        "encoder.dilations": np.array(generator.dilations, np.int64),
        "tessitura": TESSITURA_SCALE * _array(generator.tessitura),
    }
    for head in generator.heads:
        name = f"heads.{head.line}"
        layers |= {f"{name}.hidden": head.hidden, f"{name}.outputs": head.outputs}
        if head.others:
            arrays[f"{name}.successors"] = SUCCESSOR_SCALE * _array(head.successors)
    if critic is not None:
        prefix = runtime_weights.CRITIC
        arrays[f"{prefix}seen.kernel"] = critic.scale * _array(critic.seen.kernel)
        layers |= {
            f"{prefix}surroundings": critic.surroundings,
            f"{prefix}local": critic.local.dense,
            f"{prefix}local_score": critic.local_score,
            f"{prefix}score": critic.score,
        }
        layers |= {f"{prefix}strided.{place}": layer for place, layer in enumerate(critic.strided)}
    for name, layer in layers.items():
        arrays[f"{name}.kernel"] = _array(layer.kernel)
        arrays[f"{name}.bias"] = _array(layer.bias)
    return arrays


def _array(variable: Any) -> NDArray[np.float32]:
    return np.array(variable.numpy(), np.float32)


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
    described = info | {"format": runtime_weights.FORMAT}
    if isinstance(network, ChoraleGenerator):
        runtime_weights.save(folder, weights_of(network, critic))
        described["ensemble"] = network.ensemble.to_dict()
    else:
        (folder / runtime_weights.NAME).unlink(missing_ok=True)
    text = json.dumps(described, indent=2, sort_keys=True) + "\n"
    files.save(folder / "model.json", lambda file: file.write(text.encode()))


def _write_network(network: keras.Model, path: Path) -> None:
    draft = path.with_name(f".{path.name}")
    network.save(draft)
    _remove_dates(draft)
    draft.replace(path)


def _remove_dates(path: Path) -> None:
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
    ModelError
        If the folder holds no model.
    """
    folder = Path(folder)
    try:
        info = json.loads((folder / "model.json").read_text())
        of_generator, of_critic = _NETWORKS[info["preset"]]
        network = _read_network(folder / GENERATOR, of_generator)
        has_critic = (folder / CRITIC).exists()
        critic = _read_network(folder / CRITIC, of_critic) if has_critic else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, BadZipFile) as error:
        what = f"{type(error).__name__} {error}".splitlines()[0]
        remedy = runtime_weights.REMEDY
        raise ModelError(f"{folder}: not a model of Kantor ({what}); {remedy}") from None
    return Generator(network, info, critic)


def _read_network(path: Path, known: type[keras.Model]) -> keras.Model:
    path.stat()  # of a file that is missing Keras says less
    network = keras.saving.load_model(path, compile=False)
    if not isinstance(network, known):
        raise ValueError(f"{path.name} is not a network of the model's preset")
    return network


_NETWORKS: dict[str, tuple[type[keras.Model], type[keras.Model]]] = {
    "chorale": (ChoraleGenerator, ChoraleCritic),
    "long": (ChoraleGenerator, ChoraleCritic),
    "unet": (keras.Model, keras.Model),
}
