"""Repositories in which a training takes no time: a stand-in for DVC, the real parameters."""

import json
import shutil
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def prepare(root, **plan):
    """Put the stand-in and the real ``params.yaml`` (with a short training) into a repository."""
    root.mkdir(exist_ok=True)
    shutil.copy(Path(__file__).with_name("stand_in_dvc.py"), root / "dvc.py")
    shutil.copy(ROOT / "params.yaml", root / "params.yaml")
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": {}, "ingest": {}}}))
    (root / "data/jsb").mkdir(parents=True)
    (root / "data/jsb/one.mxl").touch()
    shutil.rmtree(root / "reports/training", ignore_errors=True)
    plan_for(root, **plan)
    return root


def plan_for(root, **plan):
    """What the stand-in shall do."""
    (root / "plan.json").write_text(json.dumps(plan))
