"""The soundfont that the page plays with."""


def test_the_soundfont_is_sent_once(client):
    """As it is, not compressed; a browser that has it is told so."""
    first = client.get("/soundfont.sf2")
    assert first.content[:4] == b"RIFF"
    assert int(first.headers["content-length"]) == len(first.content)
    again = client.get("/soundfont.sf2", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/soundfont.sf2", headers={"if-none-match": '"another"'})
    assert other.status_code == 200


def test_a_soundfont_that_is_none_is_refused(client, monkeypatch, tmp_path):
    """The page is told which variable names what, and why it cannot be."""
    (tmp_path / "font.sf2").write_text("no font")
    monkeypatch.setenv("KANTOR_SOUNDFONT", str(tmp_path / "font.sf2"))
    answer = client.get("/soundfont.sf2")
    assert answer.status_code == 503
    assert "KANTOR_SOUNDFONT" in answer.json()["detail"]
