"""Stage `ingest`: raw scores to arrays, a manifest and windows of piano rolls."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from kantor import files, settings, styles
from kantor.data.ingest import ingest
from kantor.errors import InputError, SetupError


def main() -> int:
    """Run the stage; 1 with one line on stderr if it cannot."""
    settings.quiet()
    began = time.monotonic()
    try:
        with files.full_disk_explained():
            params, ensemble = settings.load(settings.Ingest, "ingest"), styles.load_ensemble()
            summary = ingest(params, Path("build"), ensemble)
    except (InputError, SetupError, OSError) as error:
        print(f"ingest: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ingest: stopped; nothing was written by halves", file=sys.stderr)
        return 130
    print(f"ingest: {summary}, {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
