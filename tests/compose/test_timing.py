"""Takes without a click are written straight; what follows a beat stays where it is."""

from fractions import Fraction

import mido
import numpy as np
import pytest

from kantor.compose.from_file import MELODY, read_request
from kantor.compose.overrides import Overrides
from kantor.compose.plan import Plan
from kantor.errors import InputError
from kantor.music.score import Meter

# "O du lieber Augustin": pitch and length in sixteenths.
FIRST = [(67, 6), (69, 2), (67, 2), (65, 2), (64, 4), (60, 4), (60, 4)]
LAST = [(62, 8), (67, 4), (60, 12)]
WALTZ = [*FIRST, (62, 4), (67, 4), (67, 4), (64, 4), (60, 4), (60, 4), *FIRST, *LAST] * 2
STEPS = np.cumsum([0, *(length for _, length in WALTZ)])


def waltz(tempo, jitter=0.02, held=0.85, lead=0.2, pickup=0):
    """Notes as played, in quarters at 120; a pickup of so many sixteenths before them."""
    rng = np.random.default_rng(5)
    tune = [(67, pickup)] * bool(pickup) + WALTZ
    lengths = np.array([length for _, length in tune])
    starts = np.cumsum([0, *lengths])[:-1] * 15 / tempo + lead
    starts += rng.normal(0, jitter, len(starts))
    ends = held * lengths * 15 / tempo
    return [
        (Fraction(float(2 * start)), Fraction(float(2 * end)), pitch)
        for (pitch, _), start, end in zip(tune, starts, ends, strict=True)
    ]


def clickless(request):
    return [message for message in request.messages if message.startswith("no click")]


def test_a_take_without_a_click_is_written_straight(midi_file):
    """Tempo, meter and every note's step and length are those that were meant."""
    request = read_request(midi_file(waltz(73)))
    score = request.score
    assert (score.meter, score.pickup) == (Meter(3, 4), 0)
    assert score.tempo == pytest.approx(73, rel=0.03)
    assert np.flatnonzero(score.onsets[:, 0]).tolist() == STEPS[:-1].tolist()
    assert score.steps == STEPS[-1]
    assert (score.pitches[:, 0] >= 0).all()
    (message,) = clickless(request)
    assert "estimated 73 quarters a minute, 3/4, no pickup" in message


def test_a_pickup_is_found_and_told(midi_file):
    """The note before the first bar line is a pickup, and rests stay rests."""
    request = read_request(midi_file(waltz(95, held=0.4, pickup=4)))
    assert (request.score.meter, request.score.pickup) == (Meter(3, 4), 4)
    assert "a pickup of 1 quarter (" in clickless(request)[0]
    assert (request.score.pitches[:, 0] < 0).any()


@pytest.mark.parametrize(
    ("overrides", "meter", "tempo", "pickup"),
    [
        (Overrides(tempo=146.0, meter=Meter(3, 4)), "3/4", 146, None),
        (Overrides(meter=Meter(6, 8)), "6/8", None, None),
        (Overrides(meter=Meter(2, 2)), "2/2", None, None),
        (Overrides(meter=Meter(12, 8)), "12/8", None, None),
        (Overrides(meter=Meter(3, 4), pickup=Fraction(2)), "3/4", 73, 2),
    ],
)
def test_what_the_user_says_overrules_the_estimate(midi_file, overrides, meter, tempo, pickup):
    """The message says what was taken."""
    (message,) = clickless(read_request(midi_file(waltz(73)), MELODY, overrides))
    assert f" {meter}, " in message
    if tempo is not None:
        estimated = float(message.split("estimated ")[1].split()[0])
        assert estimated == (overrides.tempo or pytest.approx(tempo, rel=0.03))
    if pickup is not None:
        assert ("no pickup" if pickup == 0 else f"a pickup of {pickup} quarters") in message


def test_a_pickup_that_no_bar_holds_is_refused(midi_file):
    """In one line that names the option."""
    with pytest.raises(InputError, match="--pickup: must be shorter than a bar"):
        read_request(midi_file(waltz(73)), MELODY, Overrides(pickup=Fraction(40)))


def test_the_tempi_of_the_file_are_counted_in(midi_file):
    """Seconds are those that sound: at 60 quarters a minute the same ticks are half as fast."""
    slow = mido.MetaMessage("set_tempo", tempo=1_000_000)
    score = read_request(midi_file(waltz(150), meta=[slow])).score
    assert score.tempo == pytest.approx(75, rel=0.03)


@pytest.mark.parametrize(
    ("tempo", "jitter", "lead"), [(120, 0.0, 0.5), (120, 0.02, 0.5), (240, 0.01, 0.25)]
)
def test_what_was_played_to_a_click_keeps_its_beats(midi_file, tempo, jitter, lead):
    """At the file's tempo nothing is estimated; the steps are those of the file."""
    request = read_request(midi_file(waltz(tempo, jitter, lead=lead)))
    assert not clickless(request)
    assert request.score.tempo == 120
    found = np.flatnonzero(request.score.onsets[:, 0])
    assert np.diff(found).tolist() == (np.diff(STEPS[:-1]) * 120 // tempo).tolist()


def test_latency_is_taken_off_and_told(midi_file):
    """All notes are a constant late: they move onto the beat, and nothing else is estimated."""
    request = read_request(midi_file(waltz(120, 0.0, lead=0.5 + 0.08)))
    assert "all notes are 0.16 quarters late: moved onto the beat" in request.messages
    assert not clickless(request)
    assert np.flatnonzero(request.score.onsets[:, 0]).tolist()[:4] == [4, 10, 12, 14]


def test_other_lines_follow_the_highest(midi_file):
    """Bass notes that come with the melody's stand on the same steps."""
    melody = waltz(88)
    bass = [(start + Fraction(1, 50), length, 48) for start, length, _ in melody[::3]]
    path = midi_file(melody, bass, names=["Soprano", "Bass"])
    score = read_request(path, Plan.parse("soprano,bass")).score
    both = np.flatnonzero(score.onsets[:, 3])
    assert set(both) <= set(np.flatnonzero(score.onsets[:, 0]))
    assert len(both) == len(bass)


def test_few_notes_are_left_as_they_are(midi_file):
    """Seven notes show no beat."""
    assert not clickless(read_request(midi_file(waltz(73)[:7])))


def test_of_too_many_notes_nothing_is_estimated(midi_file, monkeypatch):
    """It is said, and the file's beats hold."""
    monkeypatch.setattr("kantor.compose.timing._MOST", 20)
    request = read_request(midi_file(waltz(73)))
    assert clickless(request) == ["no click, but too many notes to estimate the beats"]
    assert request.score.tempo == 120
