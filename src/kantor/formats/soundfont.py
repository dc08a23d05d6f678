"""What each key of an instrument sounds with, of a SoundFont 2 file.

Of the format (SoundFont 2.01, sections 7 to 9) this reads what TimGM6mb, the soundfont that
pretty_midi's wheel installs, makes use of: there are no samples for certain velocities, and no
presets that change their instruments.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor.errors import InputError

Samples = NDArray[np.float32]

DRUMS = 128
"""The bank of drum kits."""
OPEN = 13_500
"""Of a cutoff, in cents above 8.176 Hz: the filter passes everything."""
_SHORTEST_RELEASE = 0.04  # seconds, so that nothing clicks
_EMU = 0.4  # what this soundfont's decibels of attenuation are taken for, as other players do
_ALL_KEYS = 127 << 8  # lowest key, and highest in the upper byte

# Generators by their number in the file, and the values that hold where a file names none.
_NUMBERS = {
    "start": 0, "end": 1, "loop_start": 2, "loop_end": 3, "bend": 7, "cutoff": 8, "resonance": 9,
    "sweep": 11, "pan": 17, "mod_delay": 25, "mod_attack": 26, "mod_hold": 27, "mod_decay": 28,
    "mod_sustain": 29, "delay": 33, "attack": 34, "hold": 35, "decay": 36, "sustain": 37,
    "release": 38, "instrument": 41, "keys": 43, "attenuation": 48, "coarse": 51, "fine": 52,
    "sample": 53, "looped": 54, "scale": 56, "root": 58,
}  # fmt: skip
_DEFAULTS = dict.fromkeys(_NUMBERS, 0) | {
    "cutoff": OPEN, "mod_delay": -12_000, "mod_attack": -12_000, "mod_hold": -12_000,
    "mod_decay": -12_000, "delay": -12_000, "attack": -12_000, "hold": -12_000, "decay": -12_000,
    "release": -12_000, "keys": _ALL_KEYS, "scale": 100, "root": -1,
}  # fmt: skip
_NAMES = {number: name for name, number in _NUMBERS.items()}
_RECORDS = {
    "phdr": "S20 name, u2 program, u2 bank, u2 bag, V12 rest",
    "inst": "S20 name, u2 bag",
    "shdr": "S20 name, u4 start, u4 end, u4 loop, u4 until, u4 rate, u1 root, i1 cents, V4 rest",
    **dict.fromkeys(("pbag", "ibag"), "u2 generator, u2 modulator"),
    **dict.fromkeys(("pgen", "igen"), "u2 number, i2 value"),
    "smpl": "i2 level",
}


@dataclass(frozen=True)
class Zone:
    """A sample and how it is played for a range of keys."""

    values: Mapping[str, int]
    samples: Samples
    loop: tuple[int, int]
    rate: float  # samples a second
    root: float  # the key at which they sound as they are
    lowest: int  # key of the range
    highest: int

    def seconds(self, name: str) -> float:
        """The duration that a generator in timecents names."""
        return float(2 ** (self.values[name] / 1200))

    @property
    def release(self) -> float:
        """Seconds in which it falls by 100 dB."""
        return max(self.seconds("release"), _SHORTEST_RELEASE)

    @property
    def places(self) -> Samples:
        """The levels left and right, of equal power."""
        angle = (self.values["pan"] / 1000 + 0.5) * np.pi / 2
        level = 10 ** (-_EMU * self.values["attenuation"] / 200)
        return np.array([np.cos(angle), np.sin(angle)], np.float32) * np.float32(level)


@cache
def zones_of(bank: int, program: int, pitch: int) -> tuple[Zone, ...]:
    """What sounds when a key is pressed; for a key that has nothing, what the nearest one has.

    Raises
    ------
    InputError
        If the soundfont is not installed.
    """
    zones = _preset(bank, program)
    away = [max(zone.lowest - pitch, pitch - zone.highest, 0) for zone in zones]
    return tuple(zone for zone, far in zip(zones, away, strict=True) if far == min(away))


@cache
def _preset(bank: int, program: int) -> tuple[Zone, ...]:
    font = _font()
    presets = font["phdr"]
    place = int(np.flatnonzero((presets["bank"] == bank) & (presets["program"] == program))[0])
    instruments = _generators(font, "p", presets["bag"][place], presets["bag"][place + 1])
    return tuple(
        _zone(font, values)
        for one in instruments
        for values in _generators(
            font, "i", *font["inst"]["bag"][one["instrument"] : one["instrument"] + 2]
        )
    )


def _generators(font: Mapping[str, Any], kind: str, first: int, last: int) -> list[dict[str, int]]:
    """The values of each bag from `first` up to `last`."""
    edges = font[f"{kind}bag"]["generator"][first : last + 1].tolist()
    sets = (font[f"{kind}gen"][a:b].tolist() for a, b in pairwise(edges))
    return [_DEFAULTS | {_NAMES[n]: value for n, value in one if n in _NAMES} for one in sets]


def _zone(font: Mapping[str, Any], values: dict[str, int]) -> Zone:
    sample = font["shdr"][values["sample"]]
    start, end = int(sample["start"]) + values["start"], int(sample["end"]) + values["end"]
    loop = int(sample["loop"]) + values["loop_start"], int(sample["until"]) + values["loop_end"]
    tuning = values["coarse"] + (values["fine"] + int(sample["cents"])) / 100
    root = (values["root"] if values["root"] >= 0 else int(sample["root"])) - tuning
    samples = font["smpl"]["level"][start:end].astype(np.float32) / 32_768
    within = loop[0] - start, loop[1] - start
    low, high = values["keys"] & 0xFF, values["keys"] >> 8
    return Zone(values, samples, within, int(sample["rate"]), root, low, high)


def soundfont() -> Path:
    """The soundfont that sound is made with.

    Raises
    ------
    InputError
        If it is not installed.
    """
    package = importlib.util.find_spec("pretty_midi")
    path = Path(package.origin).parent / "TimGM6mb.sf2" if package and package.origin else None
    if path is None or not path.exists():
        raise InputError("no soundfont to make sound with: install the package pretty-midi")
    return path


@cache
def _font() -> dict[str, Any]:
    """The records of the file by the names of its chunks."""
    content = soundfont().read_bytes()
    records, place = {}, 12
    while place + 8 <= len(content):
        head, place = content[place : place + 8], place + 8
        name, size = head[:4].decode(), int.from_bytes(head[4:], "little")
        if name == "LIST":  # its chunks follow
            place += 4
            continue
        if name in _RECORDS:
            fields = [field.split() for field in _RECORDS[name].split(", ")]
            kind = np.dtype([(field, f"<{form}") for form, field in fields])
            records[name] = np.frombuffer(content, kind, size // kind.itemsize, place)
        place += size + size % 2
    return records
