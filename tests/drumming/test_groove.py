"""A groove holds through a section, and its last bar is a fill."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kantor.drumming.groove import SECTION, held, recurring


def bars(*rows, length=4):
    """A kick's bars as hits, ``(time, 1)``, of strings such as ``"x..x"``."""
    assert {len(row) for row in rows} == {length}
    return np.array([[step == "x"] for step in "".join(rows)])


def test_the_bar_that_recurs_is_played_and_the_fill_stays():
    """In nine bars whose eighth ends a phrase: a groove that was still sought gives way."""
    hits = bars("xx..", "x.x.", "x..x", "x.x.", "x.x.", "....", "x.x.", "xxxx", ".x..")
    ends = np.zeros(36, bool)
    ends[28:32] = ends[12:16] = True
    made = held(hits, np.ones_like(hits), range(0, 36, 4), ends)
    assert made.tolist() == bars(*7 * ["x.x."], "xxxx", ".x..").tolist()


def test_what_is_given_stays_and_is_no_pattern():
    """Bars that somebody wrote do not decide what the others play, and none of their cells move."""
    hits = bars("xxxx", "xxxx", "xxxx", "x...", "..x.", "x...", "....")
    composed = np.arange(28)[:, None] >= 12
    made = held(hits, composed, range(0, 28, 4), np.zeros(28, bool))
    assert made.tolist() == bars("xxxx", "xxxx", "xxxx", "x...", "x...", "x...", "....").tolist()


def test_silence_is_no_groove():
    """A bar that rests recurs less than one with hits that another one has too."""
    assert recurring(np.zeros((3, 4, 2), bool)).sum() == 0
    rows = bars("....", "....", "x.x.", "x...").reshape(4, 4, 1)
    assert recurring(rows)[:, 0].tolist() == [True, False, True, False]


@given(
    st.lists(st.sampled_from((3, 4, 6)), min_size=1, max_size=40),
    st.integers(0, 5),
    st.integers(0, 2**32 - 1),
)
def test_bars_of_one_length_are_alike_up_to_the_fill(lengths, pickup, seed):
    """In any meters, with a pickup and phrases that end anywhere."""
    random, starts = np.random.default_rng(seed), np.cumsum([pickup, *lengths])[:-1].tolist()
    hits = random.random((pickup + sum(lengths), 3)) < 0.4
    fermatas = random.random(len(hits)) < 0.1
    made = held(hits, np.ones_like(hits), starts, fermatas)
    assert (made[:pickup] == hits[:pickup]).all()
    first = [made[start : start + length] for start, length in zip(starts, lengths, strict=True)]
    for length in set(lengths[: SECTION - 1]):
        section = first[: min(SECTION, len(first)) - 1]
        assert len({bar.tobytes() for bar in section if len(bar) == length}) <= 1
