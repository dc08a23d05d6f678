"""Publishing from Studio: jobs that go on in the background, and what was published of a piece.

Recording and engraving take a process of their own; sending does not keep the server from others.
What happens is told as the event ``publication``. What was published is kept in the piece's
``publications.json``.
"""

from __future__ import annotations

import asyncio
import pickle
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field, StringConstraints

from kantor import publishing
from kantor.errors import InputError, SetupError, one_line
from kantor.music.score import Score
from kantor.publishing import Publication, Published, Target
from kantor.studio.document import Piece, Strict, now
from kantor.studio.document_files import read, write
from kantor.studio.events import Events
from kantor.studio.exporting import gains_of, given_of
from kantor.studio.problems import Problem
from kantor.studio.score_svg import engrave
from kantor.studio.scores import score_of
from kantor.studio.store import Store
from kantor.studio.workroom import Workroom

FILE, LIST = "published.html", "publications.json"
MOST = 6  # publications under way at once
SOON = 1.0  # seconds after which a request is answered before its job is done
_SLOWEST = 600.0  # seconds for a recording
_BARS, _WIDTH, _MARGIN = 32, 1000, 24  # of one picture of the score; pixels

TargetName = Literal["page", "gallery", "soundcloud"]


class Record(Strict):
    """A publication of a piece: under way, failed, or where it is."""

    id: str
    piece: str
    target: TargetName
    state: Literal["running", "done", "failed"] = "running"
    at: str
    title: Annotated[str, StringConstraints(max_length=200)] = ""
    doing: str = ""  # while it is under way
    done: Annotated[int, Field(ge=0)] = 0
    total: Annotated[int, Field(ge=0)] = 0  # 0: it is not known how much there is to do
    url: str = ""  # opens it
    file: str = ""  # where it lies, for a person
    place: str = ""  # the address of the gallery, without its secret
    detail: str = ""


class Records(Strict):
    """What was published of a piece, the newest first."""

    publications: Annotated[list[Record], Field(default_factory=list)]


@dataclass
class Publishing:
    """The publications that are under way."""

    root: Path
    store: Store
    events: Events

    def __post_init__(self) -> None:
        self._room = Workroom("publishing", "kantor.studio.publication_jobs", _SLOWEST)
        self._jobs: dict[str, tuple[Record, asyncio.Task[Record]]] = {}
        self._last = "", b""  # what was recorded last, and its sound

    async def begin(
        self, piece: Piece, publication: Publication, target: Target, place: str = ""
    ) -> Record:
        """Publish; how it ended if that was soon, else how it stands.

        Raises
        ------
        Problem
            429 if too many are under way.
        InputError, SetupError
            As the target does, if that was soon.
        """
        if len(self._jobs) >= MOST:
            raise Problem(429, "too many publications are under way; wait for one of them")
        name: Any = target.name
        record = Record(
            id=secrets.token_hex(8),
            piece=piece.id,
            target=name,
            at=now(),
            title=piece.title,
            place=place,
        )
        task = asyncio.create_task(self._job(record, piece, publication, target))
        self._jobs[record.id] = record, task
        task.add_done_callback(lambda _: self._jobs.pop(record.id))
        done, _ = await asyncio.wait([task], timeout=SOON)
        return task.result() if done else record

    async def _job(
        self, record: Record, piece: Piece, publication: Publication, target: Target
    ) -> Record:
        loop = asyncio.get_running_loop()

        def tell(doing: str, done: int, total: int) -> None:
            told = record.doing, total and 50 * record.done // total
            record.doing, record.done, record.total = doing, done, total
            if told != (doing, total and 50 * done // total):
                self.events.publish("publication", record.model_dump())

        def record_sound(score: Score, kind: str) -> bytes:
            call = self._recording(score, kind, gains_of(piece))
            return asyncio.run_coroutine_threadsafe(call, loop).result()

        try:
            if target.name != "soundcloud":
                tell("engraving", 0, 0)
                with suppress(Problem, InputError, ImportError):  # then the roll stands alone
                    sheets = await self._room.call(sheets_of, publication.score)
                    publication = replace(publication, pages=sheets)
            publication = replace(publication, record=record_sound)
            published = await asyncio.to_thread(target.publish, publication, tell)
            await asyncio.to_thread(self._keep, record, published)
        except Exception as error:
            known = isinstance(error, InputError | SetupError | Problem)
            fault = str(error) if known else f"Kantor's own fault ({type(error).__name__})"
            record.state, record.detail = "failed", one_line(fault, 400)
            self.events.publish("publication", record.model_dump())
            raise
        self.events.publish("publication", record.model_dump())
        return record

    async def _recording(self, score: Score, kind: str, gains: tuple[float, ...]) -> bytes:
        """Its sound; the last one is kept, for who publishes a piece in several places."""
        mark = sha256(pickle.dumps((score, kind, gains))).hexdigest()
        known, sound = self._last
        if known != mark:
            sound = await self._room.call(publishing.recorded, score, kind, gains)
            self._last = mark, sound
        return sound

    def _keep(self, record: Record, published: Published) -> None:
        """Write down where it is; the same place stands there once."""
        file = published.file
        record.state, record.doing, record.detail = "done", "", published.detail
        record.url, record.file = published.url, str(file or "")
        if file is not None:
            file = file.resolve()
            served = (self.root / "compositions").resolve()
            if not record.url and file.is_relative_to(served):
                record.url = f"/compositions/{quote(file.relative_to(served).as_posix())}"
            if file.is_relative_to(self.root.resolve()):
                record.file = file.relative_to(self.root.resolve()).as_posix()
        with self.store.lock(record.piece) as folder:
            place = record.target, record.place, record.url, record.file
            others = [
                one
                for one in self.kept(record.piece)
                if (one.target, one.place, one.url, one.file) != place
            ]
            write(folder / LIST, Records(publications=[record, *others]))
        self.store.note(record.piece, f"published: {record.target}")

    def kept(self, id: str) -> list[Record]:
        """What was published of a piece, the newest first; 404 if there is no such piece."""
        path = self.store.folder(id) / LIST
        return read(path, Records).publications if path.exists() else []

    def running(self, id: str) -> list[Record]:
        """What is being published of a piece."""
        return [record for record, _ in self._jobs.values() if record.piece == id]

    def drop(self, id: str, record: Record) -> None:
        """Take a publication out of a piece's list."""
        with self.store.lock(id) as folder:
            left = [one for one in self.kept(id) if one.id != record.id]
            write(folder / LIST, Records(publications=left))

    def close(self) -> None:
        """End the process; what is under way is dropped."""
        self._room.close()


def publication_of(piece: Piece, model: str, data: str, description: str) -> Publication:
    """A piece as it is published; raises as `score_of` does."""
    words = description.strip()
    return Publication(piece.id, piece.title, score_of(piece), given_of(piece), model, data, words)


def sheets_of(score: Score) -> tuple[str, ...]:
    """Pictures of the score, so many bars on each."""
    starts = [0, *score.bar_lines[_BARS::_BARS].tolist()]
    ends = [*starts[1:], score.steps]
    return tuple(
        _with_margin(engrave(score, start, end, _WIDTH))
        for start, end in zip(starts, ends, strict=True)
    )


def _with_margin(svg: str) -> str:
    """A picture with room for names that are wider in the reader's font than Verovio's."""
    svg = svg.replace(f'viewBox="0 0 {_WIDTH} ', f'viewBox="-{_MARGIN} 0 {_WIDTH + _MARGIN} ', 1)
    return svg.replace('class="definition-scale"', 'class="definition-scale" overflow="visible"', 1)
