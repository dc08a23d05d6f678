"""The flow says what it did, and that there was nothing to do."""

import shutil
from pathlib import Path

import pytest
import retrain

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def steps(monkeypatch):
    """The flow's steps, noted instead of taken."""
    taken = []

    class Log:
        def info(self, text, *values):
            taken.append(text % values)

    monkeypatch.setattr(retrain, "get_run_logger", Log)
    return taken


def test_the_flow_has_its_name():
    """It is found in Prefect as `retrain`."""
    assert retrain.retrain.name == "retrain"


def test_nothing_changed_says_so(steps, tmp_path, monkeypatch):
    """No stage is run, nothing is written, and the log says why."""
    monkeypatch.setattr(retrain, "ROOT", tmp_path)
    shutil.copy(PARAMS, tmp_path)
    monkeypatch.setattr(retrain.pipeline, "changed", lambda root: [])
    monkeypatch.setattr(retrain, "reproduce", None)
    assert retrain.retrain.fn("the calendar says so") == []
    assert steps[0] == "asked for: the calendar says so"
    assert "nothing changed" in steps[-1]


def test_the_page_says_why_what_and_where(monkeypatch):
    """Reason, changes, stages, figures, and links to the report and to MLflow."""
    monkeypatch.setenv("KANTOR_URL", "http://studio:8400")
    monkeypatch.setenv("KANTOR_MLFLOW_URL", "http://studio:5000")
    text = retrain._markdown("new scores", ["ingest: data"], ["ingest"], ["bach 2", "triads 0.9"])
    for part in ("**bach 2**", "new scores", "- ingest: data", "triads 0.9"):
        assert part in text
    assert "(http://studio:8400/reports/report.html)" in text
    assert "(http://studio:5000/#/models)" in text
