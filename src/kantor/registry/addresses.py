"""Where MLflow's pages show a model and its versions; its start page is about other things."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from kantor.registry.store import RECEIPT, model_name


def model_page(mlflow: str, root: Path) -> str:
    """The page of the repository's model; of all runs, while nothing is registered.

    `mlflow` is the address of MLflow's server.
    """
    if not (root / RECEIPT).is_file():
        return f"{mlflow}/#/experiments?workflowType=machine_learning"
    return f"{mlflow}/#/models/{quote(model_name(root), safe='')}"


def version_page(mlflow: str, model: str, version: int) -> str:
    """The page of a version."""
    return f"{mlflow}/#/models/{quote(model, safe='')}/versions/{version}"
