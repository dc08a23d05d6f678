"""A piece or a take as a file to take away."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from kantor.compose.outputs import stems, writer
from kantor.files import save
from kantor.formats.staves import Layout
from kantor.music.score import Flags
from kantor.studio.document import Piece
from kantor.studio.pdf import pdf_of
from kantor.studio.score_svg import pages
from kantor.studio.scores import score_of
from kantor.studio.workroom import Workroom

Kind = Literal["mid", "musicxml", "wav", "mp3", "ogg", "svg", "pdf", "png"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MEDIA: dict[Kind, str] = {
    "mid": "audio/midi",
    "musicxml": "application/vnd.recordare.musicxml+xml",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "png": "image/png",
}
SOUNDS = ("wav", "mp3", "ogg")
_LIMIT = 900.0  # seconds; an hour of music takes a good part of them
_IDLE = 15.0  # seconds; sound needs much memory
_SHEET = (2100, 2970)


def name_of(piece: Piece, kind: Kind, take: int | None) -> str:
    """A file's name: the title, made safe, and the number of the take."""
    (stem,) = stems([Path(piece.title.replace("/", "_") + ".piece")])
    return f"{stem}{f'-take{take}' if take else ''}.{kind}"


def export(piece: Piece, kind: Kind, path: Path, layout: Layout = "open", credit: str = "") -> None:
    """Write a piece as a file.

    Scores and MIDI hold every line. Sound is mixed as in the page: without lines that are muted,
    and those beside one that plays alone.

    Parameters
    ----------
    credit
        What the first page of a score says beside the composer.

    Raises
    ------
    InputError
        If it cannot be written in that form, such as more than 70 minutes of sound.
    """
    score = score_of(piece)
    if kind in ("svg", "pdf"):
        sheets = pages(score, layout, credit)
        data = pdf_of(sheets, score.title) if kind == "pdf" else joined(sheets).encode()
        save(path, lambda file: file.write(data))
        return
    writer(kind, given_of(piece), layout, gains_of(piece))(score, path)


def gains_of(piece: Piece) -> tuple[float, ...]:
    """How loud each line is, as the mix has it: 0 where it is not heard."""
    alone = any(line.solo for line in piece.lines)
    return tuple(
        0.0 if line.muted or (alone and not line.solo) else line.volume for line in piece.lines
    )


def given_of(piece: Piece) -> Flags:
    """Which cells were given, ``(time, line) bool``."""
    given = np.zeros((piece.steps, len(piece.lines)), bool)
    for index, line in enumerate(piece.lines):
        for start, end in line.given:
            given[start:end, index] = True
    return given


def joined(sheets: list[str]) -> str:
    """Pages one below the other, as one SVG."""
    if len(sheets) == 1:
        return sheets[0]
    width, height = _SHEET
    placed = [
        sheet.replace("<svg ", f'<svg y="{at * height}" width="{width}" height="{height}" ', 1)
        for at, sheet in enumerate(sheets)
    ]
    size = f'viewBox="0 0 {width} {height * len(sheets)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(placed)}</svg>'


class Exporter:
    """Exports in a process of its own, one piece after the other."""

    def __init__(self) -> None:
        self._room = Workroom("exporting", "kantor.studio.exporting", _LIMIT, _IDLE)

    async def file(self, piece: Piece, kind: Kind, layout: Layout, credit: str) -> Path:
        """A file in a folder of its own, which the caller removes.

        Raises as `export` and `Workroom.call` do.
        """
        folder = Path(tempfile.mkdtemp(prefix="kantor-export-"))
        path = folder / f"piece.{kind}"
        try:
            await self._room.call(export, piece, kind, path, layout, credit)
        except BaseException:
            removed(path)
            raise
        return path

    def close(self) -> None:
        """End the process."""
        self._room.close()


def removed(path: Path) -> None:
    """Remove an exported file and its folder."""
    path.unlink(missing_ok=True)
    path.parent.rmdir()
