"""Composing with a model read from a folder, without TensorFlow.

That it composes what the networks in TensorFlow say is held by `tests/model`.
"""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.ensembles import BAND
from tests.runtime.arrays import critic_weights, random_weights
from tests.runtime.conftest import tune

from kantor import runtime
from kantor.ensemble import SATB
from kantor.errors import InputError, ModelError
from kantor.music.conditioning import Conditioning, stack
from kantor.music.score import REST, Key, Score, onset_floor
from kantor.network.layout import Layout
from kantor.registry.loaded import sampling_parameters
from kantor.runtime import decoding
from kantor.runtime import weights as stored
from kantor.runtime.pieces import pieces

SEEDS = np.array([3, 1, 4, 1, 5])
INFO = {"preset": "chorale", "params": {"seed": 1}}


def rows(given: Conditioning, which: list[int]) -> Conditioning:
    return Conditioning(*(getattr(given, field.name)[which] for field in fields(given)))


def equal(one: Any, other: Any) -> bool:
    return all(map(np.array_equal, one, other))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_groups_do_not_matter(
    model: runtime.Generator, batch: Conditioning, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Pieces that are not composed side by side are the takes that they are together."""
    expected = model.compose(batch, SEEDS)
    monkeypatch.setattr(decoding, "ROWS", size)
    monkeypatch.setattr(decoding, "CHUNK", 8)
    assert equal(model.compose(batch, SEEDS), expected)


@pytest.mark.parametrize("passes", [0, 2])
def test_neighbours_do_not_matter(
    model: runtime.Generator, batch: Conditioning, passes: int
) -> None:
    """A piece's take is the same alone, in another place, and among a hundred others."""
    pitches, _ = model.compose(batch, SEEDS, passes=passes)
    which = [4, 0, 2, 2] * 30
    many, _ = model(rows(batch, which), SEEDS[which].tolist(), passes=passes)
    assert np.array_equal(many, pitches[which])
    alone, _ = model.compose(rows(batch, [2]), SEEDS[[2]], passes=passes)
    assert np.array_equal(alone[0], pitches[2])


def test_ends_of_phrases_are_cooler(model: runtime.Generator, batch: Conditioning) -> None:
    """Under a fermata and in the quarter before it the temperature is lower, elsewhere not."""

    def compose(under: slice, **sampling: float) -> Any:
        fermatas = np.zeros_like(batch.fermatas)
        fermatas[:, under] = True
        return model.compose(replace(batch, fermatas=fermatas), SEEDS, particles=1, **sampling)

    nowhere, everywhere, one = slice(0), slice(None), slice(16, 20)
    assert equal(compose(nowhere, phrase_end=0.05), compose(nowhere, phrase_end=1.0))
    cool = compose(everywhere, temperature=0.05, phrase_end=1.0)
    assert equal(compose(everywhere, phrase_end=0.05), cool)
    warm, mixed = (compose(one, phrase_end=end)[0] for end in (1.0, 0.05))
    assert np.array_equal(mixed[:, :12], warm[:, :12])
    assert (mixed[:, 12:16] != warm[:, 12:16]).any()


def under(melody: Any, onsets: Any = None) -> Conditioning:
    """A batch of one soprano ``(time,)``; if nothing is said each of its notes begins once."""
    pitches = np.full((len(melody), 4), REST, np.int8)
    pitches[:, 0] = melody
    score = Score(pitches, onset_floor(pitches) if onsets is None else onsets, key=Key(0))
    return stack([Conditioning.from_score(score, np.arange(4) == np.zeros((len(melody), 1)))])


def test_a_bar_comes_again_with_its_melody(model: runtime.Generator) -> None:
    """A phrase of three bars brings what was composed under it, in each particle's own past."""
    bars = [tune(16, row).pitches[:, 0] for row in range(4)]
    given = under(np.concatenate([bars[bar] for bar in (0, 1, 2, 3, 0, 1, 2)]))
    (piece,) = pieces(given, Layout(SATB))
    source, share = piece.returns
    assert (source[:64] == -1).all()
    assert (source[64:] == np.arange(48)).all()
    assert (share == (source >= 0)).all()
    for particles in (1, 4):
        loose, bound = (
            model.compose(given, [1], particles=particles, returns=nats) for nats in (0.0, 90.0)
        )
        assert equal([one[:, :64] for one in loose], [one[:, :64] for one in bound])
        assert equal([one[:, 64:] for one in bound], [one[:, :48] for one in bound])
        assert not equal([one[:, 64:] for one in loose], [one[:, :48] for one in loose])


@pytest.mark.parametrize(
    ("lead", "comes_again"),
    [
        ("ABCABC", {3: (0, 1), 4: (1, 1), 5: (2, 1)}),
        ("ABAB", {2: (0, 2 / 3), 3: (1, 2 / 3)}),
        ("AAB", {1: (0, 1 / 3)}),
        ("ABCxABCA", {4: (0, 1), 5: (1, 1), 6: (2, 1), 7: (4, 1 / 3)}),  # the last A alone
        ("A-A-", {2: (0, 1 / 3)}),  # rests say nothing
        ("Aa", {}),  # five of eight notes are others
        ("Bb", {1: (0, 1 / 3)}),  # one of eight: nearly the same
    ],
)
def test_which_bars_come_again(lead: str, comes_again: dict[int, tuple[int, float]]) -> None:
    """The longest phrase that agrees counts; of equal ones the latest."""
    bars = {name: [60 + 3 * number] * 8 for number, name in enumerate("ABCx")} | {"-": [REST] * 8}
    bars |= {"a": [60] * 3 + [61] * 5, "b": [63] * 7 + [64]}
    melody = np.repeat([note for name in lead for note in bars[name]], 2)
    onsets = (np.arange(4) == 0) & ((melody != REST) & (np.arange(len(melody)) % 2 == 0))[:, None]
    (piece,) = pieces(under(melody, onsets), Layout(SATB))
    source, share = piece.returns
    found = {
        int(step) // 16: (int(source[step]) // 16, share[step])
        for step in np.flatnonzero(source >= 0)
    }
    assert found == {
        bar: (earlier, pytest.approx(share)) for bar, (earlier, share) in comes_again.items()
    }


def test_a_model_has_parameters_of_its_own(weights: Any, batch: Conditioning) -> None:
    """It composes with those that it was made with, unless it is asked for others."""
    own = {"particles": 1, "min_p": 0.2, "temperature": 0.5}
    model = runtime.Generator(weights, INFO | {"params": {"sampling": own}}, processes=1)
    plain = runtime.Generator(weights, INFO, processes=1)
    assert equal(model(batch, SEEDS), plain(batch, SEEDS, **own))
    assert equal(model(batch, SEEDS, particles=4), plain(batch, SEEDS, **own | {"particles": 4}))
    assert sampling_parameters(model.compose)["particles"] == 1


def test_an_alto_reweights_and_a_soprano_changes_nothing(
    model: runtime.Generator, batch: Conditioning
) -> None:
    """Only lines that come later in the order weigh those before them, in each piece alone."""
    assert equal(*(model.compose(batch, SEEDS, reweighting=weight) for weight in (0.0, 1.0)))
    mask = np.arange(4) == np.full((*batch.mask.shape[:2], 1), SATB.index("alto"))
    lower = np.where(batch.pitches[..., :1] < 0, REST, batch.pitches[..., :1] - 12)
    pitches, onsets = np.where(mask, lower, REST), batch.onsets[..., :1] & mask
    altos = replace(batch, pitches=pitches, onsets=onsets, mask=mask)
    plain, weighed = (model.compose(altos, SEEDS, reweighting=weight)[0] for weight in (0.0, 1.0))
    assert not np.array_equal(plain, weighed)
    assert np.array_equal(weighed[mask], pitches[mask])
    assert np.array_equal(model.compose(rows(altos, [3]), SEEDS[[3]])[0][0], weighed[3])


def test_lookahead_counts_where_cells_meet_given_ones(
    model: runtime.Generator, batch: Conditioning
) -> None:
    """A gap's last step heeds what comes after it; under a given soprano nothing changes."""
    sopranos = [model.compose(batch, SEEDS, lookahead=weight) for weight in (0.0, 9.0)]
    assert equal(*sopranos)
    pitches, onsets = sopranos[0]
    mask = np.ones_like(batch.mask)
    mask[:, 4:8] = False
    gap = replace(batch, pitches=pitches, onsets=onsets, mask=mask)
    without, heeded = (
        model.compose(gap, SEEDS, lookahead=weight, particles=1)[0] for weight in (0.0, 9.0)
    )
    assert np.array_equal(without[:, :7], heeded[:, :7])
    assert (without[:, 7] != heeded[:, 7]).any()
    alone = model.compose(rows(gap, [3]), SEEDS[[3]], lookahead=9.0, particles=1)
    assert np.array_equal(alone[0][0], heeded[3])


def test_read_from_its_folder(
    weights: dict[str, Any], model: runtime.Generator, batch: Conditioning, tmp_path: Path
) -> None:
    """The arrays and the description are all it needs; equal arrays are equal bytes."""
    (tmp_path / "model.json").write_text(json.dumps(INFO))
    stored.save(tmp_path, weights)
    first = (tmp_path / stored.NAME).read_bytes()
    stored.save(tmp_path, dict(reversed(weights.items())))
    assert (tmp_path / stored.NAME).read_bytes() == first
    again = runtime.load(tmp_path)
    assert again.info == INFO
    assert equal(again.compose(batch, SEEDS), model.compose(batch, SEEDS))
    with pytest.raises(InputError, match="carries no critic"):
        again.judge(batch, *again.compose(batch, SEEDS))


@pytest.mark.parametrize("fault", ["none", "cut", "empty", "no archive", "no description"])
def test_damaged_folders(weights: dict[str, Any], tmp_path: Path, fault: str) -> None:
    """One line names the file and the remedy, and no file stays open."""
    (tmp_path / "model.json").write_text("{" if fault == "no description" else json.dumps(INFO))
    stored.save(tmp_path, weights)
    file = tmp_path / stored.NAME
    contents = {"cut": file.read_bytes()[:3000], "empty": b"", "no archive": b"\x93NUMPY"}
    if fault == "none":
        file.unlink()
    elif fault in contents:
        file.write_bytes(contents[fault])
    with pytest.raises(ModelError, match=r"not a model of Kantor.*dvc repro") as caught:
        runtime.load(tmp_path)
    named = "model.json" if fault == "no description" else stored.NAME
    assert str(caught.value).startswith(f"{tmp_path / named}: ")
    assert "\n" not in str(caught.value)


CHANGES: dict[str, Any] = {
    "missing": lambda array: None,
    "the shape": lambda array: array.T.copy(),
    "the shape ": lambda array: array[:-1],
    "finite": lambda array: np.where(np.arange(array.size).reshape(array.shape), array, np.nan),
}


@pytest.mark.parametrize("fault", CHANGES)
def test_arrays_that_are_no_model_s(weights: dict[str, Any], fault: str) -> None:
    """Whichever array is at fault, one line names it."""
    layout = runtime.Generator(weights, INFO)._layout
    whole = weights | critic_weights()
    stored.check(whole, layout)
    for name, array in whole.items():
        changed = CHANGES[fault](array)
        if changed is not None and changed.shape == array.shape and fault != "finite":
            continue
        arrays = {other: kept for other, kept in whole.items() if other != name}
        arrays |= {} if changed is None else {name: changed}
        # A layer's size is what its bias says: where that is cut, its kernel seems too large.
        is_size = "shape" in fault and name.endswith(("bias", "dilations"))
        with pytest.raises(ValueError, match=f"{'' if is_size else name} .*{fault.strip()}"):
            stored.check(arrays, layout)


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        ({"temperature": 0.0}, "from 0.01 to 10"),
        ({"min_p": 1.0}, "from 0 to below 1"),
        ({"passes": 101}, "from 0 to 100"),
        ({"phrase_end": 0.0}, "from 0.01 to 10"),
        ({"seeds": [1, 2]}, "one seed a piece"),
    ],
)
def test_bad_requests(
    model: runtime.Generator, batch: Conditioning, request_: dict[str, Any], fault: str
) -> None:
    """Each is refused in one line that says what there is."""
    with pytest.raises(InputError, match=fault):
        model.compose(batch, **{"seeds": SEEDS, **request_})


@pytest.mark.parametrize("ensemble", [SATB, BAND], ids=lambda ensemble: ensemble.name)
@pytest.mark.parametrize("given", [(), (0,), (0, -1), (1, 2)])
def test_any_ensemble(ensemble: Any, given: tuple[int, ...], tmp_path: Path) -> None:
    """Each line in its range, or a drum's own number; given cells as they are, each piece the same
    alone; judged by a critic of the same lines."""
    (tmp_path / "model.json").write_text(json.dumps(INFO | {"ensemble": ensemble.to_dict()}))
    stored.save(tmp_path, random_weights(2, ensemble) | critic_weights(ensemble))
    model = runtime.load(tmp_path, processes=1)
    assert model.ensemble == ensemble
    random, bounds = np.random.default_rng(5), np.array(ensemble.ranges)
    shape = 3, 24, len(ensemble)
    pitches = random.integers(bounds[:, 0], bounds[:, 1] + 1, shape).astype(np.int8)
    pitches[random.random(shape) < 0.2] = REST
    mask = np.zeros(shape, bool)
    mask[..., given] = True
    bars = np.stack([np.arange(24) % 16, np.full(24, 16)], axis=-1)
    batch = Conditioning(
        np.where(mask, pitches, REST),
        mask & (pitches != REST),
        mask,
        np.broadcast_to(bars, (3, 24, 2)),
        np.zeros((3, 24), bool),
        np.array([0, 5, 11], np.int8),
    )
    take = model.compose(batch, [1, 2, 3], passes=1)
    assert (take[0].dtype, take[1].dtype) == (np.int8, np.bool_)
    assert np.array_equal(take[0][mask], pitches[mask])
    assert np.array_equal(take[1][mask], batch.onsets[mask])
    for line, (low, high) in enumerate(ensemble.ranges):
        sounding = take[0][..., line][take[0][..., line] != REST]
        assert ((sounding >= low) & (sounding <= high)).all()
    hits = (take[0] != REST)[..., ensemble.pitched :] & ~mask[..., ensemble.pitched :]
    assert take[1][..., ensemble.pitched :][hits].all()  # no drum is held
    alone = model.compose(rows(batch, [1]), [2], passes=1)
    assert equal((part[0] for part in alone), (part[1] for part in take))
    assert np.isfinite(model.judge(batch, *take)).all()
