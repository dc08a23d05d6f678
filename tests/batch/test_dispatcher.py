"""Melodies are shared so that workers end at about the same time; workers that die lose none."""

import os
import signal
from unittest.mock import Mock

import pytest
from tests.batch import tunes
from tests.living import left

from kantor.batch import dispatcher
from kantor.batch.dispatcher import DIED, FEW, dispatch, processes, shares
from kantor.batch.jobs import Chunk, Job
from kantor.intake import Upload
from kantor.processes import Workers

EMPTY = Chunk((), *[None] * 6)


def jobs(sizes):
    return [Job(str(i), Upload(f"{i}.mid", str(i), bytes(n))) for i, n in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "workers", "most", "expected"),
    [
        ([], 2, 250, []),
        ([9], 2, 250, [1]),
        ([9] * 5, 2, 250, [3, 2]),
        ([9_000] * 42, 2, 250, [21, 21]),
        ([9] * 10, 1, 4, [4, 4, 2]),
        ([9] * 2 * FEW, 2, 250, [FEW, FEW]),
    ],
)
def test_jobs_are_shared_evenly(sizes, workers, most, expected):
    """No chunk is too large; of a few pieces no worker gets most while another one waits."""
    assert [len(share) for share in shares(jobs(sizes), workers, most)] == expected


def test_long_ones_come_first_and_together():
    """What takes longest is begun first; what is left at the end is small, but not too small."""
    chunks = list(shares(jobs([10, 1000] * 200), 2, 250))
    assert {len(job.upload.data) for job in chunks[0]} == {1000}
    assert {len(job.upload.data) for job in chunks[-1]} == {10}
    assert len(chunks[0]) < 100 < sum(len(share) for share in chunks[1:])
    assert all(len(share) >= FEW for share in chunks[:-1])
    assert sorted(int(job.key) for share in chunks for job in share) == list(range(400))


class Engine:
    """Answers a chunk when the answer is needed; counts those under way."""

    def __init__(self):
        self.sizes, self.under_way, self.most = [], 0, 0

    def __call__(self, chunk):
        self.sizes.append(len(chunk.jobs))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        return self.results

    def results(self):
        self.under_way -= 1
        return ()


def test_every_job_is_handed_out_and_comes_back():
    """At first a few to each worker, then full chunks; what is under way at once is bounded."""
    engine = Engine()
    back = [chunk for chunk, _ in dispatch(jobs([9] * 1000), EMPTY, engine, 2, 50)]
    assert engine.sizes[0] == FEW
    assert engine.under_way == 0
    assert engine.most <= 4 + 200 // FEW  # two chunks a worker, and the shares of all that is kept
    assert FEW < max(engine.sizes) <= 50
    assert sorted(int(job.key) for chunk in back for job in chunk.jobs) == list(range(1000))


def test_large_uploads_do_not_pile_up():
    """Their bytes fill a chunk before their number does."""
    engine = Engine()
    list(dispatch(jobs([9] * FEW + [30_000_000] * 5), EMPTY, engine, 1, 1000))
    assert engine.sizes == [FEW, 3, 2]


@pytest.fixture
def pids(monkeypatch):
    """The processes of the workers that are made meanwhile."""
    made = Mock(side_effect=lambda *given: setattr(made, "last", Workers(*given)) or made.last)
    monkeypatch.setattr(dispatcher, "Workers", made)
    return lambda: list(made.last.pool._processes)


def test_a_worker_that_is_killed_costs_nothing(inbox, out, tmp_path, pids):
    """Its chunk is composed again, once, and the result is the undisturbed one."""
    tunes.compose(inbox, tmp_path / "undisturbed")
    killed = []
    with processes(2) as engine:

        def report(counts):
            if not killed:
                killed.extend(pids()[:1])
                os.kill(killed[0], signal.SIGKILL)

        tunes.compose(inbox, out, engine=engine, report=report, chunk=2)
    assert killed
    assert tunes.result(out) == tunes.result(tmp_path / "undisturbed")


def test_a_melody_that_ends_its_worker_is_found_and_left_out(inbox, out):
    """The others of its chunk are composed; the next batch tries it again."""
    (inbox / "poison.mid").write_bytes(tunes.tune(33, first=tunes.POISON))
    with processes(2) as engine:
        summary = tunes.compose(inbox, out, engine=engine)
    assert summary.counts == {"composed": 10, "reused": 1, "refused": 1, "failed": 1}
    assert DIED in (summary.folder / "manifest.csv").read_text().replace('"', "")


def test_an_error_ends_the_workers_at_once(inbox, out, pids):
    """Ctrl-C does not wait for what is under way."""
    at_work = []

    def report(counts):
        at_work.extend(pids())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), processes(1) as engine:
        tunes.compose(inbox, out, engine=engine, report=report)
    assert at_work
    assert left(at_work, 5) == set()
