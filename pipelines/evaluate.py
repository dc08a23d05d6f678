"""DVC stage `evaluate`: compose under every held-out soprano, measure it, write the report."""

from __future__ import annotations

import sys
from pathlib import Path

from kantor import settings
from kantor.data import corpus
from kantor.music.score import ScoreError
from kantor.report.evaluation import evaluate

SCORES = Path("build/scores.npz")
MODEL = Path("build/model")
REPORTS = Path("reports")


def main() -> None:
    """Run the stage in the current folder, the repository's root."""
    settings.quiet()
    block = settings.load(settings.Evaluate, "evaluate")
    pieces = corpus.load(SCORES)
    from kantor.model import generator

    model = generator.load(MODEL)
    evaluate(model.compose, pieces, block, REPORTS, MODEL / "model.json")


if __name__ == "__main__":
    try:
        main()
    except (ScoreError, settings.SettingsError) as error:
        sys.exit(f"evaluate: {error}")
