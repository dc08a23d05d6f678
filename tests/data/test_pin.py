"""`data/` is brought to its pin, and a person's own files are never touched."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import DEFAULT, Mock, patch

import pytest

from kantor.data import chorales, pin
from kantor.data.chorales import Chorale
from kantor.errors import InputError, SetupError

FILLED = "data/: 373 files from music21's corpus, as data.dvc pins them"


def dvc(root, *arguments):
    """Run the real DVC."""
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.check_output(command, cwd=root, env=environment, text=True)


def pin_to(root, digest):
    (root / "data.dvc").write_text(f"outs:\n- md5: {digest}\n  hash: md5\n  path: data\n")


def hash_of(folder):
    return pin.hash_of(pin.contents(folder))


@pytest.fixture
def clone(tmp_path, raw):
    """A fresh clone: the pin, no data, no DVC."""
    pin_to(tmp_path, hash_of(raw))
    return tmp_path


def materialise(root):
    """Bring the data to its pin; what is said then."""
    said = []
    pin.materialise(root, said.append)
    return said


def as_pinned(root):
    return hash_of(root / "data") == pin.pinned(root / "data.dvc")


def test_scores_are_music21s_bytes(raw):
    """371 chorales, 223 + 72 + 76, each in its place, byte for byte, beside two READMEs."""
    rows = chorales.chorales()
    splits = [row.split for row in rows]
    assert [splits.count(split) for split in ("train", "valid", "test")] == [223, 72, 76]
    assert len({row.file for row in rows}) == len({(row.split, row.index) for row in rows}) == 371
    corpus = Path(importlib.util.find_spec("music21").origin).parent / "corpus" / "bach"
    for row in rows:
        assert (raw / "jsb" / row.file).read_bytes() == (corpus / row.file).read_bytes()
    assert len(pin.contents(raw)) == 373
    assert "non-commercial" in (raw / "README.md").read_text()


def test_fresh_clone_is_filled(clone):
    """No data, no DVC, no network: rebuilt, equal to the pin; the second call does nothing."""
    assert materialise(clone) == [FILLED]
    assert as_pinned(clone)
    before = {path: path.stat().st_mtime_ns for path in clone.rglob("*")}
    assert materialise(clone) == ["data/: 373 files, as data.dvc pins them"]
    assert before == {path: path.stat().st_mtime_ns for path in clone.rglob("*")}


def test_without_a_pin_the_data_is_built_and_the_next_step_named(tmp_path):
    """The scores come beside a person's own, and `dvc add data` is named each time."""
    own = tmp_path / "data/scores/mine.mid"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"my song")
    for _ in range(2):
        assert "dvc add data" in materialise(tmp_path)[0]
        assert (tmp_path / "data/jsb/bwv360.mxl").exists()
        assert own.read_bytes() == b"my song"


def test_own_files_are_left_alone(clone):
    """Added and changed files stop the call with their names and both ways out."""
    materialise(clone)
    own, edited = clone / "data/scores/mine.mid", clone / "data/README.md"
    own.write_bytes(b"my song")
    edited.write_text("mine")
    (clone / "data/jsb/bwv5.7.mxl").unlink()
    with pytest.raises(InputError) as refused:
        materialise(clone)
    assert str(refused.value) == (
        "data/ differs from data.dvc: 1 added (scores/mine.mid); 1 changed (README.md); "
        "1 missing (jsb/bwv5.7.mxl). To keep it: `dvc add data`. To discard it: move data/ away "
        "and run this again"
    )
    assert (own.read_bytes(), edited.read_text()) == (b"my song", "mine")
    assert not (clone / "data/jsb/bwv5.7.mxl").exists()


def test_other_bytes_than_the_pin_are_refused(clone, monkeypatch):
    """The line names both releases of music21, and what to do; nothing is written."""
    pin_to(clone, "0" * 32 + ".dir")
    monkeypatch.setattr("importlib.metadata.version", lambda name: "11.0")
    with pytest.raises(
        InputError, match=r"music21 11\.0 \(Kantor needs music21==10.*dvc push.*dvc add data"
    ):
        materialise(clone)
    assert [path.name for path in clone.iterdir()] == ["data.dvc"]


def test_an_interrupted_rebuild_goes_on(clone):
    """The next call completes the folder, leaves no rest, and what is there as it is."""
    saving = Mock(wraps=pin.save, side_effect=[DEFAULT] * 99 + [KeyboardInterrupt])
    with patch.object(pin, "save", saving), pytest.raises(KeyboardInterrupt):
        materialise(clone)
    before = {path: path.stat().st_mtime_ns for path in (clone / "data").rglob("*.mxl")}
    assert len(pin.contents(clone / "data")) == 99
    (clone / "data/jsb/.bwv5.7.mxl.99999999").write_bytes(b"half")
    assert materialise(clone) == [FILLED]
    assert as_pinned(clone)
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_a_lost_chorale_names_the_releases(tmp_path, monkeypatch):
    """A corpus without one of the chorales is refused in one line."""
    lost = [*chorales.chorales()[:2], Chorale("train", 0, "bwv9999.mxl", 0, False)]
    monkeypatch.setattr(chorales, "chorales", lambda: lost)
    with pytest.raises(SetupError, match=r"bach/bwv9999\.mxl is not in music21"):
        materialise(tmp_path)
    assert not list(tmp_path.iterdir())


def test_broken_pin_is_named(tmp_path):
    """A data.dvc without a folder's hash is refused; a file in the folder's place is left alone."""
    for text in ("", "outs: [", "<<<<<<< HEAD\n", "outs: []", "outs:\n- md5: ab\n"):
        (tmp_path / "data.dvc").write_text(text)
        with pytest.raises(InputError, match=r"data\.dvc: holds no hash.*git checkout"):
            materialise(tmp_path)
    assert not (tmp_path / "data").exists()
    (tmp_path / "data.dvc").unlink()
    (tmp_path / "data").write_text("notes to myself")
    with pytest.raises(InputError, match="not a folder"):
        materialise(tmp_path)
    assert (tmp_path / "data").read_text() == "notes to myself"


def test_hash_is_dvcs(tmp_path):
    """Names, links, ignored and hidden files count as for the real `dvc add`."""
    dvc(tmp_path, "init", "--no-scm", "-q")
    data = tmp_path / "data"
    tracked = {"a", "sub/b", "sub.x", "ü/ñ", ".hidden", ".gitignore"}
    ignored = {"log.tmp", "keep/cache/x", "nested/.dvc/config", "nested/score", ".git/config"}
    for name in tracked | ignored:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(name)
    (data / "empty").mkdir()
    (data / "link").symlink_to("a")
    (data / "folder").symlink_to("sub")
    (tmp_path / ".dvcignore").write_text("*.tmp\n# a comment\n/data/keep/cache\n")
    dvc(tmp_path, "add", "-q", "data")
    assert as_pinned(tmp_path)
    assert set(pin.contents(data)) == {*tracked, "link"}


@pytest.mark.long
def test_dvc_takes_the_rebuilt_data_and_gives_own_scores_back(tmp_path):
    """With DVC: rebuilt bytes are up to date; lost own scores return from remote, then cache."""
    dvc(tmp_path, "init", "--no-scm", "-q")
    materialise(tmp_path)
    dvc(tmp_path, "add", "-q", "data")
    shutil.rmtree(tmp_path / "data")
    shutil.rmtree(tmp_path / ".dvc/cache")
    assert materialise(tmp_path) == [FILLED]
    dvc(tmp_path, "commit", "-q", "-f", "data.dvc")
    assert "up to date" in dvc(tmp_path, "status")

    own = tmp_path / "data/scores/mine.mid"
    own.write_bytes(b"my song")
    dvc(tmp_path, "add", "-q", "data")
    dvc(tmp_path, "remote", "add", "-q", "-d", "shelf", str(tmp_path / "shelf"))
    dvc(tmp_path, "push", "-q")
    shutil.rmtree(tmp_path / "data")
    shutil.rmtree(tmp_path / ".dvc/cache")
    assert "374 files from DVC" in materialise(tmp_path)[-1]
    assert own.read_bytes() == b"my song"

    shutil.rmtree(tmp_path / "shelf")
    own.unlink()
    materialise(tmp_path)
    assert own.read_bytes() == b"my song"
