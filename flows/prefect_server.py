"""Prefect's server as ``prefect server start`` runs it, answering to known host names only.

The token, where there is one, is asked for below ``/api`` by Prefect itself, as its clients and its
page know how; Prefect would hand out the page to anybody. Who was given it is not asked again.
"""

from __future__ import annotations

import argparse
import sys

from kantor import settings
from kantor.access import Access, AccessError, Guard, serve
from kantor.access_page import LoggedIn

settings.quiet()  # before Prefect reads its settings


def main() -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4200)
    options = parser.parse_args()
    try:
        access = Access.from_environment()
    except AccessError as error:
        print(error, file=sys.stderr)
        return 2

    from prefect.server.api.server import create_app

    app = create_app(final=True)
    page = LoggedIn(app, f"kantor:{access.token}") if access.token else app
    serve(Guard(page, access, own_login="/api"), options.host, options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
