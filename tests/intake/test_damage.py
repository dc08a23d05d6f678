"""Damaged uploads, by the hundred."""

from __future__ import annotations

import time
import tracemalloc
from collections import Counter

import pytest
from tests.intake.damage import damaged, repaired, sound_files

from kantor.compose.from_file import from_file
from kantor.errors import InputError
from kantor.formats import parsed, reading
from kantor.intake import Limits
from kantor.intake.limits import parse_bytes

COUNT = 300
LIMITS = Limits()


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    """Sound files, the long ones left out: their damaged copies take most of the time."""
    return [data for data in sound_files() if len(data) < 12_000]


def attempt(data: bytes) -> str:
    """Take a file as far as a request to compose."""
    try:
        from_file(parse_bytes(data, LIMITS))
    except InputError as refusal:
        return "refused" if str(refusal).isprintable() else f"refused in lines: {refusal}"
    return "read"


def test_damaged_files_are_read_or_refused_in_one_line(files: list[bytes]) -> None:
    """No other exception; none takes long or much memory; both outcomes are seen."""
    outcomes: Counter[str] = Counter()
    slowest, largest = 0.0, 0
    for seed in range(COUNT):
        data = damaged(files, seed)
        began = time.process_time()
        outcomes[attempt(data)] += 1
        slowest = max(slowest, time.process_time() - began)
    for seed in range(0, COUNT, 25):
        data = damaged(files, seed)
        tracemalloc.start()
        attempt(data)
        largest = max(largest, tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert set(outcomes) == {"read", "refused"}
    assert outcomes["read"] > COUNT / 20
    assert outcomes["refused"] > COUNT / 4
    assert slowest < 3  # a second on a machine that does nothing else
    assert largest < 200_000_000


def test_sound_files_are_sound(files: list[bytes]) -> None:
    """What is damaged was whole before, so that the damage is what is tried."""
    assert {attempt(data) for data in files} == {"read"}


def test_damage_depends_on_the_seed_alone(files: list[bytes]) -> None:
    """A seed that is reported can be tried again."""
    for seed in range(20):
        assert damaged(files, seed) == damaged(files, seed)


def track(*events: bytes) -> bytes:
    """A MIDI file of one track with 480 ticks a quarter."""
    chunk = b"".join(events) + b"\x00\xff\x2f\x00"
    return repaired(b"MThd\0\0\0\6\0\1\0\1\x01\xe0MTrk" + bytes(4) + chunk)


def test_notes_begun_at_the_very_end_have_no_length_and_are_left_out() -> None:
    """They sound for no time, and a channel that has only such notes is no part."""
    first, last = b"\x00\x90\x3c\x40", b"\x00\x91\x40\x40"
    found = reading.parse(track(first, b"\x83\x60\x80\x3c\x40", last), parsed.Limits())
    assert [(len(part.notes), part.notes[0].pitch) for part in found.parts] == [(1, 60)]
    with pytest.raises(InputError, match="no notes on any track"):
        reading.parse(track(last), parsed.Limits())
    twice = track(first, last, b"\x83\x60\x80\x3c\x40", b"\x00\x81\x40\x40", last)
    assert len(reading.parse(twice, parsed.Limits()).parts) == 2
