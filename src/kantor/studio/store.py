"""Pieces as files: one folder a piece in ``compositions/studio/``, readable without Kantor.

``piece.json`` is the piece, ``takes/take-0001.json`` a take of it. ``piece.mid``,
``piece.musicxml`` and the takes' MIDI files follow in the background (`kantor.studio.piece_files`).
``source.*`` and ``recording.*`` are what it was made from, and never change. Deleted pieces lie
in ``.bin/``.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from kantor.files import sweep
from kantor.studio.document import ID_PATTERN, Event, Piece, Take, new_id, now
from kantor.studio.document_files import joined, missing, read, write, write_bytes
from kantor.studio.piece_files import Written
from kantor.studio.problems import Problem
from kantor.studio.summaries import PieceSummary, Summaries

BIN = ".bin"
_PIECE = "piece.json"
_TAKE = "take-{:04}.json"


class Store:
    """The pieces of a repository; every method may be called from any thread."""

    def __init__(self, root: Path) -> None:
        self.root, self.bin = root, root / BIN
        self._locks: dict[str, threading.RLock] = {}
        self._guard = threading.Lock()
        self._summaries = Summaries()
        self._written = Written(self)

    def start(self) -> None:
        """Write what a Studio that was killed has left to write, in the background."""
        for folder in self._folders(self.root):
            sweep(folder)
            piece, midi = folder / _PIECE, folder / "piece.mid"
            if not midi.exists() or midi.stat().st_mtime < piece.stat().st_mtime:
                self._written.soon(folder.name)

    def close(self) -> None:
        """Write what is still to be written; a write after this one is written at once."""
        self._written.close()

    def folder(self, id: str) -> Path:
        """Where a piece's files are.

        Raises
        ------
        Problem
            404 if there is no such piece.
        """
        return self._folder(self.root, id)

    @contextmanager
    def lock(self, id: str) -> Iterator[Path]:
        """Let nobody else change a piece meanwhile; its folder. Raises as `folder` does."""
        self.folder(id)
        with self._guard:
            lock = self._locks.setdefault(id, threading.RLock())
        with lock:
            yield self.folder(id)

    def get(self, id: str, revision: int | None = None) -> Piece:
        """A piece.

        Raises
        ------
        Problem
            404 if there is none, 412 if it is no longer at `revision`, 500 if its file is damaged.
        """
        piece = read(self.folder(id) / _PIECE, Piece)
        if revision is not None and piece.revision != revision:
            raise Problem(
                412,
                "the piece was changed elsewhere meanwhile; open it again "
                f"(it is at revision {piece.revision}, not {revision})",
                revision=piece.revision,
            )
        return piece

    def save(self, piece: Piece, revision: int) -> Piece:
        """Keep a piece that was made from `revision`; the piece as it is kept, one revision on.

        Its history only grows: lines that the new piece lacks are kept.

        Raises
        ------
        Problem
            As `get` does.
        """
        with self.lock(piece.id) as folder:
            before = self.get(piece.id, revision)
            history = joined(before.history, piece.history)
            kept = piece.model_copy(
                update={
                    "revision": revision + 1,
                    "created": before.created,
                    "changed": now(),
                    "history": history,
                }
            )
            write(folder / _PIECE, kept)
        self._written.soon(piece.id)
        return kept

    def create(self, piece: Piece, files: Mapping[str, bytes] | None = None) -> Piece:
        """Keep a new piece, with the files that it was made from by their names."""
        folder = self.root / f".{piece.id}"
        folder.mkdir(parents=True)
        for name, data in (files or {}).items():
            write_bytes(folder / name, data)
        write(folder / _PIECE, piece)
        folder.rename(self.root / piece.id)
        self._written.soon(piece.id)
        return piece

    def note(self, id: str, what: str) -> None:
        """Add a line to a piece's history; its revision stays."""
        with self.lock(id) as folder:
            piece = self.get(id)
            history = joined(piece.history, [Event(at=now(), what=what[:300])])
            write(folder / _PIECE, piece.model_copy(update={"history": history}))

    def takes(self, id: str) -> list[Take]:
        """A piece's takes, the oldest first; raises as `get` does."""
        files = sorted((self.folder(id) / "takes").glob("take-*.json"))
        return [read(file, Take) for file in files]

    def take(self, id: str, number: int) -> Take:
        """One take of a piece; raises as `get` does."""
        file = self.folder(id) / "takes" / _TAKE.format(number)
        if not file.is_file():
            raise Problem(404, f"the piece has no take {number}")
        return read(file, Take)

    def add_takes(self, id: str, takes: Sequence[Take]) -> list[Take]:
        """Keep takes beside a piece; they come back with their numbers within the piece."""
        with self.lock(id) as folder:
            kept = folder / "takes"
            kept.mkdir(exist_ok=True)
            last = max((int(file.stem[5:]) for file in kept.glob("take-*.json")), default=0)
            numbered = [
                take.model_copy(update={"number": number})
                for number, take in enumerate(takes, last + 1)
            ]
            for take in numbered:
                write(kept / _TAKE.format(take.number), take)
        for take in numbered:
            self._written.soon(id, take.number)
        return numbered

    def listed(self, search: str = "") -> list[PieceSummary]:
        """The pieces whose titles have `search` in them, the last changed first."""
        return self._summaries.of(self._folders(self.root), search)

    def rename(self, id: str, title: str) -> Piece:
        """Give a piece another title; raises as `get` does."""
        with self.lock(id):
            piece = self.get(id)
            return self.save(piece.model_copy(update={"title": title}), piece.revision)

    def duplicate(self, id: str) -> Piece:
        """Another piece with the same content, source and takes; raises as `get` does."""
        with self.lock(id) as folder:
            piece = self.get(id)
            moment, title = now(), f"{piece.title[:190]} (copy)"
            copied = piece.model_copy(
                update={
                    "id": new_id(),
                    "revision": 0,
                    "title": title,
                    "created": moment,
                    "changed": moment,
                    "history": joined(
                        piece.history, [Event(at=moment, what=f"copied from {piece.title}"[:300])]
                    ),
                }
            )
            unfinished = self.root / f".{copied.id}"
            shutil.copytree(folder, unfinished, ignore=shutil.ignore_patterns(".*"))
        write(unfinished / _PIECE, copied)
        unfinished.rename(self.root / copied.id)
        self._written.soon(copied.id)
        return copied

    def remove(self, id: str) -> None:
        """Put a piece into the bin; raises as `folder` does."""
        with self.lock(id) as folder:
            self.bin.mkdir(exist_ok=True)
            folder.rename(self.bin / id)

    def binned(self) -> list[PieceSummary]:
        """The pieces in the bin, the last changed first."""
        return self._summaries.of(self._folders(self.bin), "")

    def restore(self, id: str) -> Piece:
        """Take a piece out of the bin.

        Raises
        ------
        Problem
            404 if it is not there.
        """
        self._folder(self.bin, id).rename(self.root / id)
        self._written.soon(id)
        return self.get(id)

    def erase(self, id: str) -> None:
        """Delete a piece in the bin for good; raises as `restore` does."""
        gone = self._folder(self.bin, id)
        unnamed = gone.rename(self.bin / f".{id}")  # no longer listed, whatever happens meanwhile
        shutil.rmtree(unnamed)

    def _folder(self, within: Path, id: str) -> Path:
        if not _is_id(id) or not (within / id / _PIECE).is_file():
            raise missing()
        return within / id

    def _folders(self, within: Path) -> list[Path]:
        if not within.is_dir():
            return []
        return [one for one in within.iterdir() if _is_id(one.name) and (one / _PIECE).is_file()]


def _is_id(id: str) -> bool:
    return re.fullmatch(ID_PATTERN, id) is not None
