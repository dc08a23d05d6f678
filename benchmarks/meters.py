"""How pieces of other meters than the corpus's are composed: folk songs, meter by meter.

The chorales are in 4/4 but for some in 3/4. ``python benchmarks/meters.py`` gives songs of each
meter (`tunes`) to the model as anybody would and measures what needs no real lower voices, beside
what the same model makes of the held-out sopranos and beside Bach's own voices.

Conventions
-----------
Figures are means over windows of two bars of 4/4, as in the reference protocol; chords are looked
at on the meter's beats. *Against the meter* are bars of 6/8 in which a lower voice has an onset on
the third and the fifth eighth and none on the fourth, as if in 3/4, and bars of 3/4 in which it has
one in the middle and none on the second and third quarter, as if in 6/8: a share of the bars of the
three lower voices in which the melody does not do the same. A bar of 3/8 is counted as
one beat. Songs of all meters together are grouped by their length and by their pickups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import harness
import numpy as np
import tunes

from kantor.compose import composer
from kantor.compose.composer import Request, compose
from kantor.compose.from_file import read_request
from kantor.data import corpus
from kantor.errors import InputError
from kantor.files import save
from kantor.metrics.cadences import evaluate_phrase_ends
from kantor.metrics.musical import evaluate_windows
from kantor.music.score import Flags, Meter, Score
from kantor.report.composing import melody_mask

Row = dict[str, Any]

TWELVE = {"6/8": ((4, 8), 6), "3/4": ((6,), 4)}
"""Onsets that contradict a bar of twelve steps, and where there is then none."""
BEAT = Meter(3, 8)
LENGTHS = (("up to 8 bars", 0, 8), ("9 to 16 bars", 9, 16), ("more bars", 17, 9_999))
COLUMNS = {
    "pieces": "pieces",
    "pickups": "with a pickup",
    "notes_soprano": "melody's notes per 16 steps",
    "triad_or_seventh": "triad or 7th",
    "semitone_clash": "clash",
    "complete_triads": "complete",
    "parallels": "parallels",
    "crossing": "crossing",
    "notes": "notes per 16 steps, A/T/B",
    "root_position": "ends: root position",
    "of_the_key": "of the key",
    "against": "against the meter",
}


def requests(paths: Sequence[Path]) -> list[Request]:
    """What is asked for each song; what Kantor refuses, most for its range, is left out."""
    requests = []
    for path in paths:
        try:
            requests.append(read_request(path))
        except InputError as error:
            print(error)
    return requests


def chorales(build: Path, meter: str) -> list[Score]:
    """Bach's chorales of the valid and test splits in a meter."""
    held_out = [
        piece.score for piece in corpus.load(build / "scores.npz") if piece.split != "train"
    ]
    return [score for score in held_out if str(score.meter) == meter]


def with_beats(scores: Sequence[Score]) -> list[Score]:
    """Scores in 3/8 in another meter, in which each of their bars is a beat."""
    return [replace(one, meter=Meter(6, 8)) if one.meter == BEAT else one for one in scores]


def measure(scores: Sequence[Score]) -> Row:
    """The figures of one row; NaN where there is nothing to count."""
    scores = with_beats(scores)
    means = evaluate_windows(scores).mean()
    ends = evaluate_phrase_ends(scores).mean()
    lower = [float(means[f"notes_{voice}"]) for voice in ("alto", "tenor", "bass")]
    names = ("triad_or_seventh", "semitone_clash", "complete_triads", "crossing", "notes_soprano")
    return {
        "pieces": len(scores),
        "pickups": float(np.mean([score.pickup > 0 for score in scores])),
        **{name: float(means[name]) for name in names},
        "parallels": float(means["parallel_fifths"] + means["parallel_octaves"]),
        "notes": lower,
        "root_position": float(ends["root_position"]),
        "of_the_key": float(ends["of_the_key"]),
        "against": against(scores),
    }


def against(scores: Sequence[Score]) -> float:
    """Share of the lower voices' bars whose onsets contradict the meter, see above."""
    contrary_moves: list[bool] = []
    for score in scores:
        if str(score.meter) not in TWELVE:
            continue
        contrary_steps, meant = TWELVE[str(score.meter)]
        for line in score.bar_lines:
            bar = score.onsets[line : line + 12]
            if len(bar) == 12:
                contrary = bar[list(contrary_steps)].all(axis=0)
                contrary &= ~_meant(bar, meant, len(contrary_steps))
                if not contrary[0]:
                    contrary_moves += contrary[1:].tolist()
    return float(np.mean(contrary_moves)) if contrary_moves else float("nan")


def _meant(bar: Flags, step: int, count: int) -> Flags:
    """Whether each voice has an onset where the meter has its beats."""
    places = [step] if count > 1 else [step, 2 * step]
    return np.asarray(bar[places].any(axis=0), bool)


def table(model: Any, folder: Path, count: int, seed: int, build: Path) -> dict[str, Row]:
    """Every row by its name."""
    rows: dict[str, Row] = {}

    def add(name: str, scores: Sequence[Score]) -> None:
        if scores:
            rows[name] = measure(scores)
            print(line(name, rows[name]), flush=True)

    def composed(asked: Sequence[Request]) -> list[Score]:
        return [takes[0] for takes in compose(asked, model, seed)]

    print(head())
    for meter in ("4/4", "3/4"):
        real = chorales(build, meter)
        add(f"Bach, {meter}", real)
        add(f"his sopranos, {meter}", composed([Request(one, melody_mask(one)) for one in real]))
    made: list[Score] = []
    for meter in tunes.METERS:
        asked = requests(tunes.of_meter(folder, meter, count, seed))
        scores = composed(asked)
        add(meter, scores)
        made += scores
    bars = [len(score.bar_lines) for score in made]
    for name, low, high in LENGTHS:
        add(name, [one for one, many in zip(made, bars, strict=True) if low <= many <= high])
    add("with a pickup", [score for score in made if score.pickup])
    add("without", [score for score in made if not score.pickup])
    return rows


def head() -> str:
    """The first two lines of the table."""
    return f"| meter | {' | '.join(COLUMNS.values())} |\n|{'---|' * (len(COLUMNS) + 1)}"


def line(name: str, row: Row) -> str:
    """A row of the table."""
    return f"| {name} | {' | '.join(_cell(column, row[column]) for column in COLUMNS)} |"


def _cell(column: str, value: Any) -> str:
    if column == "pieces":
        return f"{value}"
    if column == "pickups":
        return f"{value:.0%}"
    digits = 1 if column.startswith("notes") else 2 if column == "parallels" else 3
    values = value if isinstance(value, list) else [value]
    return "/".join("–" if np.isnan(one) else f"{one:.{digits}f}".lstrip("0") for one in values)


DRAWN = (
    "triad_or_seventh", "semitone_clash", "complete_triads",
    "parallels", "root_position", "against",
)  # fmt: skip


def draw(rows: Mapping[str, Row], path: Path) -> None:
    """One panel a metric, a bar a meter; Bach's own voices grey, the chorales' sopranos pale."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(rows)
    colours = [
        "0.6" if name.startswith("Bach") else "#9ecae1" if name.startswith("his") else "#0072B2"
        for name in names
    ]
    figure = Figure(figsize=(11, 6.5), layout="constrained")
    FigureCanvasAgg(figure)
    for place, column in enumerate(DRAWN):
        axes = figure.add_subplot(2, 3, place + 1)
        axes.barh(names, [rows[name][column] for name in names], color=colours)
        axes.invert_yaxis()
        axes.set_title(COLUMNS[column], fontsize=10)
        axes.tick_params(labelsize=8, labelleft=place % 3 == 0)
        axes.spines[["top", "right"]].set_visible(False)
    save(path, lambda file: figure.savefig(file, format="png", dpi=90))


def main() -> int:
    """Print the table and draw it."""
    build = harness.ROOT / "build"
    parser = harness.parser(__doc__)
    parser.add_argument("--build", type=Path, default=build, help="with model/ in it")
    parser.add_argument("--songs", type=Path, default=build / "songs", help="a cache")
    parser.add_argument("--count", type=harness.positive, default=150, help="songs of a meter")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--picture", type=Path, default=build / "meters.png")
    asked = parser.parse_args()
    model = composer.load(asked.build / "model")
    rows = table(model, asked.songs, asked.count, asked.seed, asked.build)
    draw(rows, asked.picture)
    return 0


if __name__ == "__main__":
    harness.main(main, "meters")
