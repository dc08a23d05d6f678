"""Files become pieces; those that cannot be used are refused in one line, and kept."""

import io
import json
import time
import zipfile

import pytest
from tests.studio.files import HYMN, melody_midi, voices_midi

from kantor.formats.parsed import Limits
from kantor.formats.reading import parse


def upload(client, data, name="tune.mid", **options):
    return client.post("/api/pieces/file", params={"name": name, **options}, content=data)


def source_again(client, piece, **options):
    match = {"if-match": f'"{piece["revision"]}"'}
    path = f"/api/pieces/{piece['id']}/source"
    return client.post(path, json={"options": options}, headers=match)


def test_a_melody(client, root):
    """It is the leading line's, all of it given; the file is kept as it was."""
    data = melody_midi([60, 62, 64, 65, 67, 65, 64, 62] * 2)
    answer = upload(client, data, "My Tune.MID")
    piece = answer.json()
    assert answer.status_code == 201
    assert (piece["title"], piece["source"]["name"]) == ("My Tune", "My Tune.MID")
    assert piece["lines"][0]["given"] == [[0, piece["steps"]]]
    assert len(piece["lines"][0]["notes"]) == 16
    assert not any(line["notes"] for line in piece["lines"][1:])
    assert (root / "compositions/studio" / piece["id"] / "source.mid").read_bytes() == data


@pytest.mark.parametrize(("given", "lines"), [("all", [0, 1, 2, 3]), ("soprano,bass", [0, 3])])
def test_several_voices(client, given, lines):
    """Of a file with four voices some or all are given."""
    piece = upload(client, voices_midi(), given=given).raise_for_status().json()
    assert [index for index, line in enumerate(piece["lines"]) if line["notes"]] == lines
    assert [index for index, line in enumerate(piece["lines"]) if line["given"]] == lines


def test_read_again(client):
    """Other options change the notes, and nothing else that makes it this piece."""
    piece = upload(client, voices_midi()).raise_for_status().json()
    piece = client.patch(f"/api/pieces/{piece['id']}", json={"title": "Mine"}).json()
    again = source_again(client, piece, given="bass", transpose="2", tempo=66).json()
    assert (again["id"], again["title"], again["tempo"]) == (piece["id"], "Mine", 66)
    assert [bool(line["notes"]) for line in again["lines"]] == [False, False, False, True]
    assert again["source"]["options"] == {"given": "bass", "transpose": "2", "tempo": 66}
    assert again["revision"] == piece["revision"] + 1
    assert "read again" in again["history"][-1]["what"]
    assert source_again(client, piece).status_code == 412


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"meter": "4/5"}, "Meter"),
        ({"key": "H dur"}, "Key"),
        ({"given": "viola"}, "Given"),
        ({"transpose": "99"}, "Transpose"),
        ({"track": "7"}, "rack"),
    ],
)
def test_an_option_at_fault(client, root, options, told):
    """It is named as the page names it, and the file is not taken for a bad one."""
    answer = upload(client, voices_midi(), **options)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert "--" not in answer.json()["detail"]
    assert not (root / "compositions/studio/.refused").exists()


def test_an_option_is_named_once(client):
    """Not "Meter: meter '9'"."""
    for options, told in (({"meter": "9"}, "Meter '9': expected"), ({"key": "H"}, "Key 'H': exp")):
        answer = upload(client, voices_midi(), **options)
        assert answer.json()["detail"].startswith(told)


def test_messages_speak_of_the_page(client):
    """Not of options of the command line."""
    piece = upload(client, melody_midi([60, 62, 64, 65] * 4, meter=None)).json()
    told = " ".join(piece["source"]["messages"])
    assert "Meter" in told
    assert "--" not in told


def bomb():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", b"")
        archive.writestr("score.xml", b"<score-partwise>" + b" " * 60_000_000)
    return packed.getvalue()


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE score-partwise [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<score-partwise><part-list><score-part id="P1"><part-name>&c;</part-name></score-part></part-list>
</score-partwise>"""


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty.mid"),
        (b"just words", "text.mid"),
        (LAUGHS, "laughs.musicxml"),
        (bomb(), "bomb.mxl"),
        (b"MThd\x00\x00\x00\x06\x00\x01\xff\xff\x01\xe0", "tracks.mid"),
        (b"X:1\nK:C\n", "silent.abc"),
        (b"<html>" * 1000, "page.musicxml"),
    ],
)
def test_bad_files(client, root, data, name):
    """They are refused in one line that names them, and kept with the reason."""
    answer = upload(client, data, name)
    assert answer.status_code == 422
    assert name in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]
    (kept,) = (root / "compositions/studio/.refused").iterdir()
    with zipfile.ZipFile(kept) as archive:
        assert name in archive.read("reasons.txt").decode()
    assert client.get("/api/pieces").json() == []


def test_a_large_file(client):
    """More than `file_bytes` are not read."""
    assert upload(client, bytes(10_000_000)).status_code == 413


@pytest.mark.parametrize("name", ["../../evil.mid", "/etc/passwd", "a" * 400, "\x00\n.mid", "."])
def test_a_name_leads_nowhere(client, root, name):
    """It is shown and no path."""
    piece = upload(client, melody_midi([60] * 8), name).raise_for_status().json()
    folder = root / "compositions/studio" / piece["id"]
    assert {file.suffix for file in folder.glob("source*")} <= {".mid", ".dat"}
    assert "\n" not in piece["source"]["name"]


def test_what_stands_beside_the_notes_survives(client, root):
    """Lyrics, chord symbols and repeats of a MusicXML file are in the one that is kept."""
    piece = upload(client, HYMN, "hymn.musicxml").raise_for_status().json()
    piece["title"] = "Changed"
    match = {"if-match": '"0"'}
    client.put(f"/api/pieces/{piece['id']}", json=piece, headers=match).raise_for_status()
    written = root / "compositions/studio" / piece["id"] / "piece.musicxml"
    until = time.monotonic() + 10
    while not (written.exists() and b"Changed" in written.read_bytes()):
        assert time.monotonic() < until, "never written"
        time.sleep(0.05)
    before, after = (parse(data, Limits()) for data in (HYMN, written.read_bytes()))
    assert after.notation.chords == before.notation.chords
    assert after.notation.signs == before.notation.signs
    assert after.notation.lines[0].lyrics == before.notation.lines[0].lyrics
    assert after.notation.composer == before.notation.composer
    assert json.dumps(piece["notation"])
