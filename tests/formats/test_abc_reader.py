"""ABC, as people type it."""

from fractions import Fraction as F

import pytest

from kantor.errors import InputError
from kantor.formats.parsed import Limits
from kantor.formats.reading import parse
from kantor.music.notation import ChordSymbol, Dynamic, Lyric, Slur, Words
from kantor.music.score import Key

HEAD = "X:1\nT:Tune\nM:4/4\nL:1/4\nK:C\n"


def read(text, *, expand_repeats=False):
    return parse(text.encode(), Limits(), expand_repeats=expand_repeats)


def notes(text):
    """Pitch and length of each note; the first has to begin at 0."""
    return [(note.pitch, note.end - note.start) for note in read(text).parts[0].notes]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("C c c' C,", [(60, 1), (72, 1), (84, 1), (48, 1)]),
        ("C2 D/ E// F3/2", [(60, 2), (62, F(1, 2)), (64, F(1, 4)), (65, F(3, 2))]),
        ("^F F f | F _B =c ^^d", [(66, 1), (66, 1), (78, 1), (65, 1), (70, 1), (72, 1), (76, 1)]),
        ("C>D E<F", [(60, F(3, 2)), (62, F(1, 2)), (64, F(1, 2)), (65, F(3, 2))]),
        ("C>>D", [(60, F(7, 4)), (62, F(1, 4))]),
        ("(3CDE C", [(60, F(2, 3)), (62, F(2, 3)), (64, F(2, 3)), (60, 1)]),
        ("(3:2:2F2G A", [(65, F(4, 3)), (67, F(2, 3)), (69, 1)]),
        ("^C2-|C2 C", [(61, 4), (60, 1)]),
        ("[CE]2 [C2E2G2]", [(60, 2), (64, 2), (60, 2), (64, 2), (67, 2)]),
        ("{cd}C ~D .E !trill!F", [(60, 1), (62, 1), (64, 1), (65, 1)]),
        ("C \\\nD % a comment\nE", [(60, 1), (62, 1), (64, 1)]),
        ("C [K:D] F [L:1/8] F", [(60, 1), (66, 1), (66, F(1, 2))]),
        ('C |["last" D E |]', [(60, 1), (62, 1), (64, 1)]),
    ],
)
def test_notes(music, expected):
    """Octaves, lengths, accidentals up to the bar line, broken rhythm, tuplets, ties, chords."""
    assert notes(HEAD + music) == expected


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("G", Key(1)),
        ("Am", Key(0, "minor")),
        ("A dorian", Key(1, "minor")),
        ("Dmix", Key(1)),
        ("F#m", Key(3, "minor")),
        ("Bb", Key(-2)),
        ("E Phr", Key(0, "minor")),
        ("HP", Key(2)),
        ("D clef=bass", Key(2)),
        ("none", None),
        ("", None),
    ],
)
def test_keys(field, key):
    """Modes have the signature of their own, and sharpen what it says."""
    parsed = read(HEAD.replace("K:C", f"K:{field}") + "F2 C2|")
    assert parsed.key == key
    sharp = 1 if key and key.fifths > 0 else 0
    assert parsed.parts[0].notes[0].pitch == 65 + sharp


def test_what_a_tune_has_beside_its_notes():
    """Composer, tempo with its words, chord symbols, lyrics, dynamics, slurs and clef."""
    parsed = read(
        'X:1\nT:Größe\nC:Bj\\"orn\nM:3/4\nL:1/4\nQ:"Lively" 1/4=100\nK:G clef=alto\n'
        '"Em7"G|"D/F#"(A Bc)|!p!d2 "^slower"e|\n'
        "w: Oh, twin-kle_ lit~tle | star\nw: sec-\nW: more\n"
    )
    assert (parsed.title, parsed.kind, parsed.tempo, parsed.pickup) == ("Größe", "abc", 100, 1)
    notation = parsed.notation
    assert notation.composer == "Björn"
    assert notation.words == (Words(0, "Lively"), Words(6, "slower"))
    assert notation.chords == (
        ChordSymbol(0, 4, "minor-seventh", "m7"),
        ChordSymbol(1, 2, "major", "", 6),
    )
    line = notation.lines[0]
    assert line.lyrics == (
        Lyric(0, "Oh,"),
        Lyric(0, "sec", "begin", "2"),
        Lyric(1, "twin", "begin"),
        Lyric(2, "kle", "end", extend=True),
        Lyric(4, "lit tle"),
    )
    assert line.dynamics == (Dynamic(4, "p"),)
    assert line.slurs == (Slur(1, 3),)
    assert line.clef == ("C", 3, 0)
    assert parsed.messages == ("not kept: words below the tune",)


@pytest.mark.parametrize(
    ("music", "played"),
    [
        ("C4:|", "CC"),
        ("C4|:D4:|", "CDD"),
        ("|:C4::D4:|", "CCDD"),
        ("|:C4|1D4:|2E4|]", "CDCE"),
        ("|:C4|[1 D4 :|[2 E4 || F4|]", "CDCEF"),
        ("|:C4|1,3 D4:|2 E4:|", "CDCECD"),
        ("|::C4::|D4|", "CCCD"),
    ],
)
def test_repeats_and_endings(music, played):
    """As signs they are told by the order of play, written out by the notes."""
    letters = {60: "C", 62: "D", 64: "E", 65: "F"}
    written = read(HEAD + music)
    out = read(HEAD + music, expand_repeats=True)
    assert "".join(letters[note.pitch] for note in out.parts[0].notes) == played
    assert sum(span.end - span.start for span in written.notation.played) == 4 * len(played)


def test_voices_are_parts():
    """By their names; each has bars of its own."""
    text = HEAD.replace("K:C", "V:1 name=Soprano\nV:2 name=Bass clef=bass\nK:C")
    parsed = read(text + "[V:1] c2 d2 | e4 |\n[V:2] C,4 | G,4 |\nV:1\nf4|\n")
    assert [(part.name, len(part.notes)) for part in parsed.parts] == [("Soprano", 4), ("Bass", 2)]
    assert parsed.notation.lines[1].clef == ("F", 4, 0)


def test_a_change_in_one_voice_leaves_the_next_as_the_header_says():
    """Each voice begins with the header's meter, unit and key."""
    parsed = read(HEAD + "V:1\nF4 | [M:3/4] [L:1/8] [K:D] F6 |]\nV:2\nF4 | [M:3/4] F3 |]\n")
    assert [(note.pitch, note.end - note.start) for note in parsed.parts[1].notes] == [
        (65, 4),
        (65, 3),
    ]
    assert [str(meter) for _, meter in parsed.meters] == ["4/4", "3/4"]


@pytest.mark.parametrize(
    "first", ["K:D\n", "R:jig\n", "N:by ear\nS:a friend\n", "Z:me\n", "  X:1\n  T:Tune\n  "]
)
def test_abc_as_people_paste_it(first):
    """Many who type one tune write no ``X:``; what is pasted may be indented."""
    assert len(read(f"{first}M:4/4\nL:1/4\nK:D\nDEFG|\n").parts[0].notes) == 4


def test_a_line_of_lyrics_goes_on():
    """``+:`` continues the field before."""
    parsed = read(HEAD + "CDEF|\nw:one two\n+:three four\n")
    assert [one.text for one in parsed.notation.lines[0].lyrics] == ["one", "two", "three", "four"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_abc_is_known_by_its_lines(encoding, newline):
    """Whatever ends them, with comments and other tunes' fields before; the first tune is read."""
    text = "%abc-2.1\n% Größe\nM:3/4\n\nX: 7\nT:Größe\nK:D\nFFF|\n\nX:8\nT:B\nK:C\nC|\n"
    parsed = parse(text.replace("\n", newline).encode(encoding), Limits())
    assert (parsed.title, str(parsed.meters[0][1]), len(parsed.parts[0].notes)) == (
        "Größe",
        "3/4",
        3,
    )
    assert parsed.messages == (
        "2 tunes in the file: read the first; split the file for the others",
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (HEAD, "no notes in any part"),
        (HEAD + "C9999999", "damaged ABC"),
        (HEAD + "C" + "/" * 12, "damaged ABC"),
        (HEAD.replace("L:1/4", "L:1/0") + "C", "damaged ABC"),
        (HEAD.replace("M:4/4", "M:0/4") + "C", "not a time signature"),
        (HEAD + "C" + "'" * 40, "outside the 128"),
        (HEAD + "Z999|" * 40, "more than 20,000 bars"),
        ("Dear X:\nK: regards", "neither MIDI, MusicXML nor ABC"),
    ],
)
def test_damaged_abc_is_refused(text, fault):
    """In one line; nothing is made of absurd numbers."""
    with pytest.raises(InputError, match=fault) as refusal:
        read(text)
    assert "\n" not in str(refusal.value)


def test_more_notes_than_are_allowed_are_refused():
    """The limit is the caller's."""
    assert len(parse((HEAD + "C" * 20).encode(), Limits(notes=20)).parts[0].notes) == 20
    with pytest.raises(InputError, match="more than 20 notes"):
        parse((HEAD + "C" * 21).encode(), Limits(notes=20))
