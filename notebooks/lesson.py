"""What every lesson needs: to hear and show a score, a budget, and Bach's chorales.

Everything else the lessons take from Kantor itself.
"""

import html
import io
import os
import re
from pathlib import Path

import matplotlib.pyplot as plt
from IPython.display import HTML, Image
from matplotlib.animation import FuncAnimation

from kantor.data import sources
from kantor.data.corpus import Piece
from kantor.errors import InputError
from kantor.formats.audio import mp3_bytes
from kantor.formats.picture import roll_figure
from kantor.music.excerpts import excerpt
from kantor.music.score import Score
from kantor.pages import data_url
from kantor.settings import Source, quiet

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""
BUILD = ROOT / "build"
"""What `make repro` made of the data: scores, windows, the last model."""
SIGNS = {
    "minus": "−", "fast-backward": "|◀", "step-backward": "‹", "play fa-flip-horizontal": "◀",
    "pause": "❚❚", "play": "▶", "step-forward": "›", "fast-forward": "▶|", "plus": "+",
}  # fmt: skip
"""What stands on a film's buttons, by the names that matplotlib has for them."""

os.environ.setdefault("KANTOR_HOME", str(ROOT))  # its registry, wherever the lesson runs
quiet()
plt.rcParams |= {"figure.figsize": (7, 3), "figure.dpi": 100, "axes.spines.top": False}
plt.rcParams |= {"axes.spines.right": False, "font.size": 9, "axes.titlesize": 10}


def budget(full: int, quick: int) -> int:
    """The first number; the second one where tests run the lessons (KANTOR_LESSON_QUICK is set)."""
    return quick if os.environ.get("KANTOR_LESSON_QUICK") else full


def hear(score: Score, caption: str = "") -> HTML:
    """A player for a score, as Kantor sounds it. Keep it short: see `bars`."""
    label = html.escape(caption or score.title or "score", quote=True)
    player = f'<audio controls preload="metadata" aria-label="{label}"'
    player += f' src="{data_url(mp3_bytes(score), "audio/mpeg")}"></audio>'
    said = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return HTML(f'<figure class="hear">{player}{said}</figure>')


def show(score: Score, given=None) -> Image:
    """A score's piano roll as a picture; the cells of the mask `given` are outlined."""
    stream = io.BytesIO()
    roll_figure(score, given).savefig(stream, format="png", dpi=80, metadata={"Software": None})
    return Image(stream.getvalue(), alt=f"Piano roll of {score.title or 'a score'}")


def bars(score: Score, first: int, last: int) -> Score:
    """The whole bars from `first` to `last`, counted from 1, as a score; bar 1 with its pickup."""
    lines = [*score.bar_lines.tolist(), score.steps]
    start = lines[first - 1] if first > 1 else 0
    return excerpt(score, start, lines[min(last, len(lines) - 1)])


def chorales(count: int | None = None) -> list[Piece]:
    """Bach's chorales in ``data/``, or the first `count` of them, each with its score."""
    every = sources.tasks(Source(kind="jsb", path=ROOT / "data" / "jsb"))
    tasks = [task for task in every if task.path.exists()]
    return [piece for task in tasks[:count] for piece in sources.read(task)]


def chorale(name: str) -> Score:
    """One of them by its file's name, such as ``bwv269``."""
    for task in sources.tasks(Source(kind="jsb", path=ROOT / "data" / "jsb")):
        if task.path.stem == name:
            return sources.read(task)[0].score
    raise InputError(f"data/jsb: no chorale {name}; its files have the names that work")


def film(animation: FuncAnimation) -> HTML:
    """A slider over the frames of a matplotlib animation; it asks no other site for its signs."""
    page = re.sub(r"<link[^>]*>", "", animation.to_jshtml(default_mode="once"))
    page = page.replace("<img ", '<img alt="A film, frame by frame" ')
    for name, sign in SIGNS.items():
        page = page.replace(f'<i class="fa fa-{name}"></i>', sign)
    plt.close(animation._fig)
    return HTML(f'<div class="film">{page}</div>')
