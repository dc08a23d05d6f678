"""Melodies given to a model and its answers taken back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.compose import composer
from kantor.compose.composer import compose, seed_of
from kantor.compose.form import Form
from kantor.compose.request import Request
from kantor.ensemble import SATB
from kantor.errors import InputError, ModelError
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score


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
    return Request(Score(pitches, onsets, key=fields.pop("key", Key()), **fields), mask)


def changed(request, **fields):
    return replace(request, score=replace(request.score, **fields)).given


def same(one, other):
    return (one.pitches == other.pitches).all() and (one.onsets == other.onsets).all()


@given(st.integers(1, 200), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
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


def test_a_composition_does_not_depend_on_its_company(model):
    """Alone, among others, with fewer takes: the same melody and seed give the same take."""
    pieces = [melody(steps, seed=steps) for steps in (5, 40, 33, 70, 40)]
    together = compose(pieces, model, seed=3, takes=4)
    for piece, takes in zip(pieces, together, strict=True):
        [alone] = compose([piece], model, seed=3, takes=2)
        assert all(same(a, b) for a, b in zip(alone, takes[:2], strict=True))


def test_seeds_differ():
    """Another seed, take, candidate, melody, mask or key is another seed; names play no part."""
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


def test_the_seeds_of_single_takes_stay():
    """What a melody, seed and take made once they make again."""
    notes = [Note(4 * beat, 4 * beat + 4, pitch) for beat, pitch in enumerate((60, 62, 64, 65))]
    score = Score(*arrays_of(notes, 16), key=Key())
    given = Request(score, np.arange(4) == np.zeros((16, 1))).given
    assert seed_of(given, 0, 0) == 6598554735987186487
    assert seed_of(given, 7, 2) == 8551041016144316143


def test_memory_stays_bounded(model, monkeypatch):
    """No run of the model is longer than the limit unless one melody alone is."""
    monkeypatch.setattr(composer, "RUN_STEPS", 16_384)
    sizes = []

    def watched(batch, seeds):
        sizes.append(batch.pitches.shape[:2])
        return model(batch, seeds)

    long = melody(2 * composer.RUN_STEPS + 7)
    counts = []
    scores = compose([melody(100, i) for i in range(300)] + [long], watched, 0, 1, counts.append)
    assert all(pieces * steps <= composer.RUN_STEPS or pieces == 1 for pieces, steps in sizes)
    assert sum(pieces for pieces, _ in sizes) == sum(counts) == 301
    assert len(sizes) <= 5
    assert scores[-1][0].steps == long.score.steps


def test_nothing_to_compose(model):
    """No melodies, no run of the model."""
    assert compose([], model) == []


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


def test_any_mask_comes_back(filler):
    """Requests of other masks and lengths are composed together, each as it would be alone."""
    rng = np.random.default_rng(0)
    requests = []
    for steps in (7, 32, 33, 90):
        score = compose([Form(6, tonic=False).request()], filler)[0][0]
        score = replace(
            score,
            pitches=score.pitches[:steps],
            onsets=score.onsets[:steps],
            fermatas=score.fermatas[:steps],
            bar_lines=np.zeros(0),
        )
        mask = np.repeat(rng.random((steps // 4 + 1, 4)) < 0.5, 4, axis=0)[:steps]
        requests.append(Request(score, mask))
    together = compose(requests, filler, 5)
    for request, [score] in zip(requests, together, strict=True):
        assert same(compose([request], filler, 5)[0][0], score)
        assert (score.pitches == request.score.pitches)[request.mask].all()
        assert (score.onsets == request.score.onsets)[request.mask].all()
        assert (score.pitches[:, 3] >= 44).all()


def test_the_best_candidate_is_kept(filler):
    """Each take is the one of five seeds that the model judges best, the first its own seed."""
    requests = [Form(bars, tonic=False).request() for bars in (2, 9, 3)]
    counts = []
    chosen = compose(requests, filler, 1, 3, counts.append, candidates=5)
    assert sum(counts) == 3 * 3 * 5
    for request, takes in zip(requests, chosen, strict=True):
        given = request.given.padded(-(-request.given.steps // 32) * 32)
        for take, score in enumerate(takes):
            assert seed_of(given, 1, take, 0) == seed_of(given, 1, take)
            notes = [48 - seed_of(given, 1, take, c) % 5 for c in range(5)]
            assert score.pitches[0, 3] == max(notes)


def test_equals_and_faults_of_the_judge(filler, monkeypatch):
    """Of equals the first is taken; what is no number is worst; no judge is an error."""
    request = Form(2, tonic=False).request()
    first = compose([request], filler)[0][0]
    monkeypatch.setattr(type(filler), "judge", lambda self, g, p, o: np.zeros(len(p)))
    assert same(compose([request], filler, candidates=9)[0][0], first)

    def sees_only_the_last(self, given, pitches, onsets):
        return np.append(np.full(len(pitches) - 1, np.nan), -9.0)

    monkeypatch.setattr(type(filler), "judge", sees_only_the_last)
    last = compose([request], filler, candidates=9)[0][0]
    assert last.pitches[0, 3] == 48 - seed_of(request.given, 0, 0, 8) % 5
    monkeypatch.setattr(type(filler), "judge", lambda self, g, p, o: np.zeros(1))
    with pytest.raises(ModelError, match="judged 9 pieces"):
        compose([request], filler, candidates=9)
    with pytest.raises(InputError, match="cannot judge"):
        compose([request], lambda given, seeds: filler(given, seeds), candidates=2)


def test_sampling_parameters_are_passed_on(filler):
    """A model gets those that are named, and no others."""
    request = Form(2).request()
    for sampling in (None, {"temperature": 0.5, "passes": 0}):
        compose([request], filler, sampling=sampling)
    assert [sampling for _, _, sampling in filler.calls] == [{}, {"temperature": 0.5, "passes": 0}]


def test_a_model_of_other_lines_is_refused(filler):
    """The message names the lines of both."""
    filler.ensemble = SATB.only(0, 3)
    with pytest.raises(ModelError, match=r"composes for soprano, bass, and .* alto, tenor, bass"):
        compose([Form(2).request()], filler)


def test_a_request_states_what_is_given():
    """A mask of another form, or one that leaves nothing to compose, is refused."""
    request = melody()
    with pytest.raises(InputError, match="a mask of shape"):
        replace(request, mask=request.mask[:-1])
    with pytest.raises(InputError, match="a mask of shape"):
        Request(request.score.line(0), request.mask)
    with pytest.raises(InputError, match="nothing is left to compose"):
        replace(request, mask=np.ones_like(request.mask))


def test_a_note_that_is_torn_apart_is_found_out(filler):
    """A given cell that continues a composed note of another pitch is an error, not a score."""
    request = melody(64)
    mask = np.zeros((64, 4), bool)
    held = np.flatnonzero((request.score.pitches[:, 0] >= 0) & ~request.score.onsets[:, 0])
    mask[held[0], 0] = True
    with pytest.raises(ModelError, match="not a score"):
        compose([replace(request, mask=mask)], filler)


def test_lengths_are_mixed_only_for_a_model_that_takes_them(model):
    """Fewer runs, and the same compositions."""

    class Mixing:
        def __init__(self, mixes):
            self.mixes_lengths, self.runs = mixes, 0

        def __call__(self, given, seeds):
            self.runs += 1
            return model(given, seeds)

    requests = [melody(steps) for steps in (40, 8, 72, 40)]
    apart, together = Mixing(False), Mixing(True)
    expected, found = compose(requests, apart), compose(requests, together)
    assert (apart.runs, together.runs) == (3, 1)
    for (one,), (other,) in zip(expected, found, strict=True):
        assert same(one, other)
