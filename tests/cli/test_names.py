"""What results of ``kantor compose`` are called, and that nothing is written over."""

from pathlib import Path

import pytest

from kantor.cli import console, naming


def test_nothing_is_overwritten(run, tune, tmp_path):
    """A name that exists gets the next number, for all files of a piece; --overwrite keeps it."""
    words = ("compose", tune, "--out", tmp_path / "out")

    def names(*options):
        return [Path(line).name for line in run(*words, *options).stdout.splitlines()]

    assert names() == ["tune-take1.mid", "tune-take1.png"]
    (tmp_path / "out" / "tune-take1.mid").write_bytes(b"mine")
    assert names("--format", "wav") == ["tune-take1.wav"]
    again = names("--takes", 2, "--format", "mid,npz")
    assert again == [f"tune-2-take{take}.{kind}" for take in (1, 2) for kind in ("mid", "npz")]
    assert names("--format", "mid") == ["tune-3-take1.mid"]
    assert (tmp_path / "out" / "tune-take1.mid").read_bytes() == b"mine"
    assert names("--overwrite") == ["tune-take1.mid", "tune-take1.png"]
    assert (tmp_path / "out" / "tune-take1.mid").read_bytes() != b"mine"


def test_a_melody_is_never_overwritten(run, tune, tmp_path):
    """A result gets another name than any melody; a folder is not made where a file is."""
    target = tune.rename(tmp_path / "a-take1.mid")
    before = target.read_bytes()
    (tmp_path / "a.mid").write_bytes(before)
    (tmp_path / "link").symlink_to(tmp_path)
    words = ("--format", "mid", "--overwrite")
    result = run("compose", tmp_path / "a.mid", target, "--out", tmp_path / "link", *words)
    names = [Path(line).name for line in result.stdout.splitlines()]
    assert names == ["a-2-take1.mid", "a-take1-take1.mid"]
    assert target.read_bytes() == before
    result = run("compose", target, "--out", target)
    assert result.exit_code == console.BAD_INPUT
    assert "a-take1.mid: a file is in the way; name a folder" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("options", "suffix"),
    [
        ({}, ""),
        ({"model": "build/model", "transpose": "+0"}, ""),
        ({"model": "bach.kantor"}, ""),
        ({"model": "models:/kantor-bach@challenger"}, "-challenger"),
        ({"model": "3", "transpose": "-3", "key": "F# minor"}, "-F-sharp-minor-down3-version3"),
        ({"key": "E♭ major"}, "-E-flat-major"),
        ({"given": "Soprano, bass", "lock_bars": "1-4,9"}, "-Soprano+bass-given-bars1-4+9-locked"),
        ({"meter": "3/4", "pickup": 1.5, "transpose": "fit"}, "-meter3-4-pickup1.5-fit"),
        ({"fill": True, "passes": 0, "temperature": 0.5}, "-filled-temperature0.5-passes0"),
        ({"particles": 1, "plainness": 0.25}, "-particles1-plainness0.25"),
        ({"track": "../旋律\n" + 99 * "x"}, "-track-..-旋律-" + 53 * "x"),
    ],
)
def test_names_tell_the_options(options, suffix):
    """What differs from the defaults and shapes the music stands in the name, in safe letters."""
    assert naming.suffix(options) == suffix


@pytest.mark.parametrize(("name", "kinds"), [("tune", "mid png"), ("piece", "mid musicxml png")])
def test_formats_by_what_came_in(run, tmp_path, request, name, kinds):
    """MusicXML gives MusicXML too; what is said overrules it."""
    source = request.getfixturevalue(name)
    made = run("compose", source, "--out", tmp_path / "out").stdout.splitlines()
    assert [Path(path).suffix[1:] for path in made] == kinds.split()
    made = run("compose", source, "--out", tmp_path / "out", "--format", "xml, MIDI").stdout
    assert [Path(path).suffix[1:] for path in made.splitlines()] == ["mid", "musicxml"]
