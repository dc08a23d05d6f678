"""The rule for a style: its own tolerances, and no guard that its ensemble cannot have."""

import yaml
from tests.registries import BLOCKS, GUARDED

from kantor.promotion.rule import rule_of

LINES = [
    {"name": "lead", "low": 60, "high": 90},
    {"name": "piano", "low": 48, "high": 84},
    {"name": "bass", "low": 28, "high": 55},
]


def test_what_the_ensemble_lacks_guards_nothing(tmp_path):
    """Parallels and voices' marks fall away; what is misspelt stays, so that the gate names it."""
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(BLOCKS))
    folder = tmp_path / "styles" / "band"
    folder.mkdir(parents=True)
    own = {
        "ensemble": {"lines": LINES, "bass": "bass", "writing": "accompaniment"},
        "promote": {"guarded": {"chord_tones": 0.1, "triad_or_seventh": 0.5, "chord_tone": 0.1}},
    }
    folder.with_suffix(".yaml").write_text(yaml.safe_dump(own))
    guarded = {"chord_tones": 0.1, "triad_or_seventh": 0.5, "chord_tone": 0.1}
    assert rule_of(folder).guarded == guarded
    assert rule_of(tmp_path).guarded == GUARDED
