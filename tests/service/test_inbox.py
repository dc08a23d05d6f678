"""What arrives, in the inbox or in ``data/``, is noticed once, when it is there as a whole."""

import os

import fsspec
import pytest

from kantor.data.pin import directory_hash
from kantor.service.inbox import Inbox, announced, new_scores, state

OLD = 1_000_000_000


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "inbox"


def looks(inbox, count=3):
    return [inbox.look() for _ in range(count)]


def test_an_empty_or_missing_folder_says_nothing(folder):
    """Nothing has arrived where nothing is."""
    inbox = Inbox(folder)
    assert looks(inbox) == [False, False, False]
    folder.mkdir()
    assert looks(inbox) == [False, False, False]


def test_a_folder_is_made_to_put_melodies_into(tmp_path):
    """One that is there stays as it is; a zip file or a store is not made."""
    for name in ("deep/inbox", "tunes.zip"):
        Inbox(tmp_path / name).prepare()
    assert (tmp_path / "deep/inbox").is_dir()
    assert not (tmp_path / "tunes.zip").exists()
    (tmp_path / "deep/inbox/a.mid").write_text("a")
    Inbox(tmp_path / "deep/inbox").prepare()
    assert (tmp_path / "deep/inbox/a.mid").read_text() == "a"
    Inbox("memory://nowhere").prepare()


def test_what_is_still_copied_is_waited_for(folder):
    """It counts when two looks see the same."""
    (folder / "deep").mkdir(parents=True)
    inbox, file = Inbox(folder), folder / "deep" / "a.mid"
    seen = []
    for text in ("a", "ab", "abc", "abc", "abc"):
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
        seen.append(inbox.look())
    assert seen == [False, False, False, True, False]


def test_each_arrival_counts_once(folder):
    """One that was there at first, the next one, not a removal of all, nothing hidden."""
    folder.mkdir()
    (folder / "a").write_text("a")
    inbox = Inbox(folder)
    assert looks(inbox) == [False, True, False]
    (folder / "b").write_text("b")
    assert looks(inbox) == [False, True, False]
    (folder / ".part").write_text("half")
    assert looks(inbox) == [False, False, False]
    for name in ("a", "b"):
        (folder / name).unlink()
    assert looks(inbox) == [False, False, False]


def test_a_single_file_is_a_place_too(folder):
    """Such as a zip file that is replaced now and then."""
    folder.write_text("zipped")
    inbox = Inbox(folder)
    assert looks(inbox) == [False, True, False]
    folder.write_text("zipped again")
    assert looks(inbox) == [False, True, False]


@pytest.fixture
def bucket():
    """An empty store in memory."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.mkdir("/inbox")
    yield memory
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def test_a_bucket_is_looked_at_like_a_folder(bucket):
    """Each arrival counts once, when two looks see the same."""
    inbox = Inbox("memory://inbox")
    assert looks(inbox) == [False, False, False]
    bucket.pipe("/inbox/a/a.mid", b"a")
    assert looks(inbox) == [False, True, False]
    seen = []
    for data in (b"b", b"bb", b"bbb"):
        bucket.pipe("/inbox/b.mid", data)
        seen.append(inbox.look())
    assert seen + looks(inbox) == [False, False, False, True, False, False]
    bucket.rm("/inbox/a/a.mid")
    bucket.rm("/inbox/b.mid")
    assert looks(inbox) == [False, False, False]


def test_an_object_of_the_same_size_is_new(bucket):
    """Its time differs, or what else the store tells of it."""
    bucket.pipe("/inbox/a.mid", b"a")
    before = state("memory://inbox")
    assert state("memory://inbox") == before
    bucket.pipe("/inbox/a.mid", b"b")
    assert state("memory://inbox") != before


def test_nothing_in_a_bucket_is_opened(bucket, monkeypatch):
    """It is listed alone, which costs one request for a thousand objects."""
    bucket.pipe("/inbox/a.mid", b"a")
    bucket.pipe("/inbox/.hidden", b"a")
    monkeypatch.setattr(type(bucket), "open", lambda *_, **__: pytest.fail("opened"))
    before = state("memory://inbox")
    bucket.rm("/inbox/.hidden")
    assert state("memory://inbox") == before


def test_a_change_is_followed_closely(bucket):
    """The next look comes soon where something has changed, late where nothing has."""
    inbox = Inbox("memory://inbox", seconds=30, settle=2)
    pauses = [inbox.pause]
    bucket.pipe("/inbox/a.mid", b"a")
    for _ in range(3):
        inbox.look()
        pauses.append(inbox.pause)
    assert pauses == [30, 2, 30, 30]


def test_what_hinders_a_look_is_said_once(bucket, monkeypatch):
    """A store that is away stops nothing; another reason is said again."""
    lines = []
    inbox = Inbox("memory://nowhere", seconds=30, say=lines.append)
    assert looks(inbox) == [False, False, False]
    bucket.pipe("/nowhere/a.mid", b"a")
    assert looks(inbox) == [False, True, False]

    def away(*_, **__):
        raise RuntimeError("no answer")

    monkeypatch.setattr(type(bucket), "find", away)
    assert looks(inbox) == [False, False, False]
    assert lines == [
        "memory://nowhere: nothing there; name a folder, a file or a URL "
        "(looked for again every 30 s)",
        "memory://nowhere: no answer (looked for again every 30 s)",
    ]


@pytest.mark.parametrize(
    ("place", "shown", "pause"),
    [
        ("inbox", "{root}/inbox", 2),
        ("file:///srv/inbox", "/srv/inbox", 2),
        ("s3://bucket/inbox", "s3://bucket/inbox", 45),
    ],
)
def test_the_inbox_is_the_one_of_the_parameters(tmp_path, place, shown, pause):
    """A folder is looked at often, an address as often as `serve.store_arrivals` says."""
    (tmp_path / "params.yaml").write_text(
        f"serve: {{arrivals: 2, store_arrivals: 45}}\nbatch: {{inbox: '{place}'}}\n"
    )
    inbox = Inbox.from_params(tmp_path)
    assert str(inbox.place) == shown.format(root=tmp_path)
    assert inbox.pause == pause


@pytest.fixture
def root(tmp_path):
    """A repository whose last pass read the data as they are."""
    (tmp_path / "data" / "scores").mkdir(parents=True)
    drop(tmp_path, "a.mid")
    md5 = directory_hash(tmp_path / "data")
    text = f"stages: {{ingest: {{deps: [{{path: data, md5: {md5}}}]}}}}"
    (tmp_path / "dvc.lock").write_text(text)
    return tmp_path


def drop(root, name, time=OLD):
    path = root / "data" / "scores" / name
    path.write_text(name)
    for one in (path, *path.parents[:2]):
        os.utime(one, (time, time))


def test_a_dropped_score_is_new_once(root):
    """Until it was noted, and again for the next one; not what the last pass read."""
    assert new_scores(root) is None
    drop(root, "b.mid")
    scores = new_scores(root)
    assert scores.line == "data/ has changed: 2 files"
    assert new_scores(root) == scores
    announced(root, scores)
    assert new_scores(root) is None
    drop(root, "c.mid")
    assert new_scores(root).line == "data/ has changed: 3 files"


def test_a_score_that_comes_meanwhile_is_new(root):
    """Noted is what was seen, not what the folder holds by then."""
    drop(root, "b.mid")
    scores = new_scores(root)
    drop(root, "c.mid")
    announced(root, scores)
    assert new_scores(root).line == "data/ has changed: 3 files"


def test_the_same_data_later_are_another_change(root):
    """A run that was started for them once does not stand for the next time."""
    drop(root, "b.mid")
    first = new_scores(root)
    drop(root, "b.mid", OLD + 100)
    assert new_scores(root).key != first.key
    assert new_scores(root).hash == first.hash


def test_a_score_that_is_still_copied_is_waited_for(root):
    """A folder that changed a moment ago may be changing."""
    (root / "data" / "scores" / "b.mid").write_text("half")
    assert new_scores(root) is None
    assert new_scores(root, settled=0) is not None


def test_without_data_or_a_pass(tmp_path):
    """No folder holds nothing new; data that no pass has read are new."""
    assert new_scores(tmp_path) is None
    (tmp_path / "data" / "scores").mkdir(parents=True)
    drop(tmp_path, "a.mid")
    assert new_scores(tmp_path).line == "data/ has changed: 1 files"
