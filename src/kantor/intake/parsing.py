"""From an upload's bytes to music, within limits."""

from __future__ import annotations

from fractions import Fraction

from kantor.errors import InputError, one_line
from kantor.formats import reading
from kantor.formats.parsed import ParsedFile
from kantor.intake.limits import Limits
from kantor.intake.upload import Upload


def parse_upload(upload: Upload, limits: Limits) -> ParsedFile:
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


def parse_bytes(data: bytes, limits: Limits) -> ParsedFile:
    """The same of bare bytes; a reader's own mistake is passed on."""
    recording = reading.parse(data, limits.of_file())
    if bars_of(recording) > limits.bars:
        raise InputError(f"more than {limits.bars:,} bars; cut the piece into smaller ones")
    return recording


def bars_of(recording: ParsedFile) -> int:
    """How many bars there are, an incomplete one at the end of a meter counted."""
    if recording.bar_lines:
        return len(recording.bar_lines)
    ends = [*(start for start, _ in recording.meters[1:]), recording.length]
    bars = 0
    for (start, meter), end in zip(recording.meters, ends, strict=True):
        bar = Fraction(meter.bar_steps, 4)
        bars += max(0, -int((start - end) // bar))
    return bars
