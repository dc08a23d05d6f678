"""Retraining is asked for when drift stays, and once."""

from contextlib import nullcontext

import pytest

from kantor.drift import features, record, watch
from kantor.drift.watching import STATE, Watch, read
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Score

ROW = features(Score(*arrays_of([Note(0, 4, 60)], 4, voices=1)))


@pytest.fixture
def seen(tmp_path):
    """Look once more, after new melodies came in."""

    def look(drifting, new=True):
        if new:
            record(tmp_path, [ROW])
        return watch(tmp_path, drifting, 2, lambda key: None)

    return look


def test_it_must_stay(seen):
    """One check beyond the threshold is not enough, nor are two with a good one between them."""
    assert [seen(True), seen(False), seen(True), seen(True)] == [False, False, False, True]


def test_it_is_asked_for_once(seen):
    """Not again while it stays; again when it had gone."""
    assert [seen(True) for _ in range(5)] == [False, True, False, False, False]
    assert [seen(False), seen(True), seen(True)] == [False, False, True]


def test_old_melodies_do_not_count_twice(seen):
    """Checks without anything new since say nothing about staying."""
    assert not seen(True)
    assert not any(seen(True, new=False) for _ in range(5))
    assert seen(True)


def test_what_could_not_be_asked_is_asked_again(tmp_path):
    """A server that is away costs no retraining, and the same cause has the same key."""
    keys = []

    def away(key):
        keys.append(key)
        raise ConnectionError

    for ask in (keys.append, away, away, keys.append):
        record(tmp_path, [ROW])
        with nullcontext() if ask is not away else pytest.raises(ConnectionError):
            watch(tmp_path, True, 2, ask)
    assert len(keys) == 3
    assert len(set(keys)) == 1
    record(tmp_path, [ROW])
    assert not watch(tmp_path, True, 2, keys.append)


def test_a_damaged_state_is_begun_anew(tmp_path):
    """A file that cannot be read costs a few checks, not the flow."""
    (tmp_path / STATE).write_text('{"seen": "x"')
    assert read(tmp_path) == Watch()
