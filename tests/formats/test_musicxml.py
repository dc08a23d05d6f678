"""What stands beside the notes is written to MusicXML as other programs read it."""

import re
from dataclasses import replace

import numpy as np
import pytest
from music21 import converter

from kantor.formats import midi, musicxml
from kantor.formats.parts import ensemble_parts
from kantor.formats.reading import read
from kantor.music.notation import (
    ChordSymbol,
    Dynamic,
    LineNotation,
    Lyric,
    Notation,
    Sign,
    Slur,
    Span,
    Words,
)
from kantor.music.notes import Note, arrays_of, notes_of
from kantor.music.score import Key, Meter, Score, onset_floor

LINE = LineNotation(
    lyrics=(
        Lyric(0, "Ky", "begin"),
        Lyric(4, "ri", "middle"),
        Lyric(8, "e &", "end", extend=True),
        Lyric(0, "la", verse="2"),
    ),
    dynamics=(Dynamic(0, "p"), Dynamic(6, "crescendo"), Dynamic(32, "ff"), Dynamic(36, "sfffz")),
    slurs=(Slur(4, 8), Slur(8, 28), Slur(12, 20)),
)
NOTATION = Notation(
    composer="J. Crüger <1647>",
    lyricist="M. Rinckart",
    chords=(
        ChordSymbol(4, 1, "minor-seventh", "m7", -2),
        ChordSymbol(6, None, "none", "N.C."),
        ChordSymbol(20, 6, "dominant", degrees=((9, -1, "add"),)),
    ),
    words=(Words(0, "Allegro"), Words(30, "rit.")),
    signs=(
        Sign(4, "forward"),
        Sign(20, "ending", (1, 2)),
        Sign(36, "ending-stop"),
        Sign(36, "backward", (3,)),
        Sign(36, "ending", (3,)),
        Sign(52, "ending-open"),
    ),
    played=(Span(0, 36), Span(4, 36), Span(4, 20), Span(36, 52)),
    lines={0: LINE},
)


@pytest.fixture
def hymn():
    """A pickup and three bars; the soprano's third note fills five quarters."""
    notes = [Note(start, start + 4, 67 + start // 4, 0) for start in (0, 4)]
    notes += [Note(8, 28, 71, 0), Note(28, 36, 69, 0), Note(36, 52, 67, 0), Note(0, 6, 60, 1)]
    notes += [Note(6, 20, 61, 1), Note(20, 36, 61, 1), Note(36, 52, 62, 1), Note(8, 44, 55, 2)]
    notes += [Note(start, start + 4, 48, 3) for start in range(0, 52, 4)]
    return Score(
        *arrays_of(notes, 52),
        pickup=4,
        key=Key(1),
        title="Hymn",
        fermatas=np.arange(52) >= 48,
        tempi=((10, 79.0), (22, 60.0), (26, 56.0)),
        notation=NOTATION,
    )


def test_other_programs_find_what_the_score_had(hymn, tmp_path):
    """Authors, lyrics, chord symbols, tempi, words, dynamics, hairpins, slurs, repeats."""
    musicxml.write(hymn, tmp_path / "a.musicxml")
    found = converter.parse(tmp_path / "a.musicxml")
    about = found.metadata
    assert (about.composer, about.lyricist) == (NOTATION.composer, NOTATION.lyricist)
    notes = [n for n in found.parts[0].flatten().notes if n.lyrics]
    sung = [(n.offset, one.number, one.syllabic, one.text) for n in notes for one in n.lyrics]
    assert sung == [
        (0, 1, "begin", "Ky"),
        (0, 2, "single", "la"),
        (1, 1, "middle", "ri"),
        (2, 1, "end", "e &"),
    ]
    flat = found.parts[0].flatten()
    chords = [(one.offset, one.figure) for one in flat.getElementsByClass("Harmony")]
    assert chords == [(1, "Gm7/B-"), (1.5, "N.C."), (5, "F#7 add b9")]
    marks = flat.getElementsByClass("MetronomeMark")
    tempi = [(one.offset, one.number or one.numberSounding) for one in marks]
    assert tempi == [(0, 80), (2.5, 79), (5.5, 60), (6.5, 56)]
    assert [one.number for one in marks] == [80, None, 60, None]  # slight ones are only heard
    words = [(one.offset, one.content) for one in flat.getElementsByClass("TextExpression")]
    assert words == [(0, "Allegro"), (7.5, "rit.")]
    assert [(one.offset, one.value) for one in flat.getElementsByClass("Dynamic")][:2] == [
        (0, "p"),
        (8, "ff"),
    ]
    slurs = found.recurse().getElementsByClass("Slur")
    assert [(one.getFirst().pitch.midi, one.getLast().pitch.midi) for one in slurs] == [
        (68, 71),
        (71, 69),
    ]
    assert [part.expandRepeats().quarterLength for part in found.parts] == [25] * 4


@pytest.mark.parametrize("layout", ["open", "closed"])
def test_what_is_written_is_read_again(hymn, layout, tmp_path):
    """All of the notation; hairpins are closed, slurs go to a last head, and there is a clef."""
    musicxml.write(hymn, tmp_path / "a.musicxml", layout)
    file = read(tmp_path / "a.musicxml")
    found = file.notation.moved(lambda quarters: int(4 * quarters))
    line = replace(
        LINE,
        lyrics=tuple(sorted(LINE.lyrics)),
        dynamics=(*LINE.dynamics, Dynamic(52, "stop")),
        slurs=(Slur(4, 20), Slur(8, 28)),
        clef=("G", 2, 0),
    )
    assert found.lines[0] == line
    assert replace(found, lines={}) == replace(NOTATION, lines={})
    assert [(4 * start, tempo) for start, tempo in file.tempi] == [(0, 80), *hymn.tempi]


@pytest.mark.parametrize("layout", ["open", "closed"])
def test_repeats_stand_in_every_part(hymn, layout):
    """Signs and endings, in the order of the bars."""
    text = musicxml.to_bytes(hymn, layout).decode()
    parts = re.findall(r"<part .*?</part>", text, re.DOTALL)
    shown = [re.findall(r"<(repeat .*?|ending .*?) ?/?>", part) for part in parts]
    assert shown == [
        [
            'repeat direction="forward"',
            'ending number="1,2" type="start"',
            'ending number="1,2" type="stop"',
            'repeat direction="backward" times="3"',
            'ending number="3" type="start"',
            'ending number="3" type="discontinue"',
        ]
    ] * (4 if layout == "open" else 2)
    assert text.count('wedge type="crescendo"') == text.count('wedge type="stop"') == 1


def test_what_is_heard_has_its_repeats_written_out(hymn, tmp_path):
    """MIDI has every tempo and pass; a note held into another pass is struck again."""
    midi.write(hymn, tmp_path / "a.mid")
    file = read(tmp_path / "a.mid")
    assert file.length == 25
    assert [(float(start), tempo) for start, tempo in file.tempi][:5] == [
        (0, 80), (2.5, 79), (5.5, 60), (6.5, 56), (9, 80),
    ]  # fmt: skip
    assert [n.start for n in file.parts[2].notes] == [2, 10, 18, 21]


@pytest.mark.parametrize(("layout", "programs"), [("open", [73, 19, 52, 42]), ("closed", [73, 52])])
def test_instruments_are_those_of_the_lines(hymn, layout, programs, tmp_path):
    """Other programs play them, and they are read again; a staff has its upper line's."""
    played = hymn.ensemble.playing({0: 73, 1: 19, 3: 42})
    musicxml.write(replace(hymn, ensemble=played), path := tmp_path / "a.musicxml", layout)
    parts = converter.parse(path).parts
    assert [part.getInstrument().midiProgram for part in parts] == programs
    several = 1 if layout == "open" else 2
    again = [part.program for part in read(path).parts]
    assert again == [program for program in programs for _ in range(several)]


@pytest.mark.parametrize("inferred", [False, True])
def test_inferred_fermatas_are_not_written(hymn, inferred):
    """They were found to compose with; nobody wrote them."""
    notation = replace(NOTATION, fermatas_inferred=inferred)
    text = musicxml.to_bytes(replace(hymn, notation=notation))
    assert (b"<fermata" in text) == (not inferred)


def test_a_closed_score_has_two_staves_that_are_read_as_four_voices(hymn, tmp_path):
    """Soprano and alto share a staff and its accidentals, tenor and bass another."""
    musicxml.write(hymn, tmp_path / "a.musicxml", "closed")
    found = converter.parse(tmp_path / "a.musicxml")
    assert [part.partName for part in found.parts] == ["Soprano Alto", "Tenor Bass"]
    clefs = [part.recurse().getElementsByClass("Clef")[0].sign for part in found.parts]
    assert clefs == ["G", "F"]
    stems = {n.stemDirection for n in found.parts[1].recurse().getElementsByClass("Voice")[1].notes}
    assert stems == {"down"}
    lines = ensemble_parts(read(tmp_path / "a.musicxml").parts)
    notes = [
        Note(int(4 * n.start), int(4 * n.end), n.pitch, line)
        for line, part in enumerate(lines)
        for n in part.notes
    ]
    struck = [Note(8, 36, 55, 2), Note(36, 44, 55, 2)]  # at the end of the repeated section
    assert sorted(notes) == sorted({*notes_of(hymn), *struck} - {Note(8, 44, 55, 2)})


def test_accidentals_hold_for_all_voices_of_a_staff():
    """The soprano's C sharp after the alto's in its octave needs none."""
    pitches = np.repeat([[73, 61], [72, 73], [73, 61], [73, 72]], 4, axis=0)
    score = Score(pitches, onset_floor(pitches))

    def shown(layout):
        text = musicxml.to_bytes(score, layout).decode()
        return [one.count("<accidental>") for one in text.split("<part id")[1:]]

    assert shown("open") == [3, 3]
    assert shown("closed") == [5]


def test_other_ensembles_are_paired_from_the_top(band, tmp_path):
    """What is left over has a staff of its own, drums share one; the bracket joins pitched ones."""
    musicxml.write(band, tmp_path / "a.musicxml", "closed")
    names = [part.partName for part in converter.parse(tmp_path / "a.musicxml").parts]
    assert names == ["Flute Violin", "Viola Cello", "Double bass", "Drums"]
    text = (tmp_path / "a.musicxml").read_text()
    assert text.index('<part-group type="stop"') < text.index("<part-name>Drums")


def test_a_transposing_part_is_written_as_its_player_reads_it(tmp_path):
    """Written a tone higher, key and chord symbols along; it sounds as before."""
    pitches = np.repeat([[70, 58], [75, 58]], 16, axis=0)
    lines = {0: LineNotation(transposition=(-8, -14)), 1: LineNotation(clef=("C", 4, 0))}
    notation = Notation(chords=(ChordSymbol(0, -2, "major"),), lines=lines)
    score = Score(pitches, onset_floor(pitches), key=Key(-2), notation=notation)
    musicxml.write(score, tmp_path / "a.musicxml")
    text = (tmp_path / "a.musicxml").read_text()
    assert "<diatonic>-1</diatonic>" in text
    assert "<octave-change>-1</octave-change>" in text
    assert re.findall(r"<sign>(.)", text) == ["G", "C"]
    found = converter.parse(tmp_path / "a.musicxml")
    first = found.parts[0]
    assert [n.nameWithOctave for n in first.flatten().notes if not n.isChord] == ["C6", "F6"]
    assert first.recurse().getElementsByClass("KeySignature")[0].sharps == 0
    assert re.findall(r"<root-step>(.)", text) == ["C"]
    file = read(tmp_path / "a.musicxml")
    assert [n.pitch for n in file.parts[0].notes] == [70, 75]
    assert file.key == Key(-2)


def test_a_sign_within_a_bar_divides_it(tmp_path):
    """As of a tune whose pickup is repeated; read again the bar is whole."""
    pitches = np.repeat([[60], [62], [64], [65]], 8, axis=0)
    signs = (Sign(28, "backward"),)
    score = Score(pitches, onset_floor(pitches), notation=Notation(signs=signs))
    musicxml.write(score, tmp_path / "a.musicxml")
    text = (tmp_path / "a.musicxml").read_text()
    assert re.findall('number="(X?.)"( implicit="yes")?>', text) == [
        ("1", ""),
        ("2", ""),
        ("X1", ' implicit="yes"'),
    ]
    file = read(tmp_path / "a.musicxml")
    assert file.bar_lines == (0, 4)
    assert len(file.meters) == 1


def test_a_bar_that_the_repeated_pickup_completes_has_no_meter_of_its_own(tmp_path):
    """As the first ending of most folk tunes; read again it is as short."""
    pitches = np.repeat([[60], [62], [64], [65], [67], [69], [71]], 8, axis=0)
    lines = np.array([8, 24, 32, 48])
    signs = (Sign(24, "ending", (1,)), Sign(32, "ending-stop"), Sign(32, "backward"))
    known = {"pickup": 8, "bar_lines": lines, "notation": Notation(signs=signs)}
    score = Score(pitches, onset_floor(pitches), **known)
    musicxml.write(score, tmp_path / "a.musicxml")
    assert (tmp_path / "a.musicxml").read_text().count("<time>") == 1
    assert read(tmp_path / "a.musicxml").bar_lines == (2, 6, 8, 12)


def test_beats_of_three_eighths_are_counted_dotted():
    """A jig's tempo is printed as a musician reads it, and heard the same."""
    pitches = np.full((12, 1), 67, np.int8)
    jig = Score(pitches, onset_floor(pitches), Meter(6, 8), tempo=150)
    text = musicxml.to_bytes(jig).decode()
    mark = re.search(r"<metronome>(.*?)</metronome>", re.sub(r"\s", "", text))
    assert mark[1] == "<beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>100</per-minute>"
    assert '<sound tempo="150" />' in text
