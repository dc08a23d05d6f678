"""What is heard of a score with repeat signs."""

import numpy as np
import pytest

from kantor.music.notation import Dynamic, LineNotation, Lyric, Notation, Sign, Span
from kantor.music.repeats import played
from kantor.music.score import Meter, Score, onset_floor


def score(pitches, spans, **about):
    """One line, a quarter a pitch; equal neighbours are one note."""
    column = np.repeat(pitches, 4)[:, None]
    spans = tuple(Span(4 * start, 4 * end) for start, end in spans)
    line = LineNotation(lyrics=(Lyric(0, "la"),), dynamics=(Dynamic(4, "p"), Dynamic(16, "f")))
    notation = Notation(signs=(Sign(0, "forward"),), played=spans, lines={0: line})
    return Score(column, onset_floor(column), Meter(2, 4), notation=notation, **about)


@pytest.mark.parametrize(
    ("pitches", "pickup", "spans", "heard", "bars"),
    [
        ([60, 62, 64, 65], 0, [(0, 4), (0, 2)], [60, 62, 64, 65, 60, 62], [0, 2, 4]),
        ([60, 62, 64, 65], 1, [(0, 3), (0, 3), (3, 4)], [60, 62, 64] * 2 + [65], [1, 3, 4, 6]),
        ([60, 62, 64, 65], 1, [(0, 4), (0, 4)], [60, 62, 64, 65] * 2, [1, 3, 5, 7]),
        ([60, 62, 64, 65], 0, [(0, 2), (2, 9)], [60, 62, 64, 65], [0, 2]),
    ],
)
def test_stretches_are_heard_in_their_order(pitches, pickup, spans, heard, bars):
    """Endings, a pickup that completes the last bar, one that does not, and no repeat at all."""
    result = played(score(pitches, spans, pickup=4 * pickup))
    assert result.pitches[::4, 0].tolist() == heard
    assert (result.bar_lines / 4).tolist() == bars
    assert result.pickup == 4 * pickup
    assert played(result).notation == result.notation


def test_what_is_heard_of_the_marks():
    """A held note is struck again at a jump; tempi, meters and marks move with the notes."""
    written = score(
        [60, 60, 60, 62],
        [(0, 3), (1, 4)],
        tempi=((8, 60.0),),
        meters=((8, Meter(3, 4)),),
        fermatas=np.arange(16) >= 8,
    )
    heard = played(written)
    assert np.flatnonzero(heard.onsets[:, 0]).tolist() == [0, 12, 20]
    assert heard.tempi == ((8, 60.0), (12, 80.0), (16, 60.0))
    assert heard.meters == ((8, Meter(3, 4)), (12, Meter(2, 4)), (16, Meter(3, 4)))
    assert np.flatnonzero(heard.fermatas).tolist() == [8, 9, 10, 11, *range(16, 24)]
    assert heard.notation.lines[0].dynamics == (Dynamic(4, "p"), Dynamic(12, "p"))
    assert not heard.notation.lines[0].lyrics
    assert not heard.notation.signs
