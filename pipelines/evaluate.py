"""Stage `evaluate`: compose to every held-out melody, measure it, write the report."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from kantor import files, settings, tracking
from kantor.data import corpus
from kantor.errors import InputError, ModelError, SetupError
from kantor.report.evaluation import evaluate
from kantor.styles import style_of

SCORES = Path("build/scores.npz")
MODEL = Path("build/model")
REPORTS = Path("reports")


def main() -> int:
    """Run the stage; 1 with one line on stderr if it cannot."""
    settings.quiet()
    try:
        block = settings.load(settings.Evaluate, "evaluate")
        pieces = corpus.load(SCORES)
        from kantor.compose.composer import load

        model = load(MODEL)
        pieces = tuple(
            replace(piece, score=replace(piece.score, ensemble=model.ensemble)) for piece in pieces
        )
        with files.full_disk_explained(), tracking.tracked("evaluate") as begun:
            begun()
            data = style_of(Path()).data
            figures = evaluate(model.compose, pieces, block, REPORTS, MODEL / "model.json", data)
    except (InputError, ModelError, SetupError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    passed, metrics = (figures["headline"][name] for name in ("metrics_in_range", "metrics"))
    print(
        f"evaluate: {passed} of {metrics} metrics in the range of the real pieces, "
        f"{figures['pieces']} pieces; see {REPORTS / 'report.html'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
