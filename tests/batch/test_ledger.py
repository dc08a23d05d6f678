"""Objects of a store that are finished are not read again; others are."""

from concurrent.futures import Future

import pytest
from tests.batch import tunes

from kantor.batch import run
from kantor.batch.dispatcher import Here
from kantor.batch.jobs import Result

INBOX = "memory://inbox"


@pytest.fixture
def read(bucket, monkeypatch):
    """The keys that were opened since one last looked, in a store of six melodies."""
    for number in range(6):
        bucket.pipe(f"/inbox/tune{number}.mid", tunes.tune(number))
    opened, real = [], type(bucket).open

    def noted(self, path, *given, **more):
        opened.append(path.rpartition("/")[2])
        return real(self, path, *given, **more)

    monkeypatch.setattr(type(bucket), "open", noted)

    def since():
        found = opened[:]
        opened.clear()
        return found

    return since


def compose(out, engine=None, **said):
    plan = tunes.plan((INBOX,), out, only_new=True, **said)
    summary = run(plan, engine or Here())
    return summary and summary.counts


class Faulty(Here):
    """An engine in which each chunk's first melody ends the process that composes it."""

    def submit(self, chunk):
        results = super().submit(chunk).result()[1:]
        pending = Future()
        pending.set_result((Result(chunk.jobs[0].key, "it died", failed=True), *results))
        return pending


class Stops(Here):
    """An engine that is stopped when it gets its second chunk."""

    begun = False

    def submit(self, chunk):
        if self.begun:
            raise KeyboardInterrupt
        self.begun = True
        return super().submit(chunk)


def test_what_is_finished_is_not_read_again(bucket, read, out):
    """By what the listing says; a change is seen, also one that keeps the size."""
    assert compose(out) == {"composed": 6}
    assert len(read()) == 6
    assert compose(out) is None
    assert read() == []
    bucket.pipe("/inbox/tune3.mid", tunes.tune(8))
    bucket.pipe("/inbox/tune9.mid", tunes.tune(9))
    assert len(tunes.tune(8)) == len(tunes.tune(3))
    read()
    assert compose(out) == {"composed": 2}
    assert read() == ["tune3.mid", "tune9.mid"]


def test_other_options_read_all_of_it(read, out):
    """For them nothing is finished."""
    compose(out)
    read()
    assert compose(out, seed=1) == {"composed": 6}
    assert len(read()) == 6


def test_what_was_known_by_its_bytes_is_read_once_more(bucket, read, out):
    """As where an object was written again as it was: no batch, and known from then on."""
    compose(out)
    bucket.pipe("/inbox/tune3.mid", tunes.tune(3))
    read()
    assert compose(out) is None
    assert read() == ["tune3.mid"]
    assert compose(out) is None
    assert read() == []


def test_what_failed_is_tried_again(read, out):
    """A batch in which something failed keeps no mark of its objects."""
    assert compose(out, Faulty(), chunk=6)["failed"] >= 1
    read()
    assert compose(out)["composed"] >= 1
    assert len(read()) == 6
    assert compose(out) is None
    assert read() == []


def test_a_batch_that_was_stopped_reads_what_is_left(read, out):
    """Nothing counts as finished before its batch is done."""
    with pytest.raises(KeyboardInterrupt):
        compose(out, Stops(), workers=1, chunk=1)
    read()
    assert compose(out, workers=1, chunk=1) == {"composed": 6}
    assert len(read()) == 6
    assert compose(out) is None
    assert read() == []
