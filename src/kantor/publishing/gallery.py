"""A gallery: pages of pieces in a folder or at any address of fsspec, with an index and a feed.

Each piece has ``NAME.html`` (its page), ``NAME.mp3`` (its recording, for the feed), ``NAME.svg``
(its roll, small) and ``NAME.json`` (its `Entry`). ``index.html`` and ``feed.xml`` (Atom, RFC 4287)
are made anew from the entries whenever one comes or goes, so the entries are all that is true.

Publishers do not lose each other's entries: each writes its own, then the index, then looks
whether the entries are still those of the index. On a disk they also wait for each other.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from markupsafe import Markup
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from kantor.errors import InputError, one_line
from kantor.pages import template
from kantor.publishing import NAME, Progress, Publication, Published
from kantor.publishing.page import drawn, make
from kantor.publishing.shelf import Shelf

DEFAULT = "compositions/gallery"
ADDRESS, PUBLIC = "KANTOR_GALLERY", "KANTOR_GALLERY_URL"
"""The variables with the gallery's address, and with that at which others see it, if any."""
_INDEX, _FEED = "index.html", "feed.xml"
_ATTEMPTS = 8  # at an index of entries that change meanwhile
_LONGEST = 400  # characters of a description that index and feed show


class Entry(BaseModel):
    """What index and feed show of a piece, as ``NAME.json`` keeps it."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: Annotated[str, StringConstraints(pattern=f"^{NAME}$")]
    title: Annotated[str, StringConstraints(max_length=300)]
    description: Annotated[str, StringConstraints(max_length=_LONGEST)] = ""
    model: Annotated[str, StringConstraints(max_length=300)] = ""
    published: AwareDatetime
    updated: AwareDatetime
    seconds: Annotated[float, Field(ge=0)]
    recording: Annotated[int, Field(ge=0)] = 0  # bytes of the MP3; 0: there is none

    @property
    def id(self) -> str:
        """The same for the same piece, wherever the gallery is."""
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'kantor:{self.name}')}"

    @property
    def length(self) -> str:
        """Minutes and seconds."""
        minutes, seconds = divmod(round(self.seconds), 60)
        return f"{minutes}:{seconds:02}"


class GalleryTarget:
    """Publish into the gallery at an address; a piece that is there already is replaced.

    Parameters
    ----------
    address
        As `Shelf` takes it.
    public
        Where others see it, such as ``https://example.org/tunes``; else links are relative.
    """

    name = "gallery"

    def __init__(self, address: str, root: Path, public: str = "") -> None:
        self.shelf = Shelf(address, root)
        self.public = public and public.rstrip("/") + "/"

    def publish(self, publication: Publication, progress: Progress) -> Published:
        """Put page, recording and roll there, then make index and feed anew."""
        made = make(publication, progress)
        progress("putting it into the gallery", 0, 0)
        name = publication.name
        with self.shelf.locked():
            before = self._entry(f"{name}.json")
            entry = Entry(
                name=name,
                title=one_line(publication.title) or "Untitled",
                description=one_line(publication.description, _LONGEST),
                model=one_line(publication.model),
                published=before.published if before else publication.date,
                updated=publication.date,
                seconds=made.seconds,
                recording=len(made.recording),
            )
            self.shelf.write(f"{name}.svg", small_roll(publication))
            if made.recording:
                self.shelf.write(f"{name}.mp3", made.recording)
            else:
                self.shelf.remove(f"{name}.mp3")
            self.shelf.write(f"{name}.html", made.html)
            self.shelf.write(f"{name}.json", entry.model_dump_json(indent=1).encode())
            unread = self._renew()
        return self._published(name, "replaced" if before else "added", unread)

    def remove(self, name: str) -> None:
        """Take a piece out.

        Raises
        ------
        InputError
            If it is not there.
        """
        with self.shelf.locked():
            if self._entry(f"{name}.json") is None:
                raise InputError(f"{self.shelf.shown}: {name} is not in this gallery")
            for kind in ("json", "html", "mp3", "svg"):
                self.shelf.remove(f"{name}.{kind}")
            self._renew()

    def entries(self) -> list[Entry]:
        """The pieces, the newest first."""
        return self._read(list(self._records()))[0]

    def _records(self) -> dict[str, str]:
        names = self.shelf.names()
        return {name: mark for name, mark in names.items() if name.endswith(".json")}

    def _read(self, names: list[str]) -> tuple[list[Entry], list[str]]:
        """The entries of these records, and the names of those that are none."""
        found = {name: self._entry(name) for name in names}
        good = [entry for entry in found.values() if entry]
        good.sort(key=lambda entry: (entry.published, entry.name), reverse=True)
        return good, sorted(name for name, entry in found.items() if not entry)

    def _entry(self, name: str) -> Entry | None:
        content = self.shelf.read(name)
        try:
            entry = Entry.model_validate_json(content) if content is not None else None
        except ValidationError:
            return None
        return entry if entry and f"{entry.name}.json" == name else None

    def _renew(self) -> list[str]:
        """Make index and feed of the entries, again if these change meanwhile.

        Answers with the names of records that cannot be read.
        """
        unread: list[str] = []
        records = self._records()
        for _ in range(_ATTEMPTS):
            entries, unread = self._read(list(records))
            self.shelf.write(_INDEX, index_page(entries))
            self.shelf.write(_FEED, self._feed(entries))
            made, records = records, self._records()
            if made == records:
                break
        return unread

    def _feed(self, entries: list[Entry]) -> bytes:
        about = uuid.uuid5(uuid.NAMESPACE_URL, self.public or self.shelf.shown)
        newest = max((entry.updated for entry in entries), default=datetime(2000, 1, 1, tzinfo=UTC))
        text = template("kantor.publishing", "feed.xml.j2").render(
            id=f"urn:uuid:{about}", base=self.public, updated=newest, entries=entries
        )
        return f"{text}\n".encode()

    def _published(self, name: str, done: str, unread: list[str]) -> Published:
        told = f"{done} in {self.shelf.shown}"
        if unread:
            told += f"; not records of pieces, and left out: {', '.join(unread[:5])}"
        file = f"{name}.html"
        path = self.shelf.folder and self.shelf.folder / file
        return Published(self.name, self.public and f"{self.public}{file}", path, told)


def index_page(entries: list[Entry]) -> bytes:
    """The page with a card for each piece."""
    text = template("kantor.publishing", "gallery.html.j2").render(entries=entries)
    return f"{text}\n".encode()


def small_roll(publication: Publication) -> bytes:
    """The roll as a drawing of its own."""
    svg: Markup = drawn(publication.score)["roll"]
    head, rest = str(svg).split(">", 1)
    head = head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    style = template("kantor.publishing", "small_roll.css").render()
    return f"{head}><style>{style}</style>{rest}".encode()
