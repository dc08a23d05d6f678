"""The command line as a person meets it."""

import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import kantor.registry
from kantor import cli
from kantor.compose import outputs
from kantor.errors import InputError, SetupError
from kantor.formats import midi, musicxml, reading
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score

ROOT = Path(__file__).parents[2]
RUNNER = CliRunner()
TUNE = (67, 69, 71, 72, 72, 71, 69, 67)


def chord_tones(given, seeds):
    """A model by rule: the lower voices follow the soprano at fixed distances."""
    pitches, onsets = given.pitches.copy(), given.onsets.copy()
    lowest = 12 + (np.asarray(seeds) % 5).astype(np.int8)[:, None]
    for voice, below in ((1, 3), (2, 8), (3, lowest)):
        free = ~given.mask[..., voice]
        soprano = given.pitches[..., 0]
        pitches[..., voice][free] = np.where(soprano < 0, -1, soprano - below)[free]
        onsets[..., voice][free] = given.onsets[..., 0][free]
    return pitches, onsets


@pytest.fixture(autouse=True)
def loaded(monkeypatch):
    """The model that every URI leads to, and the URIs that were asked for."""
    asked = []

    def load_model(uri):
        asked.append(uri)
        return chord_tones

    monkeypatch.setattr(kantor.registry, "load_model", load_model)
    return asked


def tune(pitches=TUNE, title="tune", **fields):
    notes = [Note(4 * i, 4 * i + 4, pitch) for i, pitch in enumerate(pitches)]
    arrays = arrays_of(notes, 4 * len(notes), lines=1)
    return Score(*arrays, key=Key(1), title=title, **fields)


@pytest.fixture
def melody(tmp_path):
    midi.write(tune(), tmp_path / "melody.mid")
    return tmp_path / "melody.mid"


def run(*arguments):
    return RUNNER.invoke(cli.app, [str(argument) for argument in arguments])


def lines(text):
    return text.strip().splitlines()


def test_a_melody_is_composed(melody, tmp_path, loaded):
    """By default a MIDI and a picture are made, from the champion, and their paths printed."""
    result = run("compose", melody, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert lines(result.stdout) == [
        str(tmp_path / "out" / f"melody-take1.{kind}") for kind in ("mid", "png")
    ]
    assert result.stderr == ""
    assert loaded == [kantor.registry.CHAMPION]


def test_the_melody_is_in_the_result_note_for_note(tmp_path):
    """Read back, the Soprano has the given notes at their times; the bars are the given ones."""
    score = tune([67, 67, 69, 71, 71, 72, 74, 72, 71], meter=Meter(3, 4), pickup=4, tempo=66.0)
    musicxml.write(score, tmp_path / "a.musicxml")
    assert run("compose", tmp_path / "a.musicxml", "--out", tmp_path).exit_code == 0
    given = reading.read(tmp_path / "a.musicxml")
    made = reading.read(tmp_path / "a-take1.mid")
    assert [part.name for part in made.parts] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert made.parts[0].notes == given.parts[0].notes
    assert (made.meters, made.pickup, made.key) == (given.meters, given.pickup, given.key)
    assert made.tempo == pytest.approx(66.0, abs=0.01)


def test_all_formats_takes_and_tempo(melody, tmp_path):
    """Every format is written for every take, at the tempo asked for."""
    kinds = "mid,musicxml,npz,wav,png"
    out = tmp_path / "out"
    result = run("compose", melody, "--out", out, "--takes", 2, "--format", kinds, "--tempo", 120)
    assert result.exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == sorted(
        f"melody-take{take}.{kind}" for take in (1, 2) for kind in outputs.FORMATS
    )
    assert reading.read(out / "melody-take2.mid").tempo == pytest.approx(120)
    assert sorted(lines(result.stdout)) == sorted(str(path) for path in out.iterdir())


def test_seeds_make_takes_and_nothing_else_does(melody, tmp_path):
    """The same seed makes the same bytes; take 2 and another seed make others."""

    def made(folder, *options):
        options = ("--out", tmp_path / folder, "--format", "mid", *options)
        assert run("compose", melody, *options).exit_code == 0
        return [path.read_bytes() for path in sorted((tmp_path / folder).iterdir())]

    first = made("a", "--takes", 8)
    assert made("b", "--takes", 3) == first[:3]
    assert len(set(first)) > 1
    assert made("c", "--takes", 8, "--seed", 1) != first


def test_a_folder_and_a_file_in_each_other_s_place(melody, tmp_path):
    """Each is named as what it is, and nothing is written."""
    result = run("compose", melody, "--out", melody)
    assert result.exit_code == cli.BAD_INPUT
    assert "a file, not a folder" in " ".join(result.stderr.split())
    result = run("compose", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == cli.BAD_INPUT
    assert lines(result.stderr) == [
        f"kantor: {tmp_path}: a folder, not a file; `kantor batch` composes for all that is in it"
    ]
    assert not [*(tmp_path / "out").glob("*")]


def test_many_files_with_a_bad_one(melody, tmp_path):
    """The good files are composed, each bad one is named in one line, and the exit code is 2."""
    midi.write(tune(), tmp_path / "Zweite.mid")
    (tmp_path / "bad.mid").write_bytes(b"MThd\0\0\0\6\0\1\0\1\1\xe0")
    files = [melody, tmp_path / "bad.mid", tmp_path / "Zweite.mid", tmp_path / "none.mid"]
    result = run("compose", *files, "--out", tmp_path / "out", "--format", "mid")
    assert result.exit_code == cli.BAD_INPUT
    assert [Path(line).name for line in lines(result.stdout)] == [
        "melody-take1.mid",
        "Zweite-take1.mid",
    ]
    told = lines(result.stderr)
    assert len(told) == 2
    assert "bad.mid" in told[0]
    assert told[1] == f"kantor: {tmp_path / 'none.mid'}: no such file"


def hostile(folder):
    """Files that are no melody, made in `folder`."""
    header = struct.pack(">4sIHHH", b"MThd", 6, 1, 65_535, 480)
    whole = midi.to_bytes(tune())
    contents = {
        "empty.mid": b"",
        "truncated.mid": whole[: len(whole) // 2],
        "header.mid": header,
        "claims_65535_tracks.mid": header + whole[14:],
        "garbage.mid": bytes(range(256)) * 40,
        "text.mid": b"dear diary, C C G G A A G\n",
        "picture.mid": b"\x89PNG\r\n\x1a\n" + bytes(200),
        "huge.mid": b"MThd" + bytes(5_000_000),
        "bomb.musicxml": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        "page.xml": b"<html><body>no music</body></html>",
        "cut.musicxml": musicxml.to_bytes(tune())[:300],
        "zip.mxl": b"PK\3\4" + bytes(40),
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    (folder / "folder.mid").mkdir()
    os.mkfifo(folder / "pipe.mid")
    (folder / "dangling.mid").symlink_to(folder / "nowhere")
    (folder / "loop.mid").symlink_to(folder / "loop.mid")
    return sorted([*contents, "folder.mid", "pipe.mid", "dangling.mid", "loop.mid"])


def test_hostile_files_are_refused(tmp_path, loaded):
    """Each is refused in one line that names it; nothing is written and no model is loaded."""
    (tmp_path / "in").mkdir()
    files = [tmp_path / "in" / name for name in hostile(tmp_path / "in")]
    started = time.monotonic()
    result = run("compose", *files, "--out", tmp_path / "out")
    assert time.monotonic() - started < 10
    assert result.exit_code == cli.BAD_INPUT
    assert result.stdout == ""
    told = lines(result.stderr)
    assert len(told) == len(files)
    for line, file in zip(told, files, strict=True):
        assert line.startswith(f"kantor: {file}: ")
        assert len(line) < len(str(file)) + 160
    assert list((tmp_path / "out").iterdir()) == []
    assert loaded == []


def test_a_file_name_cannot_write_to_the_terminal(tmp_path):
    """Control characters in a file's name are not passed on."""
    result = run("compose", tmp_path / "a\x1b[31m\nkantor: fine.mid", "--out", tmp_path)
    assert result.exit_code == cli.BAD_INPUT
    assert len(lines(result.stderr)) == 1
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--format", "mid,exe"], "format 'exe': expected some of mid,musicxml,npz,wav,png"),
        (["--takes", "0"], "--takes"),
        (["--takes", "1000"], "--takes"),
        (["--seed", "-1"], "--seed"),
        (["--tempo", "nan"], "--tempo"),
        (["--tempo", "0"], "--tempo"),
        (["--out", "/dev/null/x"], "--out"),
        (["--no-such-option"], "no-such-option"),
    ],
)
def test_bad_options(melody, options, fault, loaded):
    """An option that cannot be is named, with exit code 2 and before any work."""
    result = run("compose", melody, *options)
    assert result.exit_code == cli.BAD_INPUT
    assert fault in result.stderr
    assert loaded == []


def test_a_track_that_is_not_there(melody, tmp_path):
    """A wrong track is bad input; the tracks that there are stand in the line."""
    result = run("compose", melody, "--track", "Oboe", "--out", tmp_path)
    assert result.exit_code == cli.BAD_INPUT
    assert lines(result.stderr) == [
        f"kantor: {melody}: no track is called 'Oboe'; there is 1 (Melody)"
    ]


def test_a_melody_is_never_overwritten(melody, tmp_path):
    """A result that would take the place of one of the melodies is refused beforehand."""
    target = melody.rename(tmp_path / "a-take1.mid")
    midi.write(tune(), tmp_path / "a.mid")
    before = target.read_bytes()
    result = run("compose", tmp_path / "a.mid", target, "--out", tmp_path)
    assert result.exit_code == cli.BAD_INPUT
    assert "would overwrite a melody" in result.stderr
    assert target.read_bytes() == before


def test_what_was_done_to_a_melody_is_told(tmp_path):
    """Each message is a line of its own on standard error."""
    midi.write(tune([pitch - 24 for pitch in TUNE]), tmp_path / "low.mid")
    result = run("compose", tmp_path / "low.mid", "--out", tmp_path, "--format", "mid")
    assert result.exit_code == 0
    assert lines(result.stderr) == [
        f"kantor: {tmp_path / 'low.mid'}: moved up 2 octaves to suit a soprano"
    ]


def test_no_model(melody, tmp_path, monkeypatch):
    """Where there is no model the registry's line is shown and the exit code is 1."""

    def missing(uri):
        raise SetupError("no champion yet: run make repro first")

    monkeypatch.setattr(kantor.registry, "load_model", missing)
    result = run("compose", melody, "--out", tmp_path / "out")
    assert result.exit_code == cli.BROKEN
    assert lines(result.stderr) == ["kantor: no champion yet: run make repro first"]
    assert list((tmp_path / "out").iterdir()) == []


def test_a_broken_model(melody, tmp_path, monkeypatch):
    """A model that changes the melody is reported, not written."""
    monkeypatch.setattr(
        kantor.registry,
        "load_model",
        lambda uri: lambda given, seeds: (given.pitches + 1, given.onsets),
    )
    result = run("compose", melody, "--out", tmp_path / "out")
    assert result.exit_code == cli.BROKEN
    assert lines(result.stderr) == ["kantor: the model changed notes that were given to it"]


def test_one_format_that_fails_does_not_cost_the_others(melody, tmp_path, monkeypatch):
    """What can be written is, what cannot is named, and the exit code is 2."""
    real = outputs.write

    def write(score, path, kind, given):
        if kind == "wav":
            raise InputError(f"{path}: longer than can be written")
        real(score, path, kind, given)

    monkeypatch.setattr(outputs, "write", write)
    result = run("compose", melody, "--out", tmp_path / "out", "--format", "wav,mid")
    assert result.exit_code == cli.BAD_INPUT
    assert "longer than" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["melody-take1.mid"]


def test_ctrl_c(tmp_path):
    """Ctrl-C ends at once with code 130, one line and nothing half-written."""
    script = (
        "import sys, time, kantor.registry\n"
        "def model(*_):\n    print('here', flush=True)\n    time.sleep(60)\n"
        "kantor.registry.load_model = lambda uri: model\n"
        "from kantor.cli import app\n"
        "app()\n"
    )
    midi.write(tune(), tmp_path / "a.mid")
    command = [sys.executable, "-c", script, "compose", "a.mid", "--out", "out"]
    # What runs in the background of a shell is started deaf to Ctrl-C, the tests perhaps as well.
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == cli.STOPPED
    assert told == "kantor: stopped\n"
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.long
def test_tensorflow_is_not_heard():
    """Importing the networks writes nothing, whatever TensorFlow's C++ side has to say."""
    done = subprocess.run(
        [sys.executable, "-c", "import kantor.model"], capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_versions_are_listed(monkeypatch):
    """One line for each version, the columns aligned."""
    rows = [
        {"version": 12, "aliases": ["challenger"], "created": "2026-01-02", "metrics": {}},
        {"version": 3, "aliases": [], "created": "2026-01-01", "metrics": {"crossing": 0.0234}},
    ]
    monkeypatch.setattr(kantor.registry, "versions", lambda: rows)
    result = run("models", "list")
    assert result.exit_code == 0
    assert lines(result.stdout) == [
        "version  aliases     created     figures",
        "12       challenger  2026-01-02  -",
        "3        -           2026-01-01  crossing 0.0234",
    ]


def test_data_is_brought_to_its_pin(tmp_path, monkeypatch):
    """A folder that is no Kantor repository is refused in one line."""
    monkeypatch.setenv("KANTOR_HOME", str(tmp_path))
    (tmp_path / "data.dvc").write_text("outs: []\n")
    result = run("data")
    assert result.exit_code == cli.BROKEN
    assert len(lines(result.stderr)) == 1
    assert "data.dvc" in result.stderr


def commands(command, name="kantor"):
    yield name, command
    for inner, found in getattr(command, "commands", {}).items():
        yield from commands(found, f"{name} {inner}")


@pytest.mark.parametrize(("name", "command"), list(commands(typer.main.get_command(cli.app))))
def test_everything_has_help(name, command):
    """Every command, argument and option says what it is for."""
    assert command.help, name
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name}"


def test_the_reference_is_current():
    """docs/cli.md is what the commands say; `kantor reference > docs/cli.md` makes it so."""
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == cli.reference()
    assert run("reference").stdout == cli.reference()


def test_version():
    """The version is the installed package's."""
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("kantor 0.")


def test_no_command_shows_the_help():
    """Without a command there is help and not an error's traceback."""
    result = run()
    assert "compose" in result.output
    assert "Traceback" not in result.output


def test_help_loads_nothing_heavy():
    """Help answers at once: not even numpy is loaded for it."""
    script = (
        "import sys\nfrom kantor.cli import app\n"
        "try:\n    app(['compose', '--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'rich', 'mlflow', 'tensorflow'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert lines(result.stdout)[-1] == "[]"


def test_the_default_model_is_the_champion():
    """The command line's default is the registry's name for the champion."""
    assert cli.CHAMPION == kantor.registry.CHAMPION
