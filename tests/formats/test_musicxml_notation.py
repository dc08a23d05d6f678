"""What a MusicXML file holds beside its notes."""

from fractions import Fraction as F

import pytest
from tests.formats.test_musicxml_reader import (
    ATTRIBUTES,
    BACK,
    FORWARD,
    FOUR_FOUR,
    REPEAT,
    ending,
    note,
    read,
    score_of,
)

from kantor.errors import InputError
from kantor.formats import reading
from kantor.formats.parsed import Limits
from kantor.music.notation import ChordSymbol, Dynamic, Lyric, Sign, Slur, Span, Words


def lyric(text, number=1, more="", syllabic="single"):
    inner = f"<syllabic>{syllabic}</syllabic><text>{text}</text>{more}"
    return f'<lyric number="{number}">{inner}</lyric>'


def direction(inner, more=""):
    return f"<direction><direction-type>{inner}</direction-type>{more}</direction>"


def harmony(root, more="<kind>major</kind>", place=""):
    step, alter = root[0], root.count("#") - root.count("b")
    rooted = f"<root><root-step>{step}</root-step><root-alter>{alter}</root-alter></root>"
    return f"<harmony>{rooted}{more}{place}</harmony>"


def test_lyrics_of_all_verses():
    """Syllables, melismas and elisions; of a numbering of Finale's the verse counts."""
    two = "<elision> </elision><syllabic>begin</syllabic><text>il</text>"
    texts = [
        lyric("Twin", 1, "", "begin") + lyric("Wie", "part1verse2", "<extend/>"),
        lyric("kle", 1, "", "end"),
        lyric("te", 1, two, "end"),
        '<lyric number="1"><extend type="stop"/></lyric>',
    ]
    line = read(score_of(FOUR_FOUR + "".join(note("C4", 2, text) for text in texts)))
    assert line.notation.lines[0].lyrics == (
        Lyric(F(0), "Twin", "begin"),
        Lyric(F(0), "Wie", "single", "2", True),
        Lyric(F(1), "kle", "end"),
        Lyric(F(2), "te‿il", "middle"),
    )


def test_chord_symbols():
    """Root, kind, bass, degrees and offset, at sounding pitch; "no chord" is one as well."""
    seventh = '<kind text="m7">minor-seventh</kind><bass><bass-step>G</bass-step></bass>'
    degree = "<degree><degree-value>9</degree-value><degree-alter>-1</degree-alter>"
    degree = f"<kind>dominant</kind>{degree}<degree-type>add</degree-type></degree>"
    odd = "<kind>jazzy</kind><offset>2</offset>"
    measure = harmony("Bb") + note("C4", 2) + harmony("C", seventh) + note("C4", 2)
    measure += harmony("F#", degree) + harmony("D", odd) + note("C4", 4)
    measure += "<harmony><kind>none</kind></harmony>"
    expected = (
        ChordSymbol(F(0), -2, "major"),
        ChordSymbol(F(1), 0, "minor-seventh", "m7", 1),
        ChordSymbol(F(2), 6, "dominant", "", None, ((9, -1, "add"),)),
        ChordSymbol(F(3), 2, "other", "jazzy"),
        ChordSymbol(F(4), None, "none"),
    )
    assert read(score_of(FOUR_FOUR + measure)).notation.chords == expected
    lower = ATTRIBUTES.format("<transpose><chromatic>-2</chromatic></transpose>")
    assert [one.root for one in read(score_of(lower + measure)).notation.chords] == [
        None if one.root is None else one.root - 2 for one in expected
    ]


def test_words_dynamics_and_slurs():
    """Words on tempo and expression, marks and hairpins, slurs across a bar line."""
    first = direction("<words>Sehr</words><words> ruhig</words>", '<sound tempo="60"/>')
    first += direction("<dynamics><s/><f/></dynamics>") + direction('<wedge type="crescendo"/>')
    slur = '<notations><slur number="1" type="{}"/></notations>'
    first += direction("<words>Pizz.</words>") + note("C4", 6)
    first += direction('<wedge type="stop"/>') + note("D4", 2, slur.format("start"))
    second = (
        note("E4", 4, slur.format("stop"))
        + direction("<words>ter- ra</words>")
        + direction("<words>Amoroso</words>")
    )
    second += "<direction><direction-type><words>rit.</words></direction-type><offset>2</offset>"
    second += "</direction>" + note("F4", 4)
    parsed = read(score_of(FOUR_FOUR + first, second))
    assert parsed.notation.words == (
        Words(F(0), "Sehr ruhig"),
        Words(F(6), "Amoroso"),
        Words(F(7), "rit."),
    )
    line = parsed.notation.lines[0]
    assert line.dynamics == (
        Dynamic(F(0), "sf"),
        Dynamic(F(0), "crescendo"),
        Dynamic(F(3), "stop"),
    )
    assert line.slurs == (Slur(F(3), F(4)),)
    assert parsed.messages == ("not kept: fingerings and playing techniques",)


@pytest.mark.parametrize(
    ("about", "title"),
    [
        ('font-size="24" justify="center" valign="top"', "Lied"),
        ('font-size="20.5" halign="center"', "Lied"),
        ('font-size="24" justify="right"', ""),
        ('font-size="10" justify="center"', ""),
        ('font-size="24" justify="center" valign="bottom"', ""),
    ],
)
def test_a_title_that_stands_on_the_page_alone(about, title):
    """The largest words in the middle of its head, where no field names one."""
    words = "<credit page='1'><credit-words {}>{}</credit-words></credit>"
    heads = words.format('font-size="14.5" justify="center"', "From a cycle") if title else ""
    heads += words.format(about, "Lied")
    text = score_of(FOUR_FOUR + note("C4")).replace("<part-list>", heads + "<part-list>")
    assert read(text).title == title


def test_who_made_it_clef_and_transposition():
    """Names by their kind, else from the first page; the line as it is written."""
    made = '<creator type="composer">Anna\nBach</creator><creator type="arranger">X</creator>'
    credit = "<credit><credit-type>{}</credit-type><credit-words>{}</credit-words></credit>"
    heads = f"<identification>{made}</identification>" + credit.format("lyricist", "Heine")
    heads += credit.format("title", "Lied")
    clef = "<clef><sign>G</sign><line>2</line><clef-octave-change>-1</clef-octave-change></clef>"
    shift = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic>"
    shift = ATTRIBUTES.format(clef + shift + "<octave-change>-1</octave-change></transpose>")
    text = score_of(shift + note("C4")).replace("<part-list>", heads + "<part-list>")
    parsed = read(text)
    assert (parsed.title, parsed.notation.composer, parsed.notation.lyricist) == (
        "Lied",
        "Anna Bach",
        "Heine",
    )
    line = parsed.notation.lines[0]
    assert (line.clef, line.transposition) == (("G", 2, -1), (-8, -14))


SUNG = [
    note("C4", 8, lyric("one", 1) + lyric("two", 2)),
    ending("1", note("D4", 8, lyric("back", 1)), BACK),
    ending("2", note("E4", 8, lyric("on", 2))),
    FORWARD + note("F4", 8, lyric("la")) + REPEAT.replace("/></b", ' times="3"/></b'),
]


def test_signs_and_the_order_of_play():
    """Repeats and endings stand at their bar lines, with the stretches as they are played."""
    notation = read(score_of(FOUR_FOUR + SUNG[0], *SUNG[1:])).notation
    assert notation.signs == (
        Sign(F(4), "ending", (1,)),
        Sign(F(8), "ending-stop"),
        Sign(F(8), "backward"),
        Sign(F(8), "ending", (2,)),
        Sign(F(12), "ending-stop"),
        Sign(F(12), "forward"),
        Sign(F(16), "backward", (3,)),
    )
    last = Span(F(12), F(16))
    assert notation.played == (
        *(Span(F(0), F(8)), Span(F(0), F(4)), Span(F(8), F(16))),
        *(last, last),
    )


def test_repeats_written_out_have_the_words_of_each_pass():
    """No signs are left; a refrain keeps its one verse."""
    parsed = read(score_of(FOUR_FOUR + SUNG[0], *SUNG[1:]), expand_repeats=True)
    assert (parsed.notation.signs, parsed.notation.played) == ((), ())
    sung = [(one.start, one.text, one.verse) for one in parsed.notation.lines[0].lyrics]
    words = ["one", "back", "two", "on", "la", "la", "la"]
    assert sung == [(4 * index, word, "1") for index, word in enumerate(words)]


def test_tempi_stand_where_they_are_marked():
    """Within the measure; a tempo that comes later is not the piece's."""
    mark = "<metronome><beat-unit>half</beat-unit><per-minute>c. 50</per-minute></metronome>"
    measure = note("C4", 4) + direction(mark) + note("C4", 4)
    late = note("C4", 4) + '<sound tempo="66.66666666666667"/>' + note("C4", 4)
    parsed = read(score_of(FOUR_FOUR + measure, late))
    assert parsed.tempi == ((2, 100.0), (6, 66.667))
    assert parsed.tempo == 80


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        ("<notations><articulations><staccato/></articulations></notations>", "articulations"),
        ("<notations><ornaments><trill-mark/></ornaments></notations>", "ornaments"),
        ("</note><note><grace/>", "grace notes"),
        ("</note><note><cue/><duration>1</duration>", "cue notes"),
        (f"</note>{direction('<words>D.C. al Fine</words>')}<note><grace/>", "da capo and"),
        ('</note><sound dalsegno="1"/><note><grace/>', "da capo and dal segno"),
        ("</note><figured-bass/><note><grace/>", "figured bass"),
        (f"</note>{harmony('C', place='<offset/>')}<note><grace/>", "damaged marks"),
    ],
)
def test_what_is_not_kept_is_told(inner, told):
    """In one line, with what the file has and nothing else."""
    (line,) = read(score_of(FOUR_FOUR + note("C4", 2, inner))).messages
    assert line.startswith("not kept: ")
    assert told in line
    assert "\n" not in line


def test_marks_have_a_limit_of_their_own():
    """Verses do not count as notes; marks without end are refused."""
    text = score_of(FOUR_FOUR + note("C4", 8, lyric("la") * 70)).encode()
    assert reading.parse(text, Limits(notes=8)).notation.lines[0].lyrics == (Lyric(F(0), "la"),)
    with pytest.raises(InputError, match="more than 7 notes"):
        reading.parse(text, Limits(notes=7))
