"""Old batches are deleted; nobody notices but who looks for them."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from tests.batch import tunes
from tests.batch.tunes import Stopped, compose, gone, stops

from kantor.batch import copying
from kantor.batch.pruning import prune_batches, prune_quarantine
from kantor.files import Freed

NOW = datetime.now(UTC)
YESTERDAY, YEAR_AGO = NOW - timedelta(days=1), NOW - timedelta(days=365)
SCRIPT = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from kantor.batch import pruning

real, left = pruning.free, int(sys.argv[2])

def stops(*given):
    global left
    freed, left = real(*given), left - 1
    if left == 0:
        print("here", flush=True)
        time.sleep(60)
    return freed

pruning.free = stops
pruning.prune_batches(Path(sys.argv[1]), datetime.now(UTC))
"""


def table(out, query, *values):
    with closing(sqlite3.connect(out / "ledger.sqlite")) as ledger, ledger:
        return ledger.execute(query, values).fetchall()


def make_old(out, *batches):
    """Let batches have ended a year ago."""
    for batch in batches:
        long_ago = YEAR_AGO.isoformat(timespec="seconds")
        table(out, "UPDATE batches SET finished = ? WHERE number = ?", long_ago, batch)


def compositions(out):
    """The bytes of each composition, by its path."""
    return {name: data for name, data in tunes.result(out)[0].items() if name.startswith(".store")}


def composed(out):
    return {path.name[:7] for path in (out / ".store").rglob("*.mid")}


def disagreements(out):
    """What the ledger has and the disk has not, or the other way round."""
    rows = table(out, "SELECT details FROM compositions")
    named = {path for (details,) in rows for path, _ in json.loads(details)["files"]}
    there = {path.relative_to(out).as_posix() for path in (out / ".store").rglob("*.mid")}
    folders = {int(path.name[-4:]) for path in out.glob("*_0*")}
    done = table(out, "SELECT number FROM batches WHERE state = 'done'")
    return named ^ there | folders ^ {number for (number,) in done}


@pytest.fixture
def two(tmp_path, out):
    """A batch of six melodies, long ago, and one of today that shares two of them."""
    compose(tunes.fill(tmp_path / "inbox", 6), out)
    make_old(out, 1)
    later = tunes.fill(tmp_path / "later", 4, start=4)
    assert compose(later, out).counts == {"composed": 2, "reused": 2}
    return out


def test_an_old_batch_goes_with_its_files(two):
    """Folder, compositions and rows; a young batch stays with all that it shares."""
    freed = prune_batches(two, YESTERDAY)
    assert freed.count == 1
    assert freed.files == 4 + 3  # melodies; page and manifests
    assert freed.bytes > 1_000
    assert [path.name[-10:] for path in two.glob("*_0*")] == ["later_0002"]
    assert composed(two) == {"tune004", "tune005", "tune006", "tune007"}
    assert table(two, "SELECT count(*) FROM compositions") == [(4,)]
    assert table(two, "SELECT DISTINCT batch FROM entries") == [(2,)]
    assert disagreements(two) == set()
    before = tunes.result(two)
    assert prune_batches(two, YESTERDAY) == Freed()
    assert tunes.result(two) == before
    nowhere = two / "nowhere"
    assert prune_batches(nowhere, NOW) == prune_quarantine(nowhere, NOW) == Freed()
    assert not nowhere.exists()


def test_a_dry_run_counts_the_same_and_deletes_nothing(two):
    """Also what two old batches share counts once."""
    make_old(two, 2)
    before = tunes.result(two)
    would = prune_batches(two, YESTERDAY, dry_run=True)
    assert tunes.result(two) == before
    assert disagreements(two) == set()
    assert prune_batches(two, YESTERDAY) == would
    assert would.count == 2
    assert composed(two) == set()


def test_what_was_finished_is_not_composed_again_by_itself(inbox, out):
    """The inbox is known, but what is new or failed; a batch of all of it composes it as before."""
    compose(inbox, out, only_new=True)
    before = compositions(out)
    make_old(out, 1)
    prune_batches(out, YESTERDAY)
    assert compose(inbox, out, gone, only_new=True) is None  # the registry is not asked
    again = compose(inbox, out)
    assert (again.number, again.counts["composed"]) == (2, 10)  # no number is given twice
    assert compositions(out) == before
    tunes.fill(inbox, 1, start=50)
    assert compose(inbox, out, only_new=True).counts == {"composed": 1}


def test_what_failed_is_tried_again(inbox, out):
    """Only what was finished is remembered as such."""
    compose(inbox, out, only_new=True)
    key = "(SELECT key FROM entries WHERE name = 'tune003.mid')"
    table(out, f"DELETE FROM compositions WHERE key = {key}")
    table(out, "UPDATE entries SET status='failed', key='' WHERE name='tune003.mid'")
    make_old(out, 1)
    prune_batches(out, YESTERDAY)
    assert compose(inbox, out, only_new=True).counts == {"composed": 1}


def test_stores_know_and_keep_what_was_finished(bucket, out, monkeypatch):
    """An object is not read again; a copy in a store stays there, and later batches are copied."""
    bucket.pipe("/inbox/tune.mid", tunes.tune(1))
    places = ("memory://inbox",)
    compose(places, out, only_new=True)
    copying.copy(out, "memory://outbox")
    copied = set(bucket.find("/outbox"))
    make_old(out, 1)
    prune_batches(out, YESTERDAY)
    with monkeypatch.context() as patch:
        patch.setattr(type(bucket), "open", None)
        assert compose(places, out, only_new=True) is None
    compose(places, out)
    copying.copy(out, "memory://outbox")
    assert copied < set(bucket.find("/outbox"))
    assert bucket.glob("/outbox/*_0002/manifest.csv")


def test_an_unfinished_batch_stays_whatever_its_age(inbox, out):
    """And so do the compositions that it has; it goes on as if nothing had been."""
    compose(inbox, out)
    make_old(out, 1)
    tunes.fill(inbox, 5, start=20)
    with pytest.raises(Stopped):
        compose(inbox, out, engine=stops(0))
    prune_batches(out, datetime.now(UTC) + timedelta(days=1))
    assert (out / "models").is_dir()
    summary = compose(inbox, out)
    assert (summary.number, summary.counts["refused"]) == (2, 1)
    assert disagreements(out) == set()


@pytest.mark.parametrize("deleted", [1, 3, 5])
def test_killed_in_the_middle_it_is_done_by_the_next_call(two, tmp_path, deleted):
    """After the folder, some files or all; and before that its melodies can be composed again."""
    tunes.kill(tmp_path, SCRIPT, two, deleted)
    inbox = two.parent / "inbox"
    assert compose(inbox, two, only_new=True) is None
    assert compose(inbox, two).whole
    make_old(two, 2)
    prune_batches(two, YESTERDAY)
    assert disagreements(two) == set()
    assert composed(two) == {path.stem for path in inbox.iterdir()}
