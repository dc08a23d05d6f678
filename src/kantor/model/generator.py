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
from kantor.network.layout import Layout
from kantor.runtime import weights as runtime_weights
from kantor.runtime.generator import DEFAULT, NO_CRITIC
from kantor.runtime.weights import Weights

GENERATOR, CRITIC = "generator.keras", "critic.keras"


class Generator:
    """Composes the cells that are not given, with a network whose weights may change in between.

    `info` is as in ``model.json``.
    """

    def __init__(
        self,
        network: keras.Model,
        info: dict[str, Any],
        critic: keras.Model | None = None,
        discriminator: NDArray[np.float32] | None = None,
    ) -> None:
        self.network, self.info, self.critic = network, info, critic
        self.discriminator = discriminator
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
        particles: int = DEFAULT.particles,
        movement: float = DEFAULT.movement,
        plainness: float = DEFAULT.plainness,
    ) -> tuple[Pitches, Flags]:
        """Compose a batch; see `kantor.runtime.Generator.compose`."""
        if self.info["preset"] != "unet":
            return self._in_numpy().compose(
                given,
                seeds,
                temperature=temperature,
                min_p=min_p,
                passes=passes,
                particles=particles,
                movement=movement,
                plainness=plainness,
            )
        runtime.SamplingParameters(temperature, min_p)
        seeds = runtime.check(given, seeds, passes)
        if passes:
            raise InputError("a model of the preset unet cannot refine; use one of chorale")
        return unet.compose(self.network, given, seeds)

    def judge(self, given: Conditioning, pitches: Pitches, onsets: Flags) -> NDArray[np.float32]:
        """What the critic holds of compositions; see `kantor.runtime.Generator.judge`."""
        if not isinstance(self.critic, ChoraleCritic):
            raise InputError(NO_CRITIC)
        return self._in_numpy().judge(given, pitches, onsets)

    def _in_numpy(self) -> runtime.Generator:
        """The generator as it composes, made anew where weights have changed."""
        weights, kept = weights_of(self.network, self.critic, self.discriminator), self._runtime
        if kept and all(np.array_equal(kept.weights[name], weights[name]) for name in weights):
            return kept
        info = self.info | {"ensemble": self.ensemble.to_dict()}
        self._runtime = runtime.Generator(weights, info, processes=1)
        return self._runtime


def weights_of(
    generator: ChoraleGenerator,
    critic: ChoraleCritic | None = None,
    discriminator: NDArray[np.float32] | None = None,
) -> Weights:
    """The weights of a generator and of what judges it, by their names in ``runtime.npz``."""
    arrays: dict[str, Any] = {"encoder.dilations": np.array(generator.dilations, np.int64)}
    tables: dict[str, Any] = {"tessitura": (TESSITURA_SCALE, generator.tessitura)}
    layers = {name: getattr(generator, name) for name in ("remember", "entry", "inner")}
    layers["encoder.entry"] = generator.encoder.entry
    for place, layer in enumerate(generator.encoder.layers):
        layers[f"encoder.{place}"] = layer.dense
    for head in generator.heads:
        name = f"heads.{head.line}"
        layers |= {f"{name}.hidden": head.hidden, f"{name}.outputs": head.outputs}
        if head.others:
            tables[f"{name}.successors"] = SUCCESSOR_SCALE, head.successors
    if critic is not None:
        prefix = runtime_weights.CRITIC
        tables[f"{prefix}seen.kernel"] = critic.scale, critic.seen.kernel
        layers[f"{prefix}local"] = critic.local.dense
        for name in ("surroundings", "local_score", "score"):
            layers[prefix + name] = getattr(critic, name)
        for place, layer in enumerate(critic.strided):
            layers[f"{prefix}strided.{place}"] = layer
    arrays |= {name: scale * _array(table) for name, (scale, table) in tables.items()}
    for name, layer in layers.items():
        arrays |= {f"{name}.kernel": _array(layer.kernel), f"{name}.bias": _array(layer.bias)}
    if discriminator is not None:
        arrays[runtime_weights.DISCRIMINATOR] = discriminator
    return arrays


def _array(variable: Any) -> NDArray[np.float32]:
    return np.array(variable.numpy(), np.float32)


def save(
    folder: Path,
    network: keras.Model,
    info: dict[str, Any],
    critic: keras.Model | None = None,
    discriminator: NDArray[np.float32] | None = None,
) -> None:
    """Write a model's folder; from fresh processes equal weights and `info` give equal bytes.

    The critic and the discriminator, where they are given, are kept beside the generator, to choose
    among takes and among particles.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in ((GENERATOR, network), (CRITIC, critic)):
        if part is None:
            (folder / name).unlink(missing_ok=True)
        else:
            _write_network(part, folder / name)
    described = info | {"format": runtime_weights.FORMAT}
    if isinstance(network, ChoraleGenerator):
        runtime_weights.save(folder, weights_of(network, critic, discriminator))
        described["ensemble"] = network.ensemble.to_dict()
    else:
        (folder / runtime_weights.NAME).unlink(missing_ok=True)
    text = json.dumps(described, indent=2, sort_keys=True) + "\n"
    files.save(folder / "model.json", lambda file: file.write(text.encode()))


def _write_network(network: keras.Model, path: Path) -> None:
    """Write a ``.keras`` file without the date that Keras puts into it."""
    draft = path.with_name(f".{path.name}")
    network.save(draft)
    with zipfile.ZipFile(draft) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    metadata = json.loads(members["metadata.json"])
    metadata["date_saved"] = "1980-01-01@00:00:00"
    members["metadata.json"] = json.dumps(metadata).encode()
    with zipfile.ZipFile(draft, "w") as archive:
        for name, content in sorted(members.items()):
            archive.writestr(zipfile.ZipInfo(name), content)
    draft.replace(path)


def load(folder: Path) -> Generator:
    """Read a model's folder.

    Raises
    ------
    ModelError
        If the folder holds no model.
    """
    try:
        info = json.loads((folder / "model.json").read_text())
        of_unet = {"chorale": False, "long": False, "unet": True}[info["preset"]]
        network = _read_network(folder / GENERATOR, keras.Model if of_unet else ChoraleGenerator)
        critic = None
        if (folder / CRITIC).exists():
            critic = _read_network(folder / CRITIC, keras.Model if of_unet else ChoraleCritic)
        discriminator = None
        if not of_unet:
            stored = runtime_weights.load(folder, Layout(network.ensemble))
            discriminator = stored.get(runtime_weights.DISCRIMINATOR)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, BadZipFile) as error:
        what = f"{type(error).__name__} {error}".splitlines()[0]
        remedy = runtime_weights.REMEDY
        raise ModelError(f"{folder}: not a model of Kantor ({what}); {remedy}") from None
    return Generator(network, info, critic, discriminator)


def _read_network(path: Path, known: type[keras.Model]) -> keras.Model:
    path.stat()  # of a file that is missing Keras says less
    network = keras.saving.load_model(path, compile=False)
    if not isinstance(network, known):
        raise ValueError(f"{path.name} is not a network of the model's preset")
    return network
