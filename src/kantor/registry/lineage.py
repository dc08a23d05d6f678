"""What made a version: hashes of model, data and parameters, git commit, evaluation.

DVC is asked through its lock file and git through its command; where either is missing the
answer is ``unknown``, and a model is registered all the same.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

import yaml

from kantor.registry.store import RegistryError

UNKNOWN = "unknown"
MODEL = Path("build/model")
METRICS = Path("reports/metrics.json")
HISTORY = Path("reports/training/history.csv")
# What a version's tags with figures of its evaluation begin with.
EVALUATION = "evaluation."

# The parameters of the stage `train` that limit how long it runs.
_BUDGET = re.compile(r"budget|minutes|seconds|hours|iterations|epochs|preset")

# What shapes a model: other changes in the working tree do not make its commit a wrong one.
_SHAPING = ("src", "pipelines", "params.yaml", "dvc.yaml", "data.dvc")


def flatten(values: object, prefix: str = "") -> dict[str, object]:
    """Nested mappings and lists as one mapping, the names joined by dots."""
    if isinstance(values, Mapping):
        items = [(str(name), value) for name, value in values.items()]
    elif isinstance(values, list):
        items = [(str(index), value) for index, value in enumerate(values)]
    else:
        return {prefix: values}
    flat: dict[str, object] = {}
    for name, value in items:
        flat |= flatten(value, f"{prefix}.{name}" if prefix else name)
    return flat


def evaluation(root: Path) -> dict[str, Any]:
    """What the stage `evaluate` wrote to ``reports/metrics.json``.

    Raises
    ------
    RegistryError
        If the file is missing or is not what that stage writes.
    """
    try:
        values = json.loads((root / METRICS).read_text())
    except (OSError, ValueError):
        values = None
    if not isinstance(values, dict):
        raise RegistryError(f"{root / METRICS}: not an evaluation; run `dvc repro evaluate`")
    return values


def figures(root: Path) -> dict[str, float]:
    """The figures of the evaluation, names joined by dots; those that are not finite left out."""
    flat = flatten(evaluation(root))
    numbers = {name: float(value) for name, value in flat.items() if _is_number(value)}
    return {name: value for name, value in numbers.items() if math.isfinite(value)}


def headline(root: Path) -> dict[str, float]:
    """The few figures of the evaluation to look at first."""
    values = flatten(evaluation(root).get("headline", {}))
    return {name: value for name, value in values.items() if _is_number(value)}


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def history(root: Path) -> Iterator[tuple[int, dict[str, float]]]:
    """Each row of the training's history: its iteration and its figures."""
    path = root / HISTORY
    if not path.is_file():
        return
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            values = {name: _number(text) for name, text in row.items() if name}
            iteration = values.pop("iteration", None)
            if iteration is not None:
                yield int(iteration), {k: v for k, v in values.items() if v is not None}


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def fingerprint(root: Path) -> str:
    """A hash of the generator and of its evaluation: the same for the same inputs.

    A ``.keras`` archive holds the time at which it was saved; that part is left out.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in (root / MODEL).rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        for part in _contents(path):
            digest.update(hashlib.sha256(part).digest())
    digest.update(hashlib.sha256((root / METRICS).read_bytes()).digest())
    return digest.hexdigest()


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
    entries = [
        {"md5": hashlib.md5(path.read_bytes()).hexdigest(), "relpath": name}
        for name, path in sorted(
            (path.relative_to(folder).as_posix(), path)
            for path in folder.rglob("*")
            if path.is_file()
        )
    ]
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode()).hexdigest() + ".dir"


def data_md5(root: Path) -> str:
    """DVC's hash of the data behind ``build/model``, from ``dvc.lock``.

    Unknown without a lock file, and where the lock file speaks of another model.
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
    return {
        "fingerprint": fingerprint(root),
        "git.commit": commit,
        "git.dirty": dirty,
        "dvc.data.md5": data_md5(root),
        "dvc.model.md5": directory_md5(root / MODEL),
        "params.md5": hashlib.md5(canonical.encode()).hexdigest(),
        **_training(root, params),
        **{f"{EVALUATION}{name}": f"{value:g}" for name, value in headline(root).items()},
    }


def _training(root: Path, params: Mapping[str, object]) -> dict[str, str]:
    """What the training was allowed, and how many iterations it came to."""
    allowed = flatten(params.get("train", {}))
    found = {f"training.{k}": str(value) for k, value in allowed.items() if _BUDGET.search(k)}
    last = max((iteration for iteration, _ in history(root)), default=None)
    return found if last is None else found | {"training.last_iteration": str(last)}
