"""Lead sheets: which are read, and that the parts under their leads keep the stated rule."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import FOLDER

from kantor import settings, styles
from kantor.data import leadsheets, sources
from kantor.data.chord_tones import chord_of
from kantor.data.comping import accompany, drawn
from kantor.data.corpus import Refusal
from kantor.ensemble import unnamed
from kantor.errors import InputError
from kantor.formats import musicxml
from kantor.music.notation import ChordSymbol, Notation
from kantor.music.score import REST, Key, Meter, Score, onset_floor

JAZZ = styles.load_ensemble(Path(__file__).parents[2] / "styles" / "jazz.yaml")
II_V_I = ((0, 2, "minor-seventh"), (8, 1, "dominant"), (16, 0, "major-seventh"))


def lead(bars: int = 2, meter: Meter | None = None, pitch: int = 76) -> Score:
    """A lead of quarters on one note."""
    meter = meter or Meter()
    pitches = np.full((bars * meter.bar_steps, 1), pitch, np.int8)
    onsets = onset_floor(pitches)
    onsets[::4] = True
    return Score(pitches, onsets, meter, key=Key(), ensemble=unnamed(1))


def parts(score: Score, symbols: tuple, name: str) -> dict[int, list]:
    """The notes that accompany a lead, by line."""
    chords = [(step, chord_of(ChordSymbol(step, root, kind), 0)) for step, root, kind in symbols]
    notes = accompany(score, chords, JAZZ.lines, name)
    return {line: sorted(note for note in notes if note.line == line) for line in range(1, 5)}


def both(figure: int, walks: int) -> str:
    """The name of a piece with this figure of chords and this kind of bass."""
    wanted = (figure, walks)
    return next(
        name
        for name in map(str, range(999))
        if (drawn(name, "chords", 3), drawn(name, "bass", 2)) == wanted
    )


def test_guide_tones_and_roots():
    """Thirds and sevenths sound in every chord, led by step; the bass has roots, then fifths."""
    found = parts(lead(), II_V_I, both(0, 0))
    chords = list(zip(*([note.pitch for note in found[line]] for line in (1, 2, 3)), strict=True))
    assert [note.start for note in found[1]] == [0, 8, 16, 24]
    for chord, third, seventh in zip(chords, (5, 11, 4, 4), (0, 5, 11, 11), strict=True):
        assert {third, seventh} <= {pitch % 12 for pitch in chord}
        assert list(chord) == sorted(chord, reverse=True)
    moves = np.abs(np.diff(chords, axis=0))
    assert moves.max() <= 2
    assert not moves[2].any()
    assert [note.pitch % 12 for note in found[4]] == [2, 7, 0, 7]


def test_a_walking_bass_approaches_the_next_root_by_step():
    """Quarters, no note twice in a row, roots where chords begin, a step before them."""
    symbols = ((0, 2, "minor-seventh"), (16, 1, "dominant"), (32, 0, "major"))
    walk = parts(lead(4), symbols, both(2, 1))[4]
    pitches = [note.pitch for note in walk]
    assert [note.start for note in walk] == list(range(0, 64, 4))
    assert [pitches[beat] % 12 for beat in (0, 4, 8, 12)] == [2, 7, 0, 0]
    assert all(abs(pitches[beat] - pitches[beat - 1]) in (1, 2) for beat in (4, 8, 12))
    assert np.all(np.diff(pitches) != 0)


@pytest.mark.parametrize(("figure", "starts"), [(1, [4, 12, 20, 28]), (2, [0, 6, 16, 22])])
def test_a_piece_keeps_its_figure(figure, starts):
    """All chord voices strike together, in each bar alike."""
    symbols = ((0, 0, "major"),)
    found = parts(lead(), symbols, both(figure, 0))
    assert all([note.start for note in found[line]] == starts for line in (1, 2, 3))


def test_chords_answer_a_silent_lead():
    """Where the lead begins no note in a bar, the Charleston; before the first chord, rests."""
    score = lead(3)
    onsets = score.onsets.copy()
    onsets[17:32] = onsets[16] = False
    found = parts(replace(score, onsets=onsets), ((4, 0, "major"),), both(0, 0))
    assert [note.start for note in found[1]] == [4, 8, 16, 22, 32, 40]
    assert found[4][0].start == 4


def test_three_four():
    """Chords on two and three; the bass on one, with the fifth in every second bar."""
    found = parts(lead(2, Meter(3, 4)), ((0, 0, "major"),), both(1, 0))
    assert [note.start for note in found[1]] == [4, 8, 16, 20]
    assert [(note.start, note.pitch % 12) for note in found[4]] == [(0, 0), (12, 7)]


@pytest.mark.parametrize(
    ("symbol", "tones"),
    [
        (ChordSymbol(0, 0, "major"), (0, 4, 7, (9,))),
        (ChordSymbol(0, 1, "suspended-fourth"), (7, 0, 2, (5,))),
        (ChordSymbol(0, 0, "dominant", degrees=((5, 1, "alter"),)), (0, 4, 8, (10,))),
        (ChordSymbol(0, 0, "minor", bass=-3), (3, 3, 7, (10,))),
        (ChordSymbol(0, 0, "other", "mMaj7"), (0, 3, 7, (11, 9))),
    ],
)
def test_tones_of_a_symbol(symbol, tones):
    """Root or named bass, third, fifth, and what stands for the seventh."""
    assert chord_of(symbol, 0)[:4] == tones


def test_symbols_that_name_no_chord():
    """Neither "no chord" nor an unknown kind is guessed at."""
    assert chord_of(ChordSymbol(0, None, "none"), 0) is None
    assert chord_of(ChordSymbol(0, 0, "Neapolitan"), 0) is None


def collection(folder: Path, works: dict[str, tuple[str | None, Meter]]) -> None:
    """Write made-up sheets and their database: by title the year and the meter."""
    database = sqlite3.connect(folder / leadsheets.DATABASE)
    database.execute("CREATE TABLE works (path_leadsheet, first_performance_date)")
    for title, (date, meter) in works.items():
        path = f"dataset/Some_One/{title}/{title}.mxl"
        database.execute("INSERT INTO works VALUES (?, ?)", (path, date))
        (folder / path).parent.mkdir(parents=True)
        score = lead(4, meter)
        symbols = tuple(ChordSymbol(*symbol) for symbol in II_V_I)
        musicxml.write(replace(score, notation=Notation(chords=symbols)), folder / path)
    database.commit()
    database.close()


def test_only_works_of_the_years_are_read(tmp_path):
    """Later, earlier and undated ones stay out; cut time is read as 4/4, 6/8 is refused."""
    common, cut = Meter(), Meter(2, 2)
    collection(
        tmp_path,
        {
            "Cut": ("1930-12-03", cut),
            "Jig": ("1912-00-00", Meter(6, 8)),
            "Late": ("1931-01-01", common),
            "Old": ("1899-12-31", common),
            "Undated": (None, common),
            "It's": ("1900", common),
        },
    )
    source = settings.Source(kind="leadsheets", path=tmp_path)
    read = [item for task in sources.tasks(source, JAZZ) for item in sources.read(task)]
    assert [getattr(item, "id", "") for item in read] == [
        "openewld/Some_One/Cut",
        "openewld/Some_One/It's",
        "",
    ]
    assert isinstance(read[2], Refusal)
    assert read[2].reason.startswith("in 6/8")
    score = read[0].score
    assert (score.meter, score.ensemble, score.pitches.shape) == (Meter(), JAZZ, (64, 5))
    np.testing.assert_array_equal(score.pitches[:, 0], 76)
    assert np.all(score.pitches[:, 4] != REST)


def test_a_missing_or_damaged_database(tmp_path):
    """One line: nothing is read of which the age is not known."""
    with pytest.raises(InputError, match=r"OpenEWLD.db: not found"):
        leadsheets.kept(tmp_path)
    (tmp_path / leadsheets.DATABASE).write_bytes(b"junk" * 999)
    with pytest.raises(InputError, match="not OpenEWLD's database"):
        leadsheets.kept(tmp_path)


def test_the_collection_itself():
    """Every sheet of the years is read or refused for its meter or rhythm, and none fails."""
    folder = Path(FOLDER) / "styles" / "jazz"
    if not folder.is_dir():
        pytest.skip("reference data is not here")
    listed = sources.tasks(settings.Source(kind="leadsheets", path=folder), JAZZ)
    assert len(listed) == 207
    read = [item for task in listed[::6] for item in sources.read(task)]
    refused = [item.reason for item in read if isinstance(item, Refusal)]
    assert len(refused) < 0.15 * len(read)
    assert not [why for why in refused if "unforeseen" in why or "damaged" in why]
