"""The page shows what there is, believes no name, and loads nothing from elsewhere."""

import re
from html.parser import HTMLParser

import pytest
from tests.batch import tunes

from kantor.batch import run
from kantor.batch.dispatcher import Here

HOSTILE = "<script>alert(1)<&script>.mid"


class Links(HTMLParser):
    """Every address of a page, and how many pieces and drawings there are."""

    def __init__(self):
        super().__init__()
        self.addresses, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src")]


def page_of(summary):
    text = (summary.folder / "index.html").read_text()
    links = Links()
    links.feed(text)
    return text, links


def test_names_are_escaped_wherever_they_stand(inbox, out):
    """In headings, in drawings, in the table of what was refused."""
    (inbox / HOSTILE).write_bytes(tunes.tune(30))
    (inbox / f"bad {HOSTILE}").write_bytes(b"nothing")
    text, links = page_of(run(tunes.plan(inbox, out), Here()))
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)") >= 3
    assert links.tags.count("script") == 1


def test_links_lead_to_files_that_are_there(inbox, out):
    """From the page's own folder, as a browser follows them; nothing is fetched."""
    summary = run(tunes.plan(inbox, out), Here())
    _, links = page_of(summary)
    addresses = [one for one in links.addresses if not one.startswith("data:")]
    assert len(addresses) > 10
    assert all((summary.folder / address).exists() for address in addresses)


def test_a_large_batch_shows_its_beginning(inbox, out):
    """And says how many there are."""
    plan = tunes.plan(inbox, out, page={"shown": 3, "recorded": 0})
    text, links = page_of(run(plan, Here()))
    assert links.tags.count("article") == 3
    assert "The first 3 of 11" in " ".join(text.split())


def test_the_first_play_by_themselves(tmp_path, out):
    """As sound beside the page; the others are sung by the browser."""
    pytest.importorskip("soundfile")
    inbox = tunes.fill(tmp_path / "inbox", 2)
    summary = run(tunes.plan(inbox, out, page={"shown": 9, "recorded": 1}), Here())
    _, links = page_of(summary)
    assert links.tags.count("audio") == links.tags.count("button") == 1
    (sound,) = [one for one in links.addresses if one.endswith(".flac")]
    assert (summary.folder / sound).read_bytes()[:4] == b"fLaC"


def test_what_was_composed_before_is_drawn_as_well(inbox, out):
    """Read back from its file, to the same drawing."""
    first, _ = page_of(run(tunes.plan(inbox, out, page={"shown": 0, "recorded": 0}), Here()))
    again, _ = page_of(run(tunes.plan(inbox, out), Here()))
    direct, _ = page_of(run(tunes.plan(inbox, out.with_name("direct")), Here()))
    rolls = [re.findall(r'<svg class="roll".*?</svg>', text) for text in (first, again, direct)]
    assert [len(found) for found in rolls] == [0, 11, 11]
    assert rolls[1] == rolls[2]


def test_a_recording_is_made_once(tmp_path, out, monkeypatch):
    """Beside the composing, of the compositions that the page plays, and of no others."""
    audio = pytest.importorskip("kantor.formats.audio")
    made = []

    def encode(score, rate):
        made.append(score.steps)
        return b"sound"

    monkeypatch.setattr(audio, "flac_bytes", encode)
    inbox = tunes.fill(tmp_path / "inbox", 5)
    text, _ = page_of(run(tunes.plan(inbox, out, page={"shown": 9, "recorded": 2}), Here()))
    assert len(made) == text.count(".flac") == 2


def test_a_long_piece_is_not_recorded(tmp_path, out, monkeypatch):
    """It would take a minute and hundreds of megabytes; the page plays it from its notes."""
    monkeypatch.setattr("kantor.batch.samples.LONGEST", 1.0)
    monkeypatch.setattr("kantor.formats.audio.flac_bytes", lambda score, rate: b"sound")
    summary = run(tunes.plan(tunes.fill(tmp_path / "inbox", 2), out, page={"recorded": 2}), Here())
    text, links = page_of(summary)
    assert not list(summary.folder.glob("*.flac"))
    assert (links.tags.count("audio"), text.count("<button")) == (0, 2)
