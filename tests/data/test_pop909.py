"""Songs of POP909: bars are found where nothing marks them, and each line is what it should be."""

import shutil
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
from tests.conftest import FOLDER

from kantor import settings, styles
from kantor.data import pop909, sources
from kantor.data.corpus import Piece, Refusal
from kantor.data.downbeats import beats_of_bars
from kantor.data.splits import work_of
from kantor.data.voicing import held, voices_of
from kantor.music.notes import Note, spans_of
from kantor.music.score import REST, Score

POP = styles.load_ensemble(Path(__file__).parents[2] / "styles" / "pop.yaml")
CHORDS = ((36, (60, 64, 67)), (43, (59, 62, 67)), (45, (60, 64, 69)), (41, (60, 65, 69)))
BEAT, FIRST = 0.5, 0.3  # seconds of a beat, and before the first one


def song(folder: Path, before: int = 0, bars: int = 18, plain: bool = False) -> Path:
    """A song with so many beats before its first bar; if `plain`, nothing tells its bars."""
    folder.mkdir(parents=True)
    made, lead, piano = (
        pretty_midi.PrettyMIDI(),
        *(pretty_midi.Instrument(0, name=name) for name in ("MELODY", "PIANO")),
    )
    made.instruments += [lead, piano]

    def play(part: pretty_midi.Instrument, beat: float, length: float, pitch: int) -> None:
        start, end = (FIRST + BEAT * time for time in (beat, beat + length))
        part.notes.append(pretty_midi.Note(80, pitch, start, end))

    lines = []
    for bar in range(bars):
        begin = before + 4 * bar
        low, chord = CHORDS[0 if plain else bar % 4]
        play(piano, begin, 3.5, low)
        for at in range(4):
            for pitch in chord:
                play(piano, begin + at, 0.4, pitch)
            if plain:
                play(piano, begin + at, 0.9, low)
            play(lead, begin + at, 0.45, 72 + at)
            play(lead, begin + at + 0.5, 0.45, 72 + at)
        start, end = (FIRST + BEAT * beat for beat in (begin, begin + 4))
        lines.append(f"{start}\t{end}\t{'C' if plain else 'CGAF'[bar % 4]}:maj")
    path = folder / f"{folder.name}.mid"
    made.write(str(path))
    (folder / "chord_midi.txt").write_text("\n".join(lines))
    beats = [f"{FIRST + BEAT * beat} 0.0 0.0" for beat in range(before + 4 * bars + 1)]
    (folder / "beat_midi.txt").write_text("\n".join(beats))
    return path


def read(folder: Path) -> list[Piece | Refusal]:
    """What the source holds in `folder`."""
    tasks = sources.tasks(settings.Source(kind="pop909", path=folder), POP)
    return [item for task in tasks for item in sources.read(task)]


@pytest.mark.parametrize("before", range(4))
def test_bars_begin_where_chords_change(tmp_path, before):
    """Wherever the first bar begins, an excerpt does with the bass's root, on a downbeat."""
    (score,) = pop909.read_song(song(tmp_path / "001", before), POP)
    assert (score.steps, str(score.meter), score.tempo) == (256, "4/4", 120)
    assert score.bar_lines.tolist() == list(range(0, 256, 16))
    bass = score.pitches[::16, POP.bass].tolist()
    lows = [low for low, _ in CHORDS]
    assert bass in [[*lows[turn:], *lows[:turn]] * 4 for turn in range(4)]
    assert score.onsets[::16, POP.bass].all()


def test_each_line_plays_its_part(tmp_path):
    """The melody leads, repeated notes sound again, voices lie from high to low and hold on."""
    (score,) = pop909.read_song(song(tmp_path / "001"), POP)
    bar = score.pitches[:16], score.onsets[:16]
    assert bar[0][::2, 0].tolist() == [72, 72, 73, 73, 74, 74, 75, 75]
    assert np.flatnonzero(bar[1][:, 0]).tolist() == list(range(0, 16, 2))
    assert (bar[0][:, 1:4] == (67, 64, 60)).all()
    for line in (1, 2, 3):
        assert np.flatnonzero(bar[1][:, line]).tolist() == [0, 4, 8, 12]
    assert (bar[0][:, POP.bass] == 36).all()
    assert bar[1][:, POP.bass].sum() == 1
    assert score.fermatas.any()


def test_two_excerpts_are_one_work(tmp_path):
    """A long song gives its first and its last bars; they are of one work, for the split."""
    path = song(tmp_path / "data" / "001", 2, 40)
    (path.parent / "versions").mkdir()  # of the same song: they are left out
    shutil.copy(path, path.parent / "versions" / "001-v1.mid")
    found = read(tmp_path / "data")
    assert [piece.id for piece in found] == ["data/001/001.mid#1", "data/001/001.mid#2"]
    assert {work_of(piece.id) for piece in found} == {"data/001/001.mid"}


def test_a_bar_that_is_cut_short_moves_the_others():
    """After a bar of two beats the bars are found again."""
    begins = [*range(0, 64, 4), *range(66, 130, 4)]
    ends = [*begins[1:], 130]
    rows = [(begin, end, at % 4) for at, (begin, end) in enumerate(zip(begins, ends, strict=True))]
    spans = np.array(rows, float)
    bass = np.array(rows, float) + np.array([0, 0, 36])
    places, sure = beats_of_bars(130, spans, bass, np.zeros((0, 3)))
    assert (places[begins] == 0).sum() >= len(begins) - 1
    assert (sure[:56] > 0.95).all()
    assert (sure[74:] > 0.95).all()


def test_songs_that_cannot_be_used_say_why(tmp_path):
    """Bars that are not sure, missing and broken files, a piano that is not there."""
    song(tmp_path / "001", plain=True)
    song(tmp_path / "002").with_name("beat_midi.txt").unlink()
    song(tmp_path / "003").with_name("chord_midi.txt").write_text("0.3 C:maj\n")
    song(tmp_path / "004").with_name("beat_midi.txt").write_text("0 0 0\n" * 99)
    path = song(tmp_path / "005")
    made = pretty_midi.PrettyMIDI(str(path))
    made.instruments.pop()
    made.write(str(path))
    song(tmp_path / "006", bars=12)
    song(tmp_path / "007").with_name("beat_midi.txt").write_text("a b c\n" * 99)
    reasons = [item.reason for item in read(tmp_path) if isinstance(item, Refusal)]
    assert len(reasons) == 7
    for reason, words in zip(
        reasons,
        ("are sure", "not found", "three columns", "ascending", "PIANO", "64 beats", "three"),
        strict=True,
    ):
        assert words in reason


def test_notes_of_a_hand_become_lines():
    """Inner notes give way, octaves lead into the range, a chord leaves the bass sounding."""
    notes = [(0, 16, 24), (4, 8, 60), (4, 8, 54), (4, 8, 57), (8, 12, 40)]
    notes += [(8, 12, pitch) for pitch in (62, 66, 69, 74)]
    lines = sorted((note.line, note.start, note.pitch) for note in voices_of(notes, POP, 55))
    bass = [(start, pitch) for line, start, pitch in lines if line == POP.bass]
    assert bass == [(0, 36), (8, 40)]
    assert [pitch for _, start, pitch in lines if start == 4] == [60, 57, 54]
    assert [pitch for _, start, pitch in lines if start == 8] == [74, 69, 62, 40]


def test_short_silences_are_closed():
    """A note is held until the next one of its line if that is near, and to the end."""
    notes = [Note(0, 2, 60, 1), Note(4, 5, 60, 1), Note(12, 14, 60, 1), Note(0, 2, 70, 0)]
    assert held(notes, 16, 2) == [
        Note(0, 2, 70, 0), Note(0, 4, 60, 1), Note(4, 5, 60, 1), Note(12, 16, 60, 1)
    ]  # fmt: skip


def test_a_song_as_published():
    """In song 001 the bar of the second phrase: melody, bass and chords as its piano plays them."""
    path = Path(FOLDER) / "styles" / "pop" / "POP909" / "001" / "001.mid"
    if not path.exists():
        pytest.skip("reference data is not here")
    score = pop909.read_song(path, POP)[0]

    def notes(line: int, bar: int = 1) -> list[int]:
        spans = spans_of(score, line)
        return [pitch for start, _, pitch in spans if 16 * bar <= start < 16 * bar + 16]

    assert notes(0) == [70, 66, 63, 68]
    assert notes(POP.bass) == [47, 54, 49]
    assert {59, 63, 61, 65} <= {pitch for line in (1, 2, 3) for pitch in notes(line)}
    assert isinstance(score, Score)
    assert (score.pitches != REST).any(0).all()
