"""Melodies are shared so that workers end at about the same time; workers that die lose none."""

import os
import signal
import time
from pathlib import Path

import pytest
from tests.batch import tunes

from kantor.batch import run
from kantor.batch.dispatcher import DIED, Dispatcher, Here, processes, shares
from kantor.batch.jobs import FEW, Job
from kantor.intake import Upload


def jobs(sizes):
    return [Job(str(i), str(i), Upload(f"{i}.mid", str(i), bytes(n))) for i, n in enumerate(sizes)]


@pytest.mark.parametrize(("count", "chunks"), [(0, 0), (1, 1), (2 * FEW, 2), (500, 8)])
def test_each_is_shared_out_once(count, chunks):
    """In chunks of a few at least; nothing is no chunk."""
    found = list(shares(jobs([9] * count), 2, 250))
    assert len(found) == chunks
    assert sorted(int(job.key) for share in found for job in share) == list(range(count))
    assert all(len(share) >= FEW for share in found[:-1])


def test_a_few_are_shared_evenly():
    """Of a few long pieces no worker gets most while another one waits for it."""
    assert [len(share) for share in shares(jobs([9_000] * 42), 2, 250)] == [21, 21]
    assert [len(share) for share in shares(jobs([9] * 5), 2, 250)] == [3, 2]


def test_no_chunk_is_too_large():
    """Memory is bounded however many there are."""
    assert [len(share) for share in shares(jobs([9] * 10), 1, 4)] == [4, 4, 2]


def test_long_ones_come_first_and_together():
    """What takes longest is begun first, and what is left at the end is small."""
    found = list(shares(jobs([10, 1000] * 200), 2, 250))
    assert {len(job.upload.data) for job in found[0]} == {1000}
    assert {len(job.upload.data) for job in found[-1]} == {10}
    assert len(found[0]) < 100 < sum(len(share) for share in found[1:])


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
        return ()


def test_every_job_is_handed_out_and_comes_back():
    """At first a few to each worker, then full chunks; what is under way at once is bounded."""
    engine = Engine()
    dispatcher = Dispatcher(engine, None, 2, 50)
    given = jobs([9] * 1000)
    back = [chunk for job in given for chunk, _ in dispatcher.add(job)]
    assert engine.sizes[0] == FEW
    assert engine.under_way == 4
    back += [chunk for chunk, _ in dispatcher.rest()]
    assert engine.under_way == 0
    assert engine.most <= 4 + 200 // FEW  # two chunks a worker, and the shares of all that is kept
    assert FEW < max(engine.sizes) <= 50
    assert sorted(int(job.key) for chunk in back for job in chunk.jobs) == list(range(1000))


def test_large_uploads_do_not_pile_up():
    """Their bytes fill a chunk before their number does."""
    engine = Engine()
    dispatcher = Dispatcher(engine, None, 1, 1000)
    for job in jobs([9] * FEW + [30_000_000] * 5):
        list(dispatcher.add(job))
    assert engine.sizes == [FEW, 3]


def runs(pid):
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().split()[2] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def workers_of(engine):
    return list(engine.workers._pool._processes)


def test_a_worker_that_is_killed_costs_nothing(inbox, out, tmp_path):
    """Its chunk is composed again, once, and the result is the undisturbed one."""
    run(tunes.plan(inbox, tmp_path / "undisturbed"), Here())
    killed = []

    with processes(2) as engine:

        def report(counts):
            if not killed:
                killed.extend(workers_of(engine)[:1])
                os.kill(killed[0], signal.SIGKILL)

        run(tunes.plan(inbox, out, report=report, chunk=2), engine)
    assert killed
    assert tunes.result(out) == tunes.result(tmp_path / "undisturbed")


def test_a_melody_that_ends_its_worker_is_found_and_left_out(inbox, out):
    """The others of its chunk are composed; the next batch tries it again."""
    (inbox / "poison.mid").write_bytes(tunes.tune(33, first=tunes.POISON))
    with processes(2) as engine:
        summary = run(tunes.plan(inbox, out), engine)
    assert summary.counts == {"composed": 10, "reused": 1, "refused": 1, "failed": 1}
    assert DIED in (summary.folder / "manifest.csv").read_text().replace('"', "")


def test_an_error_ends_the_workers_at_once(inbox, out):
    """Ctrl-C does not wait for what is under way."""
    pids = []

    def report(counts):
        pids.extend(workers_of(engine))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), processes(1) as engine:
        run(tunes.plan(inbox, out, report=report), engine)
    assert pids
    ends = time.monotonic() + 5
    while any(map(runs, pids)) and time.monotonic() < ends:
        time.sleep(0.01)
    assert not any(map(runs, pids))
