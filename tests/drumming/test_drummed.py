"""A model with the drums of another one composes as any model does."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from tests.ensembles import BAND, ROCK

from kantor.compose.composer import Request, compose
from kantor.drumming import Drummed
from kantor.drumming.drummed import in_range
from kantor.ensemble import Ensemble, Line
from kantor.errors import InputError
from kantor.music.conditioning import Conditioning
from kantor.music.notes import Note, arrays_of
from kantor.music.score import REST, Key, Score

DUO = Ensemble("duo", (Line("lead", 60, 84), Line("chord", 48, 72), Line("bass", 28, 40)), bass=2)


@dataclass
class StandIn:
    """Composes quarters: pitched lines the middle of their range, drums hits; keeps its requests.

    Its drums strike the bar's first step, and one step more in each bar, so that bars differ.
    """

    ensemble: Ensemble
    source: str = "stand-in version 1"
    meters: dict = field(default_factory=lambda: {"4/4": 1.0})
    asked: list[Conditioning] = field(default_factory=list)
    mixes_lengths = True

    def __call__(self, given, seeds, **sampling):
        self.asked.append(given)
        place = given.bars[..., :1]
        bar = np.cumsum(place == 0, axis=1)
        hits = (place == 0) | (place == bar % 16)
        drums = np.arange(len(self.ensemble)) >= self.ensemble.pitched
        middles = np.array([(low + high) // 2 for low, high in self.ensemble.ranges])
        own = np.where(drums & ~hits, REST, middles)
        onsets = np.where(drums, hits, place % 4 == 0)
        pitches = np.where(given.mask, given.pitches, own).astype(np.int8)
        changed = np.diff(pitches, axis=1, prepend=np.int8(REST)) != 0
        return pitches, np.where(given.mask, given.onsets, (onsets | changed) & (pitches != REST))

    def judge(self, given, pitches, onsets):
        assert pitches.shape[-1] == len(self.ensemble)
        return np.zeros(len(pitches), np.float32)


def request(ensemble, pickup=0, given=(0,), drums=(), bars=4):
    """Bars of 4/4 and a pickup of the lead, in quarters, and hits of drums."""
    steps = 16 * bars + pickup
    notes = [Note(start, start + 4, 72, 0) for start in range(0, steps, 4)]
    notes += [Note(start, start + 1, ensemble.ranges[line][0], line) for line, start in drums]
    score = Score(
        *arrays_of(notes, steps, len(ensemble)), pickup=pickup, key=Key(), ensemble=ensemble
    )
    mask = np.zeros(score.pitches.shape, bool)
    mask[:, list(given)] = True
    return Request(score, mask)


@pytest.fixture
def model():
    """A duo with the drums of a rock band."""
    return Drummed(StandIn(DUO), StandIn(ROCK, "rock version 2"))


def test_drums_come_to_what_is_composed(model):
    """The lender gets lead and bass in its own ranges, and its drums hold their groove."""
    assert model.ensemble.names[:3] == DUO.names
    assert model.ensemble.names[3:] == ROCK.names[ROCK.pitched :]
    (score,) = compose([request(model.ensemble, pickup=4)], model, candidates=2)[0]
    assert (score.pitches[:, 0] == 72).all()
    (asked,) = model.lender.asked
    bass = asked.pitches[0, :68, ROCK.bass]
    assert set(bass.tolist()) == {34}
    assert asked.mask[..., [ROCK.leads, ROCK.bass]].all()
    hits = score.onsets[:, 3:]
    assert not hits[:4].any()
    first, second, third, fill = hits[4:].reshape(4, 16, -1)
    assert first.tolist() == second.tolist() == third.tolist() != fill.tolist()
    assert set(score.pitches[:, 3].tolist()) == {REST, ROCK.ranges[5][0]}


def test_drums_may_be_given(model):
    """What is given of them stays, and the lender reads it; then the rest alone is composed."""
    kick = model.ensemble.index("kick")
    asked = request(model.ensemble, given=(0, 1, 2, kick), drums=[(kick, 6)])
    (score,) = compose([asked], model)[0]
    assert np.flatnonzero(score.onsets[:, kick]).tolist() == [6]
    assert not model.own.asked
    line = ROCK.index("kick")
    assert np.flatnonzero(model.lender.asked[0].onsets[0, :, line]).tolist() == [6]


def test_drums_follow_from_their_piece_alone(model):
    """A longer neighbour and its padding change nothing."""
    one, long = request(model.ensemble, pickup=4), request(model.ensemble, bars=12)
    (alone,), (beside,) = compose([one], model)[0], compose([one, long], model)[0]
    assert (alone.pitches == beside.pitches).all()


def test_what_cannot_be_lent(model):
    """A line whose name the style has already."""
    with pytest.raises(InputError, match="its lines need different names"):
        Drummed(StandIn(ROCK), model.lender)


def test_a_line_in_another_range():
    """It is moved by octaves as a whole, and single notes beyond by octaves of their own."""
    pitches = np.array([REST, 28, 40, 52, 64], np.int8)
    assert in_range(pitches, Line("bass", 40, 64)).tolist() == [REST, 40, 40, 52, 64]
    assert in_range(pitches, BAND.lines[4]).tolist() == [REST, 28, 40, 52, 52]
