"""Pieces without a split of their own are drawn, and no split of a small corpus is empty."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.conftest import chorale

from kantor.data.corpus import SPLITS, Piece
from kantor.data.splits import with_splits
from kantor.errors import InputError
from kantor.settings import Split

SCORE = chorale()
SHARES = Split(valid=0.1, test=0.1)


def own(count, split=""):
    return [Piece(f"scores/{n}{split}.mid", split, "folder", 0, SCORE) for n in range(count)]


def split_of(pieces, split=SHARES):
    return {piece.id: piece.split for piece in with_splits(pieces, split)}


def counts(pieces, split=SHARES):
    found = Counter(split_of(pieces, split).values())
    return tuple(found[name] for name in SPLITS)


def test_a_piece_stays_in_its_split_when_others_come():
    """It is drawn by its id and the seed alone, about the asked shares are held out."""
    before, after = split_of(own(1000)), split_of(own(2000))
    assert all(after[id] == split for id, split in before.items())
    train, valid, test = counts(own(2000))
    assert 1560 < train < 1640
    assert 170 < valid < 230
    assert 170 < test < 230
    assert after != split_of(own(2000), Split(seed=1))


@pytest.mark.parametrize(
    ("pieces", "expected"), [(3, (1, 1, 1)), (4, (2, 1, 1)), (6, (2, 2, 2)), (7, (3, 2, 2))]
)
def test_a_few_pieces_reach_every_split(pieces, expected):
    """From six on there are two of each, which an evaluation needs; again the same ones."""
    assert counts(own(pieces), Split(valid=0.01, test=0.01)) == expected
    assert split_of(own(pieces)) == split_of(own(pieces)[::-1])


@given(pieces=st.integers(6, 60), seed=st.integers(0, 99), valid=st.floats(0.01, 0.4))
def test_no_split_has_fewer_than_two(pieces, seed, valid):
    """Whatever the shares and the seed, and no piece is lost."""
    found = counts(own(pieces), Split(valid=valid, test=0.4, seed=seed))
    assert min(found) >= 2
    assert sum(found) == pieces


def test_beside_other_sources_a_few_pieces_reach_every_split_too():
    """What others hold out is not theirs; but one or two pieces need not be held out."""
    others = [piece for split in SPLITS for piece in own(2, split)]
    found = split_of(others + own(10))
    assert all(found[piece.id] == piece.split for piece in others)
    assert {id: found[id] for id in (one.id for one in own(10))} == split_of(own(10))
    assert min(Counter(found[one.id] for one in own(10)).values()) == 2
    assert len(split_of(others + own(1))) == len(others) + 1


def test_without_a_share_nothing_is_held_out():
    """A share of 0 is somebody's wish, with few pieces too."""
    assert counts(own(9), Split(valid=0, test=0)) == (9, 0, 0)
    assert counts(own(4), Split(valid=0.5, test=0))[2] == 0


@pytest.mark.parametrize("pieces", [1, 2])
def test_too_few_pieces_are_refused(pieces):
    """In one line, with what to do."""
    with pytest.raises(InputError, match=rf"add {3 - pieces} more, or the source jsb") as raised:
        with_splits(own(pieces), SHARES)
    assert "\n" not in str(raised.value)
