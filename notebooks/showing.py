"""For lesson 8: a temporary folder in which commands are typed, and what they wrote, to show."""

import html
import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from IPython.display import HTML
from lesson import ROOT
from PIL import Image

from kantor.compose.composer import Request
from kantor.compose.from_file import read_request
from kantor.compose.plan import Plan
from kantor.pages import data_url

PICTURES = {
    "studio/start.png": "Studio's first page: record, open a file, an empty piece, go on",
    "studio/takes.png": "Three takes of Ode to Joy, each with a small picture and buttons",
    "studio/published.png": "A published page: title, player, piano roll, score",
}
"""Pictures of the folder docs, with what they show."""


def begin() -> Path:
    """Go to a new temporary folder with some melodies, where the command `kantor` is known."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(ROOT / "docs/melodies", folder / "melodies")
    os.chdir(folder)
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return folder


def picture(name: str) -> HTML:
    """One of `PICTURES`, made smaller."""
    small = Image.open(ROOT / "docs" / name).convert("RGB")
    small.thumbnail((860, 1100))
    small.save(stream := io.BytesIO(), "webp", quality=60)
    data = data_url(stream.getvalue(), "image/webp")
    return HTML(f'<img src="{data}" alt="{PICTURES[name]}">')


def framed(page: Path) -> HTML:
    """A page that Kantor wrote, in a frame: without its players, links and programs."""
    bare = re.sub(r"(?s)<(audio|script)\b.*?</\1>", "", page.read_text())
    bare = html.escape(re.sub(r' href="[^"]*"', "", bare))
    look = "width: 100%; height: 52rem; border: 1px solid #8888"
    inner = f'<iframe sandbox title="The page of a batch" style="{look}" srcdoc="{bare}"></iframe>'
    return HTML(f"<div>{inner}</div>")


def piece(name: str, bars: str = "1") -> Request:
    """A file with all its voices; its mask leaves these bars of the lower ones open."""
    path = next(Path("compositions").glob(name))
    return read_request(path, Plan.parse(given="soprano", composed=bars))
