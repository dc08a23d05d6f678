"""The line beside a take says what is true of it, and of no other of the same request."""

from dataclasses import replace

import numpy as np

from kantor.ensemble import SATB
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Score
from kantor.studio.characters import BETWEEN, characters

STEPS = 32
MASK = np.zeros((STEPS, 4), bool)
MASK[:, 0] = True


def take(length=4, bass=(48, 50), alto=64):
    """A melody with an alto of one pitch and a bass of two, in notes of so many steps."""
    notes = [Note(start, start + 4, 72, 0) for start in range(0, STEPS, 4)]
    for number, start in enumerate(range(0, STEPS, length)):
        notes.append(Note(start, start + length, bass[number % 2], 3))
        notes.append(Note(start, start + length, alto, 1))
    return Score(*arrays_of(notes, STEPS, 4), key=Key(), ensemble=SATB)


def test_each_take_is_named_for_what_it_has_most_of():
    """Notes, leaps, the height of the bass."""
    lines = characters([take(), take(2), take(8)], MASK, [], "bach")
    assert lines == [BETWEEN, "busiest: most notes", "calm: fewest notes"]
    assert characters([take(), take(bass=(48, 60))], MASK, [], "bach")[1] in (
        "boldest leaps",
        "highest bass",
    )
    lines = characters([take(bass=(36, 38)), take(), take(alto=66)], MASK, [], "bach")
    assert lines == ["lowest bass", BETWEEN, "most notes from outside the key"]


def test_the_critic_names_its_favourite():
    """Where nothing else tells them apart as clearly."""
    others = [take(), take(alto=65), take(alto=67)]
    lines = characters(others, MASK, [0.1, 0.9, 0.2], "bach")
    assert lines[1] == "nearest to Bach, says the critic"


def test_given_notes_do_not_count():
    """A melody of many notes makes no take busy; one take needs no line, equal ones are told."""
    same = characters([take(), take()], MASK, [1.0, 1.0], "bach")
    assert same == [BETWEEN, "the same notes as the first of these"]
    assert characters([take()], MASK, [1.0], "bach") == [""]
    wholly = replace(take(), onsets=take().onsets | False)
    assert characters([wholly, take(2)], np.ones_like(MASK), [], "bach")[0] == BETWEEN
