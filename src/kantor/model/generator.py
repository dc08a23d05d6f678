"""A trained generator: saving it, loading it, composing with it.

A model's folder holds the generator in Keras's own format and ``model.json``: the preset, the
parameters that made it and its size. It is all that composing needs.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from kantor.model import chorale, drawing, judging, refining, unet
from kantor.model import representation as rep
from kantor.model.batches import CONTEXT
from kantor.model.critic import ChoraleCritic
from kantor.model.piece import to_piece
from kantor.music import files
from kantor.music.given import Given, stack
from kantor.music.score import REST, VOICES, Flags, Pitches, ScoreError, onset_floor

MOST_STEPS = 65_536
"""Steps of all pieces together that are composed in one call; a longer piece goes alone."""
UNET_HOP = 16
MIN_P = 0.05
MOST_PASSES = 100


class Generator:
    """Composes the cells that are not given."""

    def __init__(
        self, network: keras.Model, info: dict[str, Any], critic: keras.Model | None = None
    ) -> None:
        self.network, self.info, self.critic = network, info, critic
        self._draw = tf.function(self._draw_pieces, reduce_retracing=True, autograph=False)

    def compose(
        self,
        given: Given,
        seeds: ArrayLike,
        temperature: float = 1.0,
        min_p: float = MIN_P,
        passes: int = 0,
    ) -> tuple[Pitches, Flags]:
        """Compose a batch.

        Parameters
        ----------
        given : Given
            A batch ``(batch, time, …)``.
        seeds : (batch,) int64
            A piece's seed decides its take; what else is in the batch does not matter.
        temperature : float
            Below 1 the likelier notes are preferred, above 1 the rarer ones.
        min_p : float
            Notes less than so many times as likely as the likeliest are never taken; 0: any may be.
        passes : int
            How often parts of the take are composed again; see `refining`.

        Returns
        -------
        pitches : (batch, time, voice) int8
        onsets : (batch, time, voice) bool
            Given cells unchanged.

        Raises
        ------
        ScoreError
            If the model cannot do what is asked.
        """
        seeds = np.asarray(seeds, np.int64)
        if given.pitches.ndim != 3 or seeds.shape != given.pitches.shape[:1]:
            raise ScoreError(
                f"{len(given.pitches)} pieces and seeds of shape {seeds.shape}: "
                "expected a batch and one seed a piece"
            )
        if not 0.01 <= temperature <= 10:
            raise ScoreError(f"a temperature of {temperature}: choose one from 0.01 to 10")
        if not 0 <= min_p < 1:
            raise ScoreError(f"a min_p of {min_p}: choose one from 0 to below 1")
        if not 0 <= passes <= MOST_PASSES:
            raise ScoreError(f"{passes} passes: choose from 0 to {MOST_PASSES}")
        if passes and self.info["preset"] == "unet":
            raise ScoreError("a model of the preset unet cannot refine; use one of chorale")

        def once(
            given: Given, seeds: NDArray[np.int64], temperature: float
        ) -> tuple[Pitches, Flags]:
            return self._once(given, seeds, temperature, min_p)

        take = once(given, seeds, temperature)
        return refining.refine(once, given, take, seeds, temperature, passes)

    def judge(self, given: Given, pitches: Pitches, onsets: Flags) -> NDArray[np.float32]:
        """What the critic holds of compositions: ``(batch,)``, higher is better.

        Comparable only among compositions for the same given cells.

        Raises
        ------
        ScoreError
            If the model carries no critic of `chorale`.
        """
        if not isinstance(self.critic, ChoraleCritic):
            raise ScoreError("this model carries no critic that could choose; use one of chorale")
        steps = given.steps + self.critic.steps
        sounding = replace(given, pitches=pitches, onsets=onsets, mask=np.ones_like(given.mask))
        pieces = [
            Given(*(getattr(sounding, name)[row] for name in Given.__dataclass_fields__))
            for row in range(len(pitches))
        ]
        batch = _surrounded(stack(pieces, steps))
        asked = np.pad(given.mask, ((0, 0), (0, self.critic.steps), (0, 0)), constant_values=True)
        within = np.pad(inside(given), ((0, 0), (0, self.critic.steps)))
        around = ((0, 0), (CONTEXT, CONTEXT))
        batch["inside"] = np.pad(within, around)
        batch["mask"] = np.pad(asked, (*around, (0, 0)), constant_values=True)
        return judging.judge(self.critic, batch)

    def _once(
        self, given: Given, seeds: NDArray[np.int64], temperature: float, min_p: float
    ) -> tuple[Pitches, Flags]:
        """One take, without refinement."""
        pitches, onsets = np.array(given.pitches), np.array(given.onsets)
        for rows in self._chunks(*given.pitches.shape[:2]):
            part = Given(*(getattr(given, name)[rows] for name in Given.__dataclass_fields__))
            if self.info["preset"] == "unet":
                drawn, struck = self._compose_unet(part, seeds[rows])
            else:
                drawn, struck = self._compose_chorale(part, seeds[rows], temperature, min_p)
            pitches[rows] = np.where(part.mask, part.pitches, drawn)
            onsets[rows] = np.where(part.mask, part.onsets, struck)
        return pitches, onsets

    @staticmethod
    def _chunks(pieces: int, steps: int) -> Iterator[slice]:
        size = max(1, MOST_STEPS // max(steps, 1))
        for start in range(0, pieces, size):
            yield slice(start, start + size)

    def _compose_chorale(
        self, given: Given, seeds: NDArray[np.int64], temperature: float, min_p: float
    ) -> tuple[Pitches, Flags]:
        sounding = given.pitches[given.mask & (given.pitches != REST)]
        if sounding.size and not rep.LOWEST <= sounding.min() <= sounding.max() <= rep.HIGHEST:
            raise ScoreError(
                f"a given note lies outside MIDI {rep.LOWEST} to {rep.HIGHEST}, which the model "
                "knows; move the melody by octaves"
            )
        latent = np.stack([_uniform(seed, given.steps) for seed in seeds], axis=1)
        drawn, struck = self._draw(
            {name: tf.constant(value) for name, value in _surrounded(given).items()},
            tf.constant(latent),
            tf.constant(temperature, tf.float32),
            tf.constant(min_p, tf.float32),
        )
        return drawn.numpy().astype(np.int8), struck.numpy() > 0

    def _draw_pieces(
        self, batch: dict[str, Any], latent: Any, temperature: Any, min_p: Any
    ) -> tuple[Any, Any]:
        piece = to_piece(batch)
        classes, onsets = drawing.draw(
            self.network,
            piece,
            drawing.Latent(latent[0], latent[1]),
            CONTEXT,
            tf.shape(piece.classes)[1] - CONTEXT,
            temperature,
            min_p,
        )
        return rep.from_classes(classes, piece.collection), onsets

    def _compose_unet(self, given: Given, seeds: NDArray[np.int64]) -> tuple[Pitches, Flags]:
        if not given.mask[..., 0].all():
            raise ScoreError(
                "a model of the preset unet harmonises a whole soprano only; "
                "use one of the preset chorale"
            )
        pitches = np.full(given.pitches.shape, REST, np.int8)
        lengths = inside(given).sum(axis=1)
        for index, (length, seed) in enumerate(zip(lengths, seeds, strict=True)):
            melody = given.pitches[index, :length, :1]
            pitches[index, :length] = self._through_unet(melody, int(seed))
        onsets = np.moveaxis(onset_floor(np.moveaxis(pitches, 1, 0)), 0, 1)
        return pitches, onsets

    def _through_unet(self, melody: Pitches, seed: int) -> Pitches:
        """One melody ``(time, 1)`` to four voices: its windows overlap by half and fade."""
        steps = len(melody)
        whole = max(unet.STEPS, -(-steps // UNET_HOP) * UNET_HOP)
        padded = np.pad(melody, ((0, whole - steps), (0, 0)), constant_values=REST)
        roll = unet.to_rolls(tf.constant(padded[None])).numpy()[0]
        starts = range(0, whole - unet.STEPS + 1, UNET_HOP)
        windows = np.stack([roll[start : start + unet.STEPS] for start in starts])
        random = np.random.Generator(np.random.Philox(key=seed & _KEY))
        latent = random.standard_normal(unet.LATENT, np.float32).clip(-2, 2)
        latents = np.repeat(latent[None], len(windows), axis=0)
        parts = self.network([windows, latents], training=False).numpy()
        fade = np.minimum(np.arange(unet.STEPS), np.arange(unet.STEPS)[::-1]) + 1.0
        total = np.zeros((whole, unet.PITCHES, len(VOICES)), np.float32)
        for start, part in zip(starts, parts, strict=True):
            total[start : start + unet.STEPS] += part * fade[:, None, None]
        voices = unet.from_rolls(tf.constant(total[None, :steps])).numpy()
        return np.asarray(voices[0], dtype=np.int8)


_KEY = 2**64 - 1


def _uniform(seed: int, steps: int) -> NDArray[np.float32]:
    """A piece's latent ``(2, steps, 4)``: a longer piece begins with that of a shorter one."""
    random = np.random.Generator(np.random.Philox(key=int(seed) & _KEY))
    return np.moveaxis(random.random((steps, 2, 4), np.float32), 0, 1)


def inside(given: Given) -> Flags:
    """True up to a piece's last step in which a cell sounds or is asked for, ``(batch, time)``."""
    used = (~given.mask | (given.pitches != REST)).any(axis=-1)
    return np.asarray(used[:, ::-1].cumsum(axis=1)[:, ::-1] > 0, dtype=bool)


def _surrounded(given: Given) -> dict[str, NDArray[Any]]:
    """What the networks read of a batch, with `CONTEXT` steps outside the piece on either side.

    Outside a piece they see what they saw there in training: given rests, the edge's place in
    its bar. So neither padding nor a longer neighbour in the batch changes a take.
    """
    within = np.pad(inside(given), ((0, 0), (CONTEXT, CONTEXT)))
    last = CONTEXT + np.maximum(inside(given).sum(axis=1), 1) - 1
    at = np.clip(np.arange(within.shape[1])[None], CONTEXT, last[:, None]) - CONTEXT
    around = ((0, 0), (CONTEXT, CONTEXT), (0, 0))
    return {
        "pitches": np.pad(given.pitches, around, constant_values=REST).astype(np.int32),
        "onsets": np.pad(given.onsets, around),
        "mask": np.pad(given.mask, around, constant_values=True),
        "bars": np.take_along_axis(given.bars, at[..., None], axis=1).astype(np.int32),
        "fermatas": np.pad(given.fermatas, around[:2]) & within,
        "inside": within,
        "collection": given.collection.astype(np.int32),
    }


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
    _write_network(network, folder / "generator.keras")
    if critic is not None:
        _write_network(critic, folder / "critic.keras")
    text = json.dumps(info, indent=2, sort_keys=True) + "\n"
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
    ScoreError
        If the folder holds no model.
    """
    folder = Path(folder)
    try:
        info = json.loads((folder / "model.json").read_text())
        known = _NETWORKS[info["preset"]]
        (folder / "generator.keras").stat()
        network = keras.saving.load_model(folder / "generator.keras", compile=False)
        kept = folder / "critic.keras"
        critic = keras.saving.load_model(kept, compile=False) if kept.is_file() else None
        if not isinstance(network, known):
            raise ValueError(f"generator.keras is not a network of the preset {info['preset']}")
    except (OSError, ValueError, LookupError, TypeError, AttributeError, BadZipFile) as error:
        what = f"{type(error).__name__} {error}".splitlines()[0]
        raise ScoreError(f"{folder}: not a model of Kantor ({what}); run `dvc repro`") from None
    return Generator(network, info, critic)


_NETWORKS: dict[str, type[keras.Model]] = {
    "chorale": chorale.ChoraleGenerator,
    "long": chorale.ChoraleGenerator,
    "unet": keras.Model,
}
