"""Objects of a store are read once; results are copied there, each file before what names it."""

from contextlib import suppress
from unittest.mock import patch

import pytest
from tests.batch import tunes
from tests.batch.tunes import Stopped

from kantor.batch.copying import copy
from kantor.batch.jobs import Result
from kantor.intake.upload import Unreachable


@pytest.fixture
def read(bucket):
    """The keys that were opened since the last call, in a store of six melodies."""
    for number in range(6):
        bucket.pipe(f"/inbox/tune{number}.mid", tunes.tune(number))
    store = type(bucket)
    with patch.object(store, "open", autospec=True, side_effect=store.open) as opened:

        def since():
            keys = [call.args[1].rpartition("/")[2] for call in opened.call_args_list]
            opened.reset_mock()
            return keys

        yield since


def compose(out, engine=None, **said):
    summary = tunes.compose(("memory://inbox",), out, engine=engine, only_new=True, **said)
    return summary and summary.counts


def faulty(chunk):
    """An engine in which each chunk's first melody ends the process that composes it."""
    results = tunes.here(chunk)()[1:]
    return lambda: (Result(chunk.jobs[0].key, "it died", failed=True), *results)


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
    bucket.pipe("/inbox/tune3.mid", tunes.tune(8))  # written again as it was
    read()
    assert compose(out) is None
    assert read() == ["tune3.mid"]
    assert compose(out, formats=("mid", "musicxml")) is None
    assert read() == []
    assert compose(out, seed=1) == {"composed": 7}
    assert len(read()) == 7


@pytest.mark.parametrize("engine", [faulty, tunes.stops(1)])
def test_what_is_not_finished_is_read_again(read, out, engine):
    """A batch in which something failed keeps no mark of its objects, nor one that was stopped."""
    with suppress(Stopped):
        compose(out, engine, workers=1, chunk=1)
    read()
    assert compose(out, workers=1, chunk=1)["composed"] >= 1
    assert len(read()) == 6
    assert compose(out) is None
    assert read() == []


@pytest.fixture
def results(tmp_path):
    """What a batch leaves."""
    for name in (
        "day_0001/music/a.mid",
        "day_0001/manifest.csv",
        "quarantine/b.txt",
        "ledger.sqlite",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_only_missing_results_are_copied(bucket, results, monkeypatch):
    """A manifest after what it names; the ledger not at all; nothing new costs no request."""
    sent, put = [], type(bucket).put

    def noted(self, local, remote):
        sent.extend(name.partition("/outbox/")[2] for name in remote)
        put(self, local, remote)

    monkeypatch.setattr(type(bucket), "put", noted)
    assert copy(results, "memory://outbox") == 3
    assert sent == ["quarantine/b.txt", "day_0001/music/a.mid", "day_0001/manifest.csv"]
    assert bucket.cat("/outbox/day_0001/music/a.mid") == b"day_0001/music/a.mid"
    (results / "day_0002").mkdir()
    (results / "day_0002/manifest.csv").write_text("new")
    assert copy(results, "memory://outbox") == 1
    assert sent[3:] == ["day_0002/manifest.csv"]
    monkeypatch.setattr(type(bucket), "find", None)
    assert copy(results, "memory://outbox") == 0


def test_an_interrupted_copy_is_completed(bucket, results, monkeypatch):
    """The fault names the store's address, and the next call sends what is missing."""

    def breaks(self, local, remote):
        self.pipe(remote[0], b"quarantine/b.txt")
        raise RuntimeError("went away")

    with monkeypatch.context() as patch:
        patch.setattr(type(bucket), "put", breaks)
        with pytest.raises(Unreachable, match="went away") as fault:
            copy(results, "memory://outbox")
    assert fault.value.filename == "memory://outbox"
    assert copy(results, "memory://outbox") == 2
