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


def curves(root: Path) -> Iterator[tuple[int, dict[str, float]]]:
    """Each row of the training's history: its iteration and its finite figures."""
    import pandas as pd

    if not (root / HISTORY).is_file():
        return
    table = pd.read_csv(root / HISTORY).apply(pd.to_numeric, errors="coerce")
    iterations = table.pop("iteration")
    for iteration, row in zip(iterations, table.to_dict("records"), strict=True):
        yield int(iteration), {str(k): float(v) for k, v in row.items() if math.isfinite(v)}


def tags(root: Path, params: Mapping[str, object]) -> dict[str, str]:
    """The tags that tie a version to what made it.

    The ``fingerprint``, a hash of the generator and of its evaluation, is the same for the same
    inputs.
    """
    model = directory_md5(root / MODEL)
    headline = figures(evaluation(root).get("headline", {}))
    made = model.encode() + (root / METRICS).read_bytes()
    commit, dirty = git_commit(root)
    canonical = json.dumps(params, sort_keys=True, default=str)
    limits = flatten(params.get("train", {}))
    last = max((iteration for iteration, _ in curves(root)), default=None)
    return {
        "fingerprint": hashlib.sha256(made).hexdigest(),
        "git.commit": commit,
        "git.dirty": dirty,
        DATA: data_md5(root, model),
        "dvc.model.md5": model,
        "params.md5": hashlib.md5(canonical.encode()).hexdigest(),
        **{f"training.{name}": str(limits[name]) for name in limits if _BUDGET.search(name)},
        **({} if last is None else {"training.last_iteration": str(last)}),
        **{f"{EVALUATION}{name}": f"{value:g}" for name, value in headline.items()},
    }


def directory_md5(folder: Path) -> str:
    """DVC's hash of a folder."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    entries = [
        {"md5": hashlib.md5(path.read_bytes()).hexdigest(), "relpath": name}
        for name, path in sorted(files.items())
        if path.is_file()
    ]
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode()).hexdigest() + ".dir"


def data_md5(root: Path, model: str) -> str:
    """DVC's hash of the data behind the model of this hash, from ``dvc.lock``.

    Unknown without a lock file, and where the lock file is of another model.
    """
    try:
        stages = yaml.safe_load((root / "dvc.lock").read_text())["stages"].values()
        made = {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", ())}
        read = {dep["path"]: dep["md5"] for stage in stages for dep in stage.get("deps", ())}
    except (OSError, yaml.YAMLError, LookupError, TypeError, AttributeError):
        return UNKNOWN
    return str(read.get("data", UNKNOWN)) if made.get(MODEL.as_posix()) == model else UNKNOWN


def git_commit(root: Path) -> tuple[str, str]:
    """The commit of the working tree, and whether what shapes a model differs: true or false.

    Both are unknown without git, and where the pipeline is not under version control.
    """
    answers = []
    for command in (
        ["ls-files", "--error-unmatch", "params.yaml"],
        ["rev-parse", "HEAD"],
        ["status", "--porcelain", "--", *_SHAPING],
    ):
        try:
            done = subprocess.run(
                ["git", *command], cwd=root, capture_output=True, text=True, check=True, timeout=60
            )
        except (OSError, subprocess.SubprocessError):
            return UNKNOWN, UNKNOWN
        answers.append(done.stdout.strip())
    return answers[1], str(bool(answers[2])).lower()
