"""The block ``batch`` of `params.yaml`, and what of it shapes a composition."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from kantor.settings import Block

Format = Literal["mid", "musicxml", "npz", "wav", "png"]


class Options(Block):
    """How each melody is composed; with other options it is another composition.

    MIDI is always among the `formats`: the page is made of it. `temperature` and `passes` are the
    model's own where they are None. The others are those of `kantor.compose.composer.compose`.
    """

    formats: tuple[Format, ...] = ("mid",)
    seed: int = Field(0, ge=0)
    takes: int = Field(1, ge=1, le=100)
    candidates: int = Field(1, ge=1, le=100)
    temperature: float | None = Field(None, ge=0.01, le=10)
    passes: int | None = Field(None, ge=0, le=100)

    @property
    def sampling(self) -> dict[str, float]:
        """The sampling parameters that differ from the model's defaults."""
        return self.model_dump(include={"temperature", "passes"}, exclude_none=True)

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
    """How many compositions a batch's page shows, and how many of them it has recordings of."""

    shown: int = Field(100, ge=0)
    recorded: int = Field(2, ge=0)


class Batch(Options):
    """How batches are composed here.

    Attributes
    ----------
    inbox : str
        Where the flow looks for melodies: a folder, a zip file, or any address that fsspec knows.
    cron : str
        When it looks.
    out : Path
        The folder of the results and of the ledger.
    copy_to : str or None
        An address that fsspec knows, to which the results are copied as well.
    engine : str
        ``processes`` on this machine, or ``dask``.
    scheduler : str or None
        Address of a Dask scheduler; without one Dask's workers are started here.
    workers : int
        Processes that compose.
    chunk : int
        Melodies that a worker takes at once, at most.
    wait_minutes : float
        How long a registry that does not answer is waited for.
    page : Page
    """

    inbox: str = "inbox"
    cron: str = "* * * * *"
    out: Path = Path("compositions/batches")
    copy_to: str | None = None
    engine: Literal["processes", "dask"] = "processes"
    scheduler: str | None = None
    workers: int = Field(2, ge=1, le=256)
    chunk: int = Field(250, ge=1, le=5_000)
    wait_minutes: float = Field(15, ge=0)
    page: Page = Page()

    @field_validator("out", mode="before")
    @classmethod
    def _is_folder(cls, out: Path | str) -> Path | str:
        if re.match(r"[A-Za-z0-9+.-]{2,}:/", str(out)):
            raise ValueError(f"{out}: results are written to a folder; for an address use copy_to")
        return out

    def options(self) -> Options:
        """What shapes the compositions."""
        return Options(**{name: getattr(self, name) for name in Options.model_fields})
