"""Ensembles: what makes one, and that plain data keeps it."""

import json
from dataclasses import replace

import pytest
from tests.ensembles import BAND, ROCK

from kantor.ensemble import SATB, Ensemble, Line, unnamed
from kantor.errors import InputError

HIGH, LOW, KICK = Line("high", 60, 80), Line("low", 40, 60), Line("kick", 36, 36, kind="drum")


def test_an_ensemble_survives_json():
    """The same after JSON made lists of the tuples; other data is an error of one line."""
    for ensemble in (SATB, BAND, ROCK):
        assert Ensemble.from_dict(json.loads(json.dumps(ensemble.to_dict()))) == ensemble
    for values in ({}, {"name": "a"}, {"lines": [1]}, {"name": "a", "lines": [{}]}):
        with pytest.raises(InputError, match="not an ensemble"):
            Ensemble.from_dict(values)


@pytest.mark.parametrize(
    ("lines", "more", "fault"),
    [
        ((), {}, "different names"),
        ((HIGH, HIGH), {}, "different names"),
        ((KICK, HIGH), {}, "drums come after"),
        ((HIGH, LOW), {"order": (0, 0)}, "each line once"),
        ((HIGH, LOW), {"leads": 2}, "no line 2"),
        ((HIGH, LOW), {"bass": 5}, "no line 5"),
    ],
)
def test_ensembles_that_make_no_sense_are_refused(lines, more, fault):
    """The message says what is wrong."""
    with pytest.raises(InputError, match=fault):
        Ensemble("bad", lines, **more)


def test_lines_that_make_no_sense_are_refused():
    """A range lies within MIDI's numbers; a drum has one of them."""
    with pytest.raises(InputError, match="60 to 128 is not a range"):
        replace(HIGH, high=128)
    with pytest.raises(InputError, match="one MIDI number"):
        replace(HIGH, kind="drum")


@pytest.mark.parametrize("wrong", [{"swing": 0.4}, {"swing": 0.9}, {"humanise": 2}, {"tempo": 0}])
def test_sounds_that_make_no_sense_are_refused(wrong):
    """As where data of a model names them."""
    with pytest.raises(InputError, match="; expected "):
        replace(ROCK.sound, **wrong)


def test_some_lines_are_an_ensemble_of_their_own():
    """The first of them leads; the bass stays the bass, where it is among them."""
    outer = SATB.only(0, 3)
    assert (outer.names, outer.leads, outer.bass) == (("soprano", "bass"), 0, 1)
    assert SATB.only(1).bass is None
    assert unnamed(1).names == ("melody",)
    assert unnamed(2).names == ("voice 1", "voice 2")
