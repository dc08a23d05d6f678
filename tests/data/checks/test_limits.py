"""The chorales have limits of their own; a check that fails names what would admit the data."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.data.checks.conftest import LIMITS

from kantor import settings
from kantor.data.checks.page import page
from kantor.data.checks.run import check_tables
from kantor.data.checks.tables import measure
from kantor.settings import DataLimits, Source, Validate

PARAMS = Path(__file__).parents[3] / "params.yaml"
WIDE = DataLimits(
    min_pieces={},
    min_voice_share=0,
    max_outside_share=1,
    max_rest_share=1,
    max_empty_bar_share=1,
    max_crossing_share=1,
    max_duplicate_share=1,
    min_in_scale=0,
    max_pitch_drift=1,
)
STRICT = DataLimits(
    min_pieces={"train": 99},
    min_voice_share=1,
    max_outside_share=0,
    max_rest_share=0,
    max_empty_bar_share=0,
    max_crossing_share=0,
    max_duplicate_share=0,
    min_in_scale=1,
    max_pitch_drift=0,
)


def spoil(data):
    """Let the music break every limit there is; the windows' pieces stay what they are."""
    rolls, onsets = data.windows.rolls, data.windows.onsets
    rolls[:, :16, :, 1] = False  # rests, a silent bar, a voice less heard
    onsets[:, :16, 1] = False
    rolls[..., 0] = np.roll(rolls[..., 0], 24, axis=2)
    rolls[..., 3] = np.roll(rolls[..., 3], 30, axis=2)  # crossed, out of range, out of the scale
    rolls[48:, ..., 2] = np.roll(rolls[48:, ..., 2], 7, axis=2)  # unlike training
    for name in ("rolls", "onsets"):  # held-out pieces, copied
        getattr(data.windows, name)[56:64] = getattr(data.windows, name)[:8]


def failed(data, limits):
    tables = measure(data.windows, data.table, 32, limits)
    outcomes = check_tables(tables, limits, 32)
    assert page(tables, outcomes, limits)
    return {one.name: one for one in outcomes if one.success is False}


def test_every_check_with_a_limit_names_its_parameter(broken):
    """All of them fail here, none with wide limits, and each names a key that params.yaml has."""
    spoil(broken)
    limits = Validate(**STRICT.model_dump())
    found = failed(broken, limits)
    assert failed(broken, Validate(**WIDE.model_dump())) == {}
    assert all(one.line.endswith(f"to admit it, {one.remedy}") for one in found.values())
    keys = {key for one in found.values() for key in re.findall(r"validate\.(\w+)", one.remedy)}
    assert keys == set(DataLimits.model_fields)
    assert found["rest_share"].remedy == "raise validate.max_rest_share in params.yaml"
    assert found["voices_heard"].remedy == "lower validate.min_voice_share in params.yaml"
    assert "set ensemble.ranges.soprano to [59, 98], or raise" in found["range_soprano"].remedy


@pytest.mark.parametrize("chorales", [range(6, 10), range(6)])
def test_the_chorales_have_limits_of_their_own(broken, chorales):
    """Rests in other pieces are no fault of theirs; theirs break the limits for them."""
    rolls, onsets = broken.windows.rolls, broken.windows.onsets
    rolls[:48, 4:12, :, 1] = False
    onsets[:48, 4:12, 1] = False
    broken.table.loc[list(chorales), "source"] = "jsb"
    small = {"train": 0, "valid": 0, "test": 0}
    own = LIMITS.model_copy(update={"min_pieces": small, "max_pitch_drift": 1.0})
    limits = Validate(**WIDE.model_dump(), jsb=own)
    found = failed(broken, limits)
    if chorales.start:
        assert found == {}
        return
    assert {*found} == {"jsb_rest_share"}
    assert "raise validate.jsb.max_rest_share in params.yaml" in found["jsb_rest_share"].line
    fewer = own.model_copy(update={"min_pieces": {"train": 7}})
    line = failed(broken, limits.model_copy(update={"jsb": fewer}))["jsb_pieces_per_split"].line
    assert "lower validate.jsb.min_pieces in params.yaml" in line


def test_chorales_that_are_all_missing_are_noticed(sound):
    """Where their source is asked for; without it their limits are nobody's."""
    limits = settings.load(Validate, "validate", PARAMS)
    folder, jsb = Source(kind="folder", path=Path("a")), Source(kind="jsb", path=Path("b"))
    assert limits.of((folder, jsb)) == limits
    assert limits.of((folder,)).jsb is None
    assert failed(sound, limits.of((folder,))) == {}
    assert "found 0 in 3 of 3" in failed(sound, limits)["jsb_pieces_per_split"].line
    nothing = replace(sound, windows=replace(sound.windows, start=np.zeros(3)))
    assert "tensor_dtype" in failed(nothing, limits)
