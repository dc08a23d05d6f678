"""The door for files of unknown origin."""

import io
import os
import re
import zipfile
import zlib

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


def encrypted(member):
    data = bytearray(zipped({"score.xml": member}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def declaring(entity):
    return b"<!DOCTYPE a [<!ENTITY b %s>]><score-partwise>&b;</score-partwise>" % entity


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "the file is empty"),
        (b"\x88PNG\r\n", "neither MIDI, MusicXML nor ABC"),
        (b"   \n", "neither MIDI, MusicXML nor ABC"),
        (b"<html></html>", "not MusicXML"),
        (b"<score-partwise>", "damaged XML .*; export the score again"),
        (b"<score-partwise/>", "no notes"),
        (b"<score-timewise><measure/></score-timewise>", "no notes"),
        (b"<?xml version='1.0' encoding='klingon'?><score-partwise/>", "no notes"),
        (b"<!-- only a remark -->", "XML"),
        (declaring(b'"bbbbbbbb"'), "declares entities"),
        (declaring(b'SYSTEM "file:///etc/passwd"'), "declares entities"),
        (b"PK\x03\x04garbage", "damaged zip"),
        (packed(declaring(b'"bbbbbbbb"')), "declares entities"),
        (packed(b"<score-partwise/>", b"<container/>"), "no notes"),
        (packed(b"<a/>", b"<container/>"), "not a packed MusicXML"),
        (zipped({"a.xml": XML, "b.musicxml": XML}), "2 scores; unpack it"),
        (packed(b"<score-partwise/>", declaring(b'"b"')), "declares entities"),
        (packed(b"<score-partwise/>", **{f"f{i}": b"" for i in range(100)}), "100 members"),
        (packed(b"<a>" + b" " * 17_000_000), "larger than 16,000,000 bytes"),
        (packed(MIDI), "damaged XML"),
        (packed(packed(XML)), "damaged XML"),
        (zipped({"score.mid": MIDI}), "not a packed MusicXML"),
        (encrypted(XML), "pack it without a password"),
        (declaring(b'"b"').replace(b"ENTITY b", b"ATTLIST b c CDATA"), "declares entities"),
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


@pytest.mark.parametrize(
    ("member", "container"),
    [
        ("score.xml", None),
        ("Don't stop.xml", b"<rootfile full-path='Don't stop.xml'/>"),
        ("Don't stop.xml", b'<rootfile full-path="Don&apos;t stop.xml" media-type="x"/>'),
        ("Für Elise.xml", b'<rootfile media-type="x" full-path="F%C3%BCr%20Elise.xml"/>'),
        ("scores/Tune.XML", b'<rootfile full-path="scores\\tune.xml"/>'),
        ("tune.xml", b'<rootfile full-path="another.xml"/>'),
        ("tune.xml", "<rootfile full-path='Für.xml'/>".encode("latin-1")),
        ("tune.xml", b""),
        ("tune.xml", b'<rootfile full-path="pages.pdf"/><rootfile full-path="tune.xml"/>'),
    ],
)
def test_a_packed_score_is_found_however_it_is_named(member, container):
    """With what its container means, or as the only score in the zip file."""
    members = {"__MACOSX/._tune.xml": b"\0", member: XML, "cover.xml": b"<a/>"}
    members["pages.pdf"] = b"%PDF"
    if container is not None:
        members["META-INF/container.xml"] = b"<container>%s</container>" % container
    assert len(parse(zipped(members), Limits()).parts[0].notes) == 5


UMLAUTS = XML.decode().replace("Tune", "Größe ½")


@pytest.mark.parametrize(
    ("declared", "encoding", "before"),
    [
        ("UTF-8", "utf-8", b""),
        ("UTF-8", "latin-1", b""),
        ("UTF-8", "utf-8", b"\n\r\n"),
        ("UTF-8", "utf-8", b"\xef\xbb\xbf"),
        ("UTF-8", "utf-8", b"Saved by a mailer\n"),
        ("UTF-16", "utf-8", b""),
        ("windows-1252", "cp1252", b""),
        ("ISO-8859-1", "utf-8", b""),
        ("klingon", "utf-8", b""),
        ("UTF-8", "utf-16", b""),
        ("UTF-16", "utf-16-le", b""),
        ("UTF-16", "utf-16-be", b""),
        ("x-mac-roman", "utf-8", b""),
    ],
)
def test_text_is_read_in_the_encoding_that_it_has(declared, encoding, before):
    """Whatever its declaration says, and what stands before it; a default namespace is no fault."""
    text = UMLAUTS.replace('encoding="UTF-8"', f'encoding="{declared}"', 1)
    assert parse(before + text.encode(encoding), Limits()).title == "Größe ½"


def test_encodings_of_the_east_are_read_as_declared():
    """They are known by the declaration alone; a control character does no harm."""
    for declared in ("Shift_JIS", "GBK", "EUC-JP"):
        text = UMLAUTS.replace("Größe ½", "桜\x0b").replace("UTF-8", declared, 1)
        assert parse(text.encode(declared), Limits()).title == "桜"


def test_an_empty_document_type_and_a_prefix_are_no_fault():
    """Nothing is declared in ``[]``; the namespace of MusicXML 4 may have a prefix."""
    text = XML.replace(b'partwise.dtd">', b'partwise.dtd" [ ]>')
    assert b"[ ]" in text
    text = text.replace(b"<", b"<m:").replace(b"<m:/", b"</m:").replace(b"<m:?", b"<?")
    text = text.replace(b"<m:!", b"<!").replace(
        b"<m:score-partwise", b'<m:score-partwise xmlns:m="x"'
    )
    assert len(parse(text, Limits()).parts[0].notes) == 5


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"<museScore version='4'/>", "a", "MuseScore choose File > Export"),
        (zipped({"META-INF/container.xml": CONTAINER, "tune.mscx": b""}), "a", "MuseScore choose"),
        (zipped({"VERSION": b"7", "Content/score.gpif": b"<GPIF/>"}), "a", "Guitar Pro choose"),
        (b"\x18FICHIER GUITAR PRO v5.00", "a", "Guitar Pro choose"),
        (b"\x0fSIBELIUS\0\0", "a", "Sibelius choose"),
        (b"?", "a.sib", "Sibelius choose"),
        (b"?", "a.MUSX", "Finale choose"),
        (b"?", "a.cpr", "Cubase choose"),
        (zipped({"data.bin": b""}), "a.dorico", "Dorico choose"),
        (b"PK\3\4cut", "a.mscz", "MuseScore choose"),
        (zipped({"x.band/projectData": b""}), "a", "GarageBand exports no MIDI itself"),
        (
            zlib.compress(b"<?xml version='1.0'?><Ableton Major='5'>", wbits=31),
            "a",
            "Live right-click",
        ),
        (b"FLhd\6\0", "a", "FL Studio choose"),
        (b"RIFF\0\0\0\0WAVEfmt ", "a.mid", "a recording, not notes"),
        (b"ID3\4", "a", "a recording, not notes"),
        (b"\x89PNG\r\n", "a.mid", "a picture"),
        (b"%PDF-1.7", "a", "a PDF"),
        (b'% a song\n\\version "2.24.0"\n{ c }', "a", "a LilyPond file"),
        (b"!!!OTL: x\n**kern\n4c\n*-\n", "a", "a Humdrum file"),
        (b"<?xml version='1.0'?>\n<mei/>", "a", "an MEI file"),
    ],
)
def test_files_of_other_programs_are_named_with_their_menu(data, name, words):
    """By their content, else by their ending; none is read, and none is called damaged."""
    with pytest.raises(InputError, match=re.escape(words)) as refusal:
        parse(data, Limits(), name)
    assert "\n" not in str(refusal.value)


def test_a_folder_that_a_program_calls_a_file_is_named(tmp_path):
    """GarageBand and Logic Pro write folders, which macOS shows as files."""
    (tmp_path / "Song.logicx").mkdir()
    with pytest.raises(InputError, match="Logic Pro choose File > Export"):
        read(tmp_path / "Song.logicx")


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
