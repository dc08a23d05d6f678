"""Prefect's server as ``prefect server start`` runs it, behind `kantor.service.access.Guard`.

Prefect by itself lets every web page use its API. The token, where there is one, is asked for by
the guard alone: Prefect's own login knows neither bearer tokens nor cookies.
"""

from __future__ import annotations

import argparse
import os
import sys

from kantor import settings
from kantor.errors import SetupError
from kantor.service.access import Access, Guard, serve

settings.quiet()  # before Prefect reads its settings

HEALTH = "/api/health"


def main() -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=4200)
    options = parser.parse_args()
    try:
        access = Access.from_environment()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2

    os.environ["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] = f"http://{access.name}:{options.port}"
    os.environ["PREFECT_SERVER_UI_API_URL"] = "/api"

    from prefect.server.api.server import create_app

    app = create_app(final=True)
    serve(Guard(app, access, open_paths=(HEALTH,)), access.host, options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
