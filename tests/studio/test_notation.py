"""The engraved score."""

import re
import threading
import time
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest
from tests.ensembles import rhythms

from kantor.music.excerpts import WHOLE, excerpt, stretches
from kantor.music.notation import AS_WRITTEN, Sign, Span
from kantor.music.score import Key, Score, onset_floor
from kantor.studio.pdf import pdf_of
from kantor.studio.score_svg import engrave, pages

FORM = {"form": {"bars": 4}}


def score(bars, **more):
    """Quarters in four voices; every tenth bar line is crossed by the bass."""
    row = np.array([[72, 67, 64, 48], [74, 67, 59, 43]])
    pitches = np.repeat(np.resize(row, (bars * 4, 4)), 4, axis=0)
    onsets = onset_floor(pitches)
    onsets[::4] = True
    for bar in range(10, bars, 10):
        pitches[bar * 16 - 4 : bar * 16 + 4, 3] = 43
        onsets[bar * 16, 3] = False
    return Score(pitches, onsets | onset_floor(pitches), key=Key(), **more)


def heads(svg):
    """Line, start and end of every note head."""
    found = re.findall(r'<g id="n-(\d+)-(\d+)-(\d+)" class="note"', svg)
    return sorted(tuple(map(int, one)) for one in found)


def test_notes_and_bars_say_where_they_stand():
    """In steps of the piece, repeats as they are written, in either layout."""
    signs = AS_WRITTEN.moved(lambda time: time)
    signs = type(signs)(
        signs=(Sign(0, "forward"), Sign(32, "backward")),
        played=(Span(0, 32), Span(0, 32), Span(32, 64)),
    )
    piece = score(4, notation=signs)
    expected = sorted((line, at, at + 4) for line in range(4) for at in range(0, 64, 4))
    for layout in ("open", "closed"):
        svg = engrave(piece, 0, 64, 800, layout)
        assert heads(svg) == expected
        assert re.findall(r'id="(m-\d+-\d+)"', svg) == ["m-0-16", "m-16-32", "m-32-48", "m-48-64"]


def test_a_score_needs_nothing_but_itself():
    """No font, no address, no script, no colour; as wide as was asked."""
    svg = engrave(score(4), 0, 64, 620)
    root = fromstring(svg)
    assert root.get("viewBox").startswith("0 0 620 ")
    assert "@font-face" not in svg
    assert "Leipzig" not in svg
    assert set(re.findall(r'(?:href|src)="(.)', svg)) == {"#"}
    assert "black" not in svg
    assert "♩" in svg  # of the tempo
    texts = ["".join(one.itertext()) for one in root.iter() if one.get("class") == "harm"]
    assert texts[:2] == ["C", "G"]


def test_long_pieces_come_in_stretches():
    """They cover the piece, begin at bar lines over which nothing is held, and count on."""
    piece = score(200)
    parts = stretches(piece)
    assert len(parts) > 3
    assert [end for _, end in parts[:-1]] == [start for start, _ in parts[1:]]
    assert (parts[0][0], parts[-1][1]) == (0, piece.steps)
    for start, _ in parts[1:]:
        assert start % 16 == 0
        assert start % 160  # where the bass is held
    start, end = parts[1]
    svg = engrave(piece, start, end, 800)
    assert {(start, start + 4), (end - 4, end)} <= {(a, b) for _, a, b in heads(svg)}
    assert "Soprano" not in svg
    assert "♩" not in svg
    numbers = re.findall(r'class="mNum[^>]*>.*?<tspan font-size="\d+px">(\d+)<', svg)
    assert int(numbers[0]) == start // 16 + 1
    assert stretches(score(WHOLE - 1)) == [(0, 16 * (WHOLE - 1))]


def test_an_excerpt_keeps_what_holds():
    """Tempo, meter and fermatas; a note that is held into it begins with it."""
    piece = score(12, tempi=((64, 60.0), (170, 50.0)))
    part = excerpt(piece, 160, 192)
    assert (part.tempo, part.tempi) == (60.0, ((10, 50.0),))
    assert part.onsets[0, 3]
    assert np.array_equal(part.pitches, piece.pitches[160:])


def test_pages_and_pdf():
    """A4 with title and composer; a PDF of as many pages, the same for the same score."""
    piece = score(60, title="Straße <1>", notation=type(AS_WRITTEN)(composer="N. N."))
    sheets = pages(piece, credit="Composed with Kantor")
    assert len(sheets) > 1
    first = "".join(fromstring(sheets[0]).itertext())
    assert all(text in first for text in ("Straße <1>", "N. N.", "Composed with Kantor"))
    pdf = pdf_of(sheets, piece.title)
    assert pdf == pdf_of(sheets, piece.title)
    assert pdf.startswith(b"%PDF-1.4")
    assert pdf.count(b"/Type/Page/") == len(sheets)
    table = int(pdf.split(b"startxref\n")[1].split()[0])
    assert pdf[table:].startswith(b"xref")
    places = re.findall(rb"(\d{10}) 00000 n", pdf)
    assert all(pdf[int(at) :].startswith(b"%d 0 obj" % n) for n, at in enumerate(places, 1))


@pytest.fixture
def piece(client):
    made = client.post("/api/pieces", json=FORM).json()
    lines = made["lines"]
    for line, pitch in zip(lines, (72, 67, 64, 48), strict=True):
        line["notes"] = [[0, 8, pitch], [8, 16, pitch]]
        line["given"] = [[0, 16]]
    saved = client.put(
        f"/api/pieces/{made['id']}", json=made, headers={"if-match": f'"{made["revision"]}"'}
    )
    assert saved.status_code == 200, saved.text
    return made["id"]


def test_the_score_of_a_piece(client, piece):
    """With its chords; asked for again, the answer is that nothing has changed."""
    address = f"/api/pieces/{piece}/notation"
    answer = client.get(address, params={"width": 640})
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert (page["pages"], page["page"]) == ([[0, 64]], 0)
    assert (0, 0, 8) in heads(page["svg"])
    again = client.get(
        address, params={"width": 640}, headers={"if-none-match": answer.headers["etag"]}
    )
    assert again.status_code == 304
    assert client.get(f"/api/pieces/{piece}/chords").json() == [{"step": 0, "text": "C"}]
    assert client.get(address, params={"page": 3}).status_code == 404
    assert client.get(address, params={"take": 9}).status_code == 404


def test_nobody_waits_for_a_score(client, piece):
    """While one is engraved, others are answered."""
    threads = [
        threading.Thread(
            target=client.get,
            args=(f"/api/pieces/{piece}/notation",),
            kwargs={"params": {"width": 300 + 20 * at}},
        )
        for at in range(6)
    ]
    for one in threads:
        one.start()
    start = time.monotonic()
    assert client.get("/health").status_code == 200
    assert time.monotonic() - start < 2
    for one in threads:
        one.join(30)


def test_drums_share_a_staff_and_keep_their_lines():
    """Each hit has the id of its line, begins where it is struck, and no rest has one."""
    piece = rhythms(2)
    found = heads(engrave(piece, 0, piece.steps, 1200))
    drums = {(line, start) for line, start, _ in found if line >= piece.ensemble.pitched}
    struck = np.argwhere(piece.onsets[:, piece.ensemble.pitched :])
    assert drums == {(int(line) + piece.ensemble.pitched, int(start)) for start, line in struck}
