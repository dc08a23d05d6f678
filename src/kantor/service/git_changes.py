"""``python -m kantor.service.git_changes``: what the pipeline changed in git, why, what to do."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

WRITTEN = ("data.dvc", "dvc.lock", "reports/headline.json", "reports/training/history.csv")
"""What a pass through the pipeline writes of the files that are in git."""
PARAMS = "params.yaml"
STYLES_LOCK = "styles/dvc.lock"
"""What `make style` writes."""
_NAMED = 3  # of what differs


def told(root: Path) -> list[str]:
    """Lines for a person; none where git sees no change, or there is no git."""
    status = _git(root, "status", "--porcelain", "--", *WRITTEN, PARAMS).splitlines()
    files = [line[3:] for line in status]
    changed = [name for name in files if name != PARAMS]
    if not changed and _git(root, "status", "--porcelain", "--", STYLES_LOCK):
        return [f"  To keep what DVC knows of this style: git add {STYLES_LOCK} && git commit"]
    if not changed:
        return []
    return [
        f"  git shows changes in {', '.join(changed)}: {_why(root)}.",
        f"  To keep this result: git add {' '.join(files)} && git commit",
    ]


def _why(root: Path) -> str:
    """What the lock file was made of now and at the last commit."""
    now = _read((root / "dvc.lock").read_text() if (root / "dvc.lock").exists() else "")
    before = _read(_git(root, "show", "HEAD:./dvc.lock"))
    if not before:
        return "the last commit has no dvc.lock"
    names = [name for name in now.keys() | before.keys() if now.get(name) != before.get(name)]
    names.sort(key=lambda name: ("/" in name, name))  # parameters first
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"since the last commit {', '.join(names[:_NAMED])}{more} changed"
    return (
        "parameters, data and code are those of the last commit, but on another processor the same "
        "training rounds otherwise and ends with other weights"
    )


def _read(text: str) -> dict[str, Any]:
    """What goes into the stages of a lock file from outside: parameters, files, commands."""
    try:
        stages: Mapping[str, Any] = yaml.safe_load(text)["stages"]
    except (yaml.YAMLError, LookupError, TypeError):
        return {}
    made = {out["path"] for stage in stages.values() for out in stage.get("outs", ())}
    read: dict[str, Any] = {}
    for name, stage in stages.items():
        read[f"the command of {name}"] = stage["cmd"]
        for values in stage.get("params", {}).values():
            read |= _flat(values)
        for dep in stage.get("deps", ()):
            path = dep["path"]
            if not any(_within(out, path) or _within(path, out) for out in made):
                read[path] = dep.get("md5")
    return read


def _within(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder}/")


def _flat(values: object, prefix: str = "") -> dict[str, Any]:
    if not isinstance(values, Mapping):
        return {prefix: values}
    items = (_flat(value, f"{prefix}.{name}".lstrip(".")) for name, value in values.items())
    return {name: value for one in items for name, value in one.items()}


def _git(root: Path, *command: str) -> str:
    """What git says; nothing where it says no."""
    try:
        done = subprocess.run(
            ["git", *command], cwd=root, capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


if __name__ == "__main__":
    for line in told(Path()):
        print(line)
