"""Composing with a model read from a folder, without TensorFlow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.runtime.arrays import critic_weights, random_weights

from kantor import runtime
from kantor.ensemble import SATB, Ensemble, Line
from kantor.errors import InputError, ModelError
from kantor.music.conditioning import Conditioning
from kantor.music.score import REST
from kantor.runtime import decoding
from kantor.runtime import weights as stored

SEEDS = np.array([3, 1, 4, 1, 5])
INFO = {"preset": "chorale", "params": {"seed": 1}}


def rows(given: Conditioning, which: list[int]) -> Conditioning:
    return Conditioning(
        *(getattr(given, name)[which] for name in Conditioning.__dataclass_fields__)
    )


def test_composes_what_is_not_given(model: runtime.Generator, batch: Conditioning) -> None:
    """Given cells unchanged, the others in their ranges, each call the same."""
    pitches, onsets = model(batch, SEEDS)
    assert (pitches.dtype, onsets.dtype) == (np.int8, np.bool_)
    assert np.array_equal(pitches[batch.mask], batch.pitches[batch.mask])
    assert np.array_equal(onsets[batch.mask], batch.onsets[batch.mask])
    for voice, (low, high) in enumerate(SATB.ranges):
        sounding = pitches[..., voice][pitches[..., voice] != REST]
        assert low <= sounding.min() <= sounding.max() <= high
    again = model.compose(batch, SEEDS.tolist(), temperature=1.0)
    assert np.array_equal(pitches, again[0])
    assert np.array_equal(onsets, again[1])


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_groups_do_not_matter(
    model: runtime.Generator,
    batch: Conditioning,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
) -> None:
    """Pieces that are not composed side by side are the takes that they are together."""
    expected = model.compose(batch, SEEDS)
    monkeypatch.setattr(decoding, "ROWS", rows)
    monkeypatch.setattr(decoding, "CHUNK", 8)
    assert all(map(np.array_equal, model.compose(batch, SEEDS), expected))


@pytest.mark.parametrize("passes", [0, 2])
def test_neighbours_do_not_matter(
    model: runtime.Generator, batch: Conditioning, passes: int
) -> None:
    """A piece's take is the same alone, in another place, and among a hundred others."""
    pitches, _ = model.compose(batch, SEEDS, passes=passes)
    which = [4, 0, 2, 2] * 30
    many, _ = model.compose(rows(batch, which), SEEDS[which], passes=passes)
    assert np.array_equal(many, pitches[which])
    alone, _ = model.compose(rows(batch, [2]), SEEDS[[2]], passes=passes)
    assert np.array_equal(alone[0], pitches[2])


def under_fermatas(batch: Conditioning, spans: list[slice]) -> Conditioning:
    fermatas = np.zeros_like(batch.fermatas)
    for span in spans:
        fermatas[:, span] = True
    return replace(batch, fermatas=fermatas)


def test_ends_of_phrases_are_cooler(model: runtime.Generator, batch: Conditioning) -> None:
    """Under a fermata and in the quarter before it the temperature is lower, elsewhere not."""
    plain = under_fermatas(batch, [])
    hot = model.compose(plain, SEEDS, phrase_end=0.05)
    assert all(map(np.array_equal, hot, model.compose(plain, SEEDS, phrase_end=1.0)))
    held = under_fermatas(batch, [slice(None)])
    cold = model.compose(held, SEEDS, phrase_end=0.05)
    assert all(
        map(np.array_equal, cold, model.compose(held, SEEDS, temperature=0.05, phrase_end=1.0))
    )
    one = under_fermatas(batch, [slice(16, 20)])
    warm, mixed = (model.compose(one, SEEDS, phrase_end=end)[0] for end in (1.0, 0.05))
    assert np.array_equal(mixed[:, :12], warm[:, :12])
    assert (mixed[:, 12:16] != warm[:, 12:16]).any()


def test_read_from_its_folder(
    weights: dict[str, Any], model: runtime.Generator, batch: Conditioning, tmp_path: Path
) -> None:
    """The arrays and the description are all it needs; equal arrays are equal bytes."""
    (tmp_path / "model.json").write_text(json.dumps(INFO))
    stored.save(tmp_path, weights)
    first = (tmp_path / stored.NAME).read_bytes()
    stored.save(tmp_path, dict(reversed(weights.items())))
    assert (tmp_path / stored.NAME).read_bytes() == first
    found = runtime.load(tmp_path)
    assert found.info == INFO
    expected = model.compose(batch, SEEDS)
    assert all(map(np.array_equal, found.compose(batch, SEEDS), expected))


@pytest.mark.parametrize("fault", ["none", "cut", "empty", "no archive", "no description"])
def test_damaged_folders(weights: dict[str, Any], tmp_path: Path, fault: str) -> None:
    """One line names the file and the remedy, and no file stays open."""
    (tmp_path / "model.json").write_text("{" if fault == "no description" else json.dumps(INFO))
    stored.save(tmp_path, weights)
    file = tmp_path / stored.NAME
    if fault == "none":
        file.unlink()
    if fault in ("cut", "empty", "no archive"):
        content = {"cut": file.read_bytes()[:3000], "empty": b"", "no archive": b"\x93NUMPY"}
        file.write_bytes(content[fault])
    with pytest.raises(ModelError, match=r"not a model of Kantor.*dvc repro") as caught:
        runtime.load(tmp_path)
    named = "model.json" if fault == "no description" else stored.NAME
    assert str(caught.value).startswith(f"{tmp_path / named}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (None, "is missing"),
        (lambda array: array.T.copy(), "has the shape"),
        (lambda array: array[:-1], "has the shape"),
        (
            lambda array: np.where(np.arange(array.size).reshape(array.shape), array, np.nan),
            "is not",
        ),
    ],
    ids=["missing", "transposed", "cut", "nan"],
)
def test_arrays_that_are_no_model_s(
    weights: dict[str, Any], tmp_path: Path, change: Any, said: str
) -> None:
    """Whichever array is at fault, one line names it."""
    (tmp_path / "model.json").write_text(json.dumps(INFO))
    whole = weights | critic_weights()
    stored.save(tmp_path, whole)
    runtime.load(tmp_path)
    for name, array in whole.items():
        changed = {other: kept for other, kept in whole.items() if other != name}
        if change is not None:
            changed[name] = change(array)
            if said == "has the shape" and changed[name].shape == array.shape:
                continue
        stored.save(tmp_path, changed)
        # A layer's size is what its bias says: where that is cut, its kernel seems too large.
        named = name if "cut" not in said and not name.endswith(("bias", "dilations")) else ".+"
        with pytest.raises(
            ModelError, match=rf"not a model of Kantor \(\w+ {named} {said}"
        ) as told:
            runtime.load(tmp_path)
        assert "\n" not in str(told.value)


def test_no_critic(model: runtime.Generator, batch: Conditioning) -> None:
    """A model without one says so."""
    with pytest.raises(InputError, match="carries no critic"):
        model.judge(batch, *model.compose(batch, SEEDS))


@pytest.mark.parametrize(
    ("knobs", "fault"),
    [
        ({"temperature": 0.0}, "from 0.01 to 10"),
        ({"min_p": 1.0}, "from 0 to below 1"),
        ({"passes": 101}, "from 0 to 100"),
        ({"phrase_end": 0.0}, "from 0.01 to 10"),
        ({"seeds": [1, 2]}, "one seed a piece"),
    ],
)
def test_bad_requests(
    model: runtime.Generator, batch: Conditioning, knobs: dict[str, Any], fault: str
) -> None:
    """Each is refused in one line that says what there is."""
    with pytest.raises(InputError, match=fault):
        model.compose(batch, **{"seeds": SEEDS, **knobs})


ENSEMBLE = Ensemble(
    "band",
    (
        *(
            Line(name, low, low + 20)
            for name, low in zip("abcde", (60, 55, 50, 45, 36), strict=True)
        ),
        *(
            Line(name, number, number, "drum")
            for name, number in zip("xyz", (42, 38, 35), strict=True)
        ),
    ),
    order=(0, 4, 7, 1, 2, 3, 5, 6),
    bass=4,
)


@pytest.mark.parametrize("given", [(), (0,), (0, 7), (1, 2, 5)])
def test_any_ensemble(given: tuple[int, ...], tmp_path: Path) -> None:
    """Five pitched and three drum lines: each in its range or its own number, given cells as they
    are, each piece the same alone; judged by a critic of the same lines."""
    info = INFO | {"ensemble": ENSEMBLE.to_dict()}
    (tmp_path / "model.json").write_text(json.dumps(info))
    stored.save(tmp_path, random_weights(2, ENSEMBLE) | critic_weights(ENSEMBLE))
    model = runtime.load(tmp_path, processes=1)
    assert model.ensemble == ENSEMBLE
    random = np.random.default_rng(5)
    low, high = np.array(ENSEMBLE.ranges).T
    pitches = random.integers(low, high + 1, (3, 24, len(ENSEMBLE))).astype(np.int8)
    pitches[random.random(pitches.shape) < 0.2] = REST
    mask = np.zeros(pitches.shape, bool)
    mask[..., given] = True
    batch = Conditioning(
        np.where(mask, pitches, REST),
        mask & (pitches != REST),
        mask,
        np.broadcast_to(np.stack([np.arange(24) % 16, np.full(24, 16)], axis=-1), (3, 24, 2)),
        np.zeros((3, 24), bool),
        np.array([0, 5, 11], np.int8),
    )
    take = model.compose(batch, [1, 2, 3], passes=1)
    assert np.array_equal(take[0][mask], pitches[mask])
    for line, bounds in enumerate(ENSEMBLE.ranges):
        sounding = take[0][..., line][take[0][..., line] != REST]
        assert bounds[0] <= sounding.min() <= sounding.max() <= bounds[1]
    alone = model.compose(rows(batch, [1]), [2], passes=1)
    assert all(np.array_equal(one[0], many[1]) for one, many in zip(alone, take, strict=True))
    assert np.isfinite(model.judge(batch, *take)).all()
