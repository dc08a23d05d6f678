"""What arrives in a folder or a store is noticed when it is there as a whole, once."""

import fsspec
import pytest

from kantor.service.arrivals import Arrivals, of_inbox, state


@pytest.fixture
def inbox(tmp_path):
    return tmp_path / "inbox"


def looks(arrivals, count=3):
    return [arrivals.look() for _ in range(count)]


def test_an_empty_or_missing_folder_says_nothing(inbox):
    """Nothing has arrived where nothing is."""
    arrivals = Arrivals(inbox)
    assert looks(arrivals) == [False, False, False]
    inbox.mkdir()
    assert looks(arrivals) == [False, False, False]


def test_a_folder_is_made_to_put_melodies_into(tmp_path):
    """One that is there stays as it is; a zip file or a store is not made."""
    for name in ("deep/inbox", "tunes.zip"):
        Arrivals(tmp_path / name).prepare()
    assert (tmp_path / "deep/inbox").is_dir()
    assert not (tmp_path / "tunes.zip").exists()
    (tmp_path / "deep/inbox/a.mid").write_text("a")
    Arrivals(tmp_path / "deep/inbox").prepare()
    assert (tmp_path / "deep/inbox/a.mid").read_text() == "a"
    Arrivals("memory://nowhere").prepare()


def test_what_was_there_before_is_said_once(inbox):
    """It may have come while nobody looked."""
    inbox.mkdir()
    (inbox / "a.mid").write_text("a")
    assert looks(Arrivals(inbox)) == [False, True, False]


def test_what_is_still_copied_is_waited_for(inbox):
    """It is said when two looks see the same."""
    (inbox / "folder").mkdir(parents=True)
    arrivals, file = Arrivals(inbox), inbox / "folder" / "a.mid"
    seen = []
    for text in ("a", "ab", "abc", "abc", "abc"):
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
        seen.append(arrivals.look())
    assert seen == [False, False, False, True, False]


def test_the_next_file_is_said_again(inbox):
    """Each arrival is, and a removal of all is not."""
    inbox.mkdir()
    arrivals = Arrivals(inbox)
    for name in ("a", "b"):
        (inbox / name).write_text(name)
        assert looks(arrivals) == [False, True, False]
    for name in ("a", "b"):
        (inbox / name).unlink()
    assert looks(arrivals) == [False, False, False]


def test_hidden_files_are_not_looked_at(inbox):
    """They are files in the making, or a system's own."""
    inbox.mkdir()
    before = state(inbox)
    (inbox / ".part").write_text("half")
    assert state(inbox) == before


def test_a_single_file_is_a_place_too(inbox):
    """Such as a zip file that is replaced now and then."""
    inbox.write_text("zipped")
    arrivals = Arrivals(inbox)
    assert looks(arrivals) == [False, True, False]
    inbox.write_text("zipped again")
    assert looks(arrivals) == [False, True, False]


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
    """Each arrival is said once, when two looks see the same; what was seen is not new again."""
    arrivals = Arrivals("memory://inbox")
    assert looks(arrivals) == [False, False, False]
    bucket.pipe("/inbox/a/a.mid", b"a")
    assert looks(arrivals) == [False, True, False]
    seen = []
    for data in (b"b", b"bb", b"bbb"):
        bucket.pipe("/inbox/b.mid", data)
        seen.append(arrivals.look())
    assert seen + looks(arrivals) == [False, False, False, True, False, False]
    bucket.rm("/inbox/a/a.mid")
    bucket.rm("/inbox/b.mid")
    assert looks(arrivals) == [False, False, False]


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
    arrivals = Arrivals("memory://inbox", seconds=30, settle=2)
    pauses = [arrivals.pause]
    bucket.pipe("/inbox/a.mid", b"a")
    for _ in range(3):
        arrivals.look()
        pauses.append(arrivals.pause)
    assert pauses == [30, 2, 30, 30]


def test_what_hinders_a_look_is_told_once(bucket, monkeypatch):
    """A store that is away stops nothing; told again when the reason is another, or is back."""
    told = []
    arrivals = Arrivals("memory://nowhere", seconds=30, say=told.append)
    assert looks(arrivals) == [False, False, False]
    bucket.pipe("/nowhere/a.mid", b"a")
    assert looks(arrivals) == [False, True, False]

    def away(*_, **__):
        raise RuntimeError("no answer")

    monkeypatch.setattr(type(bucket), "find", away)
    assert looks(arrivals) == [False, False, False]
    assert told == [
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
    arrivals = of_inbox(tmp_path)
    assert str(arrivals.place) == shown.format(root=tmp_path)
    assert arrivals.pause == pause
