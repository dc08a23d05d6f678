"""Files to take away: each is read again."""

import io
import wave

import numpy as np
import pytest
import soundfile
from PIL import Image

from kantor.formats.reading import read
from kantor.studio.document import Piece
from kantor.studio.exporting import KINDS, MEDIA, gains_of, name_of

PITCHES = (72, 67, 64, 48)


@pytest.fixture
def piece(client):
    """Two bars of C major in four voices; the soprano is muted."""
    made = client.post("/api/pieces", json={"form": {"bars": 2}}).json()
    made["title"], made["lines"][0]["muted"] = "Sankt Johann: 1/2 & mehr", True
    for line, pitch in zip(made["lines"], PITCHES, strict=True):
        line["notes"], line["given"] = [[0, 16, pitch], [16, 32, pitch]], [[0, 32]]
    return saved(client, made)


def saved(client, piece):
    headers = {"if-match": f'"{piece["revision"]}"'}
    client.put(f"/api/pieces/{piece['id']}", json=piece, headers=headers).raise_for_status()
    return client.get(f"/api/pieces/{piece['id']}").json()


def export(client, piece, kind, **query):
    return client.get(f"/api/pieces/{piece['id']}/export/{kind}", params=query)


def test_every_kind_is_a_file_that_can_be_read(client, piece, tmp_path):
    """Under a good name, with its type; scores and MIDI hold the muted line as well."""
    for kind in KINDS:
        answer = export(client, piece, kind)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].split(";")[0] == MEDIA[kind]
        assert f"Sankt_Johann_1_2_mehr.{kind}" in answer.headers["content-disposition"]
        data = answer.content
        path = tmp_path / f"tune.{kind}"
        path.write_bytes(data)
        if kind in ("mid", "musicxml"):
            notes = [{note.pitch for note in part.notes} for part in read(path).parts]
            assert [set(), *notes][-4:] == [{pitch} for pitch in PITCHES]
        elif kind in ("mp3", "ogg"):
            sound, rate = soundfile.read(io.BytesIO(data))
            assert 6 < len(sound) / rate < 8
            assert np.abs(sound).max() > 0.3
        elif kind == "wav":
            with wave.open(io.BytesIO(data)) as sound:
                assert 6 < sound.getnframes() / sound.getframerate() < 8
        elif kind == "png":
            assert Image.open(io.BytesIO(data)).size > (1000, 300)
        else:
            assert data.startswith(b"%PDF" if kind == "pdf" else b"<svg")


def test_sound_is_what_is_heard(client, piece):
    """Lines are as loud as in the mix, muted ones silent; beside one that plays alone, all are."""
    piece["lines"][1]["volume"] = 0.3
    assert gains_of(Piece.model_validate(piece)) == (0, 0.3, 0.8, 0.8)
    piece["lines"][3]["solo"] = True
    assert gains_of(Piece.model_validate(piece)) == (0, 0, 0, 0.8)
    for line in piece["lines"]:
        line["muted"] = True
    sound, _ = soundfile.read(io.BytesIO(export(client, saved(client, piece), "ogg").content))
    assert not sound.any()


def test_layouts(client, piece):
    """Two voices on a staff where that is asked for."""
    parts = [
        export(client, piece, "musicxml", layout=layout).text.count("<part id=")
        for layout in ("open", "closed")
    ]
    assert parts == [4, 2]


def test_what_there_is_not(client, piece):
    """An unknown kind, take or piece is refused."""
    assert export(client, piece, "exe").status_code == 422
    assert export(client, piece, "mid", take=7).status_code == 404
    assert client.get("/api/pieces/nothing/export/mid").status_code == 404


def test_names():
    """They are safe as files' names, and say which take it is."""
    piece = Piece.model_construct(title="../a\\b. c")
    assert name_of(piece, "mid", None) == "a_b_c.mid"
    assert name_of(piece, "pdf", 3) == "a_b_c-take3.pdf"
    assert name_of(Piece.model_construct(title="…"), "mid", None) == "melody.mid"
