"""What made a version: hashes of model and data, git commit, evaluation.

DVC is read through its lock file and git through its command; where either is missing the answer
is ``unknown``, and a model is registered all the same.
"""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from kantor import settings
from kantor.errors import SetupError
from kantor.stages import BLOCKS
from kantor.styles import style_of

UNKNOWN = "unknown"
MODEL = Path("build/model")
METRICS = Path("reports/metrics.json")
HISTORY = Path("reports/training/history.csv")
HEALTH = Path("reports/training/health.json")
WINDOWS = Path("build/windows.npz")
MANIFEST = Path("build/manifest.csv")

DATA, MADE = "dvc.data.md5", "dvc.model.md5"
"""The tags with DVC's hashes of the data and of the model."""
FINGERPRINT = "fingerprint"
"""The tag with the hash of model and evaluation: what it is of is found by it."""
SOURCES = "data.sources"
"""The tag with the kinds of source that were read, such as ``jsb``."""
TOLD = "data.told"
"""The tag with credits and licence of a style's data."""
STOPPED = "training.stopped_by"
"""The tag with what ended the training; see `kantor.training.stopping`."""
PRESET = "training.preset"

# Parameters that shape no model: how it is watched, and by how many processes it is read.
_LEFT_OUT = ("ingest.workers", "train.health.")
# Blocks that a run shows as one parameter, so that there is room for the others.
_TOGETHER = {"early_stop", "sampling"}
_UNLIMITED = (("evaluate.pieces", "None"), ("evaluate.bars", "None"))
# What shapes a model: other changes in the working tree do not make its commit a wrong one.
_SHAPING = ("src", "pipelines", "params.yaml", "dvc.yaml", "data.dvc")


def flatten(values: object, prefix: str = "") -> dict[str, object]:
    """Nested mappings as one, the names joined by dots."""
    if not isinstance(values, Mapping):
        return {prefix: values}
    flat: dict[str, object] = {}
    for name, value in values.items():
        flat |= flatten(value, f"{prefix}.{name}" if prefix else str(name))
    return flat


def evaluation(root: Path) -> dict[str, Any]:
    """Every figure of the stage `evaluate`, of ``metrics.json``; `SetupError` if it wrote none."""
    values = read_json(root / METRICS)
    if not values:
        raise SetupError(f"{root / METRICS}: not an evaluation; run `dvc repro evaluate`")
    return values


def headline(root: Path) -> dict[str, float]:
    """The few figures to look at first; those that could not be counted are left out."""
    values = evaluation(root).get("headline", {})
    counts = {"metrics"}  # how many there are is no figure of the model's
    return {key: value for key, value in values.items() if value is not None and key not in counts}


def read_json(path: Path) -> dict[str, Any]:
    """The mapping in a file; empty where there is none."""
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def stopped_by(root: Path) -> str:
    """What ended the training; unknown without its health report."""
    return str(read_json(root / HEALTH).get("stopped_by") or UNKNOWN)


def sources(root: Path) -> dict[str, int | None]:
    """The pieces of each kind of source, such as ``jsb``, that were read.

    Without a manifest, the kinds of which ``params.yaml`` speaks, not counted.
    """
    try:
        with (root / MANIFEST).open(newline="") as file:
            return dict(sorted(Counter(row["source"] for row in csv.DictReader(file)).items()))
    except (OSError, KeyError):
        named = settings.load(settings.Ingest, "ingest", settings.params_path(root)).sources
        return {source.kind: None for source in named}


def tags(root: Path) -> dict[str, str]:
    """The tags that tie a version to what made it."""
    commit, dirty = git_commit(root)
    preset = read_json(root / MODEL / "model.json").get("preset", UNKNOWN)
    told = style_of(root).data
    return {
        FINGERPRINT: fingerprint(root),
        "git.commit": commit + " with changes" * (dirty == "true"),
        DATA: data_md5(root, MODEL),
        MADE: directory_md5(root / MODEL),
        SOURCES: ", ".join(sources(root)),
        PRESET: str(preset),
        STOPPED: stopped_by(root),
    } | ({TOLD: told} if told else {})


def params_of(root: Path, *blocks: str) -> dict[str, str]:
    """The parameters in blocks of ``params.yaml`` that shape a model, as a run shows them."""
    path = settings.params_path(root)
    params: dict[str, str] = {}
    for name in blocks:
        values = settings.load(BLOCKS[name], name, path).model_dump(mode="json")
        if values.get("preset") == "unet":
            values.pop("chorale")  # sizes of the other networks
        if "sources" in values:
            values["sources"] = ", ".join(
                f"{one['kind']} {one['path']}" for one in values["sources"]
            )
        for block in _TOGETHER & values.keys():
            values[block] = ", ".join(f"{key} {value}" for key, value in values[block].items())
        params |= {key: str(value) for key, value in flatten(values, name).items()}
    shown = (name for name in params if not name.startswith(_LEFT_OUT))
    return {name: params[name] for name in shown if (name, params[name]) not in _UNLIMITED}


def fingerprint(root: Path) -> str:
    """The hash of the generator and of its evaluation: the same for the same inputs."""
    made = directory_md5(root / MODEL).encode() + (root / METRICS).read_bytes()
    return hashlib.sha256(made).hexdigest()


def file_md5(path: Path) -> str:
    """DVC's hash of a file."""
    return hashlib.md5(path.read_bytes()).hexdigest()


def directory_md5(folder: Path) -> str:
    """DVC's hash of a folder."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    entries = [
        {"md5": file_md5(path), "relpath": name}
        for name, path in sorted(files.items())
        if path.is_file()
    ]
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode()).hexdigest() + ".dir"


def data_md5(root: Path, made: Path) -> str:
    """DVC's hash of the data behind what was `made`, a file or a folder, from ``dvc.lock``.

    Unknown without a lock file, and where the lock file is of something else.
    """
    path = root / made
    try:
        own = file_md5(path) if path.is_file() else directory_md5(path)
        stages = _locked(root)
        outs = {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", ())}
        read = {dep["path"]: dep["md5"] for stage in stages for dep in stage.get("deps", ())}
    except (OSError, yaml.YAMLError, LookupError, TypeError, AttributeError):
        return UNKNOWN
    return str(read.get("data", UNKNOWN)) if outs.get(made.as_posix()) == own else UNKNOWN


def _locked(root: Path) -> list[dict[str, Any]]:
    """What ``dvc.lock`` says of each stage that runs in the folder `root`."""
    lock, ending = root / "dvc.lock", ""
    if settings.repository(root) != root.absolute():
        lock, ending = root.parent / "dvc.lock", f"@{root.name}"
    stages = yaml.safe_load(lock.read_text())["stages"]
    return [stage for name, stage in stages.items() if name.endswith(ending)]


def git_commit(root: Path) -> tuple[str, str]:
    """The commit of the working tree, and whether what shapes a model differs: true or false.

    Both are unknown without git, and where the pipeline is not under version control.
    """
    answers = []
    repository, params = settings.repository(root), settings.params_path(root.absolute())
    style = [params.relative_to(repository).as_posix()]
    style += [style[0].replace(".yaml", ".dvc")] if repository != root.absolute() else []
    for command in (
        ["ls-files", "--error-unmatch", style[0]],
        ["rev-parse", "HEAD"],
        ["status", "--porcelain", "--", *_SHAPING, *style],
    ):
        try:
            done = subprocess.run(
                ["git", *command],
                cwd=repository,
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            )
        except (OSError, subprocess.SubprocessError):
            return UNKNOWN, UNKNOWN
        answers.append(done.stdout.strip())
    return answers[1], str(bool(answers[2])).lower()
