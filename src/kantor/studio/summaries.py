"""What a list of pieces shows of each, read again only where a piece has changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ValidationError

from kantor.errors import one_line
from kantor.music.score import Key
from kantor.studio.document import Piece

Stamp = tuple[int, int, int]


class PieceSummary(BaseModel):
    """A piece in a list."""

    id: str
    title: str
    created: str
    changed: str
    bars: int
    meter: str
    key: str
    takes: int
    kind: str  # what it was made from
    fault: str = ""  # why it cannot be opened, and what to do


class Summaries:
    """The summaries that were made, by the folders of their pieces."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Stamp, PieceSummary]] = {}

    def of(self, folders: Iterable[Path], search: str) -> list[PieceSummary]:
        """Those of some folders whose titles have `search` in them, the last changed first."""
        wanted = search.strip().casefold()
        found = [one for folder in folders if (one := self._of(folder))]
        shown = [one for one in found if wanted in one.title.casefold()]
        return sorted(shown, key=lambda one: one.changed, reverse=True)

    def _of(self, folder: Path) -> PieceSummary | None:
        file, takes = folder / "piece.json", folder / "takes"
        try:
            state = file.stat()
            count = len(list(takes.glob("take-*.json"))) if takes.is_dir() else 0
            stamp = (state.st_mtime_ns, state.st_size, count)
            known = self._known.get(folder)
            if known is None or known[0] != stamp:
                known = self._known[folder] = stamp, _summary(folder, file.read_bytes(), count)
        except OSError:  # deleted meanwhile
            self._known.pop(folder, None)
            return None
        return known[1]


def _summary(folder: Path, data: bytes, takes: int) -> PieceSummary:
    try:
        piece = Piece.model_validate_json(data)
    except ValidationError as error:
        title = _title(data) or folder.name
        what = one_line(error.errors()[0]["msg"], 100)
        fault = f"{folder.name}/piece.json is damaged ({what}); put a copy back, or delete it"
        return PieceSummary(
            id=folder.name,
            title=title,
            created="",
            changed="",
            bars=0,
            meter="",
            key="",
            takes=takes,
            kind="",
            fault=fault,
        )
    return PieceSummary(
        id=piece.id,
        title=piece.title,
        created=piece.created,
        changed=piece.changed,
        bars=len(piece.bar_lines) or 1,
        meter=piece.meter,
        key=Key(piece.key.fifths, piece.key.mode).name,
        takes=takes,
        kind=piece.source.kind,
    )


def _title(data: bytes) -> str:
    """The title of a damaged piece, if that can be read."""
    try:
        return one_line(str(json.loads(data)["title"]))
    except (ValueError, KeyError, TypeError):
        return ""
