"""What a batch is asked for, and what it says it came to."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kantor.batch import Batch, Options, Summary
from kantor.batch.plan import markdown

ROOT = Path("/srv/kantor")
SUMMARY = Summary(
    7,
    "kantor-bach version 3",
    {"refused": 2, "composed": 1_200},
    ROOT / "compositions/batches/batch-0007",
    4.25,
    4.0,
)


@pytest.mark.parametrize("said", [{"taks": 2}, {"engine": "ray"}, {"formats": ["mp3"]}])
def test_what_is_not_known_is_refused(said):
    """A typing error is no setting."""
    with pytest.raises(ValidationError):
        Batch.model_validate(said)


@given(st.permutations(["mid", "musicxml", "png"]))
def test_the_order_of_formats_is_no_matter(formats):
    """The same files are the same composition."""
    some = Options(formats=tuple(formats))
    assert some.key("a", "m") == Options(formats=("musicxml", "png")).key("a", "m")


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"takes": 2}, {"candidates": 2}, {"temperature": 0.5}, {"passes": 1}]
)
def test_a_key_knows_all_that_shapes_a_composition(other):
    """Melody, model and manner; nothing else."""
    key = Options().key("melody", "model")
    assert Options(**other).key("melody", "model") != key
    assert Options().key("other", "model") != key != Options().key("melody", "other")
    assert Batch(chunk=7, workers=9).options().key("melody", "model") == key


def test_under_make_serve_the_page_is_a_link():
    """Through the front page, at the port that it has."""
    text = markdown(SUMMARY, ROOT, {"KANTOR_HOME": str(ROOT), "KANTOR_PORT": "9000"})
    address = "http://127.0.0.1:9000/compositions/batches/batch-0007/index.html"
    assert f"[Look and listen]({address})" in text
    assert "| composed | 1,200 |\n| refused | 2 |" in text


def test_elsewhere_it_is_a_path():
    """Also where the results lie outside what is served."""
    assert "`/srv/kantor/compositions/batches/batch-0007/index.html`" in markdown(SUMMARY, ROOT, {})
    outside = markdown(SUMMARY, Path("/other"), {"KANTOR_HOME": "/other"})
    assert "http" not in outside


def test_a_batch_in_one_line():
    """For the log, and for a person's terminal."""
    expected = "batch 7 by kantor-bach version 3: 2 refused, 1,200 composed; 4.2 s"
    assert SUMMARY.line == expected
