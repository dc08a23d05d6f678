"""Melodies are dealt so that workers end at about the same time."""

import pytest

from kantor.batch.chunks import FEW, Job, shared
from kantor.intake import Upload


def jobs(sizes):
    return [Job(str(i), str(i), Upload(f"{i}.mid", bytes(n), str(i))) for i, n in enumerate(sizes)]


@pytest.mark.parametrize(("count", "workers", "hands"), [(0, 2, 0), (5, 8, 1), (500, 3, 3)])
def test_each_is_dealt_once(count, workers, hands):
    """To all workers where there is enough for all; nothing is no chunk."""
    dealt = shared(jobs(range(count)), workers)
    assert len(dealt) == hands
    assert sorted(int(job.key) for hand in dealt for job in hand) == list(range(count))


def test_long_and_short_ones_are_mixed():
    """However they are ordered in their folder, each worker has as much to read."""
    sizes = [10] * (2 * FEW) + [1000] * (2 * FEW)
    first, second = shared(jobs(sizes), 2)
    assert len(first) == len(second)
    assert sum(len(job.upload.data) for job in first) == sum(len(j.upload.data) for j in second)
