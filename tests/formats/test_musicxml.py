"""MusicXML: what is written is read again, by music21 too, and Bach is read as it does."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.errors import InputError
from kantor.formats import musicxml
from kantor.formats.engraving import spell
from kantor.formats.parsed import ParsedFile
from kantor.formats.reading import read
from kantor.music.notes import Note, arrays_of, notes_of
from kantor.music.quantise import quantise
from kantor.music.score import Key, Meter, Score

ATTRIBUTES = "<attributes><divisions>2</divisions>{}</attributes>"
FOUR_FOUR = ATTRIBUTES.format("<time><beats>4</beats><beat-type>4</beat-type></time>")


def note(pitch: str, duration: int = 2, more: str = "", chord: bool = False) -> str:
    """A note such as ``C4`` or ``F#4``, `duration` in eighths."""
    alter = f"<alter>{pitch.count('#') - pitch.count('b')}</alter>"
    place = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[-1]}</octave></pitch>"
    start = "<chord/>" if chord else ""
    return f"<note>{start}{place}<duration>{duration}</duration>{more}</note>"


def score_of(*measures: str, name: str = "Flute") -> str:
    """A score of one part."""
    inner = "".join(f'<measure number="{i}">{text}</measure>' for i, text in enumerate(measures, 1))
    listed = (
        f'<part-list><score-part id="P1"><part-name>{name}</part-name></score-part></part-list>'
    )
    return f'<score-partwise>{listed}<part id="P1">{inner}</part></score-partwise>'


def read_text(folder: Path, text: str, *, expand_repeats: bool = False) -> ParsedFile:
    path = folder / "tune"
    path.write_text(text)
    return read(path, expand_repeats=expand_repeats)


def plain(parsed: ParsedFile, part: int = 0) -> list[tuple[F, F, int]]:
    return [(n.start, n.end, n.pitch) for n in parsed.parts[part].notes]


@st.composite
def scores(draw: st.DrawFn) -> Score:
    """Scores of one to four voices with rests, ties over bar lines, fermatas and changing bars."""
    voices, steps = draw(st.integers(1, 4)), draw(st.integers(1, 70))
    notes = [Note(0, 1, 60, voice) for voice in range(voices)]
    for voice in range(voices):
        cuts = sorted(draw(st.sets(st.integers(1, steps), max_size=12)))
        for start, end in zip(cuts[::2], cuts[1::2], strict=False):
            notes.append(Note(start, end, draw(st.integers(0, 127)), voice))
    meter = draw(st.sampled_from([Meter(), Meter(3, 4), Meter(6, 8), Meter(2, 2), Meter(5, 4)]))
    pickup = draw(st.integers(0, meter.bar_steps - 1))
    return Score(
        *arrays_of(notes, steps, voices),
        meter=meter,
        pickup=pickup if steps > pickup else 0,
        key=draw(
            st.none() | st.builds(Key, st.integers(-7, 7), st.sampled_from(["major", "minor"]))
        ),
        tempo=draw(st.sampled_from([40.0, 72.5, 120.0])),
        title=draw(st.sampled_from(["", "Nun danket <alle> & Gott", "Ä 音"])),
    )


@given(score=scores())
@settings(max_examples=80, deadline=None)
def test_a_score_survives_the_file(score: Score, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Notes, meter, pickup, bar lines, key, tempo, title and length come back."""
    path = tmp_path_factory.getbasetemp() / "score.musicxml"
    musicxml.write(score, path)
    found = read(path)
    notes = [
        one._replace(line=voice)
        for voice, part in enumerate(found.parts)
        for one in quantise(part.notes)[0]
    ]
    assert sorted(notes) == notes_of(score)
    assert found.key == score.key
    assert (found.tempo, found.title) == (score.tempo, score.title)
    assert found.length == F(score.steps, 4)
    assert found.meters == ((F(0), score.meter),)
    assert found.pickup == F(score.pickup, 4)
    assert [line * 4 for line in found.bar_lines] == score.bar_lines.tolist()
    assert path.read_bytes() == musicxml.to_bytes(score)


def chorale() -> Score:
    """Four voices in G major with a pickup, ties over bar lines, rests and a fermata."""
    notes = [Note(0, 4, 67, 0), Note(4, 28, 71, 0), Note(28, 36, 66, 0)]
    notes += [Note(0, 9, 62, 1), Note(9, 36, 61, 1), Note(6, 36, 55, 2), Note(0, 36, 43, 3)]
    fermatas = np.zeros(36, bool)
    fermatas[28:36] = True
    pitches, onsets = arrays_of(notes, 36)
    return Score(pitches, onsets, pickup=4, key=Key(1), title="Test", fermatas=fermatas)


def test_music21_reads_the_same(tmp_path: Path) -> None:
    """Another reader finds the parts, notes, ties, key, meter, pickup and fermatas."""
    from music21 import converter

    musicxml.write(chorale(), tmp_path / "a.musicxml")
    found = converter.parse(tmp_path / "a.musicxml")
    assert [part.partName for part in found.parts] == ["Soprano", "Alto", "Tenor", "Bass"]
    tied = [
        [(n.offset, n.quarterLength, n.pitch.midi) for n in part.flatten().notes]
        for part in found.stripTies().parts
    ]
    assert tied[0] == [(0, 1, 67), (1, 6, 71), (7, 2, 66)]
    assert tied[1] == [(0, 2.25, 62), (2.25, 6.75, 61)]
    assert tied[2] == [(1.5, 7.5, 55)]
    first = found.parts[0]
    assert [m.quarterLength for m in first.getElementsByClass("Measure")] == [1, 4, 4]
    assert first.recurse().getElementsByClass("TimeSignature")[0].ratioString == "4/4"
    assert first.recurse().getElementsByClass("KeySignature")[0].sharps == 1
    held = [n.offset for n in first.flatten().notes if n.expressions]
    assert held == [7]
    assert [p.recurse().getElementsByClass("Clef")[0].sign for p in found.parts] == list("GGGF")
    assert read(tmp_path / "a.musicxml").fermatas == ((F(7), F(9)),)


def test_clefs_suit_the_ensemble_and_drums_have_no_pitch(band: Score, tmp_path: Path) -> None:
    """By the lines' ranges; a drum's part has a percussion clef, and names are the lines'."""
    from music21 import converter

    musicxml.write(band, tmp_path / "a.musicxml")
    parts = converter.parse(tmp_path / "a.musicxml").parts
    assert [part.partName for part in parts][3:6] == ["Cello", "Double bass", "Kick"]
    clefs = [part.recurse().getElementsByClass("Clef")[0] for part in parts]
    assert [clef.sign for clef in clefs] == [*"GGGFF", *["percussion"] * 3]
    assert all("Unpitched" in n.classes for n in parts[5].flatten().notes)
    pitched = read(tmp_path / "a.musicxml").parts
    assert [part.notes[0].pitch for part in pitched] == [76, 67, 60, 48, 36]


@pytest.mark.parametrize(
    ("pitch", "key", "expected"),
    [
        (60, None, ("C", 0, 4)),
        (61, Key(0), ("C", 1, 4)),
        (70, Key(-1), ("B", -1, 4)),
        (68, Key(0, "minor"), ("G", 1, 4)),
        (63, Key(1, "minor"), ("D", 1, 4)),
        (63, Key(-2), ("E", -1, 4)),
        (59, Key(-7), ("C", -1, 4)),
        (60, Key(7), ("B", 1, 3)),
        (67, Key(5, "minor"), ("F", 2, 4)),
    ],
)
def test_pitches_are_spelled_as_the_key_would(
    pitch: int, key: Key | None, expected: tuple[str, int, int]
) -> None:
    """Flats in flat keys, raised leading tones in minor, Cb and B# in the right octave."""
    assert spell(pitch, key) == expected


def test_a_score_without_steps_is_refused() -> None:
    """There is nothing to write."""
    with pytest.raises(InputError, match="no score"):
        musicxml.to_bytes(Score(np.zeros((0, 4)), np.zeros((0, 4), bool)))


def test_chords_voices_grace_notes_and_ties(tmp_path: Path) -> None:
    """A chord starts together, a backup begins another voice, grace notes take no time."""
    second = "<voice>2</voice>"
    text = score_of(
        FOUR_FOUR
        + note("C5", 4)
        + note("E5", 4, chord=True)
        + "<note><grace/><pitch><step>A</step><octave>5</octave></pitch></note>"
        + note("G5", 4, '<tie type="start"/>')
        + "<backup><duration>8</duration></backup><forward><duration>4</duration></forward>"
        + note("C4", 4, second),
        note("G5", 2, '<tie type="stop"/>') + note("G5", 6),
    )
    found = read_text(tmp_path, text)
    assert [part.name for part in found.parts] == ["Flute voice 1", "Flute voice 2"]
    assert plain(found) == [(0, 2, 72), (0, 2, 76), (2, 5, 79), (5, 8, 79)]
    assert plain(found, 1) == [(2, 4, 60)]


def test_transposing_instruments_are_read_at_sounding_pitch(tmp_path: Path) -> None:
    """A clarinet in B flat sounds a tone lower, and so does its key signature."""
    transpose = (
        "<key><fifths>2</fifths></key>"
        "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    )
    found = read_text(tmp_path, score_of(ATTRIBUTES.format(transpose) + note("D5", 8)))
    assert plain(found) == [(0, 4, 72)]
    assert found.key == Key(0)


def test_measures_by_part_within_time(tmp_path: Path) -> None:
    """Timewise files hold the same music the other way round."""
    text = (
        "<score-timewise>"
        f'<measure><part id="A">{FOUR_FOUR}{note("C5", 8)}</part>'
        f'<part id="B">{FOUR_FOUR}{note("C3", 8)}</part></measure>'
        f'<measure><part id="A">{note("D5", 8)}</part><part id="B">{note("D3", 8)}</part></measure>'
        "</score-timewise>"
    )
    found = read_text(tmp_path, text)
    assert plain(found) == [(0, 4, 72), (4, 8, 74)]
    assert plain(found, 1) == [(0, 4, 48), (4, 8, 50)]


@pytest.mark.parametrize(
    ("direction", "tempo"),
    [
        ('<sound tempo="66.5"/>', 66.5),
        ('<direction><sound tempo="132"/></direction>', 132.0),
        (
            "<direction><direction-type><metronome><beat-unit>half</beat-unit>"
            "<per-minute>50</per-minute></metronome></direction-type></direction>",
            100.0,
        ),
        (
            "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
            "<per-minute>60</per-minute></metronome></direction-type></direction>",
            90.0,
        ),
        ('<sound tempo="0"/>', 80.0),
        ("", 80.0),
    ],
)
def test_tempo_marks(tmp_path: Path, direction: str, tempo: float) -> None:
    """As played or as marked, in quarters; 80 where the file is silent or absurd."""
    assert read_text(tmp_path, score_of(FOUR_FOUR + direction + note("C5", 8))).tempo == tempo


def test_a_bar_split_by_a_double_bar_is_one_bar(tmp_path: Path) -> None:
    """Two halves of a bar are counted once; a pickup is none; an empty bar lasts its meter."""
    found = read_text(
        tmp_path,
        score_of(FOUR_FOUR + note("C5", 2), note("C5", 8), note("C5", 6), note("C5", 2), ""),
    )
    assert found.pickup == 1
    assert found.bar_lines == (1, 5, 9)
    assert found.length == 13


REPEAT = '<barline location="right"><repeat direction="backward"/></barline>'
FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'


def ending(number: str, text: str, repeat: str = "") -> str:
    """A measure that is an ending of its own."""
    return (
        f'<barline location="left"><ending number="{number}" type="start"/></barline>{text}'
        f'<barline location="right"><ending number="{number}" type="stop"/>{repeat}</barline>'
    )


@pytest.mark.parametrize(
    ("measures", "played"),
    [
        (["C", "D" + REPEAT, "E"], "CDCDE"),
        (["C", FORWARD + "D", "E" + REPEAT, "F"], "CDEDEF"),
        (["C" + REPEAT, "D" + REPEAT, "E"], "CCDDE"),
        (["C" + REPEAT.replace("/></b", ' times="3"/></b'), "D"], "CCCD"),
        (["C", ending("1", "D", '<repeat direction="backward"/>'), ending("2", "E"), "F"], "CDCEF"),
        (
            [
                FORWARD + "C",
                ending("1, 2", "D", '<repeat direction="backward"/>'),
                ending("3", "E"),
                FORWARD + "F" + REPEAT,
            ],
            "CDCDCEFF",
        ),
        (["C", "D"], "CD"),
    ],
)
def test_repeats_are_written_out_when_asked(
    tmp_path: Path, measures: list[str], played: str
) -> None:
    """Sections and endings come in the order they are played, and otherwise as written."""
    written = [next(c for c in "CDEF" if c in m.replace("Fo", "")) for m in measures]
    texts = []
    for letter, measure in zip(written, measures, strict=True):
        before, _, after = measure.rpartition(letter)
        texts.append(before + note(f"{letter}4", 8) + after)
    texts[0] = FOUR_FOUR + texts[0]
    steps = {60: "C", 62: "D", 64: "E", 65: "F"}
    for expand, expected in ((True, played), (False, "".join(written))):
        found = read_text(tmp_path, score_of(*texts), expand_repeats=expand)
        assert "".join(steps[n.pitch] for n in found.parts[0].notes) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (note("C4").replace("<duration>2", "<duration>1e999999999"), "where a number is due"),
        (note("C4").replace("<duration>2", "<duration>"), "where a number is due"),
        (note("C4").replace("<step>C", "<step>H"), "without a step"),
        (note("C4").replace("<octave>4", "<octave>44"), "outside the 128"),
        (ATTRIBUTES.format("").replace("2", "0") + note("C4"), "divisions must be above zero"),
        (ATTRIBUTES.format("<key><fifths>99</fifths></key>") + note("C4"), "not a key"),
        (FOUR_FOUR.replace("<beats>4", "<beats>0") + note("C4"), "not a time signature"),
        (FOUR_FOUR.replace("-type>4", "-type>0") + note("C4"), "without a beat"),
        (note("C4").replace("<duration>2", "<duration>900000"), "quarters of length"),
        ("<note><rest/><duration>8</duration></note>", "no notes in any part"),
    ],
)
def test_damaged_music_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    """Absurd numbers are named and never worked with."""
    with pytest.raises(InputError, match=fault):
        read_text(tmp_path, score_of(text))


def corpus_sample(count: int) -> list[Path]:
    import music21

    folder = Path(music21.__file__).parent / "corpus" / "bach"
    files = sorted(folder.glob("bwv*.mxl"))
    repeated = [folder / "bwv8.6.mxl", folder / "bwv19.7.mxl"]
    return [*files[:: len(files) // count], *repeated]


@pytest.mark.parametrize("path", corpus_sample(8), ids=lambda path: path.stem)
def test_bach_is_read_as_music21_reads_him(path: Path) -> None:
    """Notes with ties joined, repeats, meter, key, pickup and fermatas agree with music21."""
    from music21 import converter

    parsed = converter.parse(path, forceSource=True)
    first = parsed.parts[0].getElementsByClass("Measure").first()
    found = read(path)
    assert str(found.meters[0][1]) == first.timeSignature.ratioString
    sharps = next(iter(parsed.recurse().getElementsByClass("KeySignature"))).sharps
    assert found.key is not None
    assert found.key.fifths == sharps
    whole = first.quarterLength >= first.barDuration.quarterLength
    assert found.pickup == (0 if whole else F(first.quarterLength))
    held = {
        F(n.getOffsetInHierarchy(parsed))
        for n in parsed.recurse().notesAndRests
        if any("Fermata" in e.classes for e in n.expressions)
    }
    assert all(any(start <= h < end for start, end in found.fermatas) for h in held)
    assert {start for start, _ in found.fermatas} <= held
    assert [plain(found, i) for i in range(len(found.parts))] == music21_notes(parsed)
    if parsed.recurse().getElementsByClass("RepeatMark"):
        played = read(path, expand_repeats=True)
        expected = music21_notes(parsed.expandRepeats())
        assert [plain(played, i) for i in range(len(played.parts))] == expected


def music21_notes(parsed: object) -> list[list[tuple[F, F, int]]]:
    """Start, end and pitch of the notes of each part that has some, ties joined."""
    parts = []
    for part in parsed.stripTies().parts:  # type: ignore[attr-defined]
        notes = [n for n in part.flatten().notes if not n.duration.isGrace]
        spans = [(F(n.offset), F(n.offset) + F(n.quarterLength), n.pitches) for n in notes]
        timed = [(start, end, p.midi) for start, end, pitches in spans for p in pitches]
        if timed:
            parts.append(sorted(timed))
    return parts
