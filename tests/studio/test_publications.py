"""Publishing over HTTP: where it goes, what is kept of it, how it is told; the login."""

import json
import sqlite3
import time
from contextlib import closing

import httpx
import pytest
from tests.publishing import stub

from kantor.publishing import gallery, tokens
from kantor.studio import publication_jobs
from kantor.studio.document import ModelReference, Piece, Take, now
from kantor.studio.store import Store

pytestmark = pytest.mark.alone
CALLBACK = "/api/soundcloud/callback"


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Requests wait for the end; the environment says nothing of the machine's."""
    monkeypatch.setattr(publication_jobs, "SOON", 60.0)
    for name in (gallery.ADDRESS, gallery.PUBLIC, tokens.CLIENT_ID, tokens.CLIENT_SECRET):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def piece(client, root):
    """Two bars with a soprano that is given and three voices of a take."""
    with (root / "params.yaml").open("a") as file:
        file.write("\ningest: {sources: [{kind: jsb, path: data/jsb}]}\n")
    made = client.post("/api/pieces", json={"form": {"bars": 2, "tempo": 200}}).json()
    document = Piece.model_validate(made)
    for index, line in enumerate(document.lines):
        line.notes = [(0, 16, 72 - 5 * index), (16, 32, 74 - 5 * index)]
    document.lines[0].given = [(0, 32)]
    notes = [line.notes for line in document.lines]
    store = Store(root / "compositions/studio")
    take = Take(
        number=1, made=now(), model=ModelReference(name="kantor-bach", version=1), seed=1, index=0,
        temperature=None, candidates=1, region=None, revision=0, steps=32, notes=notes,
    )  # fmt: skip
    store.add_takes(document.id, [take])
    document.take, document.title = 1, "Lied </script> 1"
    store.save(document, 0)
    store.close()
    return document


def publish(client, piece, **order):
    return client.post(f"/api/pieces/{piece.id}/publications", json=order)


def listed(client, piece):
    return client.get(f"/api/pieces/{piece.id}/publications").json()["publications"]


def test_the_page(client, piece, root):
    """It stands beside the piece, with score, credits and recording; the list shows it once."""
    answer = publish(client, piece, target="page", description="For B.")
    assert answer.status_code == 201, answer.text
    done = answer.json()
    assert done["state"] == "done"
    assert done["url"] == f"/compositions/studio/{piece.id}/published.html"
    text = (root / done["file"]).read_text()
    assert "For B." in text
    assert "kantor-bach 1" in text
    assert "non-commercial" in text
    assert 'src="data:image/svg+xml' in text
    assert 'src="data:audio/mpeg' in text
    assert text.count("<script") == 1
    assert [one["id"] for one in listed(client, piece)] == [done["id"]]
    again = publish(client, piece, target="page").json()
    assert [one["id"] for one in listed(client, piece)] == [again["id"]]
    history = client.get(f"/api/pieces/{piece.id}").json()["history"]
    assert "published: page" in [one["what"] for one in history]
    kept = json.loads((root / "compositions/studio" / piece.id / "publications.json").read_text())
    assert kept["publications"][0]["id"] == again["id"]
    path = f"/api/pieces/{piece.id}/publications/{again['id']}"
    assert client.delete(path).status_code == 204
    assert not (root / done["file"]).exists()
    assert listed(client, piece) == []
    assert client.delete(path).status_code == 404


def test_a_muted_line_is_not_recorded(client, piece, monkeypatch):
    """As in the exports: the sound leaves it out, score and MIDI hold it; recorded once for two."""
    calls = []

    async def record(self, function, *arguments):
        calls.append((function.__name__, *arguments))
        return b"sound" if function.__name__ == "recorded" else ()

    monkeypatch.setattr(publication_jobs.Workroom, "call", record)
    muted = piece.model_copy(update={"revision": 1})
    muted.lines[1].muted = True
    headers = {"if-match": '"1"'}
    client.put(
        f"/api/pieces/{piece.id}", json=muted.model_dump(), headers=headers
    ).raise_for_status()
    for target in ("page", "gallery"):
        assert publish(client, muted, target=target).status_code == 201
    (gains,) = [call[3] for call in calls if call[0] == "recorded"]
    assert gains[1] == 0
    assert gains[0] > 0
    (engraved, _) = [call[1] for call in calls if call[0] == "sheets_of"]
    assert (engraved.pitches[:, 1] >= 0).all()


def test_the_credits(client, piece, root):
    """Known before anything is published; the training data are those of the version."""
    (root / "params.yaml").write_text("ingest: {sources: [{kind: jsb, path: data/jsb}]}\n")
    path = f"/api/pieces/{piece.id}/credits"
    told = {one["word"]: one["text"] for one in client.get(path).json()}
    assert told["Given"].startswith("soprano")
    assert told["Model"].startswith("kantor-bach 1,")
    assert "non-commercial" in told["Trained on"]
    with closing(sqlite3.connect(root / "mlflow.db")) as rows, rows:
        rows.execute("UPDATE model_version_tags SET value = 'folder' WHERE key = 'data.sources'")
    told = {one["word"]: one["text"] for one in client.get(path).json()}
    assert told["Trained on"].startswith("scores of the people who trained it")
    assert client.get(path, params={"take": 9}).status_code == 404


def test_the_gallery(client, piece, root, monkeypatch):
    """The default one is served; another one is named by the environment or by the order."""
    done = publish(client, piece, target="gallery").json()
    assert done["url"] == f"/compositions/gallery/{piece.id}.html"
    assert (root / "compositions/gallery/index.html").exists()
    assert publish(client, piece, target="gallery", gallery="elsewhere").json()["url"] == ""
    assert (root / "elsewhere" / f"{piece.id}.json").exists()
    monkeypatch.setenv(gallery.ADDRESS, "memory://me:secret@shows/x")
    answer = publish(client, piece, target="gallery")
    assert answer.json()["place"] == "memory://shows/x"
    assert client.get("/api/publishing").json()["gallery"] == "memory://shows/x"
    assert "secret" not in answer.text + client.get(f"/api/pieces/{piece.id}/publications").text
    assert len(listed(client, piece)) == 3
    for one in listed(client, piece):
        client.delete(f"/api/pieces/{piece.id}/publications/{one['id']}").raise_for_status()
    assert not (root / "elsewhere" / f"{piece.id}.json").exists()
    assert not (root / "compositions/gallery" / f"{piece.id}.html").exists()
    assert listed(client, piece) == []


def test_others_cannot_choose_where_files_go(client, piece, monkeypatch):
    """Where a token lets others in, the gallery is the one of the environment."""
    monkeypatch.setenv("KANTOR_TOKEN", "correct-horse-battery")
    answer = publish(client, piece, target="gallery", gallery="/tmp/anywhere")
    assert answer.status_code == 403
    assert "gallery is fixed" in answer.json()["detail"]
    assert client.get("/api/publishing").json()["gallery_is_fixed"] is True


def test_refusals_are_problems(client, piece):
    """No such piece, target or take; nothing to hear; SoundCloud not set up."""
    other = piece.model_copy(update={"id": "a" * 16})
    assert publish(client, other, target="page").status_code == 404
    assert publish(client, piece, target="elsewhere").status_code == 422
    assert publish(client, piece, target="page", take=9).status_code == 404
    answer = publish(client, piece, target="soundcloud")
    assert answer.status_code == 503
    assert "set KANTOR_SOUNDCLOUD_CLIENT_ID and" in answer.json()["detail"]
    empty = piece.model_copy(update={"revision": 1})
    empty.lines = [line.model_copy(update={"notes": []}) for line in piece.lines]
    client.put(
        f"/api/pieces/{piece.id}", json=empty.model_dump(), headers={"if-match": '"1"'}
    ).raise_for_status()
    answer = publish(client, empty, target="page")
    assert answer.status_code == 422
    assert "there are no notes to publish" in answer.json()["detail"]
    assert listed(client, empty) == []


def test_a_slow_one_goes_on(client, piece, monkeypatch):
    """202 at once; its progress and its end come as events, and the list shows it meanwhile."""
    monkeypatch.setattr(publication_jobs, "SOON", 0.0)
    with client.stream("GET", "/api/events", timeout=60) as events:
        lines = events.iter_lines()
        next(lines)
        answer = publish(client, piece, target="page")
        assert answer.status_code == 202
        assert answer.json()["state"] == "running"
        told = []
        for line in lines:
            if line.startswith("data: ") and answer.json()["id"] in line:
                told.append(json.loads(line[6:]))
                if told[-1]["state"] != "running":
                    break
    assert told[-1]["state"] == "done"
    assert [one["doing"] for one in told[:-1]] == ["engraving", "recording", "making the page"]
    assert listed(client, piece)[0]["state"] == "done"


@pytest.fixture
def cloud(monkeypatch):
    with stub.serving() as (cloud, address):
        monkeypatch.setenv(tokens.CLIENT_ID, stub.CLIENT)
        monkeypatch.setenv(tokens.CLIENT_SECRET, stub.SECRET)
        monkeypatch.setenv(tokens.API, address)
        monkeypatch.setenv(tokens.AUTH, address)
        yield cloud


def log_in(client):
    """As a browser follows: to SoundCloud and back."""
    away = client.get("/api/soundcloud/login")
    assert away.status_code == 303
    back = httpx.get(away.headers["location"])
    assert back.status_code == 302
    return client.get(back.headers["location"])


def test_soundcloud(client, piece, root, cloud):
    """Log in, upload, see it in the list; the login is kept for its owner; log out."""
    state = client.get("/api/publishing").json()["soundcloud"]
    assert (state["is_set_up"], state["is_logged_in"]) == (True, False)
    assert state["redirect"] == f"{client.base_url}{CALLBACK}".replace("//api", "/api")
    answer = publish(client, piece, target="soundcloud")
    assert (answer.status_code, answer.json()["detail"]) == (503, "not logged in at SoundCloud")
    page = log_in(client)
    assert page.status_code == 200
    assert "Logged in at SoundCloud" in page.text
    assert client.get("/api/publishing").json()["soundcloud"]["is_logged_in"]
    assert (root / ".kantor/soundcloud.json").stat().st_mode & 0o777 == 0o600
    done = publish(client, piece, target="soundcloud", sharing="public").json()
    assert done["url"] == "https://soundcloud.com/somebody/track-1"
    (track,) = cloud.tracks
    assert track["track[title]"].decode() == piece.title
    assert track["track[sharing]"] == b"public"
    assert listed(client, piece)[0]["url"] == done["url"]
    assert client.delete("/api/soundcloud/login").status_code == 204
    assert not client.get("/api/publishing").json()["soundcloud"]["is_logged_in"]


def test_a_login_that_fails_says_why(client, cloud):
    """On the page that SoundCloud leads back to; what it says is text."""
    cloud.denies = True
    page = log_in(client)
    assert page.status_code == 400
    assert "was not allowed at SoundCloud" in page.text
    forged = client.get(CALLBACK, params={"state": "<script>", "code": "x"})
    assert forged.status_code == 400
    assert "<script" not in forged.text


def test_too_many_at_once(client, piece, monkeypatch):
    """More than a few under way are refused with 429."""
    monkeypatch.setattr(publication_jobs, "SOON", 0.0)
    monkeypatch.setattr(publication_jobs, "MOST", 1)
    assert publish(client, piece, target="page").status_code == 202
    assert publish(client, piece, target="page").status_code == 429
    until = time.monotonic() + 60
    while any(one["state"] == "running" for one in listed(client, piece)):
        assert time.monotonic() < until
        time.sleep(0.1)
