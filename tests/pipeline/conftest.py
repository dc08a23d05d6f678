"""The whole line, small: one repository in which `dvc repro` is stopped, resumed and finished.

Everything is real: DVC, the stages' scripts, TensorFlow, MLflow. Only the corpus and the networks
are small. Each step is a fixture that builds on the one before and keeps what was said.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from kantor.data import pin
from kantor.data.chorales import chorales
from kantor.music import midi
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Score

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent
COPIED = ("src", "pipelines", "dvc.yaml", "params.yaml", ".dvc", ".dvcignore", ".gitignore")
PIECES = {"train": 6, "valid": 3, "test": 3}
SMALL = {
    "validate": {
        "min_pieces": PIECES,
        "max_rest_share": 0.1,
        "max_empty_bar_share": 0.1,
        "max_crossing_share": 0.2,
        "max_duplicate_share": 0.1,
        "min_in_scale": 0.8,
        "max_pitch_drift": 0.6,
    },
    "train": {
        "batch": 4,
        "warmup": 12,
        "iterations": 12,
        "critic_steps": 2,
        "xla": False,
        "log_every": 2,
        "measure_every": 6,
        "checkpoint_every": 4,
        "melodies": 2,
        "chorale": {
            "width": 16,
            "decoder": 16,
            "head": 16,
            "memory": 8,
            "reach": 4,
            "dilations": [1, 2],
            "critic": 16,
            "embedding": 16,
            "dropout": 0.1,
        },
    },
    "evaluate": {"samples": 1},
}


class Line:
    """A repository of its own with a small corpus, and commands run in it.

    Attributes
    ----------
    root : Path
    environment : dict of str
        Of every command: the repository's own source, this Python, nobody else's registry.
    """

    def __init__(self, root):
        self.root = root
        ours = ("KANTOR_", "MLFLOW_", "DVC_", "GIT_", "PYTHON")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        self.environment = kept | {
            "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(root / "src"),
            "DVC_NO_ANALYTICS": "1",
            "DO_NOT_TRACK": "true",
        }

    def start(self, *command):
        """Start a command in a process group of its own; both its streams are one."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command, code=0):
        """Run a command to its end, which must be `code`; returns all that it said."""
        process = self.start(*command)
        said, _ = process.communicate(timeout=200)
        assert process.returncode == code, said
        return said

    def repro(self, code=0):
        return self.run("dvc", "repro", code=code)

    def change(self, **blocks):
        """Change parameters: ``change(evaluate={"seed": 1})``."""
        path = self.root / "params.yaml"
        params = yaml.safe_load(path.read_text())
        for name, values in blocks.items():
            params[name] |= values
        path.write_text(yaml.safe_dump(params, sort_keys=False))


def copy_sources(root):
    root.mkdir()
    leave = shutil.ignore_patterns("__pycache__", "*.egg-info", "cache", "tmp", "config.local")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=leave)
        else:
            shutil.copyfile(source, root / name)


def put_scores(data, monkeypatch):
    """A few chorales out of music21's corpus, as Kantor brings them, and a piece of our own.

    The files are the smallest of each split, so that there is little to play and to draw.
    """
    everything = data.with_name(".all")
    pin.rebuild(everything)
    rows = sorted(chorales(), key=lambda row: (everything / "jsb" / row.file).stat().st_size)
    few = [
        row
        for split, count in PIECES.items()
        for row in [row for row in rows if row.split == split][:count]
    ]
    shutil.rmtree(everything)
    monkeypatch.setattr(pin, "chorales", lambda: few)
    pin.rebuild(data)
    midi.write(own_piece(), data / "scores" / "own.mid")


def own_piece():
    """Eight bars of block chords that no chorale has."""
    chords = ((67, 62, 59, 43), (69, 60, 57, 50), (67, 64, 60, 48), (71, 62, 55, 43))
    notes = [
        Note(4 * beat, 4 * beat + 4, pitch, voice)
        for beat in range(32)
        for voice, pitch in enumerate(chords[(beat + beat // 8) % 4])
    ]
    return Score(*arrays_of(notes, 4 * 32), key=Key(1), title="own")


@pytest.fixture(scope="session")
def unbuilt(tmp_path_factory):
    """A repository as a newcomer has it, with its data pinned and nothing built."""
    line = Line(tmp_path_factory.mktemp("line") / "repository")
    copy_sources(line.root)
    with pytest.MonkeyPatch.context() as patch:
        put_scores(line.root / "data", patch)
    line.change(**SMALL)
    line.run("git", "init", "--quiet")
    line.run("dvc", "add", "--quiet", "data")
    line.run("git", "add", ".")
    name = ("-c", "user.name=Kantor", "-c", "user.email=kantor@example.org")
    line.run("git", *name, "commit", "--quiet", "--message", "Begin")
    return line


@pytest.fixture(scope="session")
def refused(unbuilt):
    """What `dvc repro` says where the data do not pass a check."""
    unbuilt.change(validate={"min_in_scale": 1.0})
    said = unbuilt.repro(code=255)
    unbuilt.change(validate=SMALL["validate"])
    return said


@pytest.fixture(scope="session")
def interrupted(unbuilt, refused):
    """What `dvc repro` says when it is terminated in the middle of the training."""
    history = unbuilt.root / "reports/training/history.csv"
    process = unbuilt.start("dvc", "repro")
    deadline = time.monotonic() + 120
    while not (history.is_file() and len(history.read_text().splitlines()) > 2):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    return said


@pytest.fixture(scope="session")
def finished(unbuilt, interrupted):
    """What `dvc repro` says when it then goes through to its end."""
    return unbuilt.repro()


@pytest.fixture(scope="session")
def line(unbuilt, finished):
    """The repository with everything built and one version registered."""
    return unbuilt


@pytest.fixture(scope="session")
def tunes(tmp_path_factory):
    """Two melodies as MIDI files."""
    folder = tmp_path_factory.mktemp("tunes")
    for name, pitches in (("rising", (60, 62, 64, 65, 67)), ("falling", (74, 72, 71, 69, 67))):
        notes = [Note(4 * beat, 4 * beat + 4, pitch) for beat, pitch in enumerate(3 * pitches)]
        arrays = arrays_of(notes, 4 * len(notes), voices=1)
        midi.write(Score(*arrays, key=Key(0), title=name), folder / f"{name}.mid")
    return sorted(folder.iterdir())
