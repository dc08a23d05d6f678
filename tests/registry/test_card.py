"""The model card: what stands in it follows from the files, and it fits into MLflow."""

import json

import pytest
from tests.registries import PARAMS, client_of, rule_as_network

from kantor.registry import card, register
from kantor.registry.card_text import markdown
from kantor.registry.listing import told_of_data

MANIFEST = "id,split,source\na,train,jsb\nb,valid,jsb\nc,train,folder\n"


def entry(generated, real, verdict="in range"):
    return {"generated": generated, "real": real, "baseline": {"shuffled": 2}, "verdict": verdict}


@pytest.fixture
def figures(bare):
    """An evaluation that a test may change before `told` reads it."""
    return json.loads((bare / "reports/metrics.json").read_text())


@pytest.fixture
def told(bare, figures):
    """What makes the card's Markdown of the files as they are now."""

    def tell():
        (bare / "reports/metrics.json").write_text(json.dumps(figures))
        return markdown(card.card(bare, "kantor-bach"))

    return tell


def test_data_and_licence_are_those_that_were_read(bare, told):
    """Pieces are counted in the manifest; chorales come with their encoders' word."""
    (bare / "build/manifest.csv").write_text(MANIFEST)
    text = told()
    assert "- Chorales by J. S. Bach" in text
    assert "passed on (2 in all)." in text
    assert "non-commercial" in text
    assert "- The owner's scores" in text
    assert "what is allowed (1 in all)." in text
    (bare / "build/manifest.csv").write_text("id,split,source\nc,train,folder\n")
    assert "non-commercial" not in told()


def test_a_style_tells_of_its_data(repository):
    """Its credits, licence and note stand in the card, and with the version for published pages."""
    (repository / "build/manifest.csv").write_text(MANIFEST)
    about = "style: {title: Duo, licence: CC0 1.0, credits: two people, note: all made up}\n"
    with (repository / "params.yaml").open("a") as params:
        params.write(about)
    told = "two people; licence: CC0 1.0; all made up"
    assert f"- T{told[1:]} (3 in all)." in markdown(card.card(repository, "kantor-duo"))
    with rule_as_network():
        receipt = register(repository, PARAMS)
    assert told_of_data(repository, PARAMS.model, receipt.version) == told
    assert told_of_data(repository, "kantor-other", 1) == ""


def test_weaknesses_are_computed(told, figures):
    """Each sentence has the model's figure and the real one; what is as good is no weakness."""
    assert "Parallel" not in told()
    figures["metrics"] = {
        "parallel_fifths": entry(0.3, 0.1),
        "parallel_octaves": entry(0.1, 0.1),
        "semitone_clash": entry(0.02, 0.03),
        "crossing": entry(0.04, 0.03, "outside"),
    }
    figures["phrase_ends"]["root_position"] = entry(0.5, 0.9)
    text = told()
    assert "0.40 per 100 steps, real 0.20 (2.0 times as many)" in text
    assert "More than in real pieces: voice crossing 0.040, real 0.030" in text
    assert "Outside the range of real pieces: voice crossing" in text
    assert "Fewer phrases end on a triad in root position: 50%, real 90%" in text
    assert "More than in real pieces: semitone" not in text
    figures["beside"] = {"metrics": {"chord_tones": {"better": False}, "notes": {"better": None}}}
    assert "No better than real parts of other melodies: melody notes in the chord." in told()
    figures["metrics"]["parallel_fifths"] = entry(0.0, 0.5)
    assert "Parallel fifths and octaves" not in told()


def test_a_training_that_the_clock_cut(bare, told):
    """It says so where it tells how the model was made, and among the weaknesses."""
    (bare / "reports/training/health.json").write_text('{"stopped_by": "time", "iterations": 7}')
    text = told()
    assert "THE CLOCK CUT IT" in text
    assert "The clock cut its training after 7 iterations" in text


def test_what_mlflow_keeps_of_a_description(told, figures):
    """A card of very many figures is cut, not refused."""
    figures["metrics"] = {f"m{i}" * 20: entry(1, 0, "outside") for i in range(200)}
    text = told()
    assert len(text) <= 5000
    assert "and 194 more" in text


def test_a_version_carries_its_card(repository):
    """As its description, and beside its weights as data and as text."""
    register(repository, PARAMS)
    text = client_of(repository).get_model_version("kantor-bach", "1").description
    (folder,) = repository.glob("mlartifacts/models/*/artifacts/data/model")
    assert (folder / "card.md").read_text() == text
    assert json.loads((folder / "card.json").read_text())["evaluation"]["headline"]
    assert "models:/kantor-bach@champion" in text
