"""What the flow runs is seen as it runs, and a failure names its cause."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "flows" / "retrain.py"


@pytest.fixture(scope="module")
def flow() -> ModuleType:
    spec = importlib.util.spec_from_file_location("retrain", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_lines_are_passed_on_in_order(flow: ModuleType, tmp_path: Path) -> None:
    """Both streams reach the log, and the command runs in the repository."""
    seen: list[str] = []
    script = "import os, sys; print(os.getcwd()); print('told', file=sys.stderr)"
    lines = flow.run_logged([sys.executable, "-c", script], tmp_path, seen.append)
    assert seen == lines
    assert lines == [str(tmp_path), "told"]


def test_a_failure_names_the_cause(flow: ModuleType, tmp_path: Path) -> None:
    """The stage's own line is told, not DVC's words about it."""
    script = "print('train: no window'); print('ERROR: failed to reproduce'); raise SystemExit(255)"
    with pytest.raises(flow.StageFailed, match=r"^train: no window$"):
        flow.run_logged([sys.executable, "-c", script], tmp_path, lambda line: None)


def test_the_flow_has_its_name(flow: ModuleType) -> None:
    """It is found in Prefect as `retrain`."""
    assert flow.retrain.name == "retrain"
