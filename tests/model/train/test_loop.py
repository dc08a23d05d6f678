"""The whole training, small: what it writes, how it stops, how it goes on."""

import csv
import json
import os
import re
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tests.model.small import ask, smallest

from kantor import settings
from kantor.data import corpus as corpora
from kantor.data import windows
from kantor.data.corpus import Corpus
from kantor.ensemble import SATB, Ensemble, Sound
from kantor.errors import InputError, SetupError
from kantor.hyperparameters import Train
from kantor.model import generator
from kantor.model.train.checkpoints import TrainingStopped
from kantor.model.train.loop import Folders, train
from kantor.model.train.monitor import opening
from kantor.music.conditioning import stack
from kantor.training import history

pytestmark = [
    pytest.mark.usefixtures("eager"),
    pytest.mark.filterwarnings("ignore:Even though the .tf.config:UserWarning"),
]


@dataclass
class Course:
    """A training in a folder of its own, and what it said."""

    folder: Path
    data: tuple[Corpus, windows.Windows]
    said: list[str] = field(default_factory=list)
    until: Callable[[str], object] = lambda line: None
    ensemble: Ensemble = SATB

    def start(self, settings: Train) -> str:
        keras.utils.clear_session()  # else the layers' names count up
        names = ("model", "reports", "checkpoints", "times.csv")
        folders = Folders(*(self.folder / name for name in names))
        return train(settings, *self.data, "data", folders, self.say, ensemble=self.ensemble)

    def say(self, line: str) -> None:
        self.said.append(line)
        self.until(line)

    @property
    def results(self) -> list[Any]:
        """All that follows from the seed, with whatever interruptions."""
        names = ("model/generator.keras", "model/critic.keras", "reports/frames.npz")
        return [*((self.folder / name).read_bytes() for name in names), self.log]

    @property
    def health(self) -> dict[str, Any]:
        return json.loads((self.folder / "reports" / "health.json").read_text())

    @property
    def log(self) -> list[dict[str, str]]:
        with (self.folder / "reports" / "history.csv").open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def course(tmp_path: Path, tiny: Any) -> Course:
    return Course(tmp_path, tiny)


def taken_up(course: Course, folder: Path) -> Course:
    """One that goes on in another folder where a training ended."""
    for name in ("checkpoints", "reports"):
        shutil.copytree(course.folder / name, folder / name)
    return Course(folder, course.data)


@pytest.fixture
def copy(tmp_path: Path, undisturbed: Course) -> Course:
    """One that takes up the undisturbed training at its end."""
    return taken_up(undisturbed, tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, tiny: Any) -> Course:
    """A training that nobody interrupted; only to be read."""
    whole = Course(tmp_path_factory.mktemp("undisturbed"), tiny)
    whole.said.append(whole.start(smallest()))
    return whole


def test_finished_training(copy: Course, undisturbed: Course) -> None:
    """Started again, be it for another sound, nothing is trained: the weights are the same."""
    copy.ensemble = replace(SATB, sound=Sound(swing=0.6))
    copy.start(smallest())
    assert copy.said[0].startswith("train: resuming at iteration 3 of 3")
    assert len(copy.said) == 2
    assert copy.results[2:] == undisturbed.results[2:]
    written, before = (
        json.loads((one.folder / "model" / "model.json").read_text()) for one in (copy, undisturbed)
    )
    assert written["ensemble"]["sound"]["swing"] == 0.6
    assert "sound" not in before["ensemble"]
    weights = [np.load(one.folder / "model" / "runtime.npz") for one in (copy, undisturbed)]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[1])


def test_writes_model_and_log(undisturbed: Course) -> None:
    """Everything that the next stages read is there and sound; each row is said."""
    reports, model = undisturbed.folder / "reports", undisturbed.folder / "model"
    written = {"frames.npz", "health.json", "history.csv", "reference.json"}
    assert {path.name for path in reports.iterdir()} == written
    health = undisturbed.health
    expected = {"findings": [], "status": "ok", "stopped_by": "budget", "iterations": 3, "of": 3}
    assert health == expected  # no times: the same training is the same for DVC
    times = history.read(undisturbed.folder / "times.csv")
    assert [row["iteration"] for row in times] == [1, 2, 3]
    log = undisturbed.log
    assert [row["iteration"] for row in log] == ["1", "2", "3"]
    assert [row["phase"] for row in log] == ["likelihood", "adversarial", "adversarial"]
    for name, due in (("likelihood", "123"), ("wasserstein", "23"), ("diversity", "3")):
        assert [row["iteration"] for row in log if row[name]] == list(due)
    assert json.loads((reports / "reference.json").read_text())["crossing"]["mean"] == 0
    untrained, frame = corpora.load(reports / "frames.npz")
    assert (untrained.id, frame.id, frame.score.pitches.shape[1]) == ("0", "3", 4)
    # Two checkpoints are kept, so that one is whole whenever the other is being written.
    assert len(list((undisturbed.folder / "checkpoints").glob("*/*.index"))) == 2
    written = {"critic.keras", "generator.keras", "model.json", "runtime.npz"}
    assert {path.name for path in model.iterdir()} == written
    info = json.loads((model / "model.json").read_text())
    assert (info["preset"], info["iterations"], info["stopped_by"]) == ("chorale", 3, "budget")
    assert info["params"] == smallest().model_dump(mode="json")
    # A line at the start, one a row of the log, two at the end.
    first, *rows, choosing, last = undisturbed.said
    assert first.startswith("train: starting of 3, preset chorale, ")
    assert [row.split()[1] for row in rows] == ["1/3", "2/3", "3/3"]
    assert choosing.startswith("train: composing the training pieces")
    assert re.fullmatch(r"3 of 3 iterations in \d+ s, stopped by: budget; model in .*", last)


def test_model_composes(undisturbed: Course, tiny: Any) -> None:
    """The model that was written harmonises a melody, as it did when it was measured."""
    model = generator.load(undisturbed.folder / "model")
    given = stack([ask(piece.score) for piece in tiny[0] if piece.split == "valid"])
    first, second = (
        model.compose(given, np.arange(2) + first_seed, particles=1)[0] for first_seed in (0, 2)
    )
    differ = (first != second)[..., 1:].mean()
    assert float(undisturbed.log[-1]["diversity"]) == pytest.approx(differ, abs=1e-5)


def test_no_discriminator_where_none_is_wanted(copy: Course) -> None:
    """The weights stay those of the training; particles are then weighed by likelihood alone."""
    copy.start(smallest().model_copy(update={"discriminator": False}))
    assert not any("composing" in line for line in copy.said)
    model = copy.folder / "model"
    assert "discriminator" not in json.loads((model / "model.json").read_text())
    with np.load(model / "runtime.npz") as weights:
        assert not any("discriminator" in name for name in weights.files)


@pytest.mark.long
def test_interrupted_and_resumed(undisturbed: Course, course: Course) -> None:
    """Asked to stop it stops with a whole checkpoint; resumed it ends with the same weights."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    for number, at in ((signal.SIGTERM, 1), (signal.SIGINT, 2)):
        course.until = lambda line, number=number, at=at: (
            os.kill(os.getpid(), number) if line.startswith(f"train: {at}/") else None
        )
        stopped = f"stopped at iteration {at}; .* resumes there"
        with pytest.raises(TrainingStopped, match=stopped) as caught:
            course.start(smallest())
        assert caught.value.signal_number == number
        assert not (course.folder / "model").exists()
    course.until = lambda line: None
    course.start(smallest())
    resumed = [line.split(",")[0] for line in course.said if "resuming" in line]
    assert resumed == [f"train: resuming at iteration {at} of 3" for at in (1, 2)]
    assert course.results == undisturbed.results
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_killed_and_resumed(undisturbed: Course, course: Course) -> None:
    """Ended between a row of the log and its checkpoint it goes on to the same weights."""

    def kill(line: str) -> None:
        if line.startswith("train: 2/"):
            raise KeyboardInterrupt

    course.until = kill
    with pytest.raises(KeyboardInterrupt):
        course.start(smallest())
    assert [row["iteration"] for row in course.log] == ["1", "2"]
    course.said, course.until = [], lambda line: None
    course.start(smallest())
    assert course.said[0].startswith("train: resuming at iteration 1 of 3, ")
    assert course.results == undisturbed.results


def test_another_number_of_iterations(undisturbed: Course, copy: Course) -> None:
    """It is another training: model and log are those of one from nothing."""
    copy.start(smallest(iterations=0))
    assert copy.said[0].startswith("train: starting of 1, ")
    assert generator.load(copy.folder / "model").info["iterations"] == 1
    assert [row["iteration"] for row in copy.log] == ["1"]


LONG = {"iterations": 90, "measure_every": 3}
STOP = {"tolerance": 1e-9, "measurements": 1, "critic_rows": 2, "critic_tolerance": 0.0}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, tiny: Any) -> Course:
    """A long training that was stopped after its third iteration; only to be copied."""
    course = Course(tmp_path_factory.mktemp("begun"), tiny)
    course.until = lambda line: (
        os.kill(os.getpid(), signal.SIGTERM) if line.startswith("train: 3/") else None
    )
    with pytest.raises(TrainingStopped):
        course.start(smallest(**LONG))
    return course


@pytest.mark.parametrize(
    ("reason", "iterations", "changes"),
    [
        ("time", 3, {"minutes": 1e-9}),
        ("converged", 3, {"early_stop": STOP | {"tolerance": 1e9}}),
        ("critic", 5, {"early_stop": STOP | {"critic_tolerance": 1e9}}),
    ],
)
def test_stops_early(
    begun: Course, tmp_path: Path, reason: str, iterations: int, changes: dict[str, Any]
) -> None:
    """When time is up, the metrics are the data's, or the critic's distance stands.

    That takes were alike is said once and kept.
    """
    course = taken_up(begun, tmp_path)
    log = course.folder / "reports" / "history.csv"
    log.write_text(log.read_text().replace(f",{course.log[-1]['diversity']},", ",0.001,"))
    said = course.start(smallest(**LONG, **changes))
    assert ("cut by the clock" if reason == "time" else f"stopped by: {reason}") in said
    expected = {"status": "ok", "stopped_by": reason, "iterations": iterations}
    assert expected.items() <= course.health.items()
    assert generator.load(course.folder / "model").info["iterations"] == iterations
    kinds = [(finding["kind"], finding["fatal"]) for finding in course.health["findings"]]
    assert kinds == [("collapse", False)] * (reason == "critic")
    assert sum("health" in line for line in course.said) == len(kinds)


@pytest.mark.parametrize("warmup", [0, 4])
def test_training_past_saving(course: Course, warmup: int) -> None:
    """Absurd learning rates end with an error that names what was seen, and no model."""
    rates = dict.fromkeys(("likelihood", "generator", "critic"), 1e9)
    with pytest.raises(SetupError, match=r"^stopped at iteration \d: .*learning rates") as caught:
        course.start(smallest(warmup=warmup, learning_rates=rates))
    assert course.health["status"] == "stopped"
    assert course.health["stopped_by"] in ("not a number", "shoots up")
    assert course.health["findings"][-1]["fatal"]
    assert str(caught.value).endswith(course.health["findings"][-1]["message"])
    assert not (course.folder / "model").exists()


def test_preset_unet(corpus: Corpus, tmp_path: Path) -> None:
    """The workshop's networks train by the same loop and compose afterwards."""
    short = tuple(
        corpora.Piece(piece.id, piece.split, "made", 0, opening(piece.score, 32))
        for piece in (corpus[0], corpus[4])
    )
    course = Course(tmp_path, (short, windows.cut(short, settings.Windows())))
    course.start(smallest(preset="unet"))
    shutil.rmtree(tmp_path / "checkpoints")  # a quarter of a gigabyte
    assert [row["phase"] for row in course.log] == ["adversarial"] * 2
    assert all(np.isfinite(float(row["critic_loss"])) for row in course.log)
    model = generator.load(tmp_path / "model")
    assert model.info["parameters"]["generator"] == model.network.count_params()
    given = stack([ask(short[1].score)])
    assert np.array_equal(model.compose(given, [1])[0][..., 0], given.pitches[..., 0])


def test_nothing_to_train_on(course: Course) -> None:
    """A corpus without a training split gets one line, before anything is written."""
    held_out = tuple(piece for piece in course.data[0] if piece.split == "valid")
    course.data = (held_out, windows.cut(held_out, settings.Windows(steps=8)))
    with pytest.raises(InputError, match=r"^no window of the split 'train'.*dvc repro ingest"):
        course.start(smallest())
    assert list(course.folder.iterdir()) == []
