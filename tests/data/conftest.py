"""The raw scores, built once for all tests, and the stages' scripts."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from kantor.data.chorales import rebuild


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `data/` as `kantor data` builds it."""
    folder = tmp_path_factory.mktemp("raw") / "data"
    rebuild(folder)
    return folder


@pytest.fixture
def run_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], int]:
    """Run the script of a stage in `tmp_path` with the parameters given; its exit code."""

    def run(name: str, params: str) -> int:
        (tmp_path / "params.yaml").write_text(f"ensemble: {{ranges: {{}}}}\n{params}")
        monkeypatch.chdir(tmp_path)
        script = Path(__file__).parents[2] / "pipelines" / f"{name}.py"
        spec = importlib.util.spec_from_file_location("stage", script)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return int(module.main())

    return run
