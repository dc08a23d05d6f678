"""Requests to a model: masks, padding and batches."""

from dataclasses import replace

import numpy as np
import pytest

from kantor.errors import InputError
from kantor.music.conditioning import Conditioning, bar_features, bar_features_to_compose, stack
from kantor.music.notation import Notation
from kantor.music.phrases import possible_ends
from kantor.music.score import REST, Key, Meter, Score, onset_floor

G_MAJOR = Key(1)
SOPRANO = np.array([True, False, False, False])


def chorale(steps=24, key=G_MAJOR):
    """Four voices that change every other step, in 3/4 with a quarter's pickup."""
    line = np.repeat(np.arange(steps // 2), 2)
    pitches = np.stack([72 + line % 5, 65 - line % 3, 60 + line % 2, 48 - line % 4], axis=1)
    return Score(pitches, onset_floor(pitches), Meter(3, 4), pickup=4, key=key)


def in_meter(meter, pickup):
    return replace(chorale(), meter=Meter.parse(meter), pickup=pickup, bar_lines=())


def given_soprano(score, *key):
    return Conditioning.from_score(score, np.tile(SOPRANO, (score.steps, 1)), *key)


def test_only_given_cells_are_passed_on():
    """Nothing of the cells to be composed leaks into the request."""
    score = chorale()
    request = given_soprano(score)
    assert (request.pitches[:, 0] == score.pitches[:, 0]).all()
    assert (request.pitches[:, 1:] == REST).all()
    assert not request.onsets[:, 1:].any()


def test_what_may_end_a_phrase_is_told_where_fermatas_were_inferred():
    """It follows from the given cells; written fermatas stand alone."""
    score = chorale(96)
    inferred = replace(score, notation=Notation(fermatas_inferred=True))
    counts = possible_ends(score.line(0))
    assert ((counts > 0) & (counts < 1)).any()
    assert (given_soprano(inferred).fermatas == counts).all()
    assert not given_soprano(score).fermatas.any()
    other = np.where(np.arange(4) == 0, score.pitches, score.pitches - 1)
    assert (given_soprano(replace(inferred, pitches=other)).fermatas == counts).all()
    marked = replace(inferred, fermatas=np.ones(96, bool))
    assert (given_soprano(marked).fermatas == 1).all()
    tenor = Conditioning.from_score(inferred, np.tile(np.arange(4) == 2, (96, 1)))
    assert (tenor.fermatas == possible_ends(score.line(2))).all()


def test_a_key_is_needed_from_somewhere():
    """From the score, or named; a key that is named holds, and so does a tonic."""
    assert int(given_soprano(chorale()).major_tonic) == 7
    named = given_soprano(chorale(key=None), Key(-1, "minor"))
    assert (int(named.major_tonic), int(named.tonic)) == (5, 2)
    assert int(given_soprano(chorale(), Key(0, "minor"), 2).tonic) == 2
    with pytest.raises(InputError, match="key is not known"):
        given_soprano(chorale(key=None))


@pytest.mark.parametrize(
    ("meter", "pickup", "since", "bars"),
    [
        ("4/4", 4, [12, 13, 14, 15, *range(16), *range(4)], {16}),
        ("3/4", 0, [*range(12), *range(12)], {12}),
        ("6/8", 2, [4, 5, *range(6), *range(6), *range(6), *range(4)], {6}),
        ("9/8", 0, [*range(6)] * 4, {6}),
        ("2/4", 2, [14, 15, *range(16), *range(6)], {16}),
        ("6/4", 0, [*range(12)] * 2, {12}),
        ("3/2", 0, [*range(16), *range(8, 16)], {16}),
        ("4/2", 4, [12, 13, 14, 15, *range(16), *range(4)], {16}),
        ("5/4", 0, [*range(20), *range(4)], {20}),
    ],
)
def test_other_meters_are_described_in_bars_that_a_model_knows(meter, pickup, since, bars):
    """Worked out by hand: every meter in bars of 16, 12 or 6 steps, where it has such parts."""
    features = bar_features(in_meter(meter, pickup))
    assert features.dtype == np.int16
    assert features[:, 0].tolist() == since
    assert set(features[:, 1].tolist()) == bars


@pytest.mark.parametrize(
    ("meter", "pickup", "quarters"),
    [("3/4", 4, [3, 0, 3, 3, 0, 3]), ("6/4", 0, [0, 3, 3, 0, 3, 3]), ("4/4", 0, [*range(4), 0, 1])],
)
def test_bars_of_three_quarters_are_composed_as_parts_of_longer_ones(meter, pickup, quarters):
    """The first quarter of a bar of 4/4 and twice its last; other bars stay as they are."""
    features = bar_features_to_compose(in_meter(meter, pickup))
    assert features.dtype == np.int16
    assert features[:, 0].tolist() == [4 * q + step for q in quarters for step in range(4)]
    assert (features[:, 1] == 16).all()


def test_padding_adds_given_rests_and_goes_on_counting_bars():
    """The model is asked for nothing in the padding, and the bars run on."""
    request = given_soprano(chorale()).padded(40)
    assert request.steps == 40
    assert request.mask[24:].all()
    assert (request.pitches[24:] == REST).all()
    assert not request.onsets[24:].any()
    assert np.flatnonzero(request.bars[:, 0] == 0).tolist() == [4, 16, 24]
    assert (request.bars[:, 1] == 16).all()


def test_a_stack_keeps_every_piece():
    """Each piece of a batch is found again, at the longest piece's length."""
    pieces = [given_soprano(chorale(16)), given_soprano(chorale(24))]
    batch = stack(pieces)
    assert (batch.pitches.shape, batch.bars.shape) == ((2, 24, 4), (2, 24, 2))
    assert (batch.pitches[0, :16] == pieces[0].pitches).all()
    assert (batch.pitches[1] == pieces[1].pitches).all()
    assert stack(pieces, steps=32).steps == 32


@pytest.mark.parametrize(("name", "part"), [("mask", slice(-1)), ("pitches", 0)])
def test_arrays_that_do_not_fit_are_refused(name, part):
    """A request whose arrays differ in form names the one that is wrong."""
    good = given_soprano(chorale())
    with pytest.raises(InputError, match=f"given {name}"):
        replace(good, **{name: getattr(good, name)[part]})
