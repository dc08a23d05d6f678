"""What the names of keys and meters may be, and the form of every check."""

from __future__ import annotations

import warnings

import pytest

from kantor.music.score import Key
from kantor.settings import Validate

with warnings.catch_warnings():  # great_expectations imports a module that Python deprecates
    warnings.simplefilter("ignore", DeprecationWarning)
    from kantor.data.checks import suites
    from kantor.data.checks.expectations import is_key, is_meter

LIMITS = Validate(
    min_pieces={"train": 6, "valid": 2, "test": 2},
    max_rest_share=0.1,
    max_empty_bar_share=0.1,
    max_crossing_share=0.1,
    max_duplicate_share=0.1,
    min_in_scale=0.9,
    max_pitch_drift=0.3,
)


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("fifths", range(-7, 8))
def test_every_key_that_a_score_can_have_is_known(fifths: int, mode: str) -> None:
    """The manifest's names are those of `Key.name`, and every one of them is accepted."""
    assert is_key(Key(fifths, mode).name)


@pytest.mark.parametrize("text", ["", "C", "H major", "C  major", "c minor", "C dorian", None, 4])
def test_what_names_no_key_is_refused(text: object) -> None:
    """Neither gaps, nor tonics alone, nor other spellings pass."""
    assert not is_key(text)


@pytest.mark.parametrize(
    ("text", "known"),
    [("4/4", True), ("6/8", True), ("", False), ("4", False), ("4/5", False), ("x/4", False)],
)
def test_meters_are_those_of_scores(text: str, known: bool) -> None:
    """A meter is known if a score can have it."""
    assert is_meter(text) is known


def test_every_check_can_be_read() -> None:
    """Names differ, and each check has a sentence and says what is expected."""
    checks = [check for suite in suites.suites(LIMITS, 32).values() for check in suite]
    names = [check.meta["check"] for check in checks]
    assert len({*names}) == len(names)
    for check in checks:
        assert check.meta["sentence"]
        assert check.meta["expected"]
        assert check.description == f"{check.meta['sentence']}: {check.meta['expected']}."


def test_limits_reach_the_checks() -> None:
    """A limit of the parameters is the limit of its check."""
    by_name = {check.meta["check"]: check for check in suites.music(LIMITS)}
    assert by_name["rest_share"].max_value == LIMITS.max_rest_share
    assert by_name["in_scale"].min_value == LIMITS.min_in_scale
    assert by_name["windows_in_one_split"].mostly == 1 - LIMITS.max_duplicate_share
