"""A small clone of the repository, to be maltreated; and what is in it.

The tests of the pipeline run theirs by it too.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kantor.data.chorales import Chorale, chorales

ROOT = Path(__file__).resolve().parents[1]
PIECES = {"train": 12, "valid": 4, "test": 4}
SMALL: dict[str, dict[str, Any]] = {
    "validate": {"jsb": None},
    "train": {
        "batch": 8,
        "warmup": 80,
        "iterations": 16,
        "critic_steps": 2,
        "xla": False,
        "log_every": 4,
        "measure_every": 40,
        "checkpoint_every": 4,
        "melodies": 2,
        "early_stop": {
            "tolerance": 0.001,
            "measurements": 100,
            "critic_rows": 1000,
            "critic_tolerance": 0.000001,
        },
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
Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Clone:
    """A repository of its own; commands run in it use its source and this Python."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of every command: nobody else's registry, nothing reported home."""
        ours = ("KANTOR_", "MLFLOW_", "DVC_", "GIT_", "PREFECT_", "PYTHON")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return kept | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.root / "src"),
            "DVC_NO_ANALYTICS": "1",
            "DO_NOT_TRACK": "true",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }

    def start(self, *command: str, said: Path, **environment: str) -> Process:
        """Start a command in a process group of its own; `said` takes all that it says."""
        with said.open("wb") as stream:
            return subprocess.Popen(
                command,
                cwd=self.root,
                env=self.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, *command: str, code: int = 0) -> str:
        """Run a command to its end; what it says.

        Raises
        ------
        RuntimeError
            If it does not end with `code`, with what it said.
        """
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != code:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}")
        return done.stdout

    def repro(self, *stages: str, code: int = 0) -> str:
        """Bring stages, or all, up to date."""
        return self.run("dvc", "repro", *stages, code=code)

    def change(self, **blocks: Mapping[str, Any]) -> None:
        """Change parameters: ``change(evaluate={"seed": 1})``."""
        path = self.root / "params.yaml"
        params = yaml.safe_load(path.read_text())
        for name, values in blocks.items():
            params[name] |= values
        path.write_text(yaml.safe_dump(params, sort_keys=False))

    def copied(self, root: Path) -> Clone:
        """The same at another place."""
        shutil.copytree(self.root, root, symlinks=True, dirs_exist_ok=True)
        return Clone(root)

    def kill(self, process: Process) -> None:
        """End a command and whatever runs in this clone, without a warning."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for left in self._processes():
            os.kill(left, signal.SIGKILL)

    def _processes(self) -> Iterator[int]:
        """Those whose current folder is in this clone, which nothing else uses."""
        for entry in Path("/proc").glob("[0-9]*/cwd"):
            try:
                if entry.resolve().is_relative_to(self.root.resolve()):
                    yield int(entry.parent.name)
            except (OSError, RuntimeError):
                continue

    def contents(self, *names: str) -> dict[str, str]:
        """A hash of each file below `names`."""
        hashes = {}
        for name in names:
            top = self.root / name
            for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
                if path.is_file():
                    hashes[path.relative_to(self.root).as_posix()] = hashlib.sha256(
                        path.read_bytes()
                    ).hexdigest()
        return hashes


def small_clone(root: Path) -> Clone:
    """A clone of the last commit with few chorales and small networks, and nothing built."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(root)], check=True)
    clone = Clone(root)
    clone.change(**SMALL)
    if (ROOT / "data").is_dir():
        shutil.copytree(ROOT / "data", root / "data")
    else:
        clone.run("kantor", "data")
    _thin(root / "data" / "jsb")
    clone.run("dvc", "add", "--quiet", "data")
    return clone


def _thin(folder: Path) -> None:
    kept = {row.file for row in smallest(folder, PIECES)}
    for row in chorales():
        if row.file not in kept:
            (folder / row.file).unlink(missing_ok=True)


def smallest(folder: Path, pieces: Mapping[str, int]) -> list[Chorale]:
    """Of the chorales in `folder` so many of each split, those of the fewest bytes."""
    rows = sorted(chorales(), key=lambda row: (folder / row.file).stat().st_size)
    return [
        row
        for split, count in pieces.items()
        for row in [row for row in rows if row.split == split][:count]
    ]


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """The names whose contents differ, or that only one of both has."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
