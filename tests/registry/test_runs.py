"""The run of a training: one from its first iteration to its version, whatever comes between."""

import json
import os
import re
import subprocess
import sys
import time
from functools import partial

import pytest
from tests.registries import PARAMS, change, client_of

from kantor.ensemble import SATB
from kantor.registry import live, register, runs
from kantor.registry.store import home, opened

HEADS = "iteration,phase,likelihood,metric_crossing\n"
NAME = "0123abcd"

# A stage that trains: it writes a row, waits for the word to go on, and writes another.
TRAINING = """
import sys
from kantor import tracking
with tracking.tracked("train") as begin:
    begin("0123abcd", 0)
    print("begun", flush=True)
    if input() == "fail":
        raise KeyboardInterrupt
    with open("reports/training/history.csv", "a") as log:
        log.write("20,likelihood,0.25,0.125\\n")
print("ended")
"""


def rows(root, *iterations):
    lines = (f"{iteration},likelihood,{1 / iteration},0.5\n" for iteration in iterations)
    (root / "reports/training/history.csv").write_text(HEADS + "".join(lines))


def run_of(root, run_id):
    return client_of(root).get_run(run_id)


def steps(root, run_id):
    curve = client_of(root).get_metric_history(run_id, "train/likelihood")
    return [point.step for point in curve]


def all_runs(root):
    client = client_of(root)
    experiments = [one.experiment_id for one in client.search_experiments()]
    return [run.info.run_id for run in client.search_runs(experiments)]


@pytest.fixture
def begun(repository):
    """Begins a training, or goes on with it, up to an iteration; the id of its run."""

    def begin(*iterations, resumed=False, name=NAME, status=None):
        rows(repository, *iterations)
        with opened(repository, create=True) as store:
            run_id = runs.begin(store, repository, name, resumed, time.time() - 60)
            runs.add_curves(store, repository, run_id, runs.last_iteration(store, run_id))
            if status:
                runs.end(store, repository, run_id, status)
        return run_id

    return begin


def test_a_run_begins_with_its_training(repository, begun):
    """It runs, and has parameters, data and curves before there is a model."""
    run_id = begun(10, 20)
    run = run_of(repository, run_id)
    assert run.info.status == "RUNNING"
    assert time.time() - run.info.start_time / 1000 >= 60
    assert run.data.params["train.warmup"] == "800"
    assert "evaluate.seed" not in run.data.params
    (data,) = run.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("jsb + folder", "unknown")
    assert steps(repository, run_id) == [10, 20]


def test_evaluation_and_version_are_of_the_same_run(repository, begun):
    """It keeps the end of the training as its own; few figures, in groups."""
    run_id = begun(10, status=runs.FINISHED)
    before = run_of(repository, run_id).info
    register(repository, PARAMS)
    assert all_runs(repository) == [run_id]
    run = run_of(repository, run_id)
    assert client_of(repository).get_model_version("kantor-bach", "1").run_id == run_id
    assert (run.info.status, run.info.end_time) == ("FINISHED", before.end_time)
    assert run.data.params["evaluate.seed"] == "0"
    assert run.data.metrics["valid/triad_or_seventh"] == 0.93
    assert {name.partition("/")[0] for name in run.data.metrics} == {"train", "valid"}
    assert len(runs.curve_names(SATB)) + len(("memory", "cpu")) + 20 <= 40
    assert len(run.data.params) <= 60


def test_what_was_stopped_goes_on_in_the_same_run(repository, begun):
    """Rows that it has are not logged twice, and those that it missed are."""
    first = begun(10, 20, status=runs.KILLED)
    assert run_of(repository, first).info.status == "KILLED"
    assert begun(10, 20, 30, resumed=True, status=runs.FINISHED) == first
    run = run_of(repository, first)
    assert (run.info.status, steps(repository, first)) == ("FINISHED", [10, 20, 30])


def test_another_training_has_a_run_of_its_own(repository, begun):
    """Other settings, the same from the beginning, and one that goes on by other parameters."""
    first = begun(10, status=runs.KILLED)
    ids = {first, begun(10), begun(10, name="another", resumed=True)}
    params = repository / "params.yaml"
    params.write_text(params.read_text().replace("iterations: 120", "iterations: 130"))
    ids.add(begun(10, 20, resumed=True))
    assert len(ids) == 4


def test_another_evaluation_leaves_the_first_as_it_was(repository, begun):
    """A run that was evaluated is a record: the next evaluation of the model has its own."""
    first = begun(10, status=runs.FINISHED)
    with opened(repository, create=True) as store:
        assert runs.complete(store, repository) == runs.complete(store, repository) == first
        figures = {"split": "test", "headline": {"overlap": 0.5}}
        (repository / "reports/metrics.json").write_text(json.dumps(figures))
        second = runs.complete(store, repository)
    assert second != first
    assert "valid/triad_or_seventh" in run_of(repository, first).data.metrics
    metrics = run_of(repository, second).data.metrics
    assert metrics["test/overlap"] == 0.5
    assert metrics["train/likelihood"] == 0.1


def test_without_a_run_one_is_made_of_the_files(repository, begun):
    """Where the files came from elsewhere, and where the run's training made another model."""
    other = begun(10, status=runs.FINISHED)
    change(repository, 5)
    register(repository, PARAMS)
    (made,) = {*all_runs(repository)} - {other}
    assert run_of(repository, made).info.status == "FINISHED"
    assert steps(repository, made) == [10]


def test_an_experiment_of_dvc_names_its_run(repository, begun, monkeypatch):
    """Its baseline is a tag; when it is registered later, its run is found and keeps its name."""
    monkeypatch.setenv("DVC_EXP_NAME", "solid-bike")
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "abc")
    run_id = begun(10, status=runs.FINISHED)
    with opened(repository, create=True) as store:
        runs.complete(store, repository)
    for name in ("DVC_EXP_NAME", "DVC_EXP_BASELINE_REV"):
        monkeypatch.delenv(name)
    register(repository, PARAMS)
    run = run_of(repository, run_id)
    assert all_runs(repository) == [run_id]
    assert run.info.run_name == run.data.tags["dvc.exp.name"] == "solid-bike"
    assert run.data.tags["dvc.exp.baseline"] == "abc"


def test_a_copy_for_an_experiment_has_the_registry_of_its_repository(repository):
    """Wherever DVC makes the copy; a repository elsewhere has its own."""
    for copy in (".dvc/tmp/exps/tmpabc", ".dvc/tmp/exps/standalone/tmpabc"):
        assert home(repository / copy) == repository
    assert home(repository) == repository


@pytest.fixture
def training(repository):
    """A process that trains, with an empty log, and its lines as they come."""
    rows(repository, 10)
    with subprocess.Popen(
        [sys.executable, "-c", TRAINING],
        cwd=repository,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


def until(root, status, metric="train/likelihood"):
    """Wait for the one run to have a status and a metric; the run."""
    for _ in range(300):
        for run in map(partial(run_of, root), all_runs(root)):
            if run.info.status == status and metric in run.data.metrics:
                return run
        time.sleep(0.1)
    raise AssertionError(f"no run is {status} with {metric}")


def test_mlflow_is_told_while_a_stage_runs(repository, training):
    """The curves come as they are made; the end is told when the stage has ended."""
    run = until(repository, "RUNNING", "system/memory_megabytes")
    assert run.data.metrics["train/likelihood"] == 0.1
    assert run.data.metrics["system/memory_megabytes"] > 1
    told, faults = training.communicate("go on\n", timeout=60)
    assert (told, faults) == ("ended\n", "")
    run = run_of(repository, run.info.run_id)
    assert (run.info.status, run.data.metrics["train/likelihood"]) == ("FINISHED", 0.25)
    assert run.data.tags["training.stopped_by"] == "unknown"


@pytest.mark.parametrize("kill", [True, False])
def test_a_stage_that_is_stopped_leaves_a_killed_run(repository, training, kill):
    """By a signal, and also without a word: nothing is said to run that does not."""
    until(repository, "RUNNING")
    if kill:
        training.kill()
    else:
        training.communicate("fail\n", timeout=60)
    until(repository, "KILLED")


def test_a_registry_that_is_away_stops_nothing(repository):
    """One line says so; the stage ends as it would have, without waiting."""
    environment = os.environ | {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    command, began = [sys.executable, "-c", TRAINING], time.monotonic()
    done = subprocess.run(
        command, cwd=repository, env=environment, input="go on\n", capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "begun\nended\n")
    assert re.fullmatch(r"train: not told to MLflow now.* server does not answer.*\n", done.stderr)
    assert time.monotonic() - began < 15


def test_what_fails_is_tried_again_and_told_once(repository, monkeypatch, capsys):
    """A locked registry is no end of following."""
    rows(repository, 10)
    real, faults = runs.begin, [OSError("database is locked")] * 2

    def begin(*arguments):
        if faults:
            raise faults.pop()
        return real(*arguments)

    monkeypatch.setattr(runs, "begin", begin)
    monkeypatch.setattr(live, "_word", lambda seconds: None if faults else runs.FINISHED)
    with opened(repository, create=True) as store:
        live.Follower(store, repository, NAME, 0).follow()
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"train: not told to MLflow now, but later: .*another process.*", line)
    (run_id,) = all_runs(repository)
    assert run_of(repository, run_id).info.status == "FINISHED"
