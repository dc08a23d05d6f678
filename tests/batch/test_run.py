"""Each melody is composed once, and no stop shows in what a batch leaves."""

import csv
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.batch import tunes

from kantor.batch import BatchError, models, run
from kantor.batch.dispatcher import Here
from kantor.drift import last
from kantor.formats.reading import read

SCRIPT = """
import sys, time
from pathlib import Path
from tests.batch import tunes
from kantor.batch import run
from kantor.batch.dispatcher import processes

if __name__ == "__main__":
    inbox, out, after = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

    def report(counts):
        if counts.get("composed", 0) >= after:
            print("so far", flush=True)
            time.sleep(60)

    with processes(2) as engine:
        run(tunes.plan(inbox, out, report=report), engine)
"""


class Stops(Exception):
    """What ends a batch in the middle."""


class Failing(Here):
    """An engine that stops when it is given its so-and-so-many-th chunk."""

    def __init__(self, chunks):
        self.left = chunks

    def submit(self, chunk):
        if not self.left:
            raise Stops
        self.left -= 1
        return super().submit(chunk)


def rows(summary):
    with (summary.folder / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_gets_its_row_and_every_melody_its_composition(inbox, out):
    """Composed, shared by a second file of the same bytes, or refused with the reason."""
    summary = run(tunes.plan(inbox, out), Here())
    assert summary.counts == {"composed": 10, "reused": 1, "refused": 1}
    found = rows(summary)
    assert [row["source"] for row in found] == sorted(path.name for path in inbox.iterdir())
    statuses = {row["source"]: row["status"] for row in found}
    assert statuses["notes.txt"] == "refused"
    assert {statuses["tune004.mid"], statuses["tune004 copy.mid"]} == {"composed", "reused"}
    refused = next(row for row in found if row["status"] == "refused")
    assert "neither MIDI nor MusicXML" in refused["reason"]
    for row in found:
        if row["status"] != "refused":
            assert row["model"] == "rule version 1"
            assert (row["key"], row["meter"], row["takes"]) == ("C major", "4/4", "1")
            assert 0 <= float(row["in_best_scale"]) <= 1
            (part, *_) = read(out / row["files"]).parts
            melody = read(inbox / row["source"]).parts[0]
            assert [note.start for note in part.notes] == [note.start for note in melody.notes]


def test_what_was_refused_is_kept_with_its_reason(inbox, out):
    """In one file, once, however often the batch is run."""
    for _ in range(2):
        run(tunes.plan(inbox, out), Here())
    (path,) = (out / "quarantine").iterdir()
    with zipfile.ZipFile(path) as archive:
        data, reasons = sorted(archive.namelist())
        assert archive.read(data) == b"no melody"
        assert b"neither MIDI nor MusicXML" in archive.read(reasons)


def test_a_zip_file_of_refused_entries_makes_few_files(inbox, out):
    """Each has its row and its reason; so it is with those refused unread and with those read."""
    with zipfile.ZipFile(inbox / "bad.zip", "w") as archive:
        for number in range(2_000):
            archive.writestr(f"{number}.mid", b"no %d" % number if number % 2 else b"")
    summary = run(tunes.plan(inbox, out, chunk=250), Here())
    assert summary.counts["refused"] == 2_001
    reasons = [row["reason"] for row in rows(summary) if row["status"] == "refused"]
    assert all(reasons)
    assert len(reasons) == 2_001
    kept = list((out / "quarantine").iterdir())
    assert len(kept) < 50
    told = ""
    for path in kept:
        with zipfile.ZipFile(path) as archive:
            told += archive.read("reasons.txt").decode()
    assert told.count("file: ") == 2_001


def test_a_full_quarantine_is_told(inbox, out):
    """The batch says in its line how many old files it deleted."""
    limits = tunes.AT_ONCE.model_copy(update={"quarantine_files": 1})
    run(replace(tunes.plan(inbox, out), limits=limits), Here())
    (inbox / "notes.txt").write_text("another one")
    summary = run(replace(tunes.plan(inbox, out), limits=limits), Here())
    assert summary.line.endswith("quarantine was full: its 1 oldest file deleted")
    assert len(list((out / "quarantine").iterdir())) == 1


def test_the_same_again_composes_nothing(inbox, out):
    """Another batch, whose melodies were all composed before; their files are not written anew."""
    first = run(tunes.plan(inbox, out), Here())
    before = {path: path.stat().st_mtime_ns for path in (out / "files").rglob("*.mid")}
    second = run(tunes.plan(inbox, out), Failing(1))  # the refused file is looked at again
    assert (first.number, second.number) == (1, 2)
    assert second.counts == {"reused": 11, "refused": 1}
    assert {path: path.stat().st_mtime_ns for path in (out / "files").rglob("*.mid")} == before


@pytest.mark.parametrize("change", [{"seed": 1}, {"takes": 2}, {"formats": ("mid", "musicxml")}])
def test_another_manner_is_another_composition(inbox, out, change):
    """Seed, takes and formats are part of what a composition is known by."""
    run(tunes.plan(inbox, out), Here())
    again = run(tunes.plan(inbox, out, **change), Here())
    assert again.counts["composed"] == 10
    expected = change.get("takes", 1) * len(change.get("formats", ("mid",)))
    assert all(len(row["files"].split(";")) == expected for row in rows(again) if row["files"])


def test_another_model_is_another_composition(inbox, out):
    """A model is known by its bytes, not by its name."""
    run(tunes.plan(inbox, out), Here())
    same = run(tunes.plan(inbox, out, tunes.fetch("renamed")), Here())
    other = run(tunes.plan(inbox, out, tunes.fetch("renamed", '{"other": 1}')), Here())
    assert (same.counts.get("composed"), other.counts.get("composed")) == (None, 10)


def test_a_composition_that_was_removed_is_made_anew(inbox, out):
    """What the ledger says is there is looked at before it is believed."""
    run(tunes.plan(inbox, out), Here())
    whole = tunes.result(out)
    (out / rows(run(tunes.plan(inbox, out), Here()))[5]["files"]).unlink()
    assert run(tunes.plan(inbox, out), Here()).counts["composed"] == 1
    assert tunes.result(out)[0].keys() >= whole[0].keys()


@pytest.mark.parametrize("chunks", [0, 1, 2])
def test_a_stopped_batch_ends_as_an_undisturbed_one(inbox, out, tmp_path, chunks):
    """Files and manifest, whenever it was stopped; what was done is not done again."""
    undisturbed = tmp_path / "undisturbed"
    run(tunes.plan(inbox, undisturbed), Here())
    with pytest.raises(Stops):
        run(tunes.plan(inbox, out, workers=1), Failing(chunks))
    summary = run(tunes.plan(inbox, out), Here())
    assert summary.number == 1
    assert tunes.result(out) == tunes.result(undisturbed)


def test_a_stopped_batch_ends_with_the_model_that_it_began_with(inbox, out):
    """Also where the registry has another one by then, or none."""
    with pytest.raises(Stops):
        run(tunes.plan(inbox, out), Failing(1))

    def gone(into):
        raise AssertionError("the registry was asked")

    summary = run(tunes.plan(inbox, out, gone), Here())
    assert {row["model"] for row in rows(summary)} == {"rule version 1", ""}
    assert not (out / "models").exists()


def stops(*arguments):
    raise Stops


def spoil(out, way):
    """Let the model of a stopped batch be of no use any more."""
    (folder,) = (out / "models").iterdir()
    if way == "gone":
        shutil.rmtree(folder)
    elif way == "damaged":
        (folder / "model.json").write_text("{ }")
    else:  # what a release pinned that did not look
        (folder / "model.json").write_text(tunes.BROKEN)
        with closing(sqlite3.connect(out / "ledger.sqlite")) as ledger, ledger:
            ledger.execute("UPDATE batches SET fingerprint = ?", (models.fingerprint(folder),))
            ledger.execute("ALTER TABLE batches DROP COLUMN reason")
        folder.rename(models.pinned(out, models.fingerprint(folder)))


@pytest.mark.parametrize("way", ["gone", "damaged", "broken from the start"])
@pytest.mark.parametrize("only_new", [False, True])
def test_a_batch_that_has_lost_its_model_is_given_up(inbox, out, way, only_new, caplog):
    """Its melodies are composed by the champion of the moment, in the same call, none twice."""
    with pytest.raises(Stops):
        run(tunes.plan(inbox, out, only_new=only_new, report=stops), Here())
    spoil(out, way)
    other = tunes.fetch("rule version 2", '{"other": 1}')
    summary = run(tunes.plan(inbox, out, other, only_new=only_new), Here())
    assert (summary.number, summary.model) == (2, "rule version 2")
    assert summary.counts["composed"] == (6 if only_new else 10)
    assert "batch 1 by rule version 1 is given up" in caplog.text
    page = (out / "batch-0001/index.html").read_text()
    assert "Given up before its end" in page
    assert "model.json: broken" in page or "the model are damaged or missing" in page
    shown = {row["source"] for row in rows(replace(summary, folder=out / "batch-0001"))}
    again = {row["source"] for row in rows(summary)}
    assert shown | again == {path.name for path in inbox.iterdir()}
    assert not only_new or not shown & again
    assert run(tunes.plan(inbox, out, other, only_new=True), Here()) is None


def test_a_damaged_model_that_is_fetched_again_composes_nothing_twice(inbox, out):
    """The champion is still the one of the batch that was given up: what that composed counts."""
    with pytest.raises(Stops):
        run(tunes.plan(inbox, out, report=stops), Here())
    spoil(out, "damaged")
    summary = run(tunes.plan(inbox, out), Here())
    assert (summary.number, summary.counts) == (2, {"composed": 6, "reused": 5, "refused": 1})


def test_a_batch_that_is_composed_to_its_end_needs_no_model(inbox, out, monkeypatch):
    """Stopped before its page was written, it is finished, whatever became of its model."""
    with monkeypatch.context() as patch:
        patch.setattr("kantor.batch.page.write", stops)
        with pytest.raises(Stops):
            run(tunes.plan(inbox, out), Here())
    spoil(out, "gone")
    summary = run(tunes.plan(inbox, out), Here())
    assert (summary.number, summary.counts["composed"]) == (1, 10)


def test_no_batch_is_begun_with_a_model_that_does_not_load(inbox, out):
    """One line names it; after a rollback the same command composes everything."""
    with pytest.raises(
        BatchError, match=r"^rule version 2: model.json: broken; no batch was begun$"
    ):
        run(tunes.plan(inbox, out, tunes.fetch("rule version 2", tunes.BROKEN)), Here())
    summary = run(tunes.plan(inbox, out), Here())
    assert (summary.number, summary.model) == (1, "rule version 1")
    assert summary.counts["composed"] == 10


@pytest.mark.parametrize("after", [4, 8])
def test_killed_at_any_moment_nothing_is_lost_or_doubled(inbox, out, tmp_path, after):
    """kill -9 of the process that runs it; its workers end as well."""
    undisturbed = tmp_path / "undisturbed"
    run(tunes.plan(inbox, undisturbed), Here())
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    root = Path(__file__).parents[2]
    paths = os.pathsep.join(
        [str(root / "src"), str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    process = subprocess.Popen(
        [sys.executable, str(script), str(inbox), str(out), str(after)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
        text=True,
    )
    with process:
        assert process.stdout.readline() == "so far\n"
        process.send_signal(signal.SIGKILL)
        assert process.stdout.read() == ""  # comes only when the workers are gone too
    summary = run(tunes.plan(inbox, out), Here())
    assert summary.number == 1
    assert tunes.result(out) == tunes.result(undisturbed)


def test_only_what_is_new_is_composed(inbox, out):
    """Nothing new is no batch, and asks the registry for nothing."""
    run(tunes.plan(inbox, out, only_new=True), Here())

    def gone(into):
        raise AssertionError("the registry was asked")

    assert run(tunes.plan(inbox, out, gone, only_new=True), Here()) is None
    tunes.fill(inbox, 1, start=50)
    summary = run(tunes.plan(inbox, out, only_new=True), Here())
    assert [row["source"] for row in rows(summary)] == ["tune050.mid"]


def test_places_may_hold_files_of_one_name(tmp_path, out):
    """Each keeps its row and, as its bytes differ, its files."""
    one, two = tunes.fill(tmp_path / "one", 1), tmp_path / "two"
    two.mkdir()
    (two / "tune000.mid").write_bytes(tunes.tune(7))
    summary = run(tunes.plan((str(one), str(two)), out), Here())
    assert summary.counts == {"composed": 2}
    assert len({row["files"] for row in rows(summary)}) == 2


def test_one_batch_at_a_time_composes_into_a_folder(inbox, out):
    """The second is told so, and the first goes on."""
    told = []

    def report(counts):
        with pytest.raises(BatchError, match="another batch is composing") as error:
            run(tunes.plan(inbox, out), Here())
        told.append(str(error.value))

    assert run(tunes.plan(inbox, out, report=report, chunk=100, workers=1), Here()).whole is False
    assert len(told) == 1


def test_a_disk_that_refuses_ends_the_batch_in_one_line(inbox, out):
    """And what could not be written is not in the ledger."""
    out.mkdir()
    (out / "files").write_text("in the way")
    with pytest.raises(BatchError, match=r"files.*the same command goes on"):
        run(tunes.plan(inbox, out), Here())
    (out / "files").unlink()
    assert run(tunes.plan(inbox, out), Here()).counts["composed"] == 10


def test_features_of_what_is_composed_are_recorded(inbox, out, tmp_path):
    """Once a melody: what is reused was recorded before."""
    for _ in range(2):
        run(tunes.plan(inbox, out, drift=tmp_path / "drift"), Here())
    log = last(tmp_path / "drift", 100)
    assert len(log) == 10
    assert set(log["key"]) == {"C major"}


def test_a_melody_that_the_model_refuses_leaves_the_others_alone(inbox, out):
    """Its row says why."""
    (inbox / "tune000.mid").write_bytes(tunes.tune(0, first=tunes.OUTSIDE))
    summary = run(tunes.plan(inbox, out), Here())
    assert summary.counts == {"composed": 9, "reused": 1, "refused": 2}
    assert [row["reason"] for row in rows(summary) if row["source"] == "tune000.mid"] == [
        "a given note is not for this model"
    ]


def test_nothing_to_compose_is_an_empty_batch(tmp_path, out):
    """An empty folder is no error; its manifest has its head."""
    (tmp_path / "empty").mkdir()
    summary = run(tunes.plan(tmp_path / "empty", out), Here())
    assert summary.counts == {}
    assert rows(summary) == []
