"""What arrives, in the inbox or in ``data/``, is noticed once, when it is there as a whole."""

import os

import fsspec
import pytest

from kantor.data.pin import contents, hash_of
from kantor.intake import Limits, uploads
from kantor.service.inbox import Inbox, announced, new_scores, state, turns

OLD = 1_000_000_000
STORE = "memory://inbox"


def looks(inbox, count=3):
    return [inbox.look() for _ in range(count)]


@pytest.mark.parametrize("kind", ["folder", "store"])
def test_each_arrival_counts_once(tmp_path, bucket, kind):
    """Also what was there at first, when two looks see the same; no removal, nothing hidden."""
    system, root = bucket, "/inbox"
    system.mkdir(root)
    if kind == "folder":
        system, root = fsspec.filesystem("file", auto_mkdir=True), str(tmp_path / "inbox")
    inbox = Inbox(STORE if kind == "store" else tmp_path / "inbox")
    assert looks(inbox) == [False, False, False]
    system.pipe(f"{root}/deep/a.mid", b"a")
    assert looks(inbox) == [False, True, False]
    assert looks(Inbox(inbox.place)) == [False, True, False]
    seen = []
    for data in (b"b", b"bb", b"bbb"):
        system.pipe(f"{root}/b.mid", data)
        seen.append(inbox.look())
    assert seen + looks(inbox) == [False, False, False, True, False, False]
    system.pipe(f"{root}/.part", b"half")
    assert looks(inbox) == [False, False, False]
    system.rm([f"{root}/deep/a.mid", f"{root}/b.mid"])
    assert looks(inbox) == [False, False, False]


def test_a_place_may_be_a_file_or_is_made(tmp_path):
    """Such as a zip file that is replaced now and then. What is not there is made as a folder."""
    inbox = Inbox(tmp_path / "tunes.zip")
    inbox.prepare()
    for text in ("zipped", "zipped again"):
        (tmp_path / "tunes.zip").write_text(text)
        assert looks(inbox) == [False, True, False]
    for _ in range(2):
        Inbox(tmp_path / "deep/inbox").prepare()
        (tmp_path / "deep/inbox/a.mid").touch()
    Inbox("memory://nowhere").prepare()
    assert {path.name for path in tmp_path.rglob("*")} == {"tunes.zip", "deep", "inbox", "a.mid"}


def test_a_store_is_listed_alone(bucket, monkeypatch):
    """That costs one request for a thousand objects. One of the same size is new by its time."""
    bucket.pipe("/inbox/a.mid", b"a")
    before = state(STORE)
    bucket.pipe("/inbox/a.mid", b"b")
    assert state(STORE) != before
    monkeypatch.setattr(type(bucket), "open", lambda *_, **__: pytest.fail("opened"))
    assert state(STORE) == state(STORE)


def test_what_hinders_a_look_is_said_once(bucket, monkeypatch):
    """A store that is away stops nothing. The next look comes soon where something has changed."""
    lines = []
    inbox = Inbox("memory://nowhere", seconds=30, settle=2, say=lines.append)
    assert looks(inbox) == [False, False, False]
    bucket.pipe("/nowhere/a.mid", b"a")
    looked = [(inbox.look(), inbox.pause) for _ in range(3)]
    assert looked == [(False, 2), (True, 30), (False, 30)]

    def away(*_, **__):
        raise RuntimeError("no answer")

    monkeypatch.setattr(type(bucket), "find", away)
    assert looks(inbox) == [False, False, False]
    nothing = "nothing there; name a folder, a file or a URL"
    assert lines == [
        f"memory://nowhere: {words} (looked for again every 30 s)"
        for words in (nothing, "no answer")
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


def drop(root, name, time=OLD):
    path = root / "data" / "scores" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)
    for one in (path, *path.parents[:2]):
        os.utime(one, (time, time))


@pytest.fixture
def root(tmp_path):
    """A repository whose last pass read the data as they are."""
    drop(tmp_path, "a.mid")
    md5 = hash_of(contents(tmp_path / "data"))
    text = f"stages: {{ingest: {{deps: [{{path: data, md5: {md5}}}]}}}}"
    (tmp_path / "dvc.lock").write_text(text)
    return tmp_path


def test_a_dropped_score_is_new_once(root):
    """Until what was seen is noted; not what the last pass read. Later it is another change."""
    assert new_scores(root) is None
    drop(root, "b.mid")
    scores = new_scores(root)
    assert scores.line == "data/ has changed: 2 files"
    assert new_scores(root) == scores
    announced(root, scores)
    assert new_scores(root) is None
    drop(root, "c.mid")
    announced(root, scores)
    third = new_scores(root)
    assert third.line == "data/ has changed: 3 files"
    drop(root, "c.mid", OLD + 100)
    assert new_scores(root).hash == third.hash
    assert new_scores(root).key != third.key
    (root / "data/scores/d.mid").write_text("half")
    assert new_scores(root) is None, "it changed a moment ago"
    assert new_scores(root, settled=0) is not None
    assert new_scores(root / "data") is None, "there is no such folder"


def test_a_folder_called_as_a_style_is_that_styles_inbox(tmp_path):
    """Folders and addresses alike; what else is there is for the repository's own model."""
    (tmp_path / "params.yaml").write_text("register: {model: kantor-bach}\n")
    for name in ("styles", "inbox/pop", "inbox/more"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("pop", "jazz"):
        (tmp_path / f"styles/{name}.yaml").write_text("style: {title: One}\n")
    place = str(tmp_path / "inbox")
    own, pop = turns(tmp_path, place)
    assert (own.place, own.folder, own.leave) == (place, tmp_path, {"pop", "jazz"})
    assert (pop.place, pop.folder, pop.leave) == (f"{place}/pop", tmp_path / "styles/pop", set())
    store = fsspec.filesystem("memory")
    store.pipe_file("/in-styles/jazz/a.mid", b"MThd")
    assert [one.place for one in turns(tmp_path, "memory://in-styles")] == [
        "memory://in-styles",
        "memory://in-styles/jazz",
    ]
    found = uploads("memory://in-styles", Limits(), leave=own.leave | {"jazz"})
    assert list(found) == []
