"""A gallery shows what is in it, loses nothing, and is the same in a folder and elsewhere."""

import json
import os
import re
import threading
import uuid
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from tests.publishing.conftest import DATE, quiet, remade

from kantor.errors import InputError, SetupError
from kantor.publishing import gallery, page
from kantor.publishing.gallery import GalleryTarget
from kantor.publishing.shelf import Shelf

ATOM = "{http://www.w3.org/2005/Atom}"
SVG = {"image": "{http://www.w3.org/2000/svg}svg"}
HOSTILE = "</title><script>alert(1)</script>\x00\"'&"


@pytest.fixture(autouse=True)
def silent(monkeypatch):
    """A recording of a few bytes: other tests hear real ones."""
    monkeypatch.setattr(page, "record", lambda *_: b"ID3 sound")


@pytest.fixture(params=["folder", "memory"])
def target(request, tmp_path):
    """A gallery that does not exist yet."""
    if request.param == "folder":
        return GalleryTarget("made/gallery", tmp_path)
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]
    return GalleryTarget("memory://shows/gallery", tmp_path)


def feed_of(target):
    return ElementTree.fromstring(target.shelf.read("feed.xml"))


def links(target):
    """The feed's links of each entry by relation."""
    return [
        {link.get("rel"): link for link in entry.findall(f"{ATOM}link")}
        for entry in feed_of(target).findall(f"{ATOM}entry")
    ]


def text_of(target, name="index.html"):
    return target.shelf.read(name).decode()


def test_a_piece_is_shown_by_index_and_feed(target, publication):
    """Page, recording and roll are there; index and feed lead to them."""
    done = target.publish(publication, quiet)
    assert "added" in done.detail
    assert {name for name in target.shelf.names() if not name.startswith(".")} == {
        "index.html", "feed.xml", *(f"tune-1.{kind}" for kind in ("html", "json", "mp3", "svg"))
    }  # fmt: skip
    index = text_of(target)
    addresses = [one for one in re.findall(r'(?:href|src)="([^"]*)"', index) if one != "data:,"]
    assert all(target.shelf.read(one) for one in addresses)
    assert {"tune-1.html", "tune-1.mp3", "tune-1.svg", "feed.xml"} <= set(addresses)
    assert "1 piece<" in index
    assert "2026-05-04" in index
    assert "<script" not in index
    assert ElementTree.fromstring(target.shelf.read("tune-1.svg")).tag == SVG["image"]
    (link,) = links(target)
    assert link["alternate"].get("href") == "tune-1.html"
    assert link["enclosure"].get("href") == "tune-1.mp3"
    assert link["enclosure"].get("length") == "9"
    assert link["enclosure"].get("type") == "audio/mpeg"


def test_the_feed_is_valid_atom(target, publication):
    """What RFC 4287 asks of a feed and of an entry: ids, titles, times, an author; ids stay."""
    target.publish(publication, quiet)
    first = feed_of(target)
    later = remade(publication, title="Again", date=DATE + timedelta(days=3))
    target.publish(remade(publication, name="tune-2"), quiet)
    assert "replaced" in target.publish(later, quiet).detail
    feed = feed_of(target)
    assert feed.tag == f"{ATOM}feed"
    for one in (feed, *feed.findall(f"{ATOM}entry")):
        assert uuid.UUID(one.findtext(f"{ATOM}id").removeprefix("urn:uuid:"))
        assert one.findtext(f"{ATOM}title")
        assert re.fullmatch(r"2026-05-0[47]T03:02:01\+00:00", one.findtext(f"{ATOM}updated"))
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Kantor"
    entries = {one.findtext(f"{ATOM}title"): one for one in feed.findall(f"{ATOM}entry")}
    assert set(entries) == {"Again", "A tune"}
    again = entries["Again"]
    assert again.findtext(f"{ATOM}id") == first.findtext(f"{ATOM}entry/{ATOM}id")
    assert again.findtext(f"{ATOM}published") == DATE.isoformat()
    assert again.findtext(f"{ATOM}updated") == feed.findtext(f"{ATOM}updated")
    assert first.findtext(f"{ATOM}id") == feed.findtext(f"{ATOM}id")


def test_a_piece_can_be_taken_out(target, publication):
    """With all its files; what is not there is named."""
    target.publish(publication, quiet)
    target.publish(remade(publication, name="tune-2"), quiet)
    target.remove("tune-1")
    assert [entry.name for entry in target.entries()] == ["tune-2"]
    assert not [name for name in target.shelf.names() if name.startswith("tune-1")]
    assert len(links(target)) == 1
    assert "tune-1" not in text_of(target)
    with pytest.raises(InputError, match="tune-1 is not in this gallery"):
        target.remove("tune-1")
    with pytest.raises(InputError, match="not in this gallery"):
        target.remove("../elsewhere/tune")


def test_no_text_is_believed(target, publication):
    """A title that would end an element stays text in index, feed and page."""
    target.publish(remade(publication, title=HOSTILE, description=HOSTILE, model=HOSTILE), quiet)
    assert "<script" not in text_of(target)
    assert "<script>alert" not in text_of(target, "tune-1.html")
    title = feed_of(target).findtext(f"{ATOM}entry/{ATOM}title")
    assert title == HOSTILE.replace("\x00", " ")


def test_a_record_that_is_none_is_left_out_and_named(target, publication):
    """Damaged, or somebody else's file, or one that claims another's name."""
    target.publish(publication, quiet)
    record = json.loads(target.shelf.read("tune-1.json"))
    target.shelf.write("other.json", b"{")
    target.shelf.write("claims.json", json.dumps({**record, "title": "not me"}).encode())
    bad = {**record, "name": "x/../../y"}
    target.shelf.write("bad.json", json.dumps(bad).encode())
    done = target.publish(remade(publication, name="tune-2"), quiet)
    assert "left out: bad.json, claims.json, other.json" in done.detail
    assert {entry.name for entry in target.entries()} == {"tune-1", "tune-2"}


def test_publishers_at_once_lose_no_entry(target, publication):
    """Eight of them: every piece is in index and feed at the end."""
    pieces = [remade(publication, name=f"tune-{n}") for n in range(8)]
    faults = []

    def publish(one):
        try:
            target.publish(one, quiet)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=publish, args=(one,)) for one in pieces]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert faults == []
    assert len(target.entries()) == len(links(target)) == 8
    assert "8 pieces" in text_of(target)


def test_an_entry_that_comes_during_the_index_is_seen(target, publication, monkeypatch):
    """Where there is no lock, the index is made again for it."""
    write, done = Shelf.write, []

    def late(shelf, name, content):
        write(shelf, name, content)
        if name == "index.html" and not done:
            done.append(name)
            record = json.loads(shelf.read("tune-1.json"))
            write(shelf, "tune-9.json", json.dumps({**record, "name": "tune-9"}).encode())

    monkeypatch.setattr(Shelf, "write", late)
    target.publish(publication, quiet)
    assert "2 pieces" in text_of(target)
    assert len(links(target)) == 2


def test_a_public_address_makes_whole_links(tmp_path, publication):
    """In the feed and in the answer; without one they are relative."""
    target = GalleryTarget("gallery", tmp_path, "https://example.org/tunes/")
    assert target.publish(publication, quiet).url == "https://example.org/tunes/tune-1.html"
    (link,) = links(target)
    assert link["enclosure"].get("href") == "https://example.org/tunes/tune-1.mp3"


def test_what_cannot_be_used_is_named_without_its_secret(tmp_path, publication, monkeypatch):
    """An unknown kind of address, a place that refuses, a folder that is a file."""
    with pytest.raises(InputError, match="nope://host/x: Protocol not known"):
        GalleryTarget("nope://me:secret@host/x", tmp_path)
    (tmp_path / "taken").write_text("")
    with pytest.raises(SetupError, match="gallery taken: cannot be used"):
        GalleryTarget("taken", tmp_path).publish(publication, quiet)

    def full(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", full)
    with pytest.raises(SetupError, match=r"memory://x: cannot be used \(Permission denied\)"):
        GalleryTarget("memory://me:secret@x", tmp_path).publish(publication, quiet)


def test_a_gallery_in_use_is_waited_for(tmp_path, publication, monkeypatch):
    """Not for ever."""
    monkeypatch.setattr("kantor.publishing.shelf._PATIENCE", 0.1)
    target = GalleryTarget("gallery", tmp_path)
    with target.shelf.locked(), pytest.raises(SetupError, match="somebody else publishes there"):
        target.publish(publication, quiet)


def test_a_failure_leaves_the_gallery_as_it_was(tmp_path, publication, monkeypatch):
    """A disk that refuses in the middle of a file: the old one is whole."""
    target = GalleryTarget("gallery", tmp_path)
    target.publish(publication, quiet)
    before = target.shelf.read("tune-1.html")

    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(SetupError, match="No space left"):
        target.publish(remade(publication, title="New"), quiet)
    assert target.shelf.read("tune-1.html") == before
    assert [entry.title for entry in target.entries()] == ["A tune"]
    assert not [name for name in target.shelf.names() if name.count(".") > 1]


def test_the_default_is_among_the_compositions():
    """So `make serve` and Studio show it."""
    assert gallery.DEFAULT == "compositions/gallery"
