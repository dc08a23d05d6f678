"""How much of an upload is read before it is refused, and the reading within these limits."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from pydantic import Field

from kantor import settings
from kantor.errors import InputError, one_line
from kantor.formats import parsed, reading
from kantor.intake.upload import Upload


class Limits(settings.Block):
    """The block `intake` of `params.yaml`; every value has a default that suits melodies.

    Attributes
    ----------
    file_bytes
        Size of one file, after unpacking where it comes out of a zip file.
    notes, tracks, bars
        Of one piece.
    zip_files
        Members of one zip file, folders included.
    unpacked_bytes
        What all members of one zip file, and of zip files within it, may unpack to.
    ratio
        How many bytes one packed byte may become; scores seldom reach 30, bombs 1,000.
    depth
        How deep zip files may lie in one another: 0 = none is opened, 1 = none inside another.
    seconds
        How long one file may take to be read from where it lies.
    settle
        Seconds for which a file must not have changed before it is read; one that still changes
        is waited for as long twice more, then left for the next pass. Raise it where uploads stall.
    quarantine_files, quarantine_bytes
        What is kept of refused uploads; beyond it the oldest files of the quarantine are deleted.
    """

    file_bytes: int = Field(4_000_000, ge=1)
    notes: int = Field(20_000, ge=1)
    tracks: int = Field(64, ge=1)
    bars: int = Field(1_000, ge=1)
    zip_files: int = Field(10_000, ge=1)
    unpacked_bytes: int = Field(500_000_000, ge=1)
    ratio: int = Field(100, ge=1)
    depth: int = Field(1, ge=0, le=8)
    seconds: float = Field(30, gt=0)
    settle: float = Field(1.0, ge=0)
    quarantine_files: int = Field(1_000, ge=1)
    quarantine_bytes: int = Field(1_000_000_000, ge=1)

    def of_file(self) -> parsed.Limits:
        """The same for the readers of one file."""
        return parsed.Limits(
            bytes=self.file_bytes,
            text=self.file_bytes,
            elements=max(1_000, self.file_bytes // 12),
            tracks=self.tracks,
            notes=self.notes,
            bars=self.bars,
        )


def read_limits(path: str | Path = "params.yaml") -> Limits:
    """The limits in `path`; the defaults where there is no such file or no block `intake`.

    Raises
    ------
    SetupError
        One line that names the file, the key and the fault.
    """
    if not Path(path).exists() or "intake" not in settings.read_params(path):
        return Limits()
    return settings.load(Limits, "intake", path)


def parse_upload(upload: Upload, limits: Limits) -> parsed.ParsedFile:
    """Read MIDI or MusicXML, packed or not.

    Raises
    ------
    InputError
        One line that names the upload, the fault and, where there is one, the remedy. That holds
        for a reader's own mistake as well: no upload stops those that come after it.
    """
    try:
        return parse_bytes(upload.data, limits)
    except InputError as error:
        raise InputError(f"{upload.name}: {error}") from None
    except Exception as error:
        fault = f"{type(error).__name__} {one_line(str(error), 80)}".strip()
        raise InputError(f"{upload.name}: could not be read ({fault}); export it again") from error


def parse_bytes(data: bytes, limits: Limits) -> parsed.ParsedFile:
    """The same of bare bytes; a reader's own mistake is passed on."""
    file = reading.parse(data, limits.of_file())
    if count_bars(file) > limits.bars:
        raise InputError(f"more than {limits.bars:,} bars; cut the piece into smaller ones")
    return file


def count_bars(file: parsed.ParsedFile) -> int:
    """How many bars there are, an incomplete one at the end of a meter counted."""
    if file.bar_lines:
        return len(file.bar_lines)
    ends = [*(start for start, _ in file.meters[1:]), file.length]
    bars = 0
    for (start, meter), end in zip(file.meters, ends, strict=True):
        bar = Fraction(meter.bar_steps, 4)
        bars += max(0, -int((start - end) // bar))
    return bars
