"""Golden values, worked out by hand, for the metrics of accompaniments, and who they are for."""

from dataclasses import replace

import numpy as np
import pytest
from tests.ensembles import BAND, tune

from kantor.ensemble import SATB, Ensemble, Line
from kantor.metrics.accompaniment import RECURS, evaluate_repeats
from kantor.metrics.baselines import nearest, shuffled
from kantor.metrics.distances import kit_histogram, onset_histograms, total_variation
from kantor.metrics.musical import LABELS, evaluate, headline, labels
from kantor.metrics.names import is_fault, is_known, label
from kantor.metrics.part_writing import marks, root_of
from kantor.music.score import REST, Key, Meter, Score, onset_floor

TRIO = Ensemble(
    "trio",
    (
        Line("lead", 60, 96),
        Line("piano", 48, 84),
        Line("bass", 28, 55),
        Line("snare", 38, 38, "drum"),
        Line("kick", 36, 36, "drum"),
    ),
    bass=2,
    writing="accompaniment",
)


def played(*columns, drums=((), ()), meter="4/4"):
    """A score of lead, piano and bass, a note an eighth each, and the steps of snare and kick."""
    pitches = np.repeat(np.array(columns, np.int8).T, 2, axis=0)
    kit = np.full((len(pitches), 2), REST, np.int8)
    for drum, (note, steps) in enumerate(zip((38, 36), drums, strict=True)):
        kit[list(steps), drum] = note
    pitches = np.concatenate([pitches, kit], axis=1)
    onsets = onset_floor(pitches)
    onsets[::2, :3] = pitches[::2, :3] != REST
    return Score(
        pitches, onsets | (pitches == [[-2, -2, -2, 38, 36]]), Meter.parse(meter), ensemble=TRIO
    )


def beats(*chords):
    """A score with a chord of lead, piano (two notes, one an eighth after the other) and bass."""
    lead, first, second, bass = zip(*chords, strict=True)
    return played(np.repeat(lead, 2), np.stack([first, second], 1).ravel(), np.repeat(bass, 2))


GOLDEN = [
    # C E G under G and, a beat on, under D: one of two; the bass is on the root, then on the third.
    (
        beats((79, 64, 67, 48), (74, 60, 67, 52)),
        {"chord_tones": 1 / 2, "lead_clash": 0, "bass_on_roots": 1 / 2},
    ),
    # C and G alone may be C major: E belongs to it, and so does E flat; F does not.
    (beats(*[(lead, 60, 67, 48) for lead in (76, 75, 77)]), {"chord_tones": 2 / 3}),
    # C D G is no chord: it holds its own notes alone, and has no root.
    (
        beats((74, 62, 67, 48), (76, 62, 67, 48)),
        {"chord_tones": 1 / 2, "bass_on_roots": float("nan")},
    ),
    # One pitch class is no chord; C sharp stands a semitone from it, in another octave.
    (
        beats((73, 60, 60, 48), (72, 60, 60, 48)),
        {"chord_tones": float("nan"), "lead_clash": 1 / 2},
    ),
    # The clash of an eighth is not on a beat; B and C are a semitone apart too.
    (
        played((71, 71, 71, 71), (64, 60, 60, 64), (40, 40, 40, 40)),
        {"lead_clash": 1 / 2, "span_lead": 0, "span_piano": 4},
    ),
    # Two bars of 2/4: the second has two of four piano notes of the first, at the same time.
    (
        played((72,) * 8, (60, 64, 67, 64, 60, 65, 69, 64), (48,) * 4 + (REST,) * 4, meter="2/4"),
        {"same_rhythm": 4 / 8, "same_notes": 2 / 8},
    ),
    # Kick on 1, snare on 2 in the first bar, another kick with it in the second: two of three.
    (
        played((72,) * 8, (60,) * 8, (48,) * 8, drums=((4, 12), (0, 8, 12)), meter="2/4"),
        {"same_drums": 2 / 3, "hits_kick": 3, "hits_snare": 2},
    ),
    # One bar has none before it; without hits there is nothing to compare.
    (
        played((72,) * 8, (60,) * 8, (48,) * 8),
        {"same_notes": float("nan"), "same_drums": float("nan"), "hits_kick": 0},
    ),
]


@pytest.mark.parametrize(("score", "expected"), GOLDEN)
def test_golden_values(score, expected):
    """The figures are those worked out beside each score."""
    figures = evaluate(score)
    found = {name: figures[name] for name in expected}
    assert found == pytest.approx(expected, nan_ok=True)


def test_a_root_is_found_under_an_inversion():
    """E G C stands on C, A C E G on A, and E G alone on E."""
    chords = ([64, 67, 72], [57, 60, 64, 67], [52, 55, 60, 69], [64, 67], [60, 62, 67], [REST])
    roots = [root_of(np.array(chord, np.int8)) for chord in chords]
    assert roots == [0, 9, 9, 4, None, None]


def test_repeats_of_a_piece():
    """Bars A B A B A C: next to each other nothing is the same, two bars apart all but C.

    The melody has its first bar in the third, fifth and sixth again: twice of three times A comes
    with it.
    """
    a, b, c = ((60, 64), (48, 48)), ((62, 65), (50, 50)), ((67, 69), (52, 52))
    bars = [a, b, a, b, a, c]
    piano, bass = ([note for bar in bars for note in bar[at]] for at in (0, 1))
    lead = [72, 74, 76, 77, 72, 74, 79, 77, 72, 74, 72, 74]
    score = played(lead, piano, bass, meter="1/4")
    figures = evaluate_repeats([score]).iloc[0].to_dict()
    apart = {"recurs_1": 0, "recurs_2": 12 / 16, "recurs_4": 4 / 8, "recurs_8": np.nan}
    assert figures == pytest.approx(apart | {"recurs_with_melody": 8 / 12}, nan_ok=True)
    assert list(figures) == list(RECURS)


def test_rhythm_and_drums_within_the_bar():
    """A line on the beat and one off it have nothing in common; half as often is half the way."""
    straight = played((72,) * 8, (60, REST) * 4, (48,) * 8, drums=((4, 12), (0, 8)))
    off = played((72,) * 8, (REST, 60) * 4, (48,) * 8, drums=((4, 12), (0, 10)))
    one, other = (onset_histograms([score]) for score in (straight, off))
    apart = total_variation(one, other)
    assert apart[:3] == pytest.approx([0, 1, 0])
    assert apart[3:] == pytest.approx([0, 1 / 2])
    kits = [kit_histogram([score]) for score in (straight, off)]
    assert kits[0].sum() == pytest.approx(1)
    assert total_variation(*kits) == pytest.approx([2 / 16])  # two of sixteen steps differ


def test_each_metric_says_whom_it_is_for():
    """Parallels and crossing are for voices, grooves for drums, the bass's for who has one."""
    own = {"chord_tones", "lead_clash", "bass_on_roots", "same_notes", "same_drums"}
    voices = {"parallel_fifths", "parallel_octaves", "crossing"}
    assert own | {"hits_kick", "span_bass"} <= set(labels(TRIO))
    assert not voices & set(labels(TRIO))
    assert voices <= set(LABELS)
    assert not own & set(LABELS)
    assert not {"same_drums", "hits_kick"} & set(labels(replace(SATB, writing="accompaniment")))
    assert "bass_on_roots" not in labels(replace(TRIO, bass=None))
    assert {"beat_parallels", "unusual_moves_bass"} & set(marks(TRIO)) == set()
    assert "outside_piano" in marks(TRIO)
    first = ("semitone_clash", "triad_or_seventh", "complete_triads", "chord_tones", "lead_clash")
    assert headline(TRIO) == (*first, "bass_on_roots", "same_drums", "leaps_bass", "overlap")


def test_names_are_known_whatever_the_lines():
    """A label needs no ensemble; a name that no ensemble has is none."""
    assert labels(TRIO)["hits_kick"] == label("hits_kick") == "hits per 16 steps, kick"
    assert all(label(name) == text for name, text in labels(TRIO).items())
    assert label("recurs_4") == "notes that were there 4 bars before"
    assert label("crosing") == "crosing"
    assert [is_known(name) for name in ("leaps_viola", "crossing", "crosing")] == [
        True,
        True,
        False,
    ]
    assert [is_fault(name) for name in ("lead_clash", "wide_leaps_viola", "leaps_viola")] == [
        *(True, True, False)
    ]


def test_the_nearest_melody_lends_its_parts():
    """It is found in another key and from a later bar on; its drums come along, unmoved."""
    band = replace(BAND, writing="accompaniment")
    training = [replace(tune(row, 64), key=Key(0), ensemble=band) for row in range(4)]
    parts = [line for line in range(len(band)) if line != band.leads]
    later, own = training[2].pitches[32:], tune(9).pitches.copy()
    own[:, band.leads] = later[:, band.leads]
    score = Score(own, onset_floor(own), key=Key(0), ensemble=band).transposed(2)
    (found,) = nearest([score], training)
    up = np.where(np.array(parts) < band.pitched, 2, 0)
    expected = np.where(later[:, parts] == REST, REST, later[:, parts] + up)
    np.testing.assert_array_equal(found.pitches[:, parts], expected)
    np.testing.assert_array_equal(found.pitches[:, band.leads], score.pitches[:, band.leads])


def test_accompaniments_are_shuffled_within_a_meter():
    """A waltz gets no march; where there is no other waltz it must."""
    band = replace(BAND, writing="accompaniment")
    scores = [replace(tune(row, 48), key=Key(0), ensemble=band) for row in range(4)]
    three = replace(scores[0], meter=Meter(3, 4), bar_lines=np.zeros(0, np.int32))
    other = replace(scores[1], meter=Meter(3, 4), bar_lines=np.zeros(0, np.int32))
    for seed in range(4):
        (made, *_) = shuffled([three, other, *scores[2:]], np.random.default_rng(seed))
        np.testing.assert_array_equal(made.pitches[:, 5:], other.pitches[:, 5:])
    assert len(shuffled([three, *scores[2:]], np.random.default_rng(0))) == 3
