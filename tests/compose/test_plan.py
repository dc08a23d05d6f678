"""What is given and what is composed, in the words of the command line."""

import pytest

from kantor.cli import options
from kantor.compose.plan import MOST_BARS, Plan, parse_lines
from kantor.errors import InputError


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ({}, {0}),
        ({"given": "bass"}, {3}),
        ({"given": " Soprano, BASS,bass"}, {0, 3}),
        ({"voices": "tenor,alto"}, {0, 3}),
        ({"given": "soprano,bass", "voices": "alto,tenor"}, {0, 3}),
        ({"voices": "all"}, set()),
        ({"given": "all", "more": 4}, {0, 1, 2, 3}),
        ({"fill": True}, set()),
        ({"fill": True, "given": "soprano"}, {0}),
        ({"composed": "1-2"}, {0}),
    ],
)
def test_given_voices(words, given):
    """Named either way; without a name it is the soprano, and to fill it is none."""
    assert Plan.parse(**words).given == given


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ({"given": ""}, "--given: no voice; expected some of soprano,alto,tenor,bass, or all"),
        ({"given": "sopran"}, "--given: 'sopran' is no voice"),
        ({"voices": "all,bass"}, "--voices: 'all' is no voice"),
        ({"given": "soprano", "voices": "alto"}, "contradict each other"),
        ({"given": "soprano", "voices": "all"}, "contradict each other"),
        ({"given": "all"}, "nothing is left to compose"),
        ({"given": "all", "fill": True}, "nothing is left to compose"),
        ({"locked": "2-1"}, "--lock-bars: bars '2-1': 2-1 runs backwards"),
        ({"composed": ""}, "--compose-bars: bars ''"),
        ({"locked": "1", "composed": "2"}, "exclude each other"),
        ({"locked": "1", "fill": True}, "exclude each other"),
        ({"composed": "1", "fill": True}, "exclude each other"),
        ({"more": -1}, "-1 more bars"),
        ({"more": MOST_BARS + 1}, "more bars"),
    ],
)
def test_what_cannot_be_is_refused(words, fault):
    """The option at fault is named."""
    with pytest.raises(InputError, match=fault):
        Plan.parse(**words)


def test_lines_are_numbers_from_0_to_3():
    """A plan made in code is checked like one made of words."""
    with pytest.raises(InputError, match="expected some of 0 to 3"):
        Plan(frozenset({4}))
    assert parse_lines("all") == {0, 1, 2, 3}


def test_the_command_line_knows_the_limit():
    """Its help states the number of bars that is allowed, without loading this module."""
    assert options.MOST_BARS == MOST_BARS
