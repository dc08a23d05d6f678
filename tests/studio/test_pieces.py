"""Pieces over HTTP: made, read, saved, found again; every refusal says what is wrong."""

import pytest


@pytest.fixture
def piece(client):
    """An empty piece of 4 bars."""
    return client.post("/api/pieces", json={"form": {"bars": 4}}).raise_for_status().json()


def put(client, piece, revision=None, id=None):
    match = f'"{piece["revision"] if revision is None else revision}"'
    return client.put(f"/api/pieces/{id or piece['id']}", json=piece, headers={"if-match": match})


def test_saving_and_reading(client, piece):
    """What was saved comes back, under the next revision."""
    piece["lines"][0]["notes"] = [[0, 4, 72], [4, 8, 72]]
    piece["lines"][0]["given"] = [[0, 16]]
    answer = put(client, piece)
    assert (answer.status_code, answer.json()["revision"]) == (200, 1)
    again = client.get(f"/api/pieces/{piece['id']}")
    assert again.headers["etag"] == answer.headers["etag"] == '"1"'
    assert again.json()["lines"] == piece["lines"]


def test_a_stale_revision(client, piece):
    """It is refused with 412 and the revision that there is; without the header with 400."""
    put(client, piece).raise_for_status()
    answer = put(client, piece)
    assert (answer.status_code, answer.json()["revision"]) == (412, 1)
    assert client.put(f"/api/pieces/{piece['id']}", json=piece).status_code == 400


@pytest.mark.parametrize(
    ("notes", "told"),
    [
        ([[0, 8, 70], [4, 12, 72]], "bar 1, alto: a note overlaps the note before"),
        ([[16, 80, 70]], "bar 2, alto: a note leaves the piece"),
        ([[20, 18, 70]], "bar 2, alto: a note ends before it begins"),
        ([[0, 4, 128]], "bar 1, alto: a note has the MIDI number 128; 0 to 127 are there"),
        ([[20, 22.5, 70]], "bar 2, alto: a note is not made of whole numbers"),
        ([[20, 24]], "bar 2, alto: a note is not made of whole numbers"),
        ([[20, 99_999, 70]], "bar 2, alto: a note leaves the piece"),
    ],
)
def test_a_note_at_fault_is_named(client, piece, notes, told):
    """By bar and voice."""
    piece["lines"][1]["notes"] = notes
    answer = put(client, piece)
    assert (answer.status_code, answer.json()["detail"]) == (422, told)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"locked": [[16, 16]]}, "bar 2, alto: what is locked is empty: it ends where it begins"),
        ({"given": [[16, 5000]]}, "bar 2, alto: what is given ends behind the piece, whose last"),
        ({"loud": 1}, "alto: loud is not known here"),
        ({"volume": 2}, "alto: volume must be less than or equal to 1"),
        ({"notes": None}, "alto: a note must be a valid"),
    ],
)
def test_a_voice_at_fault_is_named(client, piece, change, told):
    """And the bar, where the fault is in one."""
    piece["lines"][1] |= change
    answer = put(client, piece)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(told), answer.text


def test_a_note_beyond_its_voice_is_no_fault(client, piece):
    """A hand may write it."""
    piece["lines"][0]["notes"] = [[0, 4, 24]]
    assert put(client, piece).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        "voices",
        {"surprise": 1},
        {"tempo": "NaN"},
        {"meter": "4/5"},
        {"pickup": 16},
        {"bar_lines": [4, 2]},
        {"notation": {"lines": 4}},
        {"fermatas": [[0, 5000]]},
        {"tempi": [[4, 1e-300]]},
        {"played": {"line": 4, "notes": []}},
        {"meters": [[4, "x"]]},
        {"id": "a" * 16},
        {"revision": 7},
        {"title": "x" * 201},
    ],
)
def test_a_document_at_fault(client, piece, change):
    """It is refused in one line, and what was there stays."""
    change = {"lines": [*piece["lines"], piece["lines"][0]]} if change == "voices" else change
    answer = put(client, {**piece, **change}, 0, piece["id"])
    assert answer.status_code == 422
    assert "\n" not in answer.json()["detail"]
    assert client.get(f"/api/pieces/{piece['id']}").json() == piece


def test_too_large(client, piece):
    """More than 4 MB are not read."""
    piece["notation"] = {"composer": "x" * 4_000_000}
    assert put(client, piece).status_code == 413


def test_the_bin(client, piece):
    """Deleted, restored, deleted for good."""
    path = f"/api/pieces/{piece['id']}"
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert [one["id"] for one in client.get("/api/bin").json()] == [piece["id"]]
    assert client.post(f"/api/bin/{piece['id']}/restore").json() == piece
    client.delete(path)
    assert client.delete(f"/api/bin/{piece['id']}").status_code == 204
    assert client.get("/api/bin").json() == []


def test_titles(client, piece):
    """They can be changed, and found."""
    path = f"/api/pieces/{piece['id']}"
    assert client.patch(path, json={"title": " Air "}).json()["title"] == "Air"
    assert client.patch(path, json={"title": "  "}).status_code == 422
    copied = client.post(f"{path}/duplicate").json()
    found = client.get("/api/pieces", params={"search": "air"}).json()
    assert {one["title"] for one in found} == {"Air", "Air (copy)"}
    assert copied["id"] in {one["id"] for one in found}


@pytest.mark.parametrize("id", ["nothing", "a" * 16, "..%2f..", "%2e%2e%2fpiece.json"])
def test_no_such_piece(client, id):
    """Whatever the id."""
    assert client.get(f"/api/pieces/{id}").status_code == 404


def test_continuation(client, piece):
    """Four more bars, empty but for the bass's last note; what was given stays given."""
    piece["lines"][0]["notes"] = [[0, 64, 72]]
    piece["lines"][0]["given"] = [[0, 64]]
    put(client, piece).raise_for_status()
    path, match = f"/api/pieces/{piece['id']}/continuation", {"if-match": '"1"'}
    longer = client.post(path, json={"bars": 4}, headers=match).raise_for_status().json()
    assert (longer["steps"], len(longer["bar_lines"])) == (128, 8)
    assert longer["lines"][0]["given"] == [[0, 64]]
    assert longer["lines"][0]["notes"] == [[0, 64, 72]]
    assert longer["lines"][3]["given"][-1][1] == 128
    assert client.post(path, json={"bars": 4}, headers=match).status_code == 412
