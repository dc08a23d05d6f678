"""``make compose``: names of melodies reach the command as they are, and run nothing."""

import os
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"
ODD = """it's $(shell touch made) `touch made` "q" $x; touch made.mid"""


@pytest.fixture
def make(tmp_path):
    """Run ``make compose`` beside a command that prints its words, one a line."""
    command = tmp_path / "bin" / "kantor"
    command.parent.mkdir()
    command.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    command.chmod(0o755)
    for name in ("a.mid", "b.mid", "my song.mid", ODD):
        (tmp_path / name).touch()

    def run(*said, environment=None, target="compose"):
        ready = ("--old-file=.venv/.ready", "BIN=bin", "--no-print-directory")
        return subprocess.run(
            ["make", "-f", MAKEFILE, *ready, target, *said],
            cwd=tmp_path, capture_output=True, text=True, check=False,
            env=os.environ | (environment or {}),
        )  # fmt: skip

    yield run
    assert not (tmp_path / "made").exists()
    assert not (tmp_path / "made.mid").exists()


@pytest.mark.parametrize(
    ("melody", "files"),
    [
        ("my song.mid", ["my song.mid"]),
        ("a.mid b.mid", ["a.mid", "b.mid"]),
        ("[ab].mid", ["a.mid", "b.mid"]),
        (ODD, [ODD]),
    ],
)
def test_names_are_kept(make, melody, files):
    """One file may have any name; several are divided by spaces."""
    words = ["compose", "--out", "compositions", "--", *files]
    assert make(f"MELODY={melody}").stdout.splitlines() == words
    words = ["compose", "--out", "my out", "--format", "mid, wav", "--", *files]
    made = make("OUT=my out", "FORMAT=mid, wav", environment={"MELODY": melody})
    assert made.stdout.splitlines() == words


@pytest.mark.parametrize(
    "melody", ["$(shell touch made)", "a.mid\ntouch made", "'my song.mid' b.mid"]
)
def test_what_is_no_file_says_how_to_name_one(make, melody):
    """It runs nothing, and the message shows how names with spaces are written."""
    made = make(f"MELODY={melody}")
    assert made.returncode == 2
    assert "no file" in made.stderr
    assert 'MELODY="my song.mid"' in made.stderr


def test_the_name_of_a_style_is_kept(make):
    """It reaches the command as it was typed; without one nothing is named."""
    for said in (ODD, ""):
        made = make(f"STYLE={said}", target="style")
        assert made.stdout.splitlines() == ["data", "--style", said]
