"""MLflow's server on the registry's database: ``python -m kantor.service.mlflow_server``.

The same app as ``mlflow server`` runs, in one process and behind `kantor.service.guard.Guard`.
That command would run it as a child, which outlives it when it is killed.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from starlette.types import ASGIApp

from kantor import settings
from kantor.files import private_file
from kantor.registry.store import ARTIFACTS, DATABASE, URI_VARIABLE, find_root, lost, missing
from kantor.service.access import Access
from kantor.service.guard import serve

HEALTH = "/health"


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    options = parser.parse_args(arguments)
    return serve(lambda access: _app(find_root(), access, options.port), options.port, HEALTH)


def _app(root: Path, access: Access, port: int) -> ASGIApp:
    """MLflow's app, told where its database and files are as ``mlflow server`` would."""
    database = os.environ.get(URI_VARIABLE)
    if not database:
        if lost(root):
            raise missing(root)
        database = f"sqlite:///{root.absolute() / DATABASE}"
        private_file(root / DATABASE)
    settings.quiet()
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    names = [name for host in access.hosts for name in (host, f"{host}:*")]
    os.environ["MLFLOW_SERVER_ALLOWED_HOSTS"] = ",".join(names)
    origins = [f"http://{name}:{port}" for name in access.named]
    if origins:
        os.environ.setdefault("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", ",".join(origins))

    from mlflow.server import constants
    from mlflow.server.handlers import initialize_backend_stores

    files = os.environ.get("MLFLOW_ARTIFACTS_DESTINATION") or str(root.absolute() / ARTIFACTS)
    os.environ |= {
        constants.BACKEND_STORE_URI_ENV_VAR: database,
        constants.REGISTRY_STORE_URI_ENV_VAR: database,
        constants.ARTIFACT_ROOT_ENV_VAR: "mlflow-artifacts:/",
        constants.ARTIFACTS_DESTINATION_ENV_VAR: files,
        constants.SERVE_ARTIFACTS_ENV_VAR: "true",
        "_MLFLOW_SGI_NAME": "uvicorn",
    }
    initialize_backend_stores(database, database, "mlflow-artifacts:/")

    from mlflow.server.fastapi_app import app

    return app  # type: ignore[no-any-return]


if __name__ == "__main__":
    sys.exit(main())
