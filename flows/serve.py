"""Run it all on one machine: Studio, Prefect, MLflow, and the flows with their schedules.

``make serve`` runs this. It ends with Ctrl-C or SIGTERM, and then with all that it started.
"""

from __future__ import annotations

import sys

from base import ROOT

from kantor.errors import SetupError
from kantor.service.service import Service, run

if __name__ == "__main__":
    try:
        run(Service.from_environment(ROOT), lambda line: print(line, flush=True))
    except SetupError as error:
        sys.exit(f"serve: {error}")
