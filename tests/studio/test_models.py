"""The models that Studio offers, and what each sounds like."""

import json
import shutil
import time

import httpx
import pytest
from tests.registries import client_of, copied

from kantor.registry.listing import listed


@pytest.fixture
def events(client):
    """What the server tells open pages, as it comes."""
    timeout = httpx.Timeout(10)
    with client.stream("GET", "/api/events", timeout=timeout) as stream:
        lines = stream.iter_lines()
        next(lines)
        yield lines


def test_every_version_is_listed_with_what_a_person_chooses_by(client):
    """Style, aliases, date, figures, knobs and voices."""
    (model,) = client.get("/api/models").json()
    assert (model["name"], model["style"], model["version"]) == ("kantor-bach", "bach", 1)
    assert model["aliases"] == ["challenger", "champion"]
    assert model["created"].startswith("20")
    assert {"name": "triad_or_seventh", "value": 0.93} in model["figures"]
    assert "temperature" in model["parameters"]
    assert model["voices"] == ["soprano", "alto", "tenor", "bass"]
    assert model["reason"] == ""


def test_champions_come_first_then_the_newest(three):
    """Whatever their numbers, read from the file as MLflow would tell it."""
    rows = listed(three)
    assert [(row.version, "champion" in row.aliases) for row in rows] == [
        (1, True),
        (3, False),
        (2, False),
    ]
    assert rows[1].figures["overlap"] == 0.92


def test_a_registry_of_another_form_is_read_by_mlflow(moving, monkeypatch):
    """The same versions as from the file."""
    known = listed(moving)
    monkeypatch.setattr("kantor.registry.database.SCHEMA", "of another release")
    by_mlflow = listed(moving)
    assert [(row.name, row.version, row.aliases, row.tags) for row in by_mlflow] == [
        (row.name, row.version, row.aliases, row.tags) for row in known
    ]


@pytest.mark.alone
def test_without_a_model_the_list_is_empty(client, root):
    """And composing says what to do."""
    (root / "mlflow.db").unlink()
    shutil.rmtree(root / "mlartifacts")
    (root / "build/registered.json").unlink(missing_ok=True)
    assert client.get("/api/models").json() == []


@pytest.mark.alone
def test_a_lost_registry_is_told(client, root):
    """Its files are there, the database is not."""
    (root / "mlflow.db").unlink()
    answer = client.get("/api/models")
    assert answer.status_code == 503
    assert "put it back" in answer.json()["detail"]


@pytest.mark.alone
def test_what_cannot_be_loaded_is_marked(client, root):
    """Files that are gone, and a version that was taken out of use."""
    (folder,) = (root / "mlartifacts/models").glob("*/artifacts/data/model")
    info = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(info | {"preset": "unet"}))
    (model,) = client.get("/api/models").json()
    assert "unet" in model["reason"]
    shutil.rmtree(folder)
    assert "not there" in client.get("/api/models").json()[0]["reason"]
    client_of(root).set_model_version_tag("kantor-bach", "1", "retired", "2026")
    assert client.get("/api/models").json()[0]["reason"] == "it was taken out of use"


def test_a_sample_is_what_the_version_composes(client):
    """Eight bars, all lines, the melody on top; the same each time."""
    heard = client.get("/api/models/kantor-bach/1/sample").json()
    assert heard["steps"] == 128
    assert len(heard["lines"]) == 4
    assert heard["lines"][0]["notes"][0][:3] == [0, 4, 76]
    assert sum(end - start for start, end, _, _ in heard["lines"][0]["notes"]) == 128
    assert client.get("/api/models/kantor-bach/1/sample").json() == heard
    assert client.get("/api/models/kantor-bach/9/sample").status_code == 404


@pytest.mark.alone
def test_open_pages_are_told_of_a_new_champion(client, root, events):
    """Within two seconds, and only if versions or aliases changed."""
    registry = client_of(root)
    time.sleep(1.2)
    registry.set_registered_model_tag("kantor-bach", "seen", "yes")
    time.sleep(1.2)
    began = time.monotonic()
    registry.set_registered_model_alias("kantor-bach", "previous", "1")
    kinds = list(_until(events, "event: models"))
    assert time.monotonic() - began < 3
    assert kinds.count("id: 1") == 1


def _until(lines, wanted):
    for line in lines:
        yield line
        if line == wanted:
            return


def test_models_of_every_name_are_listed(root, tmp_path):
    """Also a style that params.yaml does not name."""
    other = copied(root, tmp_path / "other")
    client_of(other).create_registered_model("kantor-jazz")
    client_of(other).create_model_version("kantor-jazz", "/nowhere", run_id=None)
    assert [(row.style, row.version) for row in listed(other)] == [("bach", 1), ("jazz", 1)]


def test_a_style_is_told_with_its_lines(root, client):
    """Title, licence and the lines for which a piece is made anew when its model is chosen."""
    (model,) = client.get("/api/models").json()
    assert (model["title"], model["ensemble"], model["leads"]) == ("Bach", "satb", 0)
    assert model["cast"] is None
    assert [line["name"] for line in model["lines"]] == model["voices"]
    assert model["lines"][3]["high"] == 67
    assert model["lines"][0]["notes"] == []
