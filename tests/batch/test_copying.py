"""Results are copied to a store: what is missing there, each file before what names it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from kantor.batch import Batch
from kantor.batch.copying import copy
from kantor.intake.upload import Unreachable


@pytest.fixture
def out(tmp_path):
    """What a batch leaves."""
    for name in ("files/3f/a.mid", "batch-0001/manifest.csv", "quarantine/b.txt", "ledger.sqlite"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def sent(monkeypatch, bucket):
    """What is sent, in order."""
    noted, real = [], type(bucket).put

    def put(self, local, remote):
        noted.extend(name.partition("/outbox/")[2] for name in remote)
        real(self, local, remote)

    monkeypatch.setattr(type(bucket), "put", put)
    return noted


def test_results_are_copied_and_the_ledger_is_not(bucket, out, monkeypatch):
    """A manifest comes after what it names; what is this machine's alone stays here."""
    names = sent(monkeypatch, bucket)
    assert copy(out, "memory://outbox") == 3
    assert names == ["files/3f/a.mid", "quarantine/b.txt", "batch-0001/manifest.csv"]
    assert bucket.cat("/outbox/files/3f/a.mid") == b"files/3f/a.mid"


def test_only_what_is_missing_is_sent(bucket, out, monkeypatch):
    """After another batch that is its files; after none, the store is not even asked."""
    copy(out, "memory://outbox")
    names = sent(monkeypatch, bucket)
    (out / "batch-0002").mkdir()
    (out / "batch-0002/manifest.csv").write_text("new")
    assert copy(out, "memory://outbox") == 1
    assert names == ["batch-0002/manifest.csv"]
    monkeypatch.setattr(type(bucket), "find", None)
    assert copy(out, "memory://outbox") == 0


def test_a_copy_that_broke_off_is_made_up_for(bucket, out, monkeypatch):
    """The fault is told with the store's address, and the next call sends what is missing."""

    def breaks(self, local, remote):
        self.pipe(remote[0], b"files/3f/a.mid")
        raise RuntimeError("went away")

    with monkeypatch.context() as patch:
        patch.setattr(type(bucket), "put", breaks)
        with pytest.raises(Unreachable, match="went away") as fault:
            copy(out, "memory://outbox")
    assert fault.value.filename == "memory://outbox"
    assert copy(out, "memory://outbox") == 2


def test_the_folder_of_results_is_no_address():
    """It would become a folder of that name."""
    for address in ("s3://bucket/outbox", Path("s3://bucket/outbox")):
        with pytest.raises(ValidationError, match="copy_to"):
            Batch(out=address)
    assert Batch(copy_to="s3://bucket/outbox").copy_to
