"""The door for files of unknown origin."""

from __future__ import annotations

import io
import os
import random
import zipfile
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest

from kantor.errors import InputError
from kantor.formats import midi, musicxml
from kantor.formats.parsed import Limits
from kantor.formats.reading import read
from kantor.music.score import Key, Score

CONTAINER = b'<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'


def tune() -> Score:
    pitches = np.repeat(np.array([60, 62, 64, 65, 67]), 4)[:, None]
    return Score(pitches, np.arange(20)[:, None] % 4 == 0, pickup=4, key=Key(0), title="Tune")


def packed(score: bytes, container: bytes = CONTAINER, **other: bytes) -> bytes:
    """A packed MusicXML file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("score.xml", score)
        for name, data in other.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["midi", "xml", "packed"])
def test_the_content_decides_and_not_the_name(tmp_path: Path, form: str) -> None:
    """MIDI, MusicXML and packed MusicXML are known by what is in them."""
    text = musicxml.to_bytes(tune())
    data = {"midi": midi.to_bytes(tune()), "xml": text, "packed": packed(text)}[form]
    path = tmp_path / "upload.jpg"
    path.write_bytes(data)
    found = read(path)
    assert [note.pitch for note in found.parts[0].notes] == [60, 62, 64, 65, 67]
    assert found.pickup == 1
    assert found.title == "Tune"
    assert found.key == Key(0)


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    """Folders, pipes, missing files and impossible names; a pipe is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    for name, fault in (
        ("", "a folder, not a file"),
        ("pipe", "not a regular file"),
        ("missing", "no such file"),
        ("a\0b", "cannot be opened"),
        ("a" * 300, "cannot be opened"),
    ):
        with pytest.raises(InputError, match=fault):
            read(tmp_path / name)


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><score-partwise>&b;</score-partwise>'
OUTSIDE = (
    b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><score-partwise>&b;</score-partwise>'
)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n", "neither MIDI nor MusicXML"),
        (b"hello", "neither MIDI nor MusicXML"),
        (b"   \n", "neither MIDI nor MusicXML"),
        (b"<html></html>", "not MusicXML"),
        (b"<score-partwise>", "damaged XML"),
        (b"<score-partwise/>", "no notes"),
        (b"<score-timewise><measure/></score-timewise>", "no notes"),
        (b"<?xml version='1.0' encoding='klingon'?><score-partwise/>", "damaged XML"),
        (b"<!-- only a remark -->", "XML"),
        (BOMB, "declares entities"),
        (OUTSIDE, "declares entities"),
        (b"PK\x03\x04garbage", "damaged zip"),
        (packed(BOMB), "declares entities"),
        (packed(b"<score-partwise/>", b"<container/>"), "names no root file"),
        (packed(b"<score-partwise/>", CONTAINER.replace(b"score.", b"other.")), "root file is"),
        (packed(b"<score-partwise/>", BOMB), "declares entities"),
        (packed(b"<score-partwise/>", **{f"f{i}": b"" for i in range(100)}), "100 members"),
        (packed(b"<a>" + b" " * 17_000_000), "larger than 16,000,000 bytes"),
        (packed(midi.to_bytes(tune())), "damaged XML"),
    ],
)
def test_other_things_are_refused_in_one_line(tmp_path: Path, data: bytes, fault: str) -> None:
    """Each is refused in one line which names the file."""
    path = tmp_path / "upload"
    path.write_bytes(data)
    with pytest.raises(InputError, match=fault) as refusal:
        read(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert "\n" not in str(refusal.value)


def test_a_plain_zip_file_is_no_score(tmp_path: Path) -> None:
    """A zip file without a container is refused, and so is an unusual packing."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("score.xml", musicxml.to_bytes(tune()))
    with pytest.raises(InputError, match="not a packed MusicXML"):
        read(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "b.mxl", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("META-INF/container.xml", CONTAINER)
    with pytest.raises(InputError, match="packed in a way"):
        read(tmp_path / "b.mxl")


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        (Limits(bytes=100, text=100), "larger than 100 bytes"),
        (Limits(notes=4), "more than 4 notes"),
        (Limits(quarters=4), "more than 4 quarters"),
        (Limits(tracks=0), "more than 0 tracks"),
    ],
)
def test_limits_hold_for_both_kinds_of_file(tmp_path: Path, limits: Limits, fault: str) -> None:
    """Size, tracks, notes and length are bounded whatever the format."""
    midi.write(tune(), tmp_path / "a.mid")
    musicxml.write(tune(), tmp_path / "a.musicxml")
    for name in ("a.mid", "a.musicxml"):
        with pytest.raises(InputError, match=fault):
            read(tmp_path / name, limits)


def test_measures_are_counted_before_they_are_read(tmp_path: Path) -> None:
    """A part of more than the limit is refused whatever its measures hold."""
    data = b"<score-partwise><part>%s</part></score-partwise>" % (b"<measure><note/></measure>" * 9)
    (tmp_path / "a.musicxml").write_bytes(data)
    with pytest.raises(InputError, match="more than 8 bars; cut the piece"):
        read(tmp_path / "a.musicxml", Limits(bars=8))
    with pytest.raises(InputError, match="where a number is due"):
        read(tmp_path / "a.musicxml", Limits(bars=9))


def test_an_hour_of_music_is_read(tmp_path: Path) -> None:
    """An hour of quarters at 80 a minute passes in either format."""
    line = np.repeat(60 + np.arange(4_800) % 7, 4)[:, None]
    score = Score(line, np.arange(19_200)[:, None] % 4 == 0)
    midi.write(score, tmp_path / "a.mid")
    musicxml.write(score, tmp_path / "a.musicxml")
    for name in ("a.mid", "a.musicxml"):
        found = read(tmp_path / name)
        assert len(found.parts[0].notes) == 4_800
        assert found.length == 4_800


@pytest.mark.parametrize("form", ["midi", "xml", "packed"])
def test_broken_copies_are_read_or_refused(tmp_path: Path, form: str) -> None:
    """Of hundreds of copies with changed bytes each is read, or refused in one line."""
    text = musicxml.to_bytes(tune())
    whole = {"midi": midi.to_bytes(tune()), "xml": text, "packed": packed(text)}[form]
    path = tmp_path / "upload"
    outcomes = set()
    for seed in range(300):
        chance = random.Random(seed)
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(data))
            data[place : place + chance.randint(0, 2)] = chance.choice(
                [b"", b"\xff", b"\x00", b"9", b"-", bytes([chance.randrange(256)])]
            )
        path.write_bytes(data)
        try:
            outcomes.add(read(path).length > F(0))
        except InputError as refusal:
            outcomes.add(f"{len(str(refusal).splitlines())} line")
    assert "1 line" in outcomes
    assert outcomes <= {"1 line", True}
