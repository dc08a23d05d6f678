"""What a batch is to do, by the block ``batch`` of `params.yaml`, and what it came to."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import Field, field_validator

from kantor.compose.composer import Model
from kantor.intake import Limits
from kantor.settings import Block, repository

STATUSES = COMPOSED, REUSED, REFUSED, FAILED = "composed", "reused", "refused", "failed"
URL = "KANTOR_URL"  # the variable with the front page's address, where it is served

Format = Literal["mid", "musicxml", "npz", "wav", "mp3", "ogg", "png"]
Fetch = Callable[[Path], str]
"""Puts the files of a model into an empty folder; returns the model's name for people."""
Loader = Callable[[str], Model]
"""Loads a model from its folder; a function of a module, so that other processes find it."""


class Options(Block):
    """How each melody is composed; with other options it is another composition.

    MIDI is always among the `formats`: the page is made of it. The sampling parameters are the
    model's own where they are None. With `drums` styles that can have some get them. The others
    are those of `kantor.compose.composer.compose`.
    """

    formats: tuple[Format, ...] = ("mid", "musicxml")
    seed: int = Field(0, ge=0)
    takes: int = Field(1, ge=1, le=100)
    candidates: int = Field(1, ge=1, le=100)
    temperature: float | None = Field(None, ge=0.01, le=10)
    passes: int | None = Field(None, ge=0, le=100)
    particles: int | None = Field(None, ge=1, le=64)
    plainness: float | None = Field(None, ge=0, le=1)
    # Left out where there are none: keys of before there were drums stay as they are.
    drums: bool = Field(False, exclude_if=lambda wanted: not wanted)

    @property
    def sampling(self) -> dict[str, float]:
        """The sampling parameters that differ from the model's defaults."""
        names = {"temperature", "passes", "particles", "plainness"}
        return self.model_dump(include=names, exclude_none=True)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The formats that are written, each once, MIDI first."""
        return tuple(dict.fromkeys(("mid", *self.formats)))

    def key(self, sha256: str, model: str) -> str:
        """The key of a composition, 64 hexadecimal digits.

        Parameters
        ----------
        sha256
            Of the melody's bytes.
        model
            The model's fingerprint.
        """
        options = self.model_copy(update={"formats": tuple(sorted(self.kinds))}).model_dump_json()
        return hashlib.sha256("\n".join((sha256, model, options)).encode()).hexdigest()


class Page(Block):
    """How many compositions a batch's page shows, and of how many of them a recording is made."""

    shown: int = Field(100, ge=0)
    recorded: int = Field(3, ge=0)


class Batch(Options):
    """How batches are composed here."""

    inbox: str = "inbox"  # where the flow looks: a folder, a zip file, an address for fsspec
    cron: str = "* * * * *"  # when it looks
    out: Path = Path("compositions/batches")  # the folder of the results and of the ledger
    copy_to: str | None = None  # an address for fsspec, to which the results are copied as well
    engine: Literal["processes", "dask"] = "processes"
    scheduler: str | None = None  # address of Dask's; without one its workers are started here
    workers: int = Field(2, ge=1, le=256)  # processes that compose
    chunk: int = Field(250, ge=1, le=5_000)  # melodies that a worker takes at once, at most
    wait_minutes: float = Field(15, ge=0)  # how long to wait for a registry that does not answer
    page: Page = Page()

    @field_validator("out", mode="before")
    @classmethod
    def _is_folder(cls, out: Path | str) -> Path | str:
        if re.match(r"[A-Za-z0-9+.-]{2,}:/", str(out)):
            raise ValueError(f"{out}: results are written to a folder; for an address use copy_to")
        return out

    def of_style(self, folder: Path) -> Batch:
        """The same for a style, by its folder: its results and ledger are apart from Bach's.

        Such as ``compositions/pop/batches`` beside ``compositions/batches``.
        """
        if repository(folder) == folder.absolute():
            return self
        copy_to = self.copy_to and f"{self.copy_to.rstrip('/')}/{folder.name}"
        out = self.out.parent / folder.name / self.out.name
        return self.model_copy(update={"out": out, "copy_to": copy_to})

    def options(self) -> Options:
        """What shapes the compositions."""
        return Options(**{name: getattr(self, name) for name in Options.model_fields})


@dataclass(frozen=True)
class Plan:
    """What is to be composed, and how.

    With `only_new` it is what no earlier batch finished under the same name; where nothing is left
    there is no batch.
    """

    places: tuple[str, ...]  # folders, zip files, single files, or addresses for fsspec
    batch: Batch
    fetch: Fetch  # gets the model that a new batch begins with
    loader: Loader
    limits: Limits = field(default_factory=Limits)  # what of an upload is refused as too much
    only_new: bool = False
    report: Callable[[Mapping[str, int]], object] = lambda counts: None  # after each chunk
    drift: Path | None = None  # the log for the features of what is composed
    leave: frozenset[str] = frozenset()  # folders right at a place that are passed over


@dataclass(frozen=True)
class Summary:
    """What a batch came to."""

    number: int
    model: str
    counts: dict[str, int]  # entries of each status, of the whole batch
    folder: Path  # of its manifest and its page
    seconds: float  # of this call
    dropped: int = 0  # old files of the quarantine that this call deleted, to keep its limits

    @property
    def line(self) -> str:
        """What it came to, in one line."""
        text = f"batch {self.number} by {self.model}: {counted(self.counts)}; {self.seconds:.1f} s"
        if not self.dropped:
            return text
        files = "file" if self.dropped == 1 else "files"
        return f"{text}; quarantine was full: its {self.dropped:,} oldest {files} deleted"

    @property
    def whole(self) -> bool:
        """Whether every file was composed, now or before."""
        return not (self.counts.get(REFUSED) or self.counts.get(FAILED))


def counted(counts: Mapping[str, int]) -> str:
    """Such as ``"1,024 composed, 3 refused"``."""
    return ", ".join(f"{count:,} {status}" for status, count in counts.items()) or "nothing"


def markdown(summary: Summary, root: Path, environ: Mapping[str, str] = os.environ) -> str:
    """What a batch came to, and where its page and its manifest are, for the flow's page.

    Under ``make serve`` they are links, if they lie in the repository `root`; else paths.
    """
    page, manifest = summary.folder / "index.html", summary.folder / "manifest.csv"
    files = f"Look and listen: `{page}`, manifest: `{manifest}`"
    if URL in environ and page.is_relative_to(root):
        links = [
            f"{environ[URL]}/{quote(str(path.relative_to(root)))}" for path in (page, manifest)
        ]
        files = f"[Look and listen]({links[0]}), [manifest]({links[1]})"
    rows = [f"| {status} | {count:,} |" for status, count in sorted(summary.counts.items())]
    table = "\n".join(["| status | files |", "|---|---:|", *rows])
    return f"# Batch {summary.number}\n\n{table}\n\n{summary.line}\n\n{files}\n"
