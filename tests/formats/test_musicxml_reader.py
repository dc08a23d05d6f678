"""MusicXML as others write it, damaged music, and Bach as music21 reads him."""

from fractions import Fraction as F
from pathlib import Path

import pytest

from kantor.errors import InputError
from kantor.formats import reading
from kantor.formats.parsed import Limits
from kantor.music.score import Key

ATTRIBUTES = "<attributes><divisions>2</divisions>{}</attributes>"
FOUR_FOUR = ATTRIBUTES.format("<time><beats>4</beats><beat-type>4</beat-type></time>")


def note(pitch, duration=2, more="", chord=False):
    """A note such as ``C4`` or ``F#4``, `duration` in eighths."""
    alter = f"<alter>{pitch.count('#') - pitch.count('b')}</alter>"
    place = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[-1]}</octave></pitch>"
    start = "<chord/>" if chord else ""
    return f"<note>{start}{place}<duration>{duration}</duration>{more}</note>"


def score_of(*measures, about="<part-name>Flute</part-name>", others=()):
    """A score of one part, and of `others`, each a sequence of measures."""
    listed = f'<score-part id="P1">{about}</score-part>'
    parts = ""
    for number, part in enumerate((measures, *others), start=1):
        inner = "".join(f'<measure number="{i}">{text}</measure>' for i, text in enumerate(part, 1))
        parts += f'<part id="P{number}">{inner}</part>'
    return f"<score-partwise><part-list>{listed}</part-list>{parts}</score-partwise>"


def read(text, *, expand_repeats=False):
    return reading.parse(text.encode(), Limits(), expand_repeats=expand_repeats)


def plain(parsed, part=0):
    return [(n.start, n.end, n.pitch) for n in parsed.parts[part].notes]


def test_chords_voices_grace_notes_and_ties():
    """A chord starts together, a backup begins another voice, grace notes take no time."""
    parsed = read(
        score_of(
            FOUR_FOUR
            + note("C5", 4)
            + note("E5", 4, chord=True)
            + "<note><grace/><pitch><step>A</step><octave>5</octave></pitch></note>"
            + note("G5", 4, '<tie type="start"/>')
            + "<backup><duration>8</duration></backup><forward><duration>4</duration></forward>"
            + note("C4", 4, "<voice>2</voice>"),
            note("G5", 2, '<tie type="stop"/>') + note("G5", 6),
        )
    )
    assert [part.label for part in parsed.parts] == ["Flute voice 1", "Flute voice 2"]
    assert plain(parsed) == [(0, 2, 72), (0, 2, 76), (2, 5, 79), (5, 8, 79)]
    assert plain(parsed, 1) == [(2, 4, 60)]


def test_transposing_instruments_are_read_at_sounding_pitch():
    """A clarinet in B flat sounds a tone lower, and so does its key signature."""
    tone_lower = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    attributes = ATTRIBUTES.format("<key><fifths>2</fifths></key>" + tone_lower)
    parsed = read(score_of(attributes + note("D5", 8)))
    assert plain(parsed) == [(0, 4, 72)]
    assert parsed.key == Key(0)


def test_measures_by_part_within_time():
    """Timewise files hold the same music the other way round."""
    first = f'<part id="A">{FOUR_FOUR}{note("C5", 8)}</part>'
    first += f'<part id="B">{FOUR_FOUR}{note("C3", 8)}</part>'
    second = f'<part id="A">{note("D5", 8)}</part><part id="B">{note("D3", 8)}</part>'
    measures = f"<measure>{first}</measure><measure>{second}</measure>"
    parsed = read(f"<score-timewise>{measures}</score-timewise>")
    assert plain(parsed) == [(0, 4, 72), (4, 8, 74)]
    assert plain(parsed, 1) == [(0, 4, 48), (4, 8, 50)]


DOTTED = "<beat-unit-dot/><per-minute>60</per-minute>"
MARK = "<direction><direction-type><metronome>{}</metronome></direction-type></direction>"


@pytest.mark.parametrize(
    ("direction", "tempo"),
    [
        ('<sound tempo="66.5"/>', 66.5),
        ('<direction><sound tempo="132"/></direction>', 132.0),
        (MARK.format("<beat-unit>half</beat-unit><per-minute>50</per-minute>"), 100.0),
        (MARK.format("<beat-unit>quarter</beat-unit>" + DOTTED), 90.0),
        ('<sound tempo="0"/>', 80.0),
        ("", 80.0),
    ],
)
def test_tempo_marks(direction, tempo):
    """As played or as marked, in quarters; 80 where the file is silent or absurd."""
    assert read(score_of(FOUR_FOUR + direction + note("C5", 8))).tempo == tempo


def test_a_bar_split_by_a_double_bar_is_one_bar():
    """Two halves of a bar are counted once; a pickup is none; an empty bar lasts its meter."""
    measures = (FOUR_FOUR + note("C5", 2), note("C5", 8), note("C5", 6), note("C5", 2), "")
    parsed = read(score_of(*measures))
    assert parsed.pickup == 1
    assert parsed.bar_lines == (1, 5, 9)
    assert parsed.length == 13


def rest(duration):
    return f"<note><rest/><duration>{duration}</duration></note>"


TIED = '<notations><tied type="{}"/></notations>'
SEEN = "<type>quarter</type>"
TRIPLET = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes>"
NO_LENGTH = note("D4").replace("<duration>2</duration>", "{}")


@pytest.mark.parametrize(
    ("measures", "expected"),
    [
        ([note("C4", 8, TIED.format("start")), note("C4", 2, TIED.format("stop"))], [(0, 5, 60)]),
        (
            [note("C4", 2) + NO_LENGTH.format(SEEN) + note("E4")],
            [(0, 1, 60), (1, 2, 62), (2, 3, 64)],
        ),
        (
            [NO_LENGTH.format(f"{SEEN}<dot/><dot/>") + note("E4")],
            [(0, F(7, 4), 62), (F(7, 4), F(11, 4), 64)],
        ),
        ([NO_LENGTH.format(f"{SEEN}{TRIPLET}</time-modification>")], [(0, F(2, 3), 62)]),
        (
            [note("C4") + "<attributes><divisions>6</divisions></attributes>" + note("D4", 4)],
            [(0, 1, 60), (1, F(5, 3), 62)],
        ),
        ([note("C4", 0, SEEN) + note("D4", 0), note("E4")], [(0, 1, 60), (1, 2, 64)]),
        (["<backup><duration>99</duration></backup>" + note("c4")], [(0, 1, 60)]),
        ([note("C4", 4).replace("<duration>4", "<duration>4.00000000000000")], [(0, 2, 60)]),
    ],
)
def test_notes_that_are_written_loosely(measures, expected):
    """A tie that is only drawn, a length that only the note value tells, divisions on the way."""
    first, *others = measures
    assert plain(read(score_of(FOUR_FOUR + first, *others))) == expected


@pytest.mark.parametrize(
    ("first", "other", "lengths"),
    [
        ([note("C4", 8), note("D4", 8)], [rest(16), rest(16)], (4, 4)),
        ([note("C4", 2), note("D4", 8)], [rest(8), rest(8)], (1, 4)),
        ([note("C4", 10), note("D4", 8)], [rest(16), rest(8)], (5, 4)),
        ([note("C4", 8), note("D4", 4)], [rest(8), rest(8)], (4, 4)),
        ([note("C4", 8), rest(16)], [rest(8), rest(16)], (4, 8)),
        ([note("C4", 9), note("D4", 8)], [note("C3", 8), rest(8)], (4, 4)),
        ([note("C4", "8.005"), note("D4", 8)], [rest(8), rest(8)], (4, 4)),
    ],
)
def test_neither_rests_nor_rounded_notes_lengthen_the_bar(first, other, lengths):
    """Meter and notes decide; a rest that all parts have lasts as long as it says.

    Of notes that run over, as rounded triplets do, those decide that fill the bar.
    """
    parsed = read(score_of(FOUR_FOUR + first[0], first[1], others=[other]))
    assert parsed.length == sum(lengths)


@pytest.mark.parametrize(
    ("attributes", "key", "meter", "told"),
    [
        ("<key><fifths>8</fifths></key>", Key(-4), "4/4", "key of 8 sharps read as 4 flats"),
        ("<key><fifths>-9</fifths></key>", Key(3), "4/4", "key of 9 flats read as 3 sharps"),
        ("<key><key-step>C</key-step></key>", None, "4/4", "single accidentals ignored"),
        ("<time><beats>2</beats><beat-type>64</beat-type></time>", None, "4/4", "2/64 ignored"),
        ("<time><beats>48</beats><beat-type>64</beat-type></time>", None, "12/16", None),
        ("<time><senza-misura/></time>", None, "4/4", "without a meter"),
    ],
)
def test_odd_keys_and_meters_are_mended_and_told(attributes, key, meter, told):
    """They do not stop the piece."""
    parsed = read(score_of(ATTRIBUTES.format(attributes) + note("C4", 2)))
    assert (parsed.key, str(parsed.meters[0][1])) == (key, meter)
    assert [told in message for message in parsed.messages] == ([True] if told else [])


def test_parts_tell_their_name_program_and_drums():
    """An instrument names a part without a name; unpitched notes are drums."""
    about = "<part-name/><score-instrument><instrument-name>Oboe</instrument-name>"
    about += "</score-instrument><midi-instrument><midi-program>69</midi-program>"
    about += "<midi-unpitched>43</midi-unpitched></midi-instrument>"
    hit = "<note><unpitched/><duration>2</duration></note>"
    parts = read(score_of(FOUR_FOUR + note("C4") + hit, about=about)).parts
    assert [(part.name, part.program, part.is_drum) for part in parts] == [
        ("Oboe", 68, False),
        ("Oboe", 68, True),
    ]
    assert plain(read(score_of(FOUR_FOUR + hit + hit))) == [(0, 1, 38), (1, 2, 38)]
    assert parts[1].notes[0].pitch == 42


def test_staves_are_told_and_kept_apart():
    """A voice says where it stands, also where each staff counts its voices from 1."""
    back = "<backup><duration>8</duration></backup>"
    for number in "51":
        lower = note("C3", 8, f"<voice>{number}</voice><staff>2</staff>")
        parts = read(score_of(FOUR_FOUR + note("C5", 8, "<staff>1</staff>") + back + lower)).parts
        assert [part.notes[0].pitch for part in parts] == [72, 48]
        details = ["voice 1, staff 1", f"voice {number}, staff 2"]
        assert [part.detail for part in parts] == details
        assert {part.source for part in parts} == {0}


BACK = '<repeat direction="backward"/>'
REPEAT = f'<barline location="right">{BACK}</barline>'
FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'


def ending(number, letter, repeat=""):
    """A measure that is an ending of its own."""
    return (
        f'<barline location="left"><ending number="{number}" type="start"/></barline>{letter}'
        f'<barline location="right"><ending number="{number}" type="stop"/>{repeat}</barline>'
    )


@pytest.mark.parametrize(
    ("measures", "played"),
    [
        (["C", "D" + REPEAT, "E"], "CDCDE"),
        (["C", FORWARD + "D", "E" + REPEAT, "F"], "CDEDEF"),
        (["C" + REPEAT, "D" + REPEAT, "E"], "CCDDE"),
        (["C" + REPEAT.replace("/></b", ' times="3"/></b'), "D"], "CCCD"),
        (["C", ending("1", "D", BACK), ending("2", "E"), "F"], "CDCEF"),
        (["C", ending("1, 2", "D", BACK), ending("3", "E"), FORWARD + "F" + REPEAT], "CDCDCEFF"),
        (["C", ending("1, 3", "D", BACK), ending("2", "E", BACK)], "CDCECD"),
        (["C", "D"], "CD"),
    ],
)
def test_repeats_are_written_out_when_asked(measures, played):
    """Sections and endings come in the order they are played, and otherwise as written."""
    written = "CDEF"[: len(measures)]
    texts = [
        note(f"{letter}4", 8).join(measure.rsplit(letter, 1))
        for letter, measure in zip(written, measures, strict=True)
    ]
    text = score_of(FOUR_FOUR + texts[0], *texts[1:])
    letters = {60: "C", 62: "D", 64: "E", 65: "F"}
    for expand, expected in ((True, played), (False, written)):
        notes = read(text, expand_repeats=expand).parts[0].notes
        assert "".join(letters[note.pitch] for note in notes) == expected


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
def test_damaged_music_is_refused(text, fault):
    """Absurd numbers are named and never worked with."""
    with pytest.raises(InputError, match=fault):
        read(score_of(text))


def corpus_sample(count):
    import music21

    folder = Path(music21.__file__).parent / "corpus" / "bach"
    files = sorted(folder.glob("bwv*.mxl"))
    return [*files[:: len(files) // count], folder / "bwv8.6.mxl", folder / "bwv19.7.mxl"]


@pytest.mark.parametrize("path", corpus_sample(8), ids=lambda path: path.stem)
def test_bach_is_read_as_music21_reads_him(path):
    """Notes with ties joined, repeats, meter, key, pickup and fermatas agree with music21."""
    from music21 import converter

    expected = converter.parse(path, forceSource=True)
    first = expected.parts[0].getElementsByClass("Measure").first()
    parsed = reading.read(path)
    assert str(parsed.meters[0][1]) == first.timeSignature.ratioString
    sharps = next(iter(expected.recurse().getElementsByClass("KeySignature"))).sharps
    assert parsed.key is not None
    assert parsed.key.fifths == sharps
    whole = first.quarterLength >= first.barDuration.quarterLength
    assert parsed.pickup == (0 if whole else F(first.quarterLength))
    held = {
        F(n.getOffsetInHierarchy(expected))
        for n in expected.recurse().notesAndRests
        if any("Fermata" in e.classes for e in n.expressions)
    }
    assert {start for start, _ in parsed.fermatas} == held
    assert [plain(parsed, i) for i in range(len(parsed.parts))] == music21_notes(expected)
    if expected.recurse().getElementsByClass("RepeatMark"):
        played = reading.read(path, expand_repeats=True)
        notes = [plain(played, i) for i in range(len(played.parts))]
        assert notes == music21_notes(expected.expandRepeats())


def music21_notes(score):
    """Start, end and pitch of the notes of each part that has some, ties joined."""
    parts = []
    for part in score.stripTies().parts:
        notes = [n for n in part.flatten().notes if not n.duration.isGrace]
        spans = [(F(n.offset), F(n.offset) + F(n.quarterLength), n.pitches) for n in notes]
        timed = [(start, end, p.midi) for start, end, pitches in spans for p in pitches]
        if timed:
            parts.append(sorted(timed))
    return parts
