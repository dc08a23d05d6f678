"""Requests given to a model and its answers taken back."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.runtime.arrays import random_weights

from kantor import runtime
from kantor.compose import composer
from kantor.compose.composer import Request, compose, seed_of
from kantor.ensemble import SATB
from kantor.errors import InputError, ModelError
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score
from kantor.runtime import weights


def melody(steps=40, seed=0, **fields):
    rng = np.random.default_rng(seed)
    notes, start = [], 0
    while start < steps:
        end = min(steps, start + int(rng.choice([2, 4, 8])))
        if rng.random() < 0.9 or end == steps:
            notes.append(Note(start, end, int(rng.integers(60, 80))))
        start = end
    pitches, onsets = arrays_of(notes, steps)
    mask = np.zeros((steps, 4), bool)
    mask[:, 0] = True
    return Request(Score(pitches, onsets, **{"key": Key(), **fields}), mask)


def changed(request, **fields):
    return replace(request, score=replace(request.score, **fields)).given


def same(one, other):
    return (one.pitches == other.pitches).all() and (one.onsets == other.onsets).all()


@given(st.integers(1, 200), st.integers(0, 99))
@settings(max_examples=25)
def test_the_soprano_is_the_melody(steps, seed):
    """Of a melody of any length the result has that length and its soprano bit for bit."""

    def rests(batch, seeds):
        assert batch.steps % composer.PADDING == 0
        return batch.pitches, batch.onsets

    piece = melody(steps, seed, meter=Meter(3, 4), pickup=4, tempo=72.0, title="t")
    [[score]] = compose([piece], rests)
    assert same(score.line(0), piece.score.line(0))
    assert score.pitches.shape == (steps, 4)
    assert (score.meter, score.pickup, score.tempo, score.title) == (Meter(3, 4), 4, 72.0, "t")
    assert (score.bar_lines == piece.score.bar_lines).all()


def test_a_composition_does_not_depend_on_its_company(filler):
    """Alone, among others, with fewer takes: the same request and seed give the same take, whatever
    its mask and length; given cells come back."""
    rng = np.random.default_rng(0)
    requests = [melody(steps, seed=steps) for steps in (5, 40)]
    for steps in (7, 32, 33, 90):
        nothing = replace(melody(steps), mask=np.zeros((steps, 4), bool))
        [[score]] = compose([nothing], filler)
        mask = np.repeat(rng.random((steps // 4 + 1, 4)) < 0.5, 4, axis=0)[:steps]
        requests.append(Request(score, mask))
    together = compose(requests, filler, seed=3, takes=4)
    for request, takes in zip(requests, together, strict=True):
        [alone] = compose([request], filler, seed=3, takes=2)
        assert all(same(one, other) for one, other in zip(alone, takes[:2], strict=True))
        for score in takes:
            assert (score.pitches == request.score.pitches)[request.mask].all()
            assert (score.onsets == request.score.onsets)[request.mask].all()


def test_each_request_may_have_a_seed_of_its_own(filler):
    """What it gets is what it gets alone by that seed."""
    requests = [melody(40, 1), melody(40, 2)]
    together = compose(requests, filler, [5, 7], 2)
    for request, seed, takes in zip(requests, (5, 7), together, strict=True):
        [alone] = compose([request], filler, seed, 2)
        assert all(same(one, other) for one, other in zip(alone, takes, strict=True))


def test_seeds_differ():
    """Another seed, take, candidate, melody, mask or key is another seed; names play no part. What
    a melody, seed and take made once they make again."""
    base = melody()
    one = base.given
    others = [
        seed_of(one, 1, 0),
        seed_of(one, 0, 1),
        seed_of(one, 0, 0, 1),
        seed_of(melody(seed=1).given, 0, 0),
        seed_of(replace(base, mask=~base.mask).given, 0, 0),
        seed_of(changed(base, key=Key(1)), 0, 0),
        seed_of(changed(base, meter=Meter(3, 4), bar_lines=np.zeros(0)), 0, 0),
    ]
    assert len({seed_of(one, 0, 0), *others}) == 8
    assert seed_of(changed(base, title="x", tempo=60.0), 0, 0) == seed_of(one, 0, 0)
    assert all(0 <= seed < 2**63 for seed in others)
    notes = [Note(4 * beat, 4 * beat + 4, pitch) for beat, pitch in enumerate((60, 62, 64, 65))]
    score = Score(*arrays_of(notes, 16), key=Key())
    scale = Request(score, np.arange(4) == np.zeros((16, 1))).given
    assert (seed_of(scale, 0, 0), seed_of(scale, 7, 2)) == (
        6598554735987186487,
        8551041016144316143,
    )


def test_memory_stays_bounded(filler, monkeypatch):
    """No run of the model is longer than the limit unless one melody alone is; without melodies
    there is no run."""
    monkeypatch.setattr(composer, "RUN_STEPS", 16_384)
    assert compose([], filler) == []
    long, counts = melody(2 * composer.RUN_STEPS + 7), []
    scores = compose([melody(100, i) for i in range(300)] + [long], filler, 0, 1, counts.append)
    sizes = [given.pitches.shape[:2] for given, _, _ in filler.calls]
    assert all(pieces * steps <= composer.RUN_STEPS or pieces == 1 for pieces, steps in sizes)
    assert sum(pieces for pieces, _ in sizes) == sum(counts) == 301
    assert len(sizes) <= 5
    assert scores[-1][0].steps == long.score.steps


@pytest.mark.parametrize(("mixed", "runs"), [(False, 3), (True, 1)])
def test_lengths_are_mixed_only_for_a_model_that_takes_them(filler, mixed, runs):
    """Fewer runs, and the same compositions; a model gets the sampling parameters that are named,
    and no others."""
    requests = [melody(steps) for steps in (40, 8, 72, 40)]
    expected = [compose([request], filler)[0] for request in requests]
    filler.calls.clear()
    filler.mixes_lengths = mixed
    takes = compose(requests, filler, sampling={"temperature": 0.5})
    assert [sampling for _, _, sampling in filler.calls] == [{"temperature": 0.5}] * runs
    for (one,), (other,) in zip(expected, takes, strict=True):
        assert same(one, other)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda p, o: (p[:, :-1], o[:, :-1]), "of shape"),
        (lambda p, o: (p[0], o[0]), "of shape"),
        (lambda p, o: (np.where(p < 0, p, p + 1).astype(np.int8), o), "changed notes"),
        (lambda p, o: (p, np.zeros_like(o)), "changed notes"),
        (lambda p, o: (p, o | (np.arange(4) == 2)), "not a score: an onset stands on a rest"),
    ],
)
def test_a_broken_model_is_found_out(spoil, fault):
    """A model that changes what it was given, or answers with no score, is an error."""
    with pytest.raises(ModelError, match=fault):
        compose([melody(64)], lambda batch, seeds: spoil(batch.pitches, batch.onsets))


def test_a_note_that_is_torn_apart_is_found_out(filler):
    """A given cell that continues a composed note of another pitch is an error, not a score."""
    request = melody(64)
    mask = np.zeros((64, 4), bool)
    held = np.flatnonzero((request.score.pitches[:, 0] >= 0) & ~request.score.onsets[:, 0])
    mask[held[0], 0] = True
    with pytest.raises(ModelError, match="not a score"):
        compose([replace(request, mask=mask)], filler)


def test_the_best_candidate_is_kept(filler):
    """Each take is the one of five seeds that the model judges best, the first its own seed."""
    requests = [melody(steps) for steps in (32, 144, 48)]
    counts = []
    chosen = compose(requests, filler, 1, 3, counts.append, candidates=5)
    assert sum(counts) == 3 * 3 * 5
    for request, takes in zip(requests, chosen, strict=True):
        padded = request.given.padded(-(-request.given.steps // 32) * 32)
        for take, score in enumerate(takes):
            assert seed_of(padded, 1, take, 0) == seed_of(padded, 1, take)
            notes = [48 - seed_of(padded, 1, take, number) % 5 for number in range(5)]
            assert score.pitches[0, 3] == max(notes)


def test_equals_and_faults_of_the_judge(filler):
    """Of equals the first is taken; what is no number is worst; no judge is an error."""
    request = melody(32)

    def bass(*worth):
        filler.judge = lambda given, pitches, onsets: np.array(worth)
        return compose([request], filler, candidates=9)[0][0].pitches[0, 3]

    notes = [48 - seed_of(request.given, 0, 0, number) % 5 for number in range(9)]
    assert bass(*[0.0] * 9) == notes[0]
    assert bass(*[np.nan] * 8, -9.0) == notes[8]
    with pytest.raises(ModelError, match="judged 9 pieces"):
        bass(0.0)
    with pytest.raises(InputError, match="cannot judge"):
        compose([request], lambda given, seeds: filler(given, seeds), candidates=2)


def test_a_model_of_other_lines_is_refused(filler):
    """The message names the lines of both."""
    filler.ensemble = SATB.only(0, 3)
    with pytest.raises(ModelError, match=r"composes for soprano, bass, and .* alto, tenor, bass"):
        compose([melody()], filler)


def test_a_request_states_what_is_given():
    """A mask of another form, or one that leaves nothing to compose, is refused."""
    request = melody()
    for score, mask, fault in (
        (request.score, request.mask[:-1], "a mask of shape"),
        (request.score.line(0), request.mask, "a mask of shape"),
        (request.score, np.ones_like(request.mask), "nothing is left to compose"),
    ):
        with pytest.raises(InputError, match=fault):
            Request(score, mask)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that would be opened with TensorFlow."""
    folders: list[Path] = []
    package, module = ModuleType("kantor.model"), ModuleType("kantor.model.generator")
    package.generator, module.load = module, folders.append  # type: ignore[attr-defined]
    for one in (package, module):
        monkeypatch.setitem(sys.modules, one.__name__, one)
    return folders


def write(folder: Path, arrays: bool = True, **info: object) -> Path:
    (folder / "model.json").write_text(json.dumps(info))
    if arrays:
        weights.save(folder, random_weights())
    return folder


@pytest.mark.parametrize(
    ("preset", "arrays", "light"),
    [("chorale", True, True), ("long", True, True), ("unet", True, False), ("long", False, False)],
)
def test_presets(
    tmp_path: Path, opened: list[Path], preset: str, arrays: bool, light: bool
) -> None:
    """The workshop's network needs TensorFlow, and so does a model without its arrays."""
    model = composer.load(str(write(tmp_path, arrays, preset=preset)))
    assert isinstance(model, runtime.Generator) == light
    assert opened == ([] if light else [tmp_path])


@pytest.mark.parametrize("preset", ["chorale", "unet"])
def test_what_cannot_be_read(tmp_path: Path, opened: list[Path], preset: str) -> None:
    """A model of another format is refused in one line that names both, not misread."""
    write(tmp_path, preset=preset, format=weights.FORMAT + 1)
    with pytest.raises(ModelError, match=r"a model of format 2, .* reads format 1; .*make repro"):
        composer.load(tmp_path)
    assert opened == []


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    """Loading a light model imports numpy and none of the large packages."""
    script = (
        "import sys; from kantor.compose import composer\n"
        f"composer.load({str(write(tmp_path, preset='chorale'))!r})\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'pandas', 'scipy', 'matplotlib'}\n"
        "print(heavy & set(sys.modules))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
