"""The soundfont that the page plays with: TimGM6mb, or the one that ``KANTOR_SOUNDFONT`` names."""

from __future__ import annotations

import os
from pathlib import Path

from kantor.errors import SetupError
from kantor.formats.soundfont import soundfont

VARIABLE = "KANTOR_SOUNDFONT"


def page_soundfont() -> Path:
    """The file, an SF2.

    Raises
    ------
    SetupError
        If the variable names a file that is none.
    """
    named = os.environ.get(VARIABLE, "")
    if not named:
        return soundfont()
    path = Path(named)
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise SetupError(f"{VARIABLE}={named}: {error.strerror}") from None
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise SetupError(f"{VARIABLE}={named}: no SoundFont 2 file")
    return path


def credits() -> dict[str, str]:
    """Name, licence and source, to be shown on the page."""
    if named := os.environ.get(VARIABLE, ""):
        return {"name": Path(named).name, "licence": "", "source": VARIABLE}
    return {
        "name": "TimGM6mb by Tim Brechbill",
        "licence": "GPL-2.0",
        "source": "the Python package pretty_midi",
    }
