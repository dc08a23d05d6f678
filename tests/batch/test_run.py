"""Each melody is composed once, and no stop shows in what a batch leaves."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.batch import tunes
from tests.batch.tunes import compose, gone, rows, stops

from kantor.batch import Batch, Options, Summary, worker
from kantor.batch.jobs import Job
from kantor.batch.settings import markdown
from kantor.drift import last
from kantor.errors import InputError, SetupError
from kantor.formats.reading import read
from kantor.intake import Upload


def test_every_file_gets_its_row_and_every_melody_its_composition(inbox, out):
    """Composed, shared by a second file of the same bytes, or refused by reader or model."""
    (inbox / "tune000.mid").write_bytes(tunes.tune(0, first=tunes.OUTSIDE))
    summary = compose(inbox, out)
    assert summary.counts == {"composed": 9, "reused": 1, "refused": 2}
    manifest = {row["source"]: row for row in rows(summary)}
    assert list(manifest) == sorted(path.name for path in inbox.iterdir())
    assert "neither MIDI, MusicXML nor ABC" in manifest.pop("notes.txt")["reason"]
    assert manifest.pop("tune000.mid")["reason"] == "a given note is not for this model"
    twice = (manifest["tune004.mid"], manifest["tune004 copy.mid"])
    assert {row["status"] for row in twice} == {"composed", "reused"}
    for source, row in manifest.items():
        assert row["model"] == "rule version 1"
        assert (row["key"], row["meter"], row["takes"]) == ("G major", "4/4", "1")
        assert 0 <= float(row["in_best_scale"]) <= 1
        (part, *_) = read(summary.folder / row["files"]).parts
        melody = read(inbox / source).parts[0]
        assert [note.start for note in part.notes] == [note.start for note in melody.notes]


def test_a_place_that_is_not_there_is_named_before_any_file(inbox, out):
    """A batch with a mistyped place does not begin, wherever the place stands among the others."""
    with pytest.raises(InputError, match=r"tuns: no such file or directory; name a folder"):
        compose((str(inbox), str(inbox / "tuns")), out, gone)


def test_places_may_be_empty_or_hold_files_of_one_name(tmp_path, out):
    """Each file keeps its row and its composition; no file at all is no error."""
    empty, one, two = (tunes.fill(tmp_path / name, 0) for name in ("empty", "one", "two"))
    summary = compose(empty, out)
    assert (summary.counts, rows(summary)) == ({}, [])
    (one / "a.mid").write_bytes(tunes.tune(0))
    (two / "a.mid").write_bytes(tunes.tune(7))
    summary = compose((str(one), str(two)), out)
    assert summary.counts == {"composed": 2}
    assert len({row["files"] for row in rows(summary)}) == 2


def test_what_was_refused_is_kept_with_its_reason(inbox, out):
    """In few files, once, however often the batch is run; a full quarantine is reported."""
    limits = tunes.AT_ONCE.model_copy(update={"quarantine_files": 1})
    for _ in range(2):
        assert "quarantine" not in compose(inbox, out, limits=limits).line
    (inbox / "notes.txt").write_text("another one")
    line = compose(inbox, out, limits=limits).line
    assert line.endswith("quarantine was full: its 1 oldest file deleted")
    assert len(list((out / "quarantine").iterdir())) == 1
    with zipfile.ZipFile(inbox / "bad.zip", "w") as archive:
        for number in range(2_000):
            archive.writestr(f"{number}.mid", b"no %d" % number if number % 2 else b"")
    summary = compose(inbox, out.with_name("other"), chunk=250)
    assert summary.counts["refused"] == 2_001
    assert len([row for row in rows(summary) if row["reason"]]) == 2_001
    kept = list((out.with_name("other") / "quarantine").iterdir())
    assert len(kept) < 50
    reasons = ""
    for path in kept:
        with zipfile.ZipFile(path) as archive:
            reasons += archive.read("reasons.txt").decode()
    assert reasons.count("file: ") == 2_001


def test_the_same_again_composes_nothing(inbox, out, tmp_path):
    """Files are not written anew, but those that are gone; features are recorded once."""
    compose(inbox, out, drift=tmp_path / "drift")
    before = {path: path.stat().st_mtime_ns for path in (out / ".store").rglob("*.mid")}
    # The refused file is looked at again.
    second = compose(inbox, out, engine=stops(1), drift=tmp_path / "drift")
    assert (second.number, second.counts) == (2, {"reused": 11, "refused": 1})
    assert {path: path.stat().st_mtime_ns for path in (out / ".store").rglob("*.mid")} == before
    assert list(last(tmp_path / "drift", 100)["key"]) == ["G major"] * 10
    lost = next(iter(before))
    lost.unlink()
    assert compose(inbox, out).counts["composed"] == 1
    assert lost.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"takes": 2},
        {"formats": ("mid", "musicxml")},
        {"fetched": tunes.fetch(content='{"other": 1}')},
    ],
)
def test_other_options_and_models_are_other_compositions(inbox, out, change):
    """A model is known by its bytes, not by its name."""
    compose(inbox, out)
    again = compose(inbox, out, **change)
    assert again.counts["composed"] == 10
    expected = change.get("takes", 1) * len(change.get("formats", ("mid",)))
    assert all(len(row["files"].split(";")) == expected for row in rows(again) if row["files"])
    assert "composed" not in compose(inbox, out, tunes.fetch("renamed")).counts


def test_other_formats_make_nothing_new(inbox, out):
    """A change of the formats, as by an update, composes no inbox again; another seed does."""
    compose(inbox, out, only_new=True)
    assert compose(inbox, out, gone, only_new=True, formats=("mid", "musicxml")) is None
    assert compose(inbox, out, only_new=True, seed=1).counts["composed"] == 10


def test_one_batch_at_a_time_composes_into_a_folder(inbox, out):
    """The second one ends in one line, and the first continues."""
    refused = []

    def report(counts):
        with pytest.raises(SetupError, match="another batch is composing"):
            compose(inbox, out)
        refused.append(counts)

    assert compose(inbox, out, report=report, chunk=100, workers=1).whole is False
    assert len(refused) == 1


def test_a_disk_that_refuses_ends_the_batch_in_one_line(inbox, out):
    """And what could not be written is not in the ledger."""
    out.mkdir()
    (out / ".store").write_text("in the way")
    with pytest.raises(SetupError, match=r"\.store.*the same command goes on"):
        compose(inbox, out)
    (out / ".store").unlink()
    assert compose(inbox, out).counts["composed"] == 10


def test_memory_is_bounded_by_steps(inbox, out, tmp_path, monkeypatch):
    """However long melodies are and however many takes; results do not depend on it."""
    compose(inbox, tmp_path / "plain", chunk=100, takes=2)
    steps, composed = [], worker._composed

    def noted(requests, *rest):
        steps.append([2 * request.score.steps for _, request in requests.values()])
        return composed(requests, *rest)

    monkeypatch.setattr(worker, "_composed", noted)
    monkeypatch.setattr(worker, "STEPS", 150)
    compose(inbox, out, chunk=100, takes=2)
    assert len(steps) > 3
    assert all(sum(some[:-1]) < 150 for some in steps)
    assert tunes.result(out) == tunes.result(tmp_path / "plain")


ROOT = Path("/srv/kantor")
FOLDER = ROOT / "compositions/batches/2026-12-03_03-00_inbox_0007"
SUMMARY = Summary(7, "kantor-bach version 3", {"refused": 2, "composed": 1_200}, FOLDER, 4.25)
KEYS = st.text("0123456789abcdef", min_size=64, max_size=64)


@pytest.mark.parametrize(
    "said", [{"taks": 2}, {"engine": "ray"}, {"formats": ["exe"]}, {"out": "s3://bucket/outbox"}]
)
def test_what_is_not_known_is_refused(said):
    """A typing error is no setting, an address no folder."""
    with pytest.raises(ValidationError):
        Batch.model_validate(said)


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"takes": 2},
        {"candidates": 2},
        {"temperature": 0.5},
        {"passes": 1},
        {"particles": 1},
        {"plainness": 0.5},
    ],
)
def test_a_key_knows_all_that_shapes_a_composition(other):
    """Melody, model and options; not the order of formats, nor how the work is done."""
    key = Options(formats=("mid", "png", "musicxml")).key("melody", "model")
    assert Options(formats=("musicxml", "png")).key("melody", "model") == key
    assert Options().kinds == ("mid", "musicxml")
    batch = Batch(formats=("musicxml", "png"), chunk=7, workers=9)
    assert batch.options().key("melody", "model") == key
    assert batch.options().model_copy(update=other).key("melody", "model") != key
    assert Options().key("other", "model") != Options().key("melody", "other")


@given(st.text(min_size=1).filter(lambda name: "\0" not in name), KEYS)
def test_the_files_of_a_composition_have_safe_names(name, key):
    """Not too long for any file system; a person and the key tell it apart."""
    stem = Job(key, Upload(name, "", b"")).stem
    assert not set(stem) & set("/\\.:\0\n")
    assert len(stem.encode()) <= 200
    assert stem.endswith(f"-{key[:12]}")
    upload = Upload("tunes.zip/a/Wachet auf.mid", "", b"")
    assert Job(key, upload).stem == f"Wachet_auf-{key[:12]}"


def test_a_batch_says_what_it_came_to():
    """In one line, and on the flow's page, which links to what the front page serves."""
    line = "batch 7 by kantor-bach version 3: 2 refused, 1,200 composed; 4.2 s"
    assert SUMMARY.line == line
    text = markdown(SUMMARY, ROOT, {"KANTOR_URL": "http://kantor:9000"})
    address = "http://kantor:9000/compositions/batches/2026-12-03_03-00_inbox_0007/index.html"
    assert f"[Look and listen]({address})" in text
    assert "| composed | 1,200 |\n| refused | 2 |" in text
    assert line in text
    for root, environment in ((ROOT, {}), (Path("/other"), {"KANTOR_URL": "http://kantor:9000"})):
        text = markdown(SUMMARY, root, environment)
        assert f"`{FOLDER}/index.html`" in text
        assert "http" not in text
