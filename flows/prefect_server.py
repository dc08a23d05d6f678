"""Prefect's server as ``prefect server start`` runs it, behind `kantor.service.guard.Guard`.

Prefect by itself lets every web page use its API. The guard alone checks the token, where there is
one: Prefect's own login knows neither bearer tokens nor cookies.
"""

from __future__ import annotations

import argparse
import os
import sys

from starlette.types import ASGIApp

from kantor import settings
from kantor.service.access import Access
from kantor.service.guard import serve


def _app(access: Access, port: int) -> ASGIApp:
    settings.quiet()  # before Prefect reads its settings
    os.environ["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] = f"http://{access.name}:{port}"
    os.environ["PREFECT_SERVER_UI_API_URL"] = "/api"

    from prefect.server.api.server import create_app

    return create_app(final=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=4200)
    port = parser.parse_args().port
    sys.exit(serve(lambda access: _app(access, port), port, "/api/health"))
