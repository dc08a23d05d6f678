"""Old batches are deleted; nobody notices but who looks for them."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.batch import tunes

from kantor.batch import copying, run
from kantor.batch.dispatcher import Here
from kantor.batch.pruning import prune_batches, prune_quarantine
from kantor.files import Freed
from kantor.locks import Busy, held

NOW = datetime.now(UTC)
YESTERDAY = NOW - timedelta(days=1)


def compose(inbox, out, **said):
    return run(tunes.plan(inbox, out, **said), Here())


def make_old(out, *batches):
    """Let batches have ended a year ago."""
    with closing(sqlite3.connect(out / "ledger.sqlite")) as ledger, ledger:
        for batch in batches:
            long_ago = (NOW - timedelta(days=365)).isoformat(timespec="seconds")
            ledger.execute("UPDATE batches SET finished = ? WHERE number = ?", (long_ago, batch))


def table(out, query):
    with closing(sqlite3.connect(out / "ledger.sqlite")) as ledger:
        return ledger.execute(query).fetchall()


def composed(out):
    return {path.name[:7] for path in (out / "files").rglob("*.mid")}


def disagreements(out):
    """What the ledger has and the disk has not, or the other way round."""
    rows = table(out, "SELECT details FROM compositions")
    named = {path for (details,) in rows for path, _ in json.loads(details)["files"]}
    there = {path.relative_to(out).as_posix() for path in (out / "files").rglob("*.mid")}
    folders = {path.name for path in out.glob("batch-*")}
    done = table(out, "SELECT number FROM batches WHERE state = 'done'")
    return named ^ there | folders ^ {f"batch-{number:04d}" for (number,) in done}


@pytest.fixture
def two(tmp_path, out):
    """A batch of six melodies, long ago, and one of today that shares two of them."""
    inbox = tunes.fill(tmp_path / "inbox", 6)
    compose(inbox, out)
    make_old(out, 1)
    later = tunes.fill(tmp_path / "later", 4, start=4)
    assert compose(later, out).counts == {"composed": 2, "reused": 2}
    return out


def test_a_young_batch_stays(inbox, out):
    """Nothing is deleted that ended later than the time."""
    compose(inbox, out)
    before = tunes.result(out)
    assert prune_batches(out, YESTERDAY) == Freed()
    assert tunes.result(out) == before


def test_an_old_batch_goes_with_its_files(two):
    """Folder, compositions and rows; what the younger batch shares stays."""
    freed = prune_batches(two, YESTERDAY)
    assert freed.count == 1
    assert freed.files == 4 + 3  # melodies; page and manifests
    assert freed.bytes > 1_000
    assert {path.name for path in two.glob("batch-*")} == {"batch-0002"}
    assert composed(two) == {"tune004", "tune005", "tune006", "tune007"}
    assert table(two, "SELECT count(*) FROM compositions") == [(4,)]
    assert table(two, "SELECT DISTINCT batch FROM entries") == [(2,)]
    assert disagreements(two) == set()
    assert prune_batches(two, YESTERDAY) == Freed()


def test_a_dry_run_counts_the_same_and_deletes_nothing(two):
    """Also what two old batches share counts once."""
    make_old(two, 2)
    before = tunes.result(two)
    would = prune_batches(two, YESTERDAY, dry_run=True)
    assert tunes.result(two) == before
    assert prune_batches(two, YESTERDAY) == would
    assert would.count == 2
    assert composed(two) == set()


def test_what_was_dealt_with_is_not_composed_again_by_itself(inbox, out):
    """The inbox is known; a melody that is new in it is composed."""
    compose(inbox, out, only_new=True)
    make_old(out, 1)
    prune_batches(out, YESTERDAY)
    assert compose(inbox, out, only_new=True) is None
    tunes.fill(inbox, 1, start=50)
    assert compose(inbox, out, only_new=True).counts == {"composed": 1}


def test_objects_of_a_store_are_not_read_again(bucket, out, monkeypatch):
    """What the list says of them is still known."""
    bucket.pipe("/inbox/tune.mid", tunes.tune(1))
    place = ("memory://inbox",)
    assert compose(place, out, only_new=True).counts == {"composed": 1}
    make_old(out, 1)
    prune_batches(out, YESTERDAY)
    monkeypatch.setattr(type(bucket), "open", None)
    assert compose(place, out, only_new=True) is None


def test_a_melody_asked_for_again_is_composed_again(inbox, out):
    """As it was composed first."""
    compose(inbox, out)
    before = {name: data for name, data in tunes.result(out)[0].items() if name.startswith("files")}
    make_old(out, 1)
    prune_batches(out, YESTERDAY)
    again = compose(inbox, out)
    assert again.counts["composed"] == 10
    after = {name: data for name, data in tunes.result(out)[0].items() if name.startswith("files")}
    assert after == before


def test_a_number_is_not_given_twice(inbox, out):
    """Where all batches are deleted the next one has the next number."""
    compose(inbox, out)
    make_old(out, 1)
    prune_batches(out, YESTERDAY)
    assert compose(inbox, out).number == 2


def test_an_unfinished_batch_stays_whatever_its_age(inbox, out):
    """And so do the compositions that it has; it goes on as if nothing had been."""
    compose(inbox, out)
    make_old(out, 1)

    class Stops(Here):
        def submit(self, chunk):
            raise KeyboardInterrupt

    tunes.fill(inbox, 5, start=20)
    with pytest.raises(KeyboardInterrupt):
        run(tunes.plan(inbox, out), Stops())
    prune_batches(out, datetime.now(UTC) + timedelta(days=1))
    assert (out / "models").is_dir()
    summary = compose(inbox, out)
    assert summary.number == 2
    assert summary.counts["refused"] == 1
    assert disagreements(out) == set()


def test_what_failed_is_tried_again(inbox, out):
    """Only what was dealt with is remembered as such."""
    compose(inbox, out, only_new=True)
    with closing(sqlite3.connect(out / "ledger.sqlite")) as ledger, ledger:
        ledger.execute(
            "DELETE FROM compositions WHERE key = (SELECT key FROM entries WHERE name = ?)",
            ("tune003.mid",),
        )
        ledger.execute("UPDATE entries SET status='failed', key='' WHERE name='tune003.mid'")
    make_old(out, 1)
    prune_batches(out, YESTERDAY)
    assert compose(inbox, out, only_new=True).counts == {"composed": 1}


def test_nothing_there_is_nothing_to_delete(out):
    """And nothing is made."""
    assert prune_batches(out, NOW) == prune_quarantine(out, NOW) == Freed()
    assert not out.exists()


def test_while_a_batch_composes_nothing_is_deleted(two, monkeypatch):
    """It is told, and can be done later."""
    monkeypatch.setattr("kantor.batch.pruning.PATIENCE", 0.1)
    before = tunes.result(two)
    with held(two / ".lock"), pytest.raises(Busy):
        prune_batches(two, YESTERDAY)
    assert tunes.result(two) == before


def test_a_copy_elsewhere_stays_and_goes_on(two, bucket):
    """What was copied to a store is not deleted there, and later batches are copied."""
    copying.copy(two, "memory://outbox")
    there = set(bucket.find("/outbox"))
    make_old(two, 2)
    prune_batches(two, YESTERDAY)
    compose(two.parent / "inbox", two)
    copying.copy(two, "memory://outbox")
    now = set(bucket.find("/outbox"))
    assert there < now
    assert "/outbox/batch-0003/manifest.csv" in now


def test_old_quarantine_goes(inbox, out):
    """By the time at which an upload was refused."""
    compose(inbox, out)
    (path,) = (out / "quarantine").iterdir()
    assert prune_quarantine(out, YESTERDAY) == Freed()
    year_ago = (NOW - timedelta(days=365)).timestamp()
    os.utime(path, (year_ago, year_ago))
    size = path.stat().st_size
    assert prune_quarantine(out, YESTERDAY, dry_run=True) == Freed(1, 1, size)
    assert path.exists()
    assert prune_quarantine(out, YESTERDAY) == Freed(1, 1, size)
    assert not path.exists()


SCRIPT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kantor.batch import pruning

real, left = getattr(pruning, sys.argv[2]), int(sys.argv[3])

def stops(*given):
    global left
    if left == 0:
        print("here", flush=True)
        import time
        time.sleep(60)
    left -= 1
    return real(*given)

setattr(pruning, sys.argv[2], stops)
pruning.prune_batches(Path(sys.argv[1]), datetime.now(UTC))
"""


@pytest.mark.parametrize(("where", "times"), [("free", 0), ("free", 3), ("_forget", 0)])
def test_killed_in_the_middle_it_is_done_by_the_next_call(two, tmp_path, where, times):
    """Whether files or rows were next; and before that a melody of it can be asked for again."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(two), where, str(times)]
    source = str(Path(__file__).parents[2] / "src")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": source}
    ) as process:
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGKILL)
    inbox = two.parent / "inbox"
    assert compose(inbox, two, only_new=True) is None
    again = compose(inbox, two)
    assert again.whole
    make_old(two, 2)
    prune_batches(two, YESTERDAY)
    assert disagreements(two) == set()
    assert composed(two) == {path.stem for path in inbox.iterdir()}
