"""The block of params.yaml is checked, and what shapes a composition is in its key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kantor import settings
from kantor.batch import Batch, Manner

PARAMS = Path(__file__).parents[2] / "params.yaml"


def test_the_repository_says_every_parameter():
    """None is left to a default that a reader does not see."""
    batch = settings.load(Batch, "batch", PARAMS)
    assert batch.model_fields_set == set(Batch.model_fields)
    assert batch.page.model_fields_set == {"shown", "heard"}


@pytest.mark.parametrize("said", [{"taks": 2}, {"engine": "ray"}, {"formats": ["mp3"]}])
def test_what_is_not_known_is_refused(said):
    """A typing error is no setting."""
    with pytest.raises(ValidationError):
        Batch.model_validate(said)


@given(st.permutations(["mid", "musicxml", "png"]))
def test_the_order_of_formats_is_no_matter(formats):
    """The same files are the same composition."""
    some = Manner(formats=tuple(formats))
    assert some.key("a", "m") == Manner(formats=("musicxml", "png")).key("a", "m")


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"takes": 2}, {"candidates": 2}, {"temperature": 0.5}, {"passes": 1}]
)
def test_a_key_knows_all_that_shapes_a_composition(other):
    """Melody, model and manner; nothing else."""
    key = Manner().key("melody", "model")
    assert Manner(**other).key("melody", "model") != key
    assert Manner().key("other", "model") != key != Manner().key("melody", "other")
    assert Batch(chunk=7, workers=9).manner().key("melody", "model") == key
