"""Velocities: phrases, the bar, the melody, and what is written."""

from dataclasses import replace

import numpy as np
import pytest
from tests.ensembles import rhythms

from kantor.ensemble import Ensemble, Line
from kantor.music.dynamics import unevenness, velocities
from kantor.music.notation import Dynamic, LineNotation, Notation
from kantor.music.score import REST, Score


def score_of(*marks, lines=4, quarters=64, of_line=0, **about):
    """Equal quarters in 4/4; the marks are written in one line."""
    pitches = np.tile([72, 67, 64, 48][:lines], (4 * quarters, 1))
    onsets = np.tile(np.arange(4 * quarters)[:, None] % 4 == 0, lines)
    notation = Notation(lines={of_line: LineNotation(dynamics=tuple(marks))})
    return Score(pitches, onsets, notation=notation, **about)


def level_of(score, bar, line=1):
    """The mean velocity of a bar; that of the second bar of a phrase is alike in all phrases."""
    return velocities(score)[16 * bar : 16 * (bar + 1) : 4, line].astype(float).mean()


def test_each_note_has_one_and_they_differ():
    """Where a note begins, nowhere else, around 80 and between 50 and 110, the same each time."""
    score = score_of()
    loud = velocities(score)
    assert loud.dtype == np.uint8
    assert ((loud > 0) == score.onsets).all()
    sounding = loud[score.onsets].astype(float)
    assert 50 <= sounding.min() < 70
    assert 90 < sounding.max() <= 110
    assert sounding.mean() == pytest.approx(80, abs=4)
    assert np.array_equal(loud, velocities(score))


def test_phrases_rise_to_their_highest_note_and_fall_to_the_end():
    """Fermatas end phrases where there are any; else they are four bars long."""
    fermatas = np.zeros(256, bool)
    fermatas[[*range(28, 32), *range(252, 256)]] = True
    for score, end in ((score_of(), 64), (score_of(fermatas=fermatas), 32)):
        phrase = velocities(score)[:end:4, 1].astype(int)
        assert phrase[-1] < phrase[0] < phrase[len(phrase) // 2]
        assert velocities(score)[end, 1] > phrase[-1] + 5
    pitches = score_of().pitches.copy()
    pitches[20:24, 0] = 76
    high = Score(pitches, score_of().onsets)
    assert velocities(high)[20, 0] > velocities(score_of())[20, 0]


def test_bar_lines_and_the_melody_stand_out():
    """A first beat is louder than a second; the line that leads is louder than the others."""
    loud = velocities(score_of()).astype(int)
    assert loud[16, 1] > loud[20, 1]
    assert (loud[::4, 0] > loud[::4, 1]).all()
    lines = tuple(Line(name, 0, 127) for name in "abcd")
    led = velocities(score_of(ensemble=Ensemble("", lines, leads=2))).astype(int)
    assert (led[::4, 2] > led[::4, 0]).all()


@pytest.mark.parametrize("of_line", [0, 3])
def test_written_dynamics_hold_for_all_lines(of_line):
    """A level from its mark to the next; an accent for one note."""
    marks = Dynamic(16, "pp"), Dynamic(80, "ff"), Dynamic(144, "mf"), Dynamic(148, "sfz")
    score = score_of(*marks, of_line=of_line)
    soft, loud, usual = (level_of(score, bar) for bar in (1, 5, 9))
    assert soft < usual - 20 < usual + 20 < loud
    plain = velocities(score_of()).astype(int)
    louder = velocities(score).astype(int) - plain
    assert (louder[148] > 10).all()
    assert (louder[152] == 0).all()
    assert velocities(score_of(Dynamic(0, "f")))[::4].min() >= 50


def test_hairpins_are_even():
    """From the level before to the mark at the end; without one a little louder or softer."""
    marks = Dynamic(0, "p"), Dynamic(64, "crescendo"), Dynamic(128, "stop"), Dynamic(128, "f")
    score = score_of(*marks)
    change = (velocities(score).astype(int) - velocities(score_of()))[::4, 1]
    assert (np.diff(change[16:33]) >= 0).all()
    assert abs(change[24] - (change[0] + change[40]) / 2) <= 1
    alone = score_of(Dynamic(64, "diminuendo"), Dynamic(96, "stop"))
    assert level_of(alone, 9) < level_of(score_of(), 9) - 8
    open_ended = score_of(Dynamic(300, "crescendo"))
    assert np.array_equal(velocities(open_ended), velocities(score_of()))


def test_nothing_odd_breaks_it():
    """No steps, only rests, drums, marks at fractions, before the start and beyond the end."""
    assert velocities(Score(np.zeros((0, 4)), np.zeros((0, 4), bool))).shape == (0, 4)
    silent = Score(np.full((8, 1), REST), np.zeros((8, 1), bool))
    assert not velocities(silent).any()
    drum = Ensemble("", (Line("kick", 36, 36, kind="drum"),))
    beat = Score(np.full((8, 1), 36), np.arange(8)[:, None] % 4 == 0, ensemble=drum)
    assert (velocities(beat)[::4] > 0).all()
    odd = [Dynamic(-3, "f"), Dynamic(1.5, "n"), Dynamic(999, "crescendo"), Dynamic(999, "stop")]
    assert (velocities(score_of(*odd))[::4] > 80).any()


def test_lines_have_levels_and_drums_no_phrases():
    """Half as loud is what sounds so, by the square of the velocity; a drum keeps its level."""
    lines = tuple(Line(f"line {index}", 0, 127) for index in range(3))
    drum = Line("kick", 36, 36, kind="drum")
    loud = velocities(score_of(ensemble=Ensemble("", (*lines, drum))))
    soft = velocities(
        score_of(ensemble=Ensemble("", (*lines[:2], replace(lines[2], level=0.5), drum)))
    )
    assert (soft[:, [0, 1, 3]] == loud[:, [0, 1, 3]]).all()
    struck = loud[:, 2] > 0
    np.testing.assert_allclose((soft[struck, 2] / loud[struck, 2]) ** 2, 0.5, atol=0.02)
    assert (loud[::16, 3] == loud[0, 3]).all()


def test_a_sound_is_uneven_by_its_seed():
    """As far as it says, the same each time, without a drift; another seed plays otherwise."""
    even, uneven = (velocities(rhythms(humanise=share)).astype(int) for share in (0, 0.5))
    apart = (uneven - even)[even > 0]
    assert 8 < np.abs(apart).max() <= 15
    assert abs(apart.mean()) < 2
    assert (uneven == velocities(rhythms(humanise=0.5))).all()
    assert (uneven != velocities(rhythms(humanise=0.5, seed=4))).any()


def test_unevenness_is_that_of_the_page():
    """The first numbers, which the page's own test has too."""
    found = unevenness((3, 2), 3).round(6).tolist()
    assert found == [[-0.131251, 0.137092], [0.003239, -0.520254], [0.243251, -0.275432]]
