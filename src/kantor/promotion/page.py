"""The page of a comparison: the verdict, the table, the drawing, and both versions to listen to.

A person who must decide opens it from Prefect's form. It is one file and a picture beside it, and
loads nothing else. Each comparison writes it anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kantor import settings
from kantor.data import corpus
from kantor.errors import InputError, ModelError, SetupError
from kantor.files import save
from kantor.pages import template
from kantor.promotion import rendering
from kantor.promotion.comparison import SCORES, ModelComparison
from kantor.registry import load_model
from kantor.report.composing import compose, held_out, spread
from kantor.report.samples import embed, takes_shown

PAGE, PLOT = Path("reports/comparison.html"), Path("reports/comparison.png")
PIECES = 2  # that can be heard
_ROOM = 15_000_000  # bytes that their sound may take


def write(comparison: ModelComparison, root: Path) -> None:
    """Write `PAGE` and `PLOT` into the repository `root`, each whole or not at all.

    The pieces to hear are held out; both versions harmonise their melodies with the seeds of the
    evaluation. Where there are none now, or a version does not load, the page says why.
    """
    rendering.draw(comparison, root / PLOT)
    heard: list[dict[str, Any]] = []
    silent = ""
    try:
        heard = _heard(comparison, root)
    except (InputError, ModelError, SetupError, OSError) as error:
        silent = str(error)
    text = template("kantor.promotion", "comparison.html.j2").render(
        comparison=comparison,
        title=rendering.title(comparison),
        measured=rendering.measured(comparison),
        cells=rendering.comparison_cells(comparison),
        plot=PLOT.name,
        samples=heard,
        silent=silent,
        kinds={
            "challenger": f"Challenger, version {comparison.challenger}",
            "champion": f"Champion, version {comparison.champion}",
            "real": "Real",
        },
    )
    save(root / PAGE, lambda stream: stream.write(f"{text}\n".encode()))


def _heard(comparison: ModelComparison, root: Path) -> list[dict[str, Any]]:
    """What the template shows of a few pieces: challenger, champion and the real setting."""
    evaluate = settings.load(settings.Evaluate, "evaluate", settings.params_path(root))
    pieces = held_out(corpus.load(root / SCORES), evaluate)
    rows = spread(len(pieces), min(PIECES, len(pieces)))
    real, seeds = [pieces[row].score for row in rows], [evaluate.seed + row for row in rows]
    numbers = {"challenger": comparison.challenger, "champion": comparison.champion}
    made = {
        kind: compose(load_model(f"models:/{comparison.name}/{number}", root), real, seeds)
        for kind, number in numbers.items()
    } | {"real": real}
    sounds = iter(embed([score for scores in made.values() for score in scores], _ROOM))
    addressed = {kind: [(score, next(sounds)) for score in scores] for kind, scores in made.items()}
    return [
        takes_shown(
            score.title or pieces[row].id,
            seeds[place],
            {kind: takes[place] for kind, takes in addressed.items()},
        )
        for place, (row, score) in enumerate(zip(rows, real, strict=True))
    ]
