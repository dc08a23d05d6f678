"""What a piece begins as: a sample, a form; and that pieces and scores are the same music."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantor.music.score import REST, Key, Meter, Score, onset_floor
from kantor.studio.document import Source
from kantor.studio.file_reading import FileOptions
from kantor.studio.samples import sample_piece, samples
from kantor.studio.scores import piece_of, score_of
from kantor.studio.starts import FormOrder, form_piece, longer

FORM = Source(kind="form")


def test_samples_are_listed_at_once(client):
    """A dozen, in several meters and keys."""
    client.get("/api/samples")
    began = time.perf_counter()
    listed = client.get("/api/samples").json()
    assert time.perf_counter() - began < 0.1
    assert len(listed) == 12
    assert len({one["meter"] for one in listed}) >= 4
    assert len({one["key"] for one in listed}) >= 6


@pytest.mark.parametrize(("bars", "told"), [(1, "1 bar"), (2, "2 bars")])
def test_one_bar_is_no_bars(bars, told):
    """In a piece's history as in speech."""
    piece = form_piece(FormOrder(bars=bars))
    assert piece.history[-1].what == told.replace(" ", " empty ")
    assert longer(piece, bars).history[-1].what == f"continued by {told}"


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.id)
def test_a_sample_is_what_the_list_says(sample):
    """Its meter, key and bars; short, and within the voice."""
    piece, files = sample_piece(sample.id, FileOptions())
    score = score_of(piece)
    assert (piece.title, piece.meter, score.key.name) == (sample.title, sample.meter, sample.key)
    assert len(piece.bar_lines) == sample.bars <= 16
    assert len(files) == 1


def test_a_sample_becomes_a_piece(client):
    """With what it was made from, so that it can be read again; an unknown one is named."""
    piece = client.post("/api/pieces", json={"sample": "water-of-tyne", "given": "bass"}).json()
    assert [bool(line["notes"]) for line in piece["lines"]] == [False, False, False, True]
    match = {"if-match": '"0"'}
    path = f"/api/pieces/{piece['id']}/source"
    again = client.post(path, json={"options": {"tempo": 100}}, headers=match).json()
    assert (again["lines"][0]["notes"] != [], again["tempo"]) == (True, 100)
    assert client.post("/api/pieces", json={"sample": "nothing"}).status_code == 404
    heard = client.get("/api/samples/ode-to-joy/hearing").json()
    assert len(heard["lines"][0]["notes"]) > 50


def test_a_form(client):
    """Nothing is given but the bass's first and last note; written by hand not even these."""
    form = {"bars": 6, "meter": "3/4", "key": {"fifths": 1, "mode": "minor"}, "pickup": 4}
    piece = client.post("/api/pieces", json={"form": {**form, "tempo": 72}}).json()
    assert (piece["steps"], piece["tempo"], piece["pickup"]) == (72, 72, 4)
    assert [len(line["notes"]) for line in piece["lines"]] == [0, 0, 0, 2]
    written = client.post("/api/pieces", json={"form": {**form, "write": True}}).json()
    assert not any(line["notes"] or line["given"] for line in written["lines"])
    again = f"/api/pieces/{piece['id']}/source"
    assert client.post(again, json={}, headers={"if-match": '"0"'}).status_code == 422


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"sample": "ode-to-joy", "form": {}},
        {"form": {"bars": 0}},
        {"form": {"meter": "4/5"}},
        {"form": {"pickup": 16}},
        {"form": {"bars": 1001}},
        {"surprise": 1},
    ],
)
def test_an_order_at_fault(client, order):
    """It is refused in one line that names the page's words."""
    answer = client.post("/api/pieces", json=order)
    assert answer.status_code == 422
    assert "--" not in answer.json()["detail"]


@st.composite
def scores(draw):
    """Scores of any content: repeated notes, rests, notes anywhere in MIDI's range."""
    meter = Meter.parse(draw(st.sampled_from(["4/4", "3/4", "6/8", "2/2", "5/8"])))
    steps = draw(st.integers(1, 80))
    shape = steps, 4

    def cells(size):
        return np.frombuffer(draw(st.binary(min_size=size, max_size=size)), np.uint8)

    pitches = (cells(4 * steps).reshape(shape) % 129).astype(np.int16) - 1
    held = cells(steps) % 2 == 1
    for step in range(1, steps):
        if held[step]:
            pitches[step] = pitches[step - 1]
    struck = cells(4 * steps).reshape(shape) % 2 == 1
    onsets = onset_floor(pitches) | (struck & (pitches != REST))
    fermatas = cells(steps) % 2 == 1
    return Score(
        pitches,
        onsets,
        meter,
        draw(st.integers(0, min(steps, meter.bar_steps) - 1)),
        Key(draw(st.integers(-7, 7)), draw(st.sampled_from(["major", "minor"]))),
        draw(st.floats(5, 1000)),
        draw(st.text(max_size=20)).strip() or "Air",
        fermatas,
    )


@given(scores())
def test_a_piece_is_its_score(score):
    """Bit for bit, there and back."""
    again = score_of(piece_of(score, np.ones(score.pitches.shape, bool), FORM))
    for name in ("pitches", "onsets", "fermatas", "bar_lines"):
        assert np.array_equal(getattr(again, name), getattr(score, name)), name
    for name in ("meter", "pickup", "key", "tempo", "title", "notation"):
        assert getattr(again, name) == getattr(score, name), name
