"""The music of a batch under names that people know: ``music/ode_to_joy.mid``.

Compositions lie in a store, by their keys, so that each is there once. A batch's folder has them as
links to the same files (copies where the disk knows no links): it can be moved and sent as it is.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

from kantor import files
from kantor.batch import page
from kantor.batch.settings import COMPOSED, REUSED
from kantor.compose import outputs

MUSIC = "music"
_TAKE = re.compile(r"-take(\d+)\.(\w+)$")


def placed(
    out: Path, folder: Path, rows: Iterable[dict[str, Any]], record: page.Recorder, recorded: int
) -> Iterator[dict[str, Any]]:
    """Rows of the ledger, each with the `names` of its files in the batch's `folder`.

    Parameters
    ----------
    out
        The folder of the results, which holds the store.
    recorded
        How many compositions get a recording, if there is no sound among their files.
    """
    music = folder / MUSIC
    shutil.rmtree(music, ignore_errors=True)  # of a call that was stopped
    names = Names()
    for row in rows:
        row["names"] = []
        if row.get("files"):
            music.mkdir(parents=True, exist_ok=True)
            row["names"] = _linked(out, music, row, names.of(row["source"]))
            if recorded > 0 and not any(name.endswith(page.SOUNDS) for name in row["names"]):
                row["names"] += _recording(record(row["files"][0][0]).result(), folder, row)
            recorded -= 1
        yield row


def keeping(
    rows: Iterable[dict[str, Any]], good: list[dict[str, Any]], most: int
) -> Iterator[dict[str, Any]]:
    """The rows as they come; the first of them that are composed are kept in `good`."""
    for row in rows:
        if row["status"] in (COMPOSED, REUSED) and len(good) < most:
            good.append(row)
        yield row


class Names:
    """A safe name for each melody, no two alike even where case does not count."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def of(self, source: str) -> str:
        """The name of the file `source` without its ending; the second of one name gets a 2."""
        (own,) = outputs.stems([PurePath(source)])
        name = own
        while self._taken[name.casefold()]:
            self._taken[own.casefold()] += 1
            name = f"{own}-{self._taken[own.casefold()]}"
        self._taken[name.casefold()] += 1
        return name


def _linked(out: Path, music: Path, row: dict[str, Any], stem: str) -> list[str]:
    """Link a composition's files; their names from the batch's folder on."""
    names = []
    for path, _ in row["files"]:
        take, kind = _TAKE.search(path).groups()  # type: ignore[union-attr]
        name = f"{stem}-take{take}.{kind}" if row["takes"] > 1 else f"{stem}.{kind}"
        with suppress(FileNotFoundError):  # deleted by hand meanwhile
            try:
                os.link(out / path, music / name)
            except FileNotFoundError:
                raise
            except OSError:
                shutil.copyfile(out / path, music / name)
            names.append(f"{MUSIC}/{name}")
    return names


def _recording(content: bytes, folder: Path, row: dict[str, Any]) -> list[str]:
    """Write a recording beside the composition's first file; its name, if there is one."""
    if not content or not row["names"]:
        return []
    name = PurePath(row["names"][0]).with_suffix(".mp3").as_posix()
    files.save(folder / name, lambda stream: stream.write(content))
    return [name]
