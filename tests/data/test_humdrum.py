"""Humdrum's kern is read note for note; what is not read is refused with the reason."""

import pytest

from kantor.data import humdrum, sources, splits
from kantor.data.sources import Task
from kantor.ensemble import Ensemble, Line
from kantor.errors import InputError

PAIR = Ensemble("pair", (Line("high", 48, 84), Line("low", 36, 67)), bass=1)
DUET = """\
!!!COM: Somebody
!!!OPR: Missa Brevis
!!!OTL: Kyrie
**kern\t**kern
*Ibass\t*Icant
!Bassus\t!Cantus
*clefF4\t*clefG2
*k[b-]\t*k[b-]
*M4/2\t*M4/2
=1\t=1
0F\t1r
.\t2.cc
.\t4b-
=2\t=2
[1BB-\t[1a
1BB-]\t2a]
.\t4g#
.\t8a
.\t8bn
=3\t=3
1F\t1a
==\t==
*-\t*-
"""


def write(folder, text, name="Kyrie_1.krn"):
    path = folder / name
    path.write_text(text, encoding="latin-1")
    return path


def test_voices_note_for_note(tmp_path):
    """A minim is a quarter, so that a breve lasts 16 steps; ties join; b- is a semitone below b."""
    (piece,) = humdrum.read_humdrum(write(tmp_path, DUET), PAIR)
    score = piece.score
    assert (piece.id, score.title) == ("Missa Brevis#Kyrie_1-1", "Missa Brevis: Kyrie")
    assert (str(score.meter), score.bar_lines.tolist(), score.steps) == ("4/4", [0, 16, 32], 40)
    high = [-1] * 8 + [72] * 6 + [70] * 2 + [69] * 12 + [68] * 2 + [69, 71] + [69] * 8
    assert score.pitches[:, 0].tolist() == high
    assert score.pitches[:, 1].tolist() == [53] * 16 + [46] * 16 + [53] * 8
    assert score.onsets[:, 1].nonzero()[0].tolist() == [0, 16, 32]
    assert score.onsets[:, 0].nonzero()[0].tolist() == [8, 14, 16, 28, 30, 31, 32]


@pytest.mark.parametrize(
    ("said", "instead", "fault"),
    [
        ("2.cc", "2.cc;", "'2.cc;': not a note"),
        ("1F\t1a", "*^\t*", "as many voices throughout"),
        ("1F\t1a", "1F", "as many voices throughout"),
        ("**kern\t**kern", "**kern", "1 voices, not 2"),
        (DUET, "Dear diary", "0 voices, not 2"),
    ],
)
def test_what_is_not_read(tmp_path, said, instead, fault):
    """Other notation, and files of fewer or more voices, are refused."""
    path = write(tmp_path, DUET.replace(said, instead))
    with pytest.raises(InputError, match=fault):
        humdrum.read_humdrum(path, PAIR)
    (refusal,) = sources.read(Task("humdrum", path, PAIR))
    assert fault in refusal.reason


def test_long_movements_are_cut(tmp_path):
    """At bar lines, into excerpts of about the same length, none longer than allowed."""
    head, bars = DUET.split("=1\t=1\n")
    upper = ["[1.d", "1.c", "1.e"]
    middle = "".join(f"={n}\t={n}\n0F\t{upper[n % 3]}\n.\t2d\n" for n in range(50))
    pieces = humdrum.read_humdrum(write(tmp_path, head + middle + "=1\t=1\n" + bars), PAIR)
    assert [len(piece.score.bar_lines) for piece in pieces] == [18, 18, 17]
    assert [piece.id[-2:] for piece in pieces] == ["-1", "-2", "-3"]
    assert pieces[-1].score.fermatas.any()


def test_movements_of_a_work_stay_together(tmp_path):
    """They are excerpts of one work, whatever their files are called."""
    for number in range(9):
        text = DUET.replace("Brevis", f"No. {number // 3}").replace("1r", f"1{'abcdefgab'[number]}")
        text = text.replace("2.cc", f"2.{'e' * (1 + number // 7)}")
        write(tmp_path, text, f"{number}.krn")
    found = sources.tasks(sources.settings.Source(kind="humdrum", path=tmp_path), PAIR)
    pieces = [sources.read(task)[0] for task in found]
    split = {}
    for piece in splits.with_splits(pieces, sources.settings.Split()):
        split.setdefault(piece.id.partition("#")[0], set()).add(piece.split)
    assert len(split) == 3
    assert all(len(names) == 1 for names in split.values())
