"""Run it all on one machine: Prefect, MLflow, the front page, and the flows with their schedules.

``make serve`` runs this. It ends with Ctrl-C or SIGTERM, and then with all that it started.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kantor import settings
from kantor.errors import SetupError
from kantor.service.service import Service, run

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Serve this repository; 1 and one line where that cannot be done."""
    settings.quiet()
    try:
        run(Service.from_environment(ROOT), lambda line: print(line, flush=True))
    except SetupError as error:
        print(f"serve: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
