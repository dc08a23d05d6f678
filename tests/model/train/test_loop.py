"""The whole training, small: what it writes, how it stops, how it goes on."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kantor import settings
from kantor.data import corpus as corpora
from kantor.data import windows
from kantor.data.corpus import Corpus
from kantor.errors import InputError, SetupError
from kantor.hyperparameters import Train
from kantor.model import generator
from kantor.model.train.checkpoints import TrainingStopped
from kantor.model.train.loop import Folders, train
from kantor.model.train.monitor import opening
from kantor.music.conditioning import Conditioning, stack

pytestmark = [
    pytest.mark.usefixtures("eager"),
    pytest.mark.filterwarnings("ignore:Even though the .tf.config:UserWarning"),
]
Smallest = Callable[..., Train]

# Started as a process of its own, so that it can be killed, or have several devices.
APART = """
import sys
from pathlib import Path

import tensorflow as tf

processor = tf.config.list_physical_devices("CPU")[0]
parts = [tf.config.LogicalDeviceConfiguration()] * int(sys.argv[2])
tf.config.set_logical_device_configuration(processor, parts)

from kantor.data import corpus, windows
from kantor.hyperparameters import Train
from kantor.model.train.loop import Folders, train

tf.config.run_functions_eagerly(True)
folder = Path(sys.argv[1])
done = train(
    Train.model_validate_json((folder / "settings.json").read_text()),
    corpus.load(folder / "scores.npz"),
    windows.load(folder / "windows.npz"),
    "data",
    Folders(folder / "model", folder / "reports", folder / "checkpoints"),
    lambda line: print(line, flush=True),
)
print(done)
"""


@dataclass
class Course:
    """A training in a folder of its own, and what it said."""

    folder: Path
    data: tuple[Corpus, windows.Windows]
    said: list[str] = field(default_factory=list)
    until: Callable[[str], object] = lambda line: None

    def start(self, settings: Train) -> str:
        keras.utils.clear_session()  # else the layers' names count up
        names = ("model", "reports", "checkpoints")
        folders = Folders(*(self.folder / name for name in names))
        return train(settings, *self.data, "data", folders, self.say)

    def start_apart(self, settings: Train, devices: int = 1) -> subprocess.Popen[str]:
        """Begin the training in a process of its own, with so many devices."""
        (self.folder / "settings.json").write_text(settings.model_dump_json())
        corpora.save(self.data[0], self.folder / "scores.npz")
        windows.save(self.data[1], self.folder / "windows.npz")
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", APART, self.folder, str(devices)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def say(self, line: str) -> None:
        self.said.append(line)
        self.until(line)

    @property
    def networks(self) -> list[bytes]:
        return [
            (self.folder / "model" / f"{name}.keras").read_bytes()
            for name in ("generator", "critic")
        ]

    @property
    def health(self) -> dict[str, Any]:
        return json.loads((self.folder / "reports" / "health.json").read_text())

    @property
    def log(self) -> list[dict[str, str]]:
        with (self.folder / "reports" / "history.csv").open(newline="") as file:
            return [
                {name: value for name, value in row.items() if name != "seconds"}
                for row in csv.DictReader(file)
            ]


@pytest.fixture
def course(tmp_path: Path, tiny: Any) -> Course:
    return Course(tmp_path, tiny)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, tiny: Any, smallest: Smallest) -> Course:
    """A training that nobody interrupted; only to be read."""
    whole = Course(tmp_path_factory.mktemp("undisturbed"), tiny)
    whole.said.append(whole.start(smallest()))
    return whole


def test_writes_model_and_log(undisturbed: Course, tiny: Any, smallest: Smallest) -> None:
    """Everything that the next stages read is there and sound."""
    reports = undisturbed.folder / "reports"
    assert sorted(path.name for path in reports.iterdir()) == [
        "frames.npz",
        "health.json",
        "history.csv",
        "reference.json",
    ]
    assert undisturbed.health["findings"] == []
    assert undisturbed.health["status"] == "ok"
    assert undisturbed.health["stopped_by"] == "budget"
    assert undisturbed.health["iterations"] == 3
    log = undisturbed.log
    assert [(row["iteration"], row["phase"]) for row in log] == [
        ("1", "likelihood"),
        ("2", "adversarial"),
        ("3", "adversarial"),
    ]
    assert all(row["likelihood"] for row in log)
    assert [bool(row["wasserstein"]) for row in log] == [False, True, True]
    assert [bool(row["diversity"]) for row in log] == [False, False, True]
    reference = json.loads((reports / "reference.json").read_text())
    assert reference["crossing"]["mean"] == 0
    (frame,) = corpora.load(reports / "frames.npz")
    assert frame.id == "3"
    assert frame.score.pitches.shape[1] == 4
    model = undisturbed.folder / "model"
    assert sorted(path.name for path in model.iterdir()) == [
        "critic.keras",
        "generator.keras",
        "model.json",
        "runtime.npz",
    ]
    info = json.loads((model / "model.json").read_text())
    assert info["preset"] == "chorale"
    assert info["iterations"] == 3
    assert info["params"] == smallest().model_dump(mode="json")


def test_says_what_it_does(undisturbed: Course) -> None:
    """A line at the start, one a row of the log, one at the end."""
    first, *rows, last = undisturbed.said
    assert first.startswith("train: starting of 3, preset chorale, ")
    assert [row.split()[1] for row in rows] == ["1/3", "2/3", "3/3"]
    assert last.startswith("3 iterations in ")
    assert "stopped by: budget" in last
    assert all("\n" not in line for line in undisturbed.said)


def test_model_composes(undisturbed: Course, tiny: Any, asked: Callable[..., Conditioning]) -> None:
    """The model that was written harmonises a melody, as it did when it was measured."""
    model = generator.load(undisturbed.folder / "model")
    scores = [piece.score for piece in tiny[0] if piece.split == "valid"]
    given = stack([asked(score) for score in scores])
    first, second = (model.compose(given, np.arange(2) + first_seed)[0] for first_seed in (0, 2))
    differ = (first != second)[..., 1:].mean()
    assert float(undisturbed.log[-1]["diversity"]) == pytest.approx(differ, abs=1e-5)


@pytest.mark.long
def test_interrupted_and_resumed(undisturbed: Course, course: Course, smallest: Smallest) -> None:
    """Asked to stop it stops with a whole checkpoint; resumed it ends with the same weights."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    for number, at in ((signal.SIGTERM, 1), (signal.SIGINT, 2)):
        course.until = lambda line, number=number, at=at: (
            os.kill(os.getpid(), number) if line.startswith(f"train: {at}/") else None
        )
        with pytest.raises(
            TrainingStopped, match=f"stopped at iteration {at}; .* resumes there"
        ) as caught:
            course.start(smallest())
        assert caught.value.signal_number == number
        assert not (course.folder / "model").exists()
    course.until = lambda line: None
    course.start(smallest())
    starts = [line.split(",")[0] for line in course.said if "preset" in line]
    assert starts == [
        "train: starting of 3",
        "train: resuming at iteration 1 of 3",
        "train: resuming at iteration 2 of 3",
    ]
    assert course.networks == undisturbed.networks
    assert course.log == undisturbed.log
    frames = Path("reports") / "frames.npz"
    assert (course.folder / frames).read_bytes() == (undisturbed.folder / frames).read_bytes()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


@pytest.mark.long
def test_killed_and_resumed(undisturbed: Course, course: Course, smallest: Smallest) -> None:
    """Killed in the middle it goes on from its last checkpoint to the same weights."""
    with course.start_apart(smallest()) as process:
        line = ""
        for line in process.stdout:
            if line.startswith("train: 2/"):
                break
        process.kill()
        assert line.startswith("train: 2/"), process.stderr.read()
    assert not (course.folder / "model").exists()
    course.start(smallest())
    assert course.said[0].startswith(
        ("train: resuming at iteration 1", "train: resuming at iteration 2")
    )
    assert course.networks == undisturbed.networks
    assert course.log == undisturbed.log


def alike(first: Course, second: Course) -> None:
    """Two trainings are the same but for rounding.

    Where a gradient is nearly nothing, Adam takes rounding for one: so weights may be off by a
    tenth of one update, and the bias of the critic's score, which has no other, by several.
    """
    assert len(first.log) == len(second.log)
    for one, other in zip(first.log, second.log, strict=True):
        assert [bool(value) for value in one.values()] == [bool(value) for value in other.values()]
        for name, value in one.items():
            if name != "phase" and value:
                loose = 1e-3 if name == "generator_loss" else 1e-6
                assert float(other[name]) == pytest.approx(float(value), rel=1e-4, abs=loose), name
    for name in ("generator", "critic"):
        paths = (course.folder / "model" / f"{name}.keras" for course in (first, second))
        networks = [keras.saving.load_model(path, compile=False) for path in paths]
        for one, other in zip(*(network.variables for network in networks), strict=True):
            off = np.linalg.norm(one.numpy() - other.numpy())
            slack = 5e-3 if one.shape == (1,) else 1e-4
            assert off < 1e-3 * np.linalg.norm(one.numpy()) + slack, one.path


@pytest.mark.long
def test_two_devices(undisturbed: Course, course: Course, smallest: Smallest) -> None:
    """Two devices that share each batch log what one does and end with its weights."""
    with course.start_apart(smallest(strategy="mirrored"), devices=2) as process:
        said, failed = process.communicate()
    assert process.returncode == 0, failed
    assert "shared by 2 devices" in said
    alike(undisturbed, course)


def test_finished_training(undisturbed: Course, course: Course, smallest: Smallest) -> None:
    """Started again nothing is trained and the same model is written."""
    for name in ("checkpoints", "reports"):
        shutil.copytree(undisturbed.folder / name, course.folder / name)
    course.start(smallest())
    assert len(course.said) == 1
    assert course.said[0].startswith("train: resuming at iteration 3 of 3, ")
    assert course.networks == undisturbed.networks
    assert course.log == undisturbed.log


STOP = {"tolerance": 1e-9, "measurements": 1, "critic_rows": 2, "critic_tolerance": 0.0}


@pytest.mark.parametrize(
    ("reason", "iterations", "changes"),
    [
        ("time", 3, {"minutes": 1e-9}),
        ("converged", 3, {"early_stop": STOP | {"tolerance": 1e9}}),
        ("critic", 5, {"early_stop": STOP | {"critic_tolerance": 1e9}}),
    ],
)
def test_stops_early(
    undisturbed: Course,
    course: Course,
    smallest: Smallest,
    reason: str,
    iterations: int,
    changes: dict[str, Any],
) -> None:
    """When time is up, the metrics are the data's, or the critic's distance stands.

    A training of more iterations goes on from the undisturbed one. That its takes were alike is
    said once and kept.
    """
    for name in ("checkpoints", "reports"):
        shutil.copytree(undisturbed.folder / name, course.folder / name)
    log = course.folder / "reports" / "history.csv"
    diversity = undisturbed.log[-1]["diversity"]
    log.write_text(log.read_text().replace(f",{diversity},", ",0.001,"))
    said = course.start(smallest(iterations=90, **changes))
    health = course.health
    assert (health["stopped_by"], health["status"]) == (reason, "ok")
    assert health["iterations"] == iterations
    assert f"stopped by: {reason}" in said
    assert generator.load(course.folder / "model").info["iterations"] == iterations
    kinds = [(finding["kind"], finding["fatal"]) for finding in health["findings"]]
    assert kinds == [("collapse", False)] * (reason == "critic")
    assert sum("health" in line for line in course.said) == len(kinds)


@pytest.mark.parametrize("warmup", [0, 4])
def test_training_past_saving(course: Course, smallest: Smallest, warmup: int) -> None:
    """Absurd learning rates end with an error that names what was seen, and no model."""
    rates = dict.fromkeys(("likelihood", "generator", "critic"), 1e9)
    with pytest.raises(SetupError, match=r"stopped at iteration \d: .*learning rates") as caught:
        course.start(smallest(warmup=warmup, learning_rates=rates))
    assert "\n" not in str(caught.value)
    assert course.health["status"] == "stopped"
    assert course.health["stopped_by"] in ("not a number", "shoots up")
    assert course.health["findings"][-1]["fatal"]
    assert course.health["findings"][-1]["message"] in str(caught.value)
    assert not (course.folder / "model").exists()


def test_preset_unet(
    corpus: Corpus, smallest: Smallest, tmp_path: Path, asked: Callable[..., Conditioning]
) -> None:
    """The workshop's networks train by the same loop and compose afterwards."""
    short = tuple(
        corpora.Piece(piece.id, piece.split, "made", 0, opening(piece.score, 32))
        for piece in (corpus[0], corpus[4])
    )
    course = Course(tmp_path, (short, windows.cut(short, settings.Windows())))
    course.start(smallest(preset="unet", measure_every=2))
    shutil.rmtree(tmp_path / "checkpoints")  # a quarter of a gigabyte
    assert [row["phase"] for row in course.log] == ["adversarial"] * 2
    assert all(np.isfinite(float(row["critic_loss"])) for row in course.log)
    assert course.health["stopped_by"] == "budget"
    model = generator.load(tmp_path / "model")
    assert model.info["parameters"]["generator"] == model.network.count_params()
    given = stack([asked(short[1].score)])
    pitches, _ = model.compose(given, [1])
    assert np.array_equal(pitches[..., 0], given.pitches[..., 0])


def test_other_windows_for_unet(course: Course, smallest: Smallest) -> None:
    """Windows that its networks cannot read are refused before anything is written."""
    with pytest.raises(SetupError, match=r"ingest\.windows\.steps"):
        course.start(smallest(preset="unet"))
    assert list(course.folder.iterdir()) == []


def test_nothing_to_train_on(course: Course, smallest: Smallest) -> None:
    """A corpus without a training split gets one line."""
    held_out = tuple(piece for piece in course.data[0] if piece.split == "valid")
    course.data = (held_out, windows.cut(held_out, settings.Windows(steps=8)))
    with pytest.raises(InputError, match="'train'"):
        course.start(smallest())
