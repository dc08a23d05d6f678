"""The lines of an ensemble are found by name, register or chords, or refused."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.errors import InputError
from kantor.formats.parsed import Part
from kantor.formats.parts import ensemble_parts, line_named, parts_of_lines
from kantor.music.notes import TimedNote


def part(name, *pitches, length=Fraction(1), drum=False):
    """Notes of one length, one after another."""
    notes = (TimedNote(i * length, (i + 1) * length, pitch) for i, pitch in enumerate(pitches))
    return Part(name, tuple(notes), drum)


def together(name, *parts):
    """Several parts' notes in one."""
    return Part(name, tuple(sorted(note for one in parts for note in one.notes)))


S, A = part("Soprano", 72, 74, 76), part("Alto", 67, 67, 69)
T, B = part("Tenor", 60, 59, 60), part("Bass", 48, 50, 45)


def pitches(parts):
    return [[note.pitch for note in one.notes] for one in parts]


EXPECTED = pitches((S, A, T, B))
LONG = [part("", *[pitch] * 50) for pitch in (72, 67, 48)]


@pytest.mark.parametrize(
    ("name", "voice"),
    [
        ("Soprano", 0), ("SOPRAN 1", 0), ("S.", 0), ("Cantus", 0), ("Alto", 1), ("altus", 1),
        ("A", 1), ("Contralto", 1), ("Tenor", 2), ("Tenore", 2), ("T", 2), ("Ténor", 2),
        ("Bass", 3), ("Basso continuo", 3), ("Baß", 3), ("B.", 3), ("Bajo", 3),
        ("Soprano Oboe 1 Violin1", 0),
        ("Violin", None), ("", None), ("Alto Sax", None), ("Bass Guitar", None), ("12", None),
        ("Piano", None), ("Trumpet", None), ("Tenor Trombone", None), ("Bassoon", None),
    ],
)  # fmt: skip
def test_names(name, voice):
    """Words for the voices in several languages; instruments named after voices are none."""
    assert line_named(name) == voice


def test_names_win_over_everything():
    """In any order, among instruments, where voices cross; of two sopranos the first sings."""
    low, second = part("Soprano 1", 40, 40, 40), part("Soprano 2", 72, 72)
    others = [part("Violin", 80, 81, 82), part("Continuo", 36, 38, 33)]
    assert ensemble_parts([*others, B, T, A, low, second]) == (low, A, T, B)


@pytest.mark.parametrize(
    "parts",
    [
        # of one note at a time, in any order; drums and empty parts do not count
        [*(Part("", one.notes) for one in (T, S, B, A)), part("Kit", 36, drum=True), part("empty")],
        [together("Piano", S, A, T, B)],
        [together("Right", S, A), together("Left", T, B)],
        [together("Left", T, B), together("Right", S, A)],
        [S, together("Rest", A, T, B)],
    ],
)
def test_unnamed_lines_are_found_by_register(parts):
    """Four lines, one part of four-note chords, or two staves in either order."""
    assert pitches(ensemble_parts(parts)) == EXPECTED


def test_a_divided_note_here_and_there_is_left_out():
    """A fifth part of a few notes, and a double stop in fifty notes, do not hide four voices."""
    lines = [part(f"Violin {i}", *[pitch] * 50) for i, pitch in enumerate((72, 67, 60, 48))]
    stop = TimedNote(Fraction(7), Fraction(8), 76)
    played = [Part("Violin 0", tuple(sorted([*lines[0].notes, stop]))), *lines[1:]]
    assert ensemble_parts([*played, part("Violin 0", 79, 79)]) == tuple(played)


def test_a_moving_voice_among_held_ones_keeps_its_line():
    """While three voices hold, the moving notes all go to the one that is free."""
    held = [part("", p, length=Fraction(4)) for p in (72, 60, 48)]
    alto = part("", 67, 65, 64, 65)
    assert pitches(ensemble_parts([together("Organ", *held, alto)]))[1] == [67, 65, 64, 65]


CHORD = st.tuples(*(st.integers(*span) for span in ((66, 72), (60, 65), (54, 59), (40, 53))))


@settings(max_examples=40)
@given(st.lists(CHORD, min_size=1, max_size=12), st.lists(st.booleans(), min_size=48, max_size=48))
def test_chords_that_never_cross_are_split_exactly(chords, held):
    """Whatever notes are held or repeated: lines in registers of their own are found again."""
    lines = []
    for voice in range(4):
        notes = []
        for beat, chord in enumerate(chords):
            start, end = Fraction(beat), Fraction(beat + 1)
            if notes and held[4 * beat + voice] and notes[-1].pitch == chord[voice]:
                start = notes.pop().start
            notes.append(TimedNote(start, end, chord[voice]))
        lines.append(Part("", tuple(notes)))
    assert pitches(ensemble_parts([together("", *lines)])) == pitches(tuple(lines))


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ([], "no notes"),
        ([part("Kit", 36, 38, drum=True)], "no notes"),
        ([S], "0% of the time"),
        ([S, A, T], "0% of the time"),
        ([together("", S, A, T, B, part("", 84, 84, 84))], "more than four"),
        ([Part(f"{i}", one.notes) for i, one in enumerate((S, A, T, B, S))], "more than four"),
        ([together("Soprano", S, A), A, T, B], "Soprano holds chords"),
    ],
)
def test_other_music_is_refused(parts, word):
    """Melodies, trios, quintets and chords in a voice: the reason says which."""
    with pytest.raises(InputError, match=word):
        ensemble_parts(parts)


def test_legato_overlap_is_no_chord():
    """Notes that a player lets overlap by less than a sixteenth are still one line."""
    played = Part("Soprano", tuple(n._replace(end=n.end + Fraction(1, 5)) for n in S.notes))
    assert ensemble_parts([played, A, T, B])[0] is played


@pytest.mark.parametrize(
    ("parts", "wanted", "expected"),
    [
        ([B, S], (0, 3), (S, B)),  # by name
        ([part("Flute", 79, 79, 79), B, S], (3,), (B,)),
        ([Part("1", T.notes), Part("2", A.notes)], (0, 3), (A, T)),  # by register
        ([Part(str(i), one.notes) for i, one in enumerate((B, S, A, T))], (1, 2), (A, T)),
        ([together("Piano", S, A, T, B)], (2,), (T,)),  # by chords
        ([S, A, B, part("Tenor", 60, length=Fraction(1, 64))], (2,), None),  # however short
        ([part("", 60, 60, 60)], (3,), None),  # a melody is whatever is wanted
        ([*LONG, part("", 60)], (0, 1, 2, 3), (*LONG[:2], part("", 60), LONG[2])),  # one is short
    ],
)
def test_some_of_the_voices(parts, wanted, expected):
    """A file that has the wanted voices need not have the others."""
    found = parts_of_lines(parts, wanted)
    assert tuple(found) == wanted
    assert pitches(tuple(found.values())) == pitches(expected or (parts[-1],))


@pytest.mark.parametrize(
    "parts", [[T, B], [S, T, B], [part("", 60, 60), part("", 50), part("", 40)]]
)
def test_voices_that_are_not_there(parts):
    """Parts named after other voices are not taken for the wanted ones."""
    with pytest.raises(InputError, match="not four voices"):
        parts_of_lines(parts, (0, 1))


def test_lines_of_another_ensemble(band):
    """Five lines by their names or their register, drums by their kind, doubled ones dropped."""
    names = [line.name.title() for line in band.ensemble.lines[:5]]
    lines = [part(name, p, p) for name, p in zip(names, (76, 67, 60, 48, 36), strict=True)]
    kit = part("Kit", 42, 36, 51, 35, drum=True)
    found = ensemble_parts([kit, *lines[::-1], part("Oboe", 88, 88)], band.ensemble)
    assert [one.name for one in found] == [*names, "Kick", "Snare", "Hat"]
    assert [[note.start for note in one.notes] for one in found[5:]] == [[1, 3], [], [0]]
    unnamed = [Part("", one.notes) for one in lines]
    assert pitches(ensemble_parts([*unnamed[::-1], kit], band.ensemble)[:5]) == pitches(
        tuple(lines)
    )
    assert parts_of_lines(lines[:2], (1,), band.ensemble) == {1: lines[1]}
    alone = parts_of_lines([kit], (5, 7), band.ensemble)
    assert {line: len(one.notes) for line, one in alone.items()} == {5: 2, 7: 1}
    with pytest.raises(InputError, match="not five voices: five notes"):
        ensemble_parts([S, A, T, B], band.ensemble)
