"""The styles of a repository, each with its champion: what `kantor styles` and pages list."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kantor import styles
from kantor.registry.listing import Listed, listed
from kantor.registry.loaded import GENERATOR
from kantor.registry.store import model_name
from kantor.registry.versions import CHAMPION
from kantor.styles import Style

_SAMPLES = ("*.mp3", "*.wav", "*.mid")


@dataclass(frozen=True)
class Row:
    """A style, and the champion of its model.

    Attributes
    ----------
    folder : Path
        Where what is made for it stands.
    version : int or None
        The champion's number; None where there is none yet.
    info : dict
        The champion's ``model.json``; empty without one, or where its files lie elsewhere.
    size : int
        Bytes of the champion's files.
    """

    name: str
    folder: Path
    style: Style
    version: int | None = None
    info: dict[str, Any] = field(default_factory=dict)
    size: int = 0

    @property
    def lines(self) -> list[str]:
        """The names of the lines that it composes for, as the champion has them."""
        return [line["name"] for line in self.info.get("ensemble", {}).get("lines", ())]

    @property
    def sample(self) -> Path | None:
        """Something to hear that its evaluation composed, if that is there."""
        folder = self.folder / "reports/samples"
        found = (path for pattern in _SAMPLES for path in sorted(folder.glob(pattern)))
        return next(found, None)


def by_style(root: Path) -> list[Row]:
    """Every style of the repository `root`, its own first; raises as `listed` does."""
    champions = {one.name: one for one in listed(root) if CHAMPION in one.aliases}
    rows = []
    for name in (styles.own_name(root), *styles.names(root)):
        folder = styles.folder_of(root, name)
        about, champion = styles.listed_style(folder), champions.get(model_name(folder))
        rows.append(_row(name, folder, about, champion))
    return rows


def _row(name: str, folder: Path, about: Style, champion: Listed | None) -> Row:
    if champion is None:
        return Row(name, folder, about)
    files, info, size = champion.folder and champion.folder / GENERATOR, {}, 0
    if files is not None and (files / "model.json").is_file():
        info = json.loads((files / "model.json").read_text())
        size = sum(path.stat().st_size for path in files.rglob("*") if path.is_file())
    return Row(name, folder, about, champion.version, info, size)
