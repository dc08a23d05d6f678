"""Melodies are dealt so that workers end at about the same time."""

import pytest

from kantor.batch.chunks import FEW, Job, shared
from kantor.intake import Upload


def jobs(sizes):
    return [Job(str(i), str(i), Upload(f"{i}.mid", str(i), bytes(n))) for i, n in enumerate(sizes)]


@pytest.mark.parametrize(("count", "hands"), [(0, 0), (5, 1), (2 * FEW, 2), (500, 8)])
def test_each_is_dealt_once(count, hands):
    """In hands of a few at least; nothing is no chunk."""
    dealt = list(shared(jobs([9] * count), 2, 250))
    assert len(dealt) == hands
    assert sorted(int(job.key) for hand in dealt for job in hand) == list(range(count))
    assert all(len(hand) >= FEW for hand in dealt[:-1])


def test_no_hand_is_too_large():
    """Memory is bounded however many there are."""
    assert [len(hand) for hand in shared(jobs([9] * 10), 1, 4)] == [4, 4, 2]


def test_long_ones_come_first_and_together():
    """What takes longest is begun first, and what is left at the end is small."""
    dealt = list(shared(jobs([10, 1000] * 200), 2, 250))
    assert {len(job.upload.data) for job in dealt[0]} == {1000}
    assert {len(job.upload.data) for job in dealt[-1]} == {10}
    assert len(dealt[0]) < 100 < sum(len(hand) for hand in dealt[1:])
