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
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that would be opened with TensorFlow."""
    folders: list[Path] = []
    package, module = ModuleType("kantor.model"), ModuleType("kantor.model.generator")
    package.generator, module.load = module, folders.append  # type: ignore[attr-defined]
    for one in (package, module):
        monkeypatch.setitem(sys.modules, one.__name__, one)
    return folders


def write(folder: Path, arrays: bool = True, **info: object) -> Path:
    (folder / "model.json").write_text(json.dumps(info))
    if arrays:
        weights.save(folder, random_weights())
    return folder


@pytest.mark.parametrize(
    ("preset", "arrays", "light"),
    [("chorale", True, True), ("long", True, True), ("unet", True, False), ("long", False, False)],
)
def test_presets(
    tmp_path: Path, opened: list[Path], preset: str, arrays: bool, light: bool
) -> None:
    """The workshop's network needs TensorFlow, and so does a model without its arrays."""
    model = composer.load(str(write(tmp_path, arrays, preset=preset)))
    assert isinstance(model, runtime.Generator) == light
    assert opened == ([] if light else [tmp_path])


@pytest.mark.parametrize("preset", ["chorale", "unet"])
def test_what_cannot_be_read(tmp_path: Path, opened: list[Path], preset: str) -> None:
    """A model of another format is refused in one line that names both, not misread."""
    write(tmp_path, preset=preset, format=weights.FORMAT + 1)
    with pytest.raises(ModelError, match=r"a model of format 2, .* reads format 1; .*make repro"):
        composer.load(tmp_path)
    assert opened == []


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    """Loading a light model imports numpy and none of the large packages."""
    script = (
        "import sys; from kantor.compose import composer\n"
        f"composer.load({str(write(tmp_path, preset='chorale'))!r})\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'pandas', 'scipy', 'matplotlib', 'symusic'}\n"
        "print(heavy & set(sys.modules))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
