"""Where the flows find the repository; imported before Prefect, which is kept quiet."""

from pathlib import Path

from kantor import settings

settings.quiet()  # before Prefect reads its settings

ROOT = Path(__file__).resolve().parents[1]
PARAMS = ROOT / "params.yaml"
