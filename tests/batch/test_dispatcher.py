"""Melodies are dealt so that workers end at about the same time."""

import pytest

from kantor.batch.chunks import FEW, Done, Job
from kantor.batch.dispatcher import Dealer, shared
from kantor.intake import Upload


def jobs(sizes):
    return [Job(str(i), str(i), Upload(f"{i}.mid", str(i), bytes(n))) for i, n in enumerate(sizes)]


@pytest.mark.parametrize(("count", "hands"), [(0, 0), (1, 1), (2 * FEW, 2), (500, 8)])
def test_each_is_dealt_once(count, hands):
    """In hands of a few at least; nothing is no chunk."""
    dealt = list(shared(jobs([9] * count), 2, 250))
    assert len(dealt) == hands
    assert sorted(int(job.key) for hand in dealt for job in hand) == list(range(count))
    assert all(len(hand) >= FEW for hand in dealt[:-1])


def test_a_few_are_shared_evenly():
    """Of a few long pieces no worker gets most while another one waits for it."""
    assert [len(hand) for hand in shared(jobs([9_000] * 42), 2, 250)] == [21, 21]
    assert [len(hand) for hand in shared(jobs([9] * 5), 2, 250)] == [3, 2]


def test_no_hand_is_too_large():
    """Memory is bounded however many there are."""
    assert [len(hand) for hand in shared(jobs([9] * 10), 1, 4)] == [4, 4, 2]


def test_long_ones_come_first_and_together():
    """What takes longest is begun first, and what is left at the end is small."""
    dealt = list(shared(jobs([10, 1000] * 200), 2, 250))
    assert {len(job.upload.data) for job in dealt[0]} == {1000}
    assert {len(job.upload.data) for job in dealt[-1]} == {10}
    assert len(dealt[0]) < 100 < sum(len(hand) for hand in dealt[1:])


class Engine:
    """Answers a chunk when it is asked for; knows how many are under way."""

    def __init__(self):
        self.sizes, self.under_way, self.most = [], 0, 0

    def submit(self, chunk):
        self.sizes.append(len(chunk.jobs))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        return self

    def result(self):
        self.under_way -= 1
        return Done(())


def test_every_job_is_handed_out_and_comes_back():
    """At first a few to each worker, then full hands; what is under way at once is bounded."""
    engine = Engine()
    dealer = Dealer(engine, None, 2, 50)
    given = jobs([9] * 1000)
    back = [chunk for job in given for chunk, _ in dealer.add(job)]
    assert engine.sizes[0] == FEW
    assert engine.under_way == 4
    back += [chunk for chunk, _ in dealer.rest()]
    assert engine.under_way == 0
    assert engine.most <= 4 + 200 // FEW  # two chunks a worker, and the hands of all that is kept
    assert FEW < max(engine.sizes) <= 50
    assert sorted(int(job.key) for chunk in back for job in chunk.jobs) == list(range(1000))


def test_large_uploads_do_not_pile_up():
    """Their bytes make a hand full before their number does."""
    engine = Engine()
    dealer = Dealer(engine, None, 1, 1000)
    for job in jobs([9] * FEW + [30_000_000] * 5):
        list(dealer.add(job))
    assert engine.sizes == [FEW, 3]
