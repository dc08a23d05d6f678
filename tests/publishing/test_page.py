"""One file holds the piece whole: what is in it, how large it is, that it trusts no text."""

import base64
import io
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
import soundfile
from tests.publishing.conftest import music, quiet, remade

from kantor.errors import InputError
from kantor.formats import midi, musicxml
from kantor.publishing import Publication, page
from kantor.publishing.page import PageTarget, make, stem, times

HOSTILE = "</script><script>alert(1)</script>\"'&"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9"/></svg>'


def text_of(made):
    return made.html.decode()


def held(text, kind):
    """What the data: addresses of a kind hold."""
    found = re.findall(rf'"data:{re.escape(kind)};base64,([^"]*)"', text)
    return [base64.b64decode(one) for one in found]


def test_the_page_holds_the_piece_whole(publication):
    """Recording, score, roll, MIDI and MusicXML as they are written elsewhere; the credits."""
    made = make(remade(publication, pages=(SVG, SVG)), quiet)
    text = text_of(made)
    titled = replace(publication.score, title="A tune")
    assert held(text, "audio/midi") == [midi.to_bytes(titled)]
    assert held(text, "application/vnd.recordare.musicxml+xml") == [musicxml.to_bytes(titled)]
    assert held(text, "image/svg+xml") == [SVG.encode()] * 2
    assert held(text, "audio/mpeg") == [made.recording]
    assert soundfile.info(io.BytesIO(made.recording)).duration == pytest.approx(3.5, abs=0.2)
    assert text.count('class="part"') == 8  # in the roll and in its key
    shown = unescape(text)
    for word, told in publication.credits():
        assert f"<dt>{word}</dt><dd>{told}</dd>" in shown


def test_the_credits_name_everything(publication):
    """Model, data with licence, soundfont, what was given, what was composed, date, Kantor."""
    told = dict(publication.credits())
    assert told["Given"] == "soprano"
    assert told["Composed"] == "alto, tenor, bass"
    assert told["Model"].startswith("kantor-bach 3")
    assert "non-commercial" in told["Trained on"]
    assert "TimGM6mb" in told["Sound"]
    assert told["Published"] == "2026-05-04"
    assert told["Made with"].startswith("Kantor ")
    part = publication.given.copy()
    part[4:, 0] = False
    assert dict(remade(publication, given=part).credits())["Given"] == "soprano in part"
    alone = dict(remade(publication, model="", given=np.ones_like(part)).credits())
    assert not {"Model", "Trained on", "Composed"} & set(alone)


def test_a_minute_takes_at_most_three_megabytes(publication):
    """With pictures of the score as large as verovio makes them: 300 kB for a minute."""
    pages = (SVG.replace("M0 0h9", "M0 0h9" * 50_000),)
    made = make(remade(publication, score=music(16, 96), pages=pages), quiet)
    assert made.seconds == 10
    drawn = len(pages[0]) * 4 / 3
    assert 6 * (len(made.html) - drawn) + drawn < 3_000_000


def test_nothing_is_loaded_and_no_text_is_believed(publication):
    """A title and a description that would end a script or an attribute stay text."""
    hostile = remade(publication, title=HOSTILE, description=HOSTILE, model=HOSTILE, data=HOSTILE)
    text = text_of(make(remade(hostile, pages=(SVG,)), quiet))
    assert text.count("<script") == 1
    assert "alert(1)<" not in text
    addresses = re.findall(r'(?:href|src)="([^"]*)"', text)
    assert len(addresses) == 5
    assert all(one.startswith("data:") for one in addresses)
    assert "url(" not in text
    assert "@import" not in text


def test_the_playhead_follows_the_tempo(publication):
    """Between changes of tempo it moves evenly."""
    slower = replace(publication.score, tempi=((16, 120.0),))
    assert times(slower) == [(0.0, 0), (1.0, 16), (3.0, 32)]
    assert 'data-times="[[0.0, 0], [1.0, 16], [3.0, 32]]"' in text_of(
        make(remade(publication, score=slower), quiet)
    )


def test_a_piece_too_long_for_a_recording(publication, monkeypatch):
    """Its page says so and holds all the rest."""
    monkeypatch.setattr(page, "LONGEST", 1.0)
    text = text_of(make(publication, quiet))
    assert "<audio" not in text
    assert "too long for a recording" in text
    assert held(text, "audio/midi")


def test_a_piece_without_notes_is_refused(publication):
    """There is nothing to hear."""
    score = replace(
        publication.score,
        pitches=np.full_like(publication.score.pitches, -1),
        onsets=np.zeros_like(publication.score.onsets),
    )
    with pytest.raises(InputError, match="A tune: there are no notes"):
        make(remade(publication, score=score), quiet)


def test_the_file_is_written_whole_or_not_at_all(publication, tmp_path):
    """And says how large it is; a folder that is not there is named."""
    steps = []
    done = PageTarget(tmp_path / "published.html").publish(
        publication, lambda *step: steps.append(step)
    )
    assert done.file.read_bytes().startswith(b"<!doctype html>")
    assert "MB" in done.detail
    assert [state for state, _, _ in steps] == ["recording", "making the page"]
    with pytest.raises(InputError, match=r"nowhere/x\.html: cannot be written"):
        PageTarget(tmp_path / "nowhere/x.html").publish(publication, quiet)


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", "a" * 65, "-a", "a/b"])
def test_a_name_makes_no_path(publication, name):
    """It is small letters, digits and dashes."""
    with pytest.raises(InputError, match="no name for a publication"):
        Publication(name, "x", publication.score, publication.given)


def test_a_download_is_called_after_the_title():
    """Letters of any script stay; nothing of a path does."""
    assert stem("Wie schön! / 2") == "Wie-schön-2"
    assert stem("../..") == "piece"
    assert stem("夜曲") == "夜曲"
    assert len(stem("a" * 500)) == 60
