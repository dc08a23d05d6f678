"""Registering: the run, the version, its tags and aliases; and the closing words on it."""

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.registries import PARAMS, Rule, aliases, change, client_of

from kantor.ensemble import SATB, Ensemble, Line
from kantor.errors import ModelError, SetupError
from kantor.hyperparameters import CUT
from kantor.metrics.musical import LABELS
from kantor.registry import RECEIPT, load_model, register, versions
from kantor.registry.__main__ import summary
from kantor.registry.loaded import example
from kantor.registry.registering import Receipt
from kantor.settings import Register

BAND = "models:/kantor-band@champion"
STAGE = Path(__file__).parents[2] / "pipelines" / "register.py"


def run_of(root):
    store = client_of(root)
    version = store.get_model_version_by_alias("kantor-bach", "challenger")
    return store, store.get_run(version.run_id)


def test_the_first_version_and_the_process(repository):
    """It becomes the champion; the process is left as it was; all points of a curve arrive."""
    rows = "".join(f"{i},{i / 7},{i * 2}\n" for i in range(1, 1201))
    heads = "iteration,likelihood,metric_crossing\n"
    (repository / "reports/training/history.csv").write_text(heads + rows)
    before = (list(sys.path), os.environ.get("MLFLOW_TRACKING_URI"))
    level = logging.getLogger("mlflow").level
    receipt = register(repository, PARAMS)
    assert receipt.created
    assert (receipt.version, receipt.aliases) == (1, ("challenger", "champion"))
    assert (sys.path, os.environ.get("MLFLOW_TRACKING_URI")) == before
    assert logging.getLogger("mlflow").level == level
    store, run = run_of(repository)
    assert len(store.get_metric_history(run.info.run_id, "train/likelihood")) == 1200
    assert run.data.metrics["train/crossing"] == 2400


def test_same_inputs_make_no_second_version(own):
    """Nor a second run; aliases that were not set are set; the receipt names inputs alone."""
    for alias in ("challenger", "champion"):
        client_of(own).delete_registered_model_alias("kantor-bach", alias)
    again = register(own, PARAMS)
    assert (again.version, again.created) == (1, False)
    assert again.aliases == ("challenger", "champion")
    (row,) = versions(own)
    again.write(own / RECEIPT)
    receipt = {"model": "kantor-bach", "fingerprint": row["tags"]["fingerprint"]}
    assert json.loads((own / RECEIPT).read_text()) == receipt
    store, run = run_of(own)
    assert len(store.search_runs([run.info.experiment_id])) == 1


def test_a_later_version_challenges_and_going_back_finds_the_old_one(own):
    """Also where the experiment was deleted; the closing words are of what was built last."""
    store, run = run_of(own)
    store.delete_experiment(run.info.experiment_id)
    change(own, 5)
    receipt = register(own, PARAMS)
    receipt.write(own / RECEIPT)
    assert receipt.aliases == ("challenger",)
    assert aliases(own) == {"challenger": 2, "champion": 1}
    assert summary(own)[0] == "kantor-bach version 2 (challenger)"
    change(own, 4)
    receipt = register(own, PARAMS)
    assert (receipt.version, receipt.created) == (1, False)
    assert receipt.aliases == ("challenger", "champion")


def test_a_training_cut_by_the_clock_makes_no_champion(repository, network_stand_in):
    """Not even where there is none; its tag says what stopped it."""
    health = {"stopped_by": CUT, "iterations": 890, "of": 920}
    (repository / "reports/training/health.json").write_text(json.dumps(health))
    assert register(repository, PARAMS).aliases == ("challenger",)
    (row,) = versions(root=repository)
    assert row["tags"]["training.stopped_by"] == CUT
    change(repository, 5)
    (repository / "reports/training/health.json").write_text(json.dumps({"stopped_by": "critic"}))
    assert register(repository, PARAMS).aliases == ("challenger", "champion")


def test_summary_names_version_figures_and_files(own):
    """Without a receipt, or of another registry, one line names the command."""
    with pytest.raises(SetupError, match=r"registered.json: not found; run `make repro`"):
        summary(own)
    register(own, PARAMS).write(own / RECEIPT)
    assert [line.split() for line in summary(own)] == [
        ["kantor-bach", "version", "1", "(challenger,", "champion)"],
        ["this", "real", "triads", "random"],
        [*LABELS["triad_or_seventh"].split(), "0.930", "0.950", "1.000", "0.100"],
        ["voice", "crossing", "-", "0.950", "1.000", "0.100"],
        ["22", "of", "30", "metrics", "within", "the", "range", "of", "the", "real", "pieces"],
        ["report", "reports/report.html"],
        ["composed", "reports/samples/one.mid"],
    ]
    Receipt("kantor-bach", "of another", 1, (), True).write(own / RECEIPT)
    with pytest.raises(SetupError, match="`make register` registers it"):
        summary(own)


def test_run_holds_parameters_curves_figures_and_files(registered):
    """Once each, under its own name; the version's tags say what made it."""
    (row,) = versions(root=registered)
    assert len(row["tags"]["fingerprint"]) == 64
    assert row["tags"]["git.commit"] == "unknown"
    assert row["tags"]["ensemble.lines"] == "soprano, alto, tenor, bass"
    assert len(row["tags"]) < 10
    assert row["metrics"]["triad_or_seventh"] == 0.93
    store, run = run_of(registered)
    assert run.info.status == "FINISHED"
    assert run.data.params["train.seed"] == "1"
    curve = store.get_metric_history(run.info.run_id, "train/likelihood")
    assert [(point.step, point.value) for point in curve] == [(10, 0.5), (20, 0.25)]
    files = {file.path for file in store.list_artifacts(run.info.run_id)}
    assert {"report.html", "metrics.json", "params.yaml", "samples", "training"} <= files
    assert Path(run.info.artifact_uri.removeprefix("file://")).is_relative_to(registered)
    (model,) = store.search_logged_models([run.info.experiment_id])
    shown = {metric.key: metric.value for metric in model.metrics}
    assert shown["valid/triad_or_seventh"] == 0.93


def test_what_a_version_promises(repository, monkeypatch):
    """MLflow is told lines and packages; arrays that do not fit are not composed from."""
    band = Ensemble("band", (*SATB.lines, Line("horn", 40, 70), Line("kick", 36, 36, "drum")))
    described = {"distance": 2, "ensemble": band.to_dict()}
    (repository / "build/model/model.json").write_text(json.dumps(described))
    register(repository, Register(model="kantor-band"))
    client = client_of(repository)
    lines = "soprano, alto, tenor, bass, horn, kick"
    assert lines in client.get_registered_model("kantor-band").description
    assert client.get_model_version("kantor-band", "1").tags["ensemble.lines"] == lines
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{repository / 'mlflow.db'}")
    import mlflow

    pyfunc = mlflow.pyfunc.load_model(BAND)
    schema = pyfunc.metadata.signature
    assert [f"{spec.name} {spec.type}" for spec in schema.inputs] == [
        "music DataType.string",
        "pitches Array(Array(long))",
        "onsets Array(Array(boolean))",
        "mask Array(Array(boolean))",
        "bars Array(Array(long))",
        "fermatas Array(double)",
        "major_tonic DataType.long",
        "tonic DataType.long",
        "seed DataType.long",
    ]
    params = {spec.name: spec.default for spec in schema.params}
    assert params == {"temperature": 1.0, "passes": 2, "given": ""}
    needs = Path(mlflow.pyfunc.get_model_dependencies(BAND, format="pip")).read_text().split()
    assert {"mlflow", "tensorflow", "keras", "numpy"} <= {need.split("==")[0] for need in needs}
    assert all("==" in need for need in needs)
    assert pyfunc.predict(pyfunc.input_example)["format"].tolist() == ["mid"]
    model = load_model(BAND)
    assert model.ensemble == band
    with pytest.raises(ModelError, match=r"composes for soprano, .* kick, and not for 4 lines"):
        model(example(SATB), np.zeros(1, np.int64))


def test_nothing_to_register(repository, monkeypatch):
    """One line says what to run, or what is in the way; there is no version."""

    def refused(fault, params=PARAMS):
        with pytest.raises((SetupError, ModelError), match=fault):
            register(repository, params)

    refused(r"params.yaml: register.model: ", Register(model="Bach's"))
    for missing in ("reports/metrics.json", "build/model"):
        (repository / missing).rename(repository / "elsewhere")
        refused(rf"{missing}: not found; run `dvc repro`")
        (repository / "elsewhere").rename(repository / missing)
    compose = Rule.compose
    with monkeypatch.context() as patch:
        patch.setattr(Rule, "compose", lambda *given: compose(*given)[::-1])
        refused("changes what is given")
    (repository / "build/model/model.json").write_text("{}")
    refused(r"build/model: .* does not load as a generator")
    change(repository, 4)
    (repository / "mlartifacts").write_text("in the way")
    refused(r"mlflow.db: .*mlartifacts")
    for text in ("", "[1, 2]", '{"headline": '):
        (repository / "reports/metrics.json").write_text(text)
        refused(r"metrics.json: not an evaluation; run `dvc repro")
    assert client_of(repository).search_model_versions() == []


def test_stage_stops_in_one_line(tmp_path):
    """The script that DVC runs says in one line what is wrong, and fails."""
    done = subprocess.run([sys.executable, STAGE], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch("register: params.yaml: not found.*\n", done.stderr)
