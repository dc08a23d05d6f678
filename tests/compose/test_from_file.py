"""Files in which any cells are given."""

from dataclasses import replace
from fractions import Fraction

import mido
import numpy as np
import pytest
from tests.ensembles import BAND, ROCK

from kantor.compose.composer import compose
from kantor.compose.from_file import from_file, read_request
from kantor.compose.overrides import Overrides
from kantor.compose.plan import Plan, bar_spans
from kantor.ensemble import SATB
from kantor.errors import InputError
from kantor.formats import midi, musicxml
from kantor.formats.reading import read
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


@pytest.fixture(params=["musicxml", "mid"])
def file(request, chorale, tmp_path):
    """The chorale as a file of each kind."""
    path = tmp_path / f"chorale.{request.param}"
    (musicxml if request.param == "musicxml" else midi).write(chorale, path)
    return path


def asked(file, **words):
    return read_request(file, Plan.parse(**words))


def quarters(*pitches):
    return [(index, 1, pitch) for index, pitch in enumerate(pitches)]


@pytest.mark.parametrize("voice", range(4))
def test_a_melody_for_any_voice(midi_file, voice):
    """One melody is put into the voice asked for, in the octave that suits it, which is told."""
    path = midi_file(quarters(*(pitch + 36 for pitch in SCALE)))
    request = asked(path, given=SATB.names[voice])
    assert request.mask.all(axis=0).tolist() == [index == voice for index in range(4)]
    line = request.score.pitches[::4, voice].astype(int)
    (down,) = {int(d) for d in (np.array(SCALE) + 36 - line)}
    assert down % 12 == 0
    low, high = SATB.ranges[voice]
    assert low <= line.min() <= line.max() <= high
    octaves = f"{down // 12} octaves" if down > 12 else "an octave"
    article = "an" if voice == 1 else "a"
    assert f"moved down {octaves} to suit {article} {SATB.names[voice]}" in request.messages
    others = [index for index in range(4) if index != voice]
    assert (request.score.pitches[:, others] == -1).all()


@pytest.mark.parametrize("program", [None, 73])
def test_a_melody_keeps_its_instrument(midi_file, program):
    """The program that the file names, for what is given; the composed voices keep theirs."""
    file = read(midi_file(quarters(*SCALE)))
    parts = tuple(replace(part, program=program) for part in file.parts)
    score = from_file(replace(file, parts=parts)).score
    programs = [line.program for line in score.ensemble.lines]
    assert programs == [52 if program is None else program, 52, 52, 52]


def test_a_style_has_instruments_of_its_own(midi_file):
    """Whatever the file names; the tempo is the style's where the file names none."""
    file = read(midi_file(quarters(*SCALE)))
    parts = tuple(replace(part, program=73) for part in file.parts)
    plan = Plan(frozenset({0}), ensemble=ROCK)
    named, unnamed = (
        from_file(replace(file, parts=parts, tempi=tempi), plan).score
        for tempi in (((Fraction(0), 90.0),), ())
    )
    assert [line.program for line in named.ensemble.lines] == [line.program for line in ROCK.lines]
    assert (named.tempo, unnamed.tempo) == (90, 132)


@pytest.mark.parametrize(
    ("name", "pitches", "moved"),
    [
        ("", (60, 62, 64, 65), -12),  # could be sung there, but lies high for a bass
        ("Bass", (60, 62, 64, 65), 0),  # is a bass's own
        ("Bass", (69, 71, 72), -12),
        ("", (40, 43, 45, 55), 0),
        ("Soprano", (81, 79, 60), -24),
        ("Bass", (47, 35, 40, 47), 0),  # down to the lowest note of its range
    ],
)
def test_only_a_foreign_melody_is_brought_to_the_middle(midi_file, name, pitches, moved):
    """A part that is named after the voice moves only if it must."""
    request = asked(midi_file(quarters(*pitches), names=[name]), given="bass")
    assert request.score.pitches[::4, 3].tolist() == [pitch + moved for pitch in pitches]


@pytest.mark.parametrize(
    ("words", "voices"),
    [
        ({}, [0]),
        ({"given": "tenor"}, [2]),
        ({"given": "soprano,bass"}, [0, 3]),
        ({"voices": "tenor"}, [0, 1, 3]),
        ({"voices": "all"}, []),
        ({"given": "alto,tenor", "voices": "soprano,bass"}, [1, 2]),
    ],
)
def test_voices_of_a_file(file, chorale, filler, words, voices):
    """Each given voice is the file's own, its rests included; the others are composed."""
    given = np.repeat(np.isin(np.arange(4), voices)[None], 80, axis=0)
    request = asked(file, **words)
    assert (request.mask == given).all()
    [[made]] = compose([request], filler)
    for score in (request.score, made):
        assert (score.pitches[given] == chorale.pitches[given]).all()
        assert (score.onsets[given] == chorale.onsets[given]).all()
    assert (made.pitches[~given] != -1).all()
    assert made.key == request.score.key
    assert (request.score.pickup, request.score.bar_lines.tolist()) == (4, [4, 20, 36, 52, 68])


@pytest.mark.parametrize(
    ("words", "given", "cells"),
    [
        # (start, end, line) of the cells that are given, or of those that are composed
        ({"locked": "3-4"}, True, [(0, 80, 0), (36, 68, None), (28, 36, 3)]),
        ({"locked": "2", "voices": "all"}, True, [(20, 36, None)]),
        ({"voices": "all", "locked": "0"}, True, [(0, 4, None)]),
        ({"voices": "all", "composed": "0"}, False, [(0, 4, None)]),
        ({"composed": "2,5", "voices": "alto"}, False, [(20, 36, 1), (68, 80, 1)]),
        ({"fill": True}, False, [(4, 20, 2), (52, 68, 2)]),
        ({"given": "all", "more": 3}, True, [(0, 80, None)]),
        ({"more": 3}, True, [(0, 80, 0)]),
        (
            {"composed": "1-2", "voices": "alto,bass", "more": 2},
            False,
            [(4, 36, 1), (4, 28, 3)],
        ),
    ],
)
def test_bars_of_a_file(file, chorale, filler, words, given, cells):
    """Locked bars are given, only chosen ones are composed, resting ones filled; a pickup is bar 0,
    a note that is held into a given bar is given whole, and more bars follow, all composed."""
    mask, more = np.full((80, 4), not given), words.get("more", 0)
    for start, end, line in cells:
        mask[start:end, slice(None) if line is None else line] = given
    request = asked(file, **words)
    assert (request.mask[:80] == mask).all()
    assert not request.mask[80:, :3].any()
    assert (request.score.steps, request.score.meter) == (80 + 16 * more, Meter(4, 4))
    [[made]] = compose([request], filler)
    assert (made.pitches[:80][mask] == chorale.pitches[mask]).all()
    assert (made.onsets[:80][mask] == chorale.onsets[mask]).all()
    assert made.bar_lines.tolist() == list(range(4, 80 + 16 * more, 16))
    if words == {"locked": "3-4"}:
        held = "kept 1 note that is held into given bars from the beginning"
        assert held in request.messages
    if "fill" in words:
        assert "fills the bars of tenor 1, 4" in request.messages
        assert (made.pitches[:80][~mask] != -1).all()


def test_a_bar_that_held_notes_fill(tmp_path):
    """Where notes that are held into given bars leave nothing to compose, that is said."""
    notes = [Note(4 * i, 4 * i + 4, 72 - 5 * voice, voice) for voice in range(3) for i in range(12)]
    pitches, onsets = arrays_of([*notes, Note(0, 48, 48, 3)], 48)
    midi.write(Score(pitches, onsets, key=Key()), tmp_path / "held.mid")
    with pytest.raises(InputError, match=r"held\.mid: everything is given: nothing is left"):
        asked(tmp_path / "held.mid", composed="2", voices="bass")


def test_a_voice_that_is_not_in_the_file_is_filled(chorale, filler, tmp_path):
    """A file whose parts are named need not have all four."""
    pitches, onsets = chorale.pitches[:, [0, 3]], chorale.onsets[:, [0, 3]]
    two = replace(chorale, pitches=pitches, onsets=onsets, ensemble=SATB.only(0, 3))
    musicxml.write(two, tmp_path / "two.musicxml")
    request = asked(tmp_path / "two.musicxml", fill=True)
    assert request.mask.all(axis=0).tolist() == [True, False, False, True]
    assert "fills the bars of alto 0-5; tenor 0-5" in request.messages
    assert (compose([request], filler)[0][0].pitches[:, [0, 3]] == pitches).all()


def test_silent_bars_count(midi_file, filler):
    """Where bars are chosen, silence around the notes is part of the piece and can be filled."""
    names = [voice.title() for voice in SATB.names]
    ends = mido.MetaMessage("end_of_track", time=20 * 480)
    lines = [[(beat, 1, pitch) for beat in range(8, 16)] for pitch in (72, 67, 60, 48)]
    path = midi_file(*lines, names=names, meta=[ends])
    request = asked(path, composed="1,5", voices="all")
    assert sorted(bar_spans(request.score)) == [1, 2, 3, 4, 5]
    composed = np.flatnonzero(~request.mask.all(axis=1))
    assert composed.tolist() == [*range(16), *range(64, 80)]
    filled = asked(path, fill=True)
    assert (~filled.mask).any(axis=1).sum() == 48
    assert not (compose([filled], filler)[0][0].pitches == -1).any()
    for option in ("locked", "composed"):
        with pytest.raises(InputError, match=r"melody\.mid: there is no bar 6; .* bars 1 to 5"):
            asked(path, **{option: "2-6"})


def test_a_rest_at_the_end_is_not_composed_over(midi_file):
    """The file's last bar is its own, its rests included; what follows begins at the bar line."""
    meta = [mido.MetaMessage("end_of_track", time=8 * 480)]
    request = asked(midi_file(quarters(67, 69, 71, 72, 67, 67), meta=meta), more=1)
    assert request.mask[:32, 0].all()
    assert (request.score.pitches[24:32, 0] == -1).all()
    assert not request.mask[32:, 0].any()
    assert request.score.steps == 48


def test_the_meter_at_the_end_goes_on(midi_file):
    """Of a file that changes its meter the last one is kept."""
    meta = [
        mido.MetaMessage("time_signature", numerator=4, denominator=4),
        mido.MetaMessage("time_signature", numerator=3, denominator=4, time=4 * 480),
    ]
    request = asked(midi_file(quarters(*[67] * 7), meta=meta), more=2)
    assert request.score.bar_lines.tolist() == [0, 16, 28, 40]
    assert request.score.steps == 52


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ({"locked": "1"}, "soprano, alto, tenor, bass must be in the file: not four voices"),
        ({"composed": "1"}, "must be in the file"),
        ({"fill": True}, "must be in the file"),
        ({"given": "all", "more": 4}, "must be in the file"),
        ({"given": "soprano,bass"}, "soprano, bass must be in the file: not four voices"),
        ({"voices": "bass"}, "soprano, alto, tenor must be in the file"),
    ],
)
def test_one_voice_where_more_are_needed(midi_file, words, fault):
    """A melody is refused in one line that says which voices are missed."""
    with pytest.raises(InputError, match=rf"melody\.mid: .*{fault}") as error:
        asked(midi_file(quarters(*SCALE)), **words)
    assert "\n" not in str(error.value)


def test_nothing_to_fill(midi_file):
    """Four voices that never rest for a bar leave nothing to fill, but may go on."""
    lines = [quarters(*[pitch] * 8) for pitch in (72, 67, 60, 48)]
    with pytest.raises(InputError, match="no voice rests for a whole bar"):
        asked(midi_file(*lines), fill=True)
    assert asked(midi_file(*lines), fill=True, more=1).mask[:32].all()


def test_which_tracks_were_taken_is_told(midi_file):
    """Where other tracks are left out, or voices were found in chords, a line says so."""
    high, low, flute = quarters(*[72] * 8), quarters(*[48] * 8), quarters(*[79] * 8)
    names = ["Flute", "Soprano", "Bass"]
    path = midi_file(flute, high, low, names=names)
    request = asked(path, given="soprano,bass")
    assert request.score.pitches[0].tolist() == [72, -1, -1, 48]
    assert "took tracks 2 (Soprano), 3 (Bass) of 3" in request.messages
    assert "took track 3 (Bass) of 3" in asked(path, given="bass").messages
    chords = [(beat, 1, pitch) for beat in range(8) for pitch in (72, 67, 60, 48)]
    request = asked(midi_file(chords), given="tenor")
    assert request.score.pitches[0].tolist() == [-1, -1, 60, -1]
    assert "found the voices in its chords" in request.messages


def test_a_track_for_another_voice(midi_file):
    """The melody's track can be named whichever voice it is for, but not among several voices."""
    path = midi_file(quarters(*[72] * 8), quarters(*SCALE), names=["Soprano", "Tune"])
    request = read_request(path, Plan.parse("bass"), overrides=Overrides("tune"))
    assert request.score.pitches[::4, 3].tolist() == [pitch - 12 for pitch in SCALE]
    with pytest.raises(InputError, match="only where one voice is given"):
        read_request(path, Plan(frozenset({0, 3})), overrides=Overrides(2))


def test_voices_moved_by_octaves_are_told_one_by_one(midi_file, filler):
    """A voice outside its range is moved alone and comes back as moved; the others as they are."""
    lines = [quarters(*[pitch] * 8) for pitch in (72, 79, 60, 48)]
    names = [voice.title() for voice in SATB.names]
    request = asked(midi_file(*lines, names=names), voices="tenor")
    assert "alto: moved down an octave to suit an alto" in request.messages
    assert sum("moved" in message for message in request.messages) == 1
    assert compose([request], filler)[0][0].pitches[0, [0, 1, 3]].tolist() == [72, 67, 48]


def test_phrases_are_those_of_the_highest_voice_that_sounds(midi_file):
    """A soprano that hardly sings does not tell where phrases end."""
    song = [(beat, 2 if beat % 8 == 6 else 1, 60) for beat in range(32) if beat % 8 != 7]
    lines = [[(0, 1, 72)], song]
    path = midi_file(*lines, names=["Soprano", "Tenor"])
    fermatas = asked(path, given="soprano,tenor").score.fermatas
    assert fermatas[[24, 56, 88, 120]].all()
    assert not fermatas[:24].any()


def test_drums_alone_are_given(midi_file):
    """All drums of a kit, however they are numbered, a step each; without a key or phrases."""
    kit = [(beat, 2, pitch) for beat in range(8) for pitch in (35, (40, 44)[beat % 2])]
    drums = frozenset(range(BAND.pitched, len(BAND)))
    request = read_request(midi_file(kit, channels=[9]), Plan(drums, ensemble=BAND))
    hits = request.score.pitches[: 4 * 2] >= 0
    names = [BAND.names[line] for step in (0, 4) for line in np.flatnonzero(hits[step])]
    assert names == ["snare", "kick", "hat", "kick"]
    assert not hits[[1, 2, 3, 5, 6, 7]].any()
    assert request.mask[:, BAND.pitched :].all()
    assert not request.mask[:, : BAND.pitched].any()
    assert request.score.key == Key()
    assert not request.score.fermatas.any()


def test_drums_say_nothing_of_the_key(midi_file):
    """A lead in A major with a kick and a snare is in A major."""
    lead = [(beat, 1, pitch) for beat, pitch in enumerate((69, 73, 76, 68, 74, 73, 71, 69))]
    kit = [(beat, 1, pitch) for beat in range(8) for pitch in (36, 38)]
    lines = frozenset({BAND.leads, BAND.index("kick"), BAND.index("snare")})
    path = midi_file(lead, kit, channels=[0, 9], names=["voice", "kit"])
    assert read_request(path, Plan(lines, ensemble=BAND)).score.key == Key(3)
