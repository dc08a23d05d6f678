"""Checkpoints belong to one training: its code, its parameters and its data."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.model.small import smallest

from kantor.ensemble import SATB, Sound
from kantor.errors import SetupError
from kantor.model.train.checkpoints import Signals, alone, fingerprint, folder_name


def test_fingerprint(tmp_path: Path) -> None:
    """The inputs' contents and their order, not their names."""
    first, second, copy = (tmp_path / name for name in ("first", "second", "copy"))
    for path, content in ((first, b"a"), (second, b"b"), (copy, b"a")):
        path.write_bytes(content)
    base = fingerprint([first, second])
    assert fingerprint([copy, second]) == base
    copy.write_bytes(b"c")
    others = {fingerprint(inputs) for inputs in ([copy, second], [second, first], [first])}
    assert len(others | {base}) == 4


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"minutes": 9, "strategy": "mirrored"}, True),
        ({"iterations": 4}, False),
        ({"seed": 2}, False),
        ({"warmup": 2}, False),
        ({"batch": 3}, False),
    ],
)
def test_whose_checkpoints_they_are(changes: dict[str, Any], same: bool) -> None:
    """More time, other devices and a sound go on; other settings, data or ranges start afresh."""
    own = folder_name(smallest(), SATB, "data")
    assert (folder_name(smallest(**changes), SATB, "data") == own) is same
    assert folder_name(smallest(), replace(SATB, sound=Sound()), "data") == own
    assert folder_name(smallest(), SATB, "other data") != own
    assert folder_name(smallest(), SATB.with_ranges({"bass": (36, 60)}), "data") != own


def test_one_training_at_a_time(tmp_path: Path) -> None:
    """A second one on the same checkpoints is refused in one line that names the folder."""
    with alone(tmp_path), pytest.raises(SetupError, match=f"^{tmp_path}: another training"):
        alone(tmp_path).__enter__()
    with alone(tmp_path):
        pass


def test_what_started_the_training_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC dies of SIGTERM and leaves its stages: the training stops as if it had got one."""
    monkeypatch.setenv("DVC_STAGE", "train")
    with Signals() as signals:
        assert signals.first is None
        monkeypatch.setattr(os, "getppid", lambda: 1)
        assert signals.first == signal.SIGTERM
