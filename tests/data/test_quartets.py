"""Quartets become excerpts of one note at a time; what is off the grid is left out."""

from pathlib import Path

import numpy as np
import pytest
from tests.conftest import FOLDER

from kantor import styles
from kantor.data import quartets, sources
from kantor.data.sources import Task
from kantor.formats.parsed import Part
from kantor.music.notes import TimedNote

ROOT = Path(__file__).parents[2]
REFERENCE = Path(FOLDER) / "styles/classical/scores"
QUARTET = styles.load_ensemble(ROOT / "styles/classical.yaml")
NAMES = ("Violin 1", "Violin 2", "Viola", "Violoncello")


def note(step, octave, duration, chord=False, ratio=""):
    """A MusicXML note; a quarter lasts 12."""
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{'<chord/>' * chord}{pitch}<duration>{duration}</duration>{ratio}</note>"


def work(folder, bars, name="sq1.mxl", names=NAMES):
    """A work of `bars`, each the notes of a bar of 2/4 in all parts, an octave apart."""
    listed = "".join(
        f'<score-part id="P{n}"><part-name>{part}</part-name></score-part>'
        for n, part in enumerate(names)
    )
    meter = "<time><beats>2</beats><beat-type>4</beat-type></time>"
    first = f"<attributes><divisions>12</divisions>{meter}</attributes>"
    parts = "".join(
        f'<part id="P{n}">'
        + "".join(
            f'<measure number="{i + 1}">{first * (i == 0)}{bar(6 - n)}</measure>'
            for i, bar in enumerate(bars)
        )
        + "</part>"
        for n, _ in enumerate(names)
    )
    path = folder / "Quartet No. 1" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"<score-partwise><part-list>{listed}</part-list>{parts}</score-partwise>", encoding="utf-8"
    )
    return path


def plain(octave):
    return note("C", octave, 12) + note("D", octave, 6) + note("E", octave, 6)


def triplets(octave):
    return "".join(note(step, octave, 4) for step in "CDEFGA")


def test_excerpts_leave_out_what_is_off_the_grid(tmp_path):
    """They end at bars of triplets; runs that are too short are none."""
    bars = [plain] * 5 + [triplets] + [plain] * 3 + [triplets, triplets] + [plain] * 30
    pieces = quartets.read_quartet(work(tmp_path, bars), QUARTET)
    places = [(piece.id, len(piece.score.bar_lines)) for piece in pieces]
    assert places == [
        ("Quartet No. 1#sq1-1", 5), ("Quartet No. 1#sq1-12", 24), ("Quartet No. 1#sq1-36", 6),
    ]  # fmt: skip
    score = pieces[1].score
    assert score.bar_lines.tolist() == list(range(0, 192, 8))
    assert (
        score.pitches[:8].tolist()
        == [[84, 72, 60, 48]] * 4 + [[86, 74, 62, 50]] * 2 + [[88, 76, 64, 52]] * 2
    )
    assert str(score.meter) == "2/4"


def test_double_stops_keep_what_continues_the_line():
    """The nearest note; after a rest the highest, or the lowest; a second voice fills rests."""
    stops = Part("", tuple(TimedNote(*one) for one in (
        (0, 1, 60), (0, 1, 67), (1, 2, 55), (1, 2, 65), (2, 3, 57), (4, 5, 57), (4, 5, 62),
    )))  # fmt: skip
    second = Part("", (TimedNote(2, 3, 50), TimedNote(3, 4, 48)))
    high = [note.pitch for note in quartets.single_line([stops, second])]
    low = [note.pitch for note in quartets.single_line([stops, second], low=True)]
    assert high == [67, 65, 57, 48, 62]
    assert low == [60, 55, 57, 48, 57]


def test_a_missing_part_is_named(tmp_path):
    """A trio is refused with the reason."""
    path = work(tmp_path, [plain] * 8, names=NAMES[:3])
    (refusal,) = sources.read(Task("quartets", path, QUARTET))
    assert refusal.reason == "no part is named cello"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="reference data is not here")
def test_a_bar_of_saint_georges():
    """Op. 1 no. 5, bar 2, as in the edition."""
    (path,) = REFERENCE.glob("Saint-Georges*/*Op.1_No.5/*.mxl")
    piece = quartets.read_quartet(path, QUARTET)[0]
    bar = piece.score.bar_lines[0]
    cells, begun = piece.score.pitches[bar : bar + 16], piece.score.onsets[bar : bar + 16]
    heard = [cells[begun[:, line], line].tolist() for line in range(4)]
    assert heard[0][-3:] == [79, 74, 72]
    assert set(heard[1]) == {62, 58}
    assert heard[2][-2:] == [67, 66]
    assert heard[3][-3:] == [55, 58, 57]
    assert np.array_equal(begun[0], cells[0] >= 0)
