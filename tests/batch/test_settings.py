"""What shapes a composition is in its key; names of results are ours; what a batch says."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kantor.batch import Batch, Options, Summary
from kantor.batch.jobs import Job
from kantor.batch.settings import markdown
from kantor.intake import Upload

ROOT = Path("/srv/kantor")
FOLDER = ROOT / "compositions/batches/batch-0007"
SUMMARY = Summary(7, "kantor-bach version 3", {"refused": 2, "composed": 1_200}, FOLDER, 4.25)
KEYS = st.text("0123456789abcdef", min_size=64, max_size=64)


@pytest.mark.parametrize(
    "said", [{"taks": 2}, {"engine": "ray"}, {"formats": ["mp3"]}, {"out": "s3://bucket/outbox"}]
)
def test_what_is_not_known_is_refused(said):
    """A typing error is no setting, an address no folder."""
    with pytest.raises(ValidationError):
        Batch.model_validate(said)


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"takes": 2}, {"candidates": 2}, {"temperature": 0.5}, {"passes": 1}]
)
def test_a_key_knows_all_that_shapes_a_composition(other):
    """Melody, model and options; not the order of formats, nor how the work is done."""
    key = Options(formats=("mid", "png", "musicxml")).key("melody", "model")
    assert Options(formats=("musicxml", "png")).key("melody", "model") == key
    batch = Batch(formats=("musicxml", "png"), chunk=7, workers=9)
    assert batch.options().key("melody", "model") == key
    assert batch.options().model_copy(update=other).key("melody", "model") != key
    assert Options().key("other", "model") != Options().key("melody", "other")


@given(st.text(min_size=1).filter(lambda name: "\0" not in name), KEYS)
def test_the_files_of_a_composition_have_safe_names(name, key):
    """Not too long for any file system; a person and the key tell it apart."""
    stem = Job(key, Upload(name, "", b"")).stem
    assert not set(stem) & set("/\\.:\0\n")
    assert len(stem.encode()) <= 200
    assert stem.endswith(f"-{key[:12]}")
    upload = Upload("tunes.zip/a/Wachet auf.mid", "", b"")
    assert Job(key, upload).stem == f"Wachet_auf-{key[:12]}"


def test_a_batch_says_what_it_came_to():
    """In one line, and on the flow's page, which links to what the front page serves."""
    line = "batch 7 by kantor-bach version 3: 2 refused, 1,200 composed; 4.2 s"
    assert SUMMARY.line == line
    text = markdown(SUMMARY, ROOT, {"KANTOR_URL": "http://kantor:9000"})
    address = "http://kantor:9000/compositions/batches/batch-0007/index.html"
    assert f"[Look and listen]({address})" in text
    assert "| composed | 1,200 |\n| refused | 2 |" in text
    assert line in text
    for root, environment in ((ROOT, {}), (Path("/other"), {"KANTOR_URL": "http://kantor:9000"})):
        text = markdown(SUMMARY, root, environment)
        assert f"`{FOLDER}/index.html`" in text
        assert "http" not in text
