"""Pieces from nothing and continuations: their bars, phrases and ends."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ensembles import ROCK

from kantor.compose.composer import compose
from kantor.compose.form import Form, continued
from kantor.errors import InputError
from kantor.music.key import parse_key
from kantor.music.phrases import even_endings
from kantor.music.score import Key, Meter, Score, onset_floor


def spans(flags):
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def test_a_style_has_its_tempo():
    """A piece from nothing begins at the tempo of its ensemble's sound."""
    assert Form(4, ensemble=ROCK).request().score.tempo == 132
    assert Form(4).request().score.tempo == 80


def test_a_piece_from_nothing(filler):
    """So many bars in the meter and key, four voices, all composed but the tonic in the bass."""
    form = Form.parse(16, "3/4", "G minor", 1)
    request = form.request()
    score = request.score
    assert (score.steps, score.meter, score.pickup) == (16 * 12, Meter(3, 4), 4)
    assert (score.key, score.title) == (Key(-2, "minor"), "Composition")
    assert score.bar_lines.tolist() == list(range(4, 192, 12))
    assert not request.mask[:, :3].any()
    assert spans(request.mask[:, 3]) == [(4, 8), (184, 192)]
    assert set(score.pitches[request.mask]) == {43}
    [[made]] = compose([request], filler)
    assert (made.pitches >= 0).all()
    assert "G, which is given" in request.messages[0]


@pytest.mark.parametrize(
    ("meter", "pickup", "ends"),
    [
        ("4/4", 0, [(56, 64), (120, 128)]),
        ("4/4", 1, [(60, 64), (124, 128)]),
        ("3/4", 0, [(36, 48), (84, 96)]),
        ("3/4", 1, [(40, 48), (88, 96)]),
        ("6/8", 1, [(44, 48), (92, 96)]),
        ("2/2", 0, [(56, 64), (120, 128)]),
        ("2/4", 0, [(24, 32), (56, 64)]),
        ("3/8", 0, [(18, 24), (42, 48)]),
        ("3/2", 0, [(80, 96), (176, 192)]),
    ],
)
def test_phrases_end_as_chorales_do(meter, pickup, ends):
    """A fermata stands on a long note that ends every four bars, less the pickup of the next."""
    assert spans(Form.parse(8, meter, pickup=pickup).request().score.fermatas) == ends


@pytest.mark.parametrize(
    ("bars", "phrase", "ends"),
    [(16, 4, [4, 8, 12, 16]), (6, 4, [4, 6]), (5, 4, [5]), (9, 4, [4, 9]), (3, 1, [1, 2, 3]),
     (1, 4, [1]), (7, 2, [2, 4, 7])],
)  # fmt: skip
def test_lengths_of_phrases(bars, phrase, ends):
    """What is left is a phrase of its own unless it is a single bar."""
    score = Form(bars, phrase=phrase).request().score
    assert [end // 16 for _, end in even_endings(score, 0, score.meter, phrase)] == ends


@given(
    st.integers(1, 12), st.integers(1, 16), st.sampled_from([1, 2, 4, 8, 16]), st.integers(1, 5),
    st.data(),
)  # fmt: skip
@settings(max_examples=60)
def test_any_meter(bars, numerator, denominator, phrase, data):
    """Every meter gives a request whose last step is held and whose phrases lie in the piece."""
    meter = Meter(numerator, denominator)
    pickup = data.draw(st.integers(0, meter.bar_steps - 1))
    form = Form(bars, meter, Key(3, "minor"), pickup, phrase)
    request = form.request()
    endings = even_endings(request.score, 0, meter, phrase)
    assert request.score.steps == bars * meter.bar_steps
    assert request.score.fermatas[-1]
    assert request.mask[-1].tolist() == [False, False, False, True]
    assert all(0 <= start < end <= request.score.steps for start, end in endings)
    assert not request.mask[:, :3].any()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("G major", Key(1)),
        ("f# Minor", Key(3, "minor")),
        ("Bb", Key(-2)),
        ("c#m", Key(4, "minor")),
        ("E♭ maj", Key(-3)),
        (" A  min ", Key(0, "minor")),
        ("Cb", Key(-7)),
        ("bb minor", Key(-5, "minor")),
        ("b", Key(5)),
    ],
)
def test_keys_are_read(text, key):
    """Names as people write them."""
    assert parse_key(text) == key
    assert parse_key(key.name).major_tonic == key.major_tonic


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"bars": 0}, "--bars 0"),
        ({"bars": 1001}, "--bars 1001"),
        ({"bars": 4, "meter": "7"}, "meter '7'"),
        ({"bars": 4, "meter": "4/3"}, "not a time signature"),
        ({"bars": 4, "pickup": 4}, "--pickup: must be shorter than a bar of 4/4"),
        ({"bars": 4, "pickup": -1}, "--pickup"),
        ({"bars": 4, "pickup": 0.3}, "not a whole number of sixteenths"),
        ({"bars": 4, "phrase": 0}, "--phrase 0"),
        ({"bars": 1000, "meter": "64/1"}, "longer than 20,000 quarters"),
        *[
            ({"bars": 4, "key": text}, "key '.*': expected a name")
            for text in ("", "H", "G dorian", "C major b", "#", "m", "Gbb", "G# major")
        ],
    ],
)
def test_forms_that_cannot_be(form, fault):
    """The option at fault is named."""
    with pytest.raises(InputError, match=fault):
        Form.parse(**form)


def piece(steps, **fields):
    pitches = np.full((steps, 4), -1, np.int8)
    pitches[:, 0] = 67
    fields = {"key": Key(1), **fields}
    return Score(pitches, onset_floor(pitches), **fields), np.ones((steps, 4), bool)


@pytest.mark.parametrize(
    ("steps", "fields", "meter", "bars", "lines", "end"),
    [
        (64, {}, (4, 4), 2, [64, 80], 96),
        (60, {"pickup": 4}, (4, 4), 2, [68, 84], 100),
        (64, {"pickup": 4}, (4, 4), 2, [68, 84], 96),  # no bar has the pickup's share
        (59, {}, (4, 4), 2, [64, 80], 96),  # what the last bar lacks is composed
        (3, {"pickup": 4}, (4, 4), 2, [4, 20], 36),  # not even the pickup is whole
        (48, {"bar_lines": [0, 16]}, (4, 4), 2, [48, 64], 80),  # a last bar of double length
        (36, {"meter": Meter(3, 4)}, (3, 4), 2, [36, 48], 60),
        (40, {"bar_lines": [0, 16, 28]}, (3, 4), 4, [40, 52, 64, 76], 88),  # another meter
        (50, {"bar_lines": [4, 24, 46], "pickup": 4}, (4, 4), 1, [46, 62], 78),
        (58, {"bar_lines": [4, 6, 46], "pickup": 4}, (4, 4), 1, [46, 62], 74),
    ],
)
def test_a_piece_goes_on(steps, fields, meter, bars, lines, end):
    """More bars of a meter follow, however long the file's are, composed but for the bass's last
    note."""
    fields = {name: np.array(v) if name == "bar_lines" else v for name, v in fields.items()}
    score, mask = piece(steps, **fields)
    longer, wanted = continued(score, mask, Meter(*meter), bars)
    assert longer.steps == end
    assert longer.bar_lines[-len(lines) :].tolist() == lines
    assert (longer.pitches[:steps] == score.pitches).all()
    assert (longer.onsets[:steps] == score.onsets).all()
    assert wanted[:steps].all()
    assert not wanted[steps:, :3].any()
    ((start, stop),) = spans(wanted[steps:, 3])
    assert stop == end - steps
    assert longer.pitches[-1, 3] % 12 == 7
    assert longer.onsets[steps + start, 3]
    assert longer.fermatas[-1]


def test_a_fermata_at_the_end_of_the_file_stays_there():
    """A note that ends the file's phrase is not taken for the last one of the new bars."""
    score, mask = piece(48, meter=Meter(3, 4))
    score = replace(score, fermatas=np.arange(48) >= 36)
    longer, wanted = continued(score, mask, score.meter, 1)
    assert (longer.pitches[:48] == score.pitches).all()
    assert spans(wanted[48:, 3]) == [(0, 12)]
    with pytest.raises(InputError, match="20,000 quarters"):  # what no file may be long
        continued(score, mask, Meter(64, 1), 1000)
