"""What made a version: hashes of model, data and parameters, git commit, evaluation.

DVC is read through its lock file and git through its command; where either is missing the answer
is ``unknown``, and a model is registered all the same.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from kantor.errors import SetupError

UNKNOWN = "unknown"
MODEL = Path("build/model")
METRICS = Path("reports/metrics.json")
HISTORY = Path("reports/training/history.csv")
EVALUATION = "evaluation."
"""What a version's tags with figures of its evaluation begin with."""
DATA = "dvc.data.md5"
"""The tag with DVC's hash of the data."""

# The parameters of the stage `train` that limit how long it runs.
_BUDGET = re.compile(r"budget|minutes|seconds|hours|iterations|epochs|preset")
# What shapes a model: other changes in the working tree do not make its commit a wrong one.
_SHAPING = ("src", "pipelines", "params.yaml", "dvc.yaml", "data.dvc")


def flatten(values: object, prefix: str = "") -> dict[str, object]:
    """Nested mappings and lists as one mapping, the names joined by dots."""
    if isinstance(values, list):
        values = dict(enumerate(values))
    if not isinstance(values, Mapping):
        return {prefix: values}
    flat: dict[str, object] = {}
    for name, value in values.items():
        flat |= flatten(value, f"{prefix}.{name}" if prefix else str(name))
    return flat


def evaluation(root: Path) -> dict[str, Any]:
    """What the stage `evaluate` wrote to ``reports/metrics.json``; `SetupError` if it did not."""
    try:
        values = json.loads((root / METRICS).read_text())
    except (OSError, ValueError):
        values = None
    if not isinstance(values, dict):
        raise SetupError(f"{root / METRICS}: not an evaluation; run `dvc repro evaluate`")
    return values


def figures(values: object) -> dict[str, float]:
    """The figures in an evaluation, names joined by dots; those that are not finite left out."""
    return {
        name: float(value)
        for name, value in flatten(values).items()
        if isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)
    }


def history(root: Path) -> Iterator[tuple[int, dict[str, float]]]:
    """Each row of the training's history: its iteration and its finite figures."""
    import pandas as pd

    if not (root / HISTORY).is_file():
        return
    table = pd.read_csv(root / HISTORY).apply(pd.to_numeric, errors="coerce")
    for row in table.to_dict("records"):
        iteration = row.pop("iteration", math.nan)
        if math.isfinite(iteration):
            finite = {str(name): float(v) for name, v in row.items() if math.isfinite(v)}
            yield int(iteration), finite


def fingerprint(root: Path) -> str:
    """A hash of the generator and of its evaluation: the same for the same inputs.

    A ``.keras`` archive holds the time at which it was saved; that part is left out.
    """
    digest = hashlib.sha256()
    for path in _files(root / MODEL):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        for part in _contents(path):
            digest.update(hashlib.sha256(part).digest())
    digest.update(hashlib.sha256((root / METRICS).read_bytes()).digest())
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _contents(path: Path) -> Iterator[bytes]:
    if not zipfile.is_zipfile(path):
        yield path.read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name != "metadata.json":
                yield name.encode()
                yield archive.read(name)


def directory_md5(folder: Path) -> str:
    """DVC's hash of a folder."""
    files = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    entries = [
        {"md5": hashlib.md5(files[name].read_bytes()).hexdigest(), "relpath": name}
        for name in sorted(files)
    ]
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode()).hexdigest() + ".dir"


def data_md5(root: Path) -> str:
    """DVC's hash of the data behind ``build/model``, from ``dvc.lock``.

    Unknown without a lock file, and where the lock file is of another model.
    """
    try:
        stages = yaml.safe_load((root / "dvc.lock").read_text())["stages"].values()
        made = {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", ())}
        read = {dep["path"]: dep["md5"] for stage in stages for dep in stage.get("deps", ())}
    except (OSError, yaml.YAMLError, LookupError, TypeError, AttributeError):
        return UNKNOWN
    if made.get(MODEL.as_posix()) != directory_md5(root / MODEL):
        return UNKNOWN
    return str(read.get("data", UNKNOWN))


def git_commit(root: Path) -> tuple[str, str]:
    """The commit that the working tree of `root` is at, and whether what shapes a model differs.

    Returns
    -------
    commit : str
        Unknown without git, and where the pipeline is not under version control.
    dirty : str
        ``"true"``, ``"false"`` or unknown.
    """
    if _git(root, "ls-files", "--error-unmatch", "params.yaml") is None:
        return UNKNOWN, UNKNOWN
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--", *_SHAPING)
    if commit is None or changes is None:
        return UNKNOWN, UNKNOWN
    return commit, str(bool(changes)).lower()


def _git(root: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def tags(root: Path, params: Mapping[str, object]) -> dict[str, str]:
    """The tags that tie a version to what made it."""
    commit, dirty = git_commit(root)
    canonical = json.dumps(params, sort_keys=True, default=str)
    headline = figures(evaluation(root).get("headline", {}))
    return {
        "fingerprint": fingerprint(root),
        "git.commit": commit,
        "git.dirty": dirty,
        DATA: data_md5(root),
        "dvc.model.md5": directory_md5(root / MODEL),
        "params.md5": hashlib.md5(canonical.encode()).hexdigest(),
        **_training(root, params),
        **{f"{EVALUATION}{name}": f"{value:g}" for name, value in headline.items()},
    }


def _training(root: Path, params: Mapping[str, object]) -> dict[str, str]:
    """What the training was allowed, and how many iterations it came to."""
    budget = flatten(params.get("train", {}))
    tags = {f"training.{k}": str(value) for k, value in budget.items() if _BUDGET.search(k)}
    last = max((iteration for iteration, _ in history(root)), default=None)
    return tags if last is None else tags | {"training.last_iteration": str(last)}
