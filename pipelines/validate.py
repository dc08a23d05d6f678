"""Stage `validate`: check the manifest and the tensors before a model learns from them."""

from __future__ import annotations

import sys
from pathlib import Path

from kantor import files, settings, styles
from kantor.data import windows
from kantor.data.checks.run import validate
from kantor.data.checks.tables import measure, read_manifest
from kantor.errors import InputError, SetupError


def main() -> int:
    """Run the stage; 1 with one line on stderr if it cannot, and for each check that failed."""
    settings.quiet()
    try:
        ingest = settings.load(settings.Ingest, "ingest")
        limits = settings.load(settings.Validate, "validate").of(ingest.sources)
        steps = ingest.windows.steps
        ensemble = styles.load_ensemble()
        manifest = read_manifest(Path("build/manifest.csv"))
        tensors = windows.load(Path("build/windows.npz"))
        with files.full_disk_explained():
            tables = measure(tensors, manifest, steps, limits, ensemble)
            outcomes = validate(tables, limits, steps, Path("reports"))
    except (InputError, SetupError, OSError) as error:
        print(f"validate: {error}", file=sys.stderr)
        return 1
    failed = [outcome for outcome in outcomes if outcome.success is False]
    for outcome in failed:
        print(f"validate: {outcome.line}", file=sys.stderr)
    print(f"validate: {len(outcomes) - len(failed)} of {len(outcomes)} checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
