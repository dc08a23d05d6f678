"""A model's folder is opened by the lightest way that its preset allows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from tests.runtime.arrays import random_weights

from kantor import runtime
from kantor.compose import composer
from kantor.errors import ModelError
from kantor.runtime import weights


@pytest.fixture
def keras_way(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that would be opened with TensorFlow."""
    opened: list[Path] = []
    module = ModuleType("kantor.model.generator")
    module.load = opened.append  # type: ignore[attr-defined]
    package = ModuleType("kantor.model")
    package.generator = module  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return opened


def write(folder: Path, preset: str, arrays: bool = True) -> Path:
    (folder / "model.json").write_text(json.dumps({"preset": preset}))
    if arrays:
        weights.save(folder, random_weights())
    return folder


@pytest.mark.parametrize("preset", ["chorale", "long"])
def test_light_presets(tmp_path: Path, keras_way: list[Path], preset: str) -> None:
    """They are composed with in numpy."""
    found = composer.load(write(tmp_path, preset))
    assert isinstance(found, runtime.Generator)
    assert found.info == {"preset": preset}
    assert keras_way == []


@pytest.mark.parametrize(("preset", "arrays"), [("unet", True), ("chorale", False)])
def test_others(tmp_path: Path, keras_way: list[Path], preset: str, arrays: bool) -> None:
    """The workshop's network needs TensorFlow, and so does a model without its arrays."""
    composer.load(str(write(tmp_path, preset, arrays)))
    assert keras_way == [tmp_path]


@pytest.mark.parametrize("preset", ["chorale", "unet"])
def test_a_model_of_another_format(tmp_path: Path, keras_way: list[Path], preset: str) -> None:
    """It is refused in one line that names both formats, not misread."""
    text = json.dumps({"preset": preset, "format": weights.FORMAT + 1})
    (write(tmp_path, preset) / "model.json").write_text(text)
    with pytest.raises(ModelError, match=r"a model of format 2, .* reads format 1; .*make repro"):
        composer.load(tmp_path)
    assert keras_way == []


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    """It is refused in one line."""
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(ModelError, match=r"not a model of Kantor.*dvc repro"):
        composer.load(tmp_path)


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    """Loading a light model imports numpy and none of the large packages."""
    script = (
        "import sys; from kantor.compose import composer\n"
        f"composer.load({str(write(tmp_path, 'chorale'))!r})\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'pandas', 'scipy', 'matplotlib', 'symusic'}\n"
        "print(heavy & set(sys.modules))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
