"""The door for files of unknown origin."""

import io
import os
import zipfile

import numpy as np
import pytest

from kantor.errors import InputError
from kantor.formats import midi, musicxml
from kantor.formats.parsed import Limits
from kantor.formats.reading import parse, read
from kantor.music.score import Key, Score

CONTAINER = b'<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'


def zipped(members, packing=zipfile.ZIP_DEFLATED):
    """A zip file, from the contents of its members by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def packed(score, container=CONTAINER, **other):
    """A packed MusicXML file."""
    return zipped({"META-INF/container.xml": container, "score.xml": score, **other})


PITCHES = np.repeat(np.array([60, 62, 64, 65, 67]), 4)[:, None]
TUNE = Score(PITCHES, np.arange(20)[:, None] % 4 == 0, pickup=4, key=Key(0), title="Tune")
MIDI, XML = midi.to_bytes(TUNE), musicxml.to_bytes(TUNE)
each_kind = pytest.mark.parametrize("data", [MIDI, XML, packed(XML)], ids=["midi", "xml", "mxl"])


@each_kind
def test_the_content_decides_and_not_the_name(tmp_path, data):
    """MIDI, MusicXML and packed MusicXML are known by what is in them."""
    path = tmp_path / "upload.jpg"
    path.write_bytes(data)
    parsed = read(path)
    assert [note.pitch for note in parsed.parts[0].notes] == [60, 62, 64, 65, 67]
    assert (parsed.pickup, parsed.title, parsed.key) == (1, "Tune", Key(0))


def test_a_default_namespace_does_not_hide_the_score():
    """Some programs write one, though MusicXML has none."""
    parsed = parse(XML.replace(b"<score-partwise", b'<score-partwise xmlns="x"', 1), Limits())
    assert len(parsed.parts[0].notes) == 5


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "a folder, not a file"),
        ("pipe", "not a regular file"),
        ("missing", "no such file"),
        ("a\0b", "cannot be opened"),
        ("a" * 300, "cannot be opened"),
    ],
)
def test_what_is_no_file_is_refused_without_waiting(tmp_path, name, fault):
    """Folders, pipes, missing files and impossible names; a pipe is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=fault):
        read(tmp_path / name)


def declaring(entity):
    return b"<!DOCTYPE a [<!ENTITY b %s>]><score-partwise>&b;</score-partwise>" % entity


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n", "neither MIDI nor MusicXML"),
        (b"   \n", "neither MIDI nor MusicXML"),
        (b"<html></html>", "not MusicXML"),
        (b"<score-partwise>", "damaged XML"),
        (b"<score-partwise/>", "no notes"),
        (b"<score-timewise><measure/></score-timewise>", "no notes"),
        (b"<?xml version='1.0' encoding='klingon'?><score-partwise/>", "damaged XML"),
        (b"<!-- only a remark -->", "XML"),
        (declaring(b'"bbbbbbbb"'), "declares entities"),
        (declaring(b'SYSTEM "file:///etc/passwd"'), "declares entities"),
        (b"PK\x03\x04garbage", "damaged zip"),
        (packed(declaring(b'"bbbbbbbb"')), "declares entities"),
        (packed(b"<score-partwise/>", b"<container/>"), "names no root file"),
        (packed(b"<score-partwise/>", CONTAINER.replace(b"score.", b"other.")), "root file is"),
        (packed(b"<score-partwise/>", declaring(b'"b"')), "declares entities"),
        (packed(b"<score-partwise/>", **{f"f{i}": b"" for i in range(100)}), "100 members"),
        (packed(b"<a>" + b" " * 17_000_000), "larger than 16,000,000 bytes"),
        (packed(MIDI), "damaged XML"),
        (packed(packed(XML)), "damaged XML"),
        (zipped({"score.xml": XML}), "not a packed MusicXML"),
        (zipped({"META-INF/container.xml": CONTAINER}, zipfile.ZIP_LZMA), "packed in a way"),
    ],
)
def test_other_things_are_refused_in_one_line(tmp_path, data, fault):
    """Each is refused in one line which names the file."""
    path = tmp_path / "upload"
    path.write_bytes(data)
    with pytest.raises(InputError, match=fault) as refusal:
        read(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        (Limits(bytes=100, text=100), "larger than 100 bytes"),
        (Limits(notes=4), "more than 4 notes"),
        (Limits(quarters=4), "more than 4 quarters"),
        (Limits(tracks=0), "more than 0 tracks"),
    ],
)
@each_kind
def test_limits_hold_for_every_kind_of_file(data, limits, fault):
    """Size, tracks, notes and length are bounded whatever the format."""
    with pytest.raises(InputError, match=fault):
        parse(data, limits)


def test_measures_are_counted_before_they_are_read():
    """A part of more than the limit is refused whatever its measures hold."""
    data = b"<score-partwise><part>%s</part></score-partwise>" % (b"<measure><note/></measure>" * 9)
    with pytest.raises(InputError, match="more than 8 bars; cut the piece"):
        parse(data, Limits(bars=8))
    with pytest.raises(InputError, match="where a number is due"):
        parse(data, Limits(bars=9))


@pytest.mark.parametrize("module", [midi, musicxml])
def test_an_hour_of_music_is_read(module):
    """An hour of quarters at 80 a minute passes in either format."""
    line = np.repeat(60 + np.arange(4_800) % 7, 4)[:, None]
    parsed = parse(module.to_bytes(Score(line, np.arange(19_200)[:, None] % 4 == 0)), Limits())
    assert len(parsed.parts[0].notes) == parsed.length == 4_800
