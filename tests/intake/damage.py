"""Damaged music files by seed: what transmission, bad software and bad will make of good ones."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Sequence

import numpy as np

from kantor.formats import midi, musicxml
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score

_CONTAINER = b'<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'
_WORDS = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
_NUMBERS = ["", "0", "-1", "1", "2", "3", "7", "12", "64", "127", "100000", "999999999"]
_NUMBERS += ["-999999999", "0.000000001", "1e999", "NaN", "½", "٣"]
_LARGEST = 8_000_000
_TEXTS = ["", "\0", "\u202e", "&#0;", "&b;", "<x>", "]]>", "🎵" * 50, "A" * 5_000]

Mutation = Callable[[bytes, random.Random], bytes]


def sound_files() -> list[bytes]:
    """Valid MIDI, MusicXML and packed MusicXML of one to four voices, short and long."""
    files = []
    for seed, bars in enumerate((1, 4, 16, 100)):
        score = _score(seed, bars, voices=1 + seed)
        text = musicxml.to_bytes(score)
        files += [midi.to_bytes(score), midi.to_bytes(score), text, packed(text)]
    return files


def _score(seed: int, bars: int, voices: int) -> Score:
    chance = np.random.default_rng(seed)
    meter = (Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(2, 2))[seed % 4]
    steps = bars * meter.bar_steps
    notes = [
        Note(start, min(start + 2, steps), int(76 - 12 * voice + chance.integers(-5, 6)), voice)
        for voice in range(voices)
        for start in range(0, steps, 2)
        if chance.random() < 0.9
    ]
    pitches, onsets = arrays_of(notes, steps, voices)
    return Score(pitches, onsets, meter, 0, Key(seed - 1), 90.0, f"piece {seed}")


def packed(text: bytes) -> bytes:
    """Packed MusicXML."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", _CONTAINER)
        archive.writestr("score.xml", text)
    return buffer.getvalue()


def damaged(files: Sequence[bytes], seed: int) -> bytes:
    """One of `files` with one to three injuries; the same for the same seed."""
    chance = random.Random(seed)
    data = chance.choice(files)
    if data.startswith(b"PK") and chance.random() < 0.5:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            text = archive.read("score.xml")
        return packed(_injured(text, chance))
    return _injured(data, chance)


def _injured(data: bytes, chance: random.Random) -> bytes:
    kinds: list[Mutation] = [flipped, cut, overwritten, removed, repeated, invented]
    if data.startswith(b"MThd"):
        kinds += [lengths_changed, numbers_stretched, events_put_in] * 2
    elif not data.startswith(b"PK"):
        kinds += [digits_changed, texts_changed, tags_changed, nested] * 2
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        data = chance.choice(kinds)(data, chance)[:_LARGEST]
    return repaired(data) if chance.random() < 0.6 else data


def repaired(data: bytes) -> bytes:
    """Each track of a MIDI file as long as its header says, so that what is in it gets read."""
    places = [match.start() for match in re.finditer(b"MTrk", data)]
    if not data.startswith(b"MThd") or len(data) < 14 or not places:
        return data
    tracks = [
        b"MTrk" + (end - start - 8).to_bytes(4, "big") + data[start + 8 : end]
        for start, end in zip(places, [*places[1:], len(data)], strict=True)
        if end - start >= 8
    ]
    division = data[12:14] if 0 < int.from_bytes(data[12:14], "big") < 0x8000 else b"\x01\xe0"
    header = b"MThd\0\0\0\6\0\1" + len(tracks).to_bytes(2, "big") + division
    return header + b"".join(tracks)


def flipped(data: bytes, chance: random.Random) -> bytes:
    """Some bits are others."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 20) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(data: bytes, chance: random.Random) -> bytes:
    """The end is missing, or the beginning."""
    place = chance.randint(0, len(data))
    return data[:place] if chance.random() < 0.8 else data[place:]


def overwritten(data: bytes, chance: random.Random) -> bytes:
    """A run of bytes is noise, or all the same."""
    place, length = chance.randint(0, len(data)), chance.choice([1, 4, 64, 1024])
    noise = chance.randbytes(length) if chance.random() < 0.6 else chance.randbytes(1) * length
    return data[:place] + noise + data[place + length :]


def removed(data: bytes, chance: random.Random) -> bytes:
    """A run of bytes is missing from the middle."""
    place = chance.randint(0, len(data))
    return data[:place] + data[place + chance.randint(1, 40) :]


def repeated(data: bytes, chance: random.Random) -> bytes:
    """A piece stands there many times."""
    start = chance.randint(0, len(data))
    piece = data[start : start + chance.choice([1, 8, 200, 2_000])]
    return data[:start] + piece * chance.choice([2, 10, 100]) + data[start:]


def invented(data: bytes, chance: random.Random) -> bytes:
    """A believable beginning, and noise."""
    return data[: chance.choice([0, 4, 14, 22, 40])] + chance.randbytes(chance.randint(0, 5_000))


def lengths_changed(data: bytes, chance: random.Random) -> bytes:
    """Header fields, or the length of a track, are other numbers."""
    changed = bytearray(data)
    tracks = [match.start() + 4 for match in re.finditer(b"MTrk", data)]
    field, size = chance.choice([(4, 4), (8, 2), (10, 2), (12, 2), *((at, 4) for at in tracks)])
    word = chance.choice([*_WORDS, chance.randrange(1 << 32)])
    changed[field : field + size] = (word & (1 << 8 * size) - 1).to_bytes(size, "big")
    return bytes(changed)


def numbers_stretched(data: bytes, chance: random.Random) -> bytes:
    """A time between events, or a length, is as large as can be written."""
    place = chance.randint(min(22, len(data)), len(data))
    return data[:place] + chance.choice([b"\xff\xff\xff\x7f", b"\x87\xff\x7f"]) + data[place:]


def events_put_in(data: bytes, chance: random.Random) -> bytes:
    """Meta events of odd sizes, system exclusive ones, and notes without end."""
    place = chance.randint(min(22, len(data)), len(data))
    meta = bytes([0, 0xFF, chance.choice([0x2F, 0x51, 0x58, 0x59, 3, 0x7F]), chance.randrange(9)])
    meta += chance.randbytes(chance.randrange(9))
    onsets = b"".join(bytes([0, 0x90 | chance.randrange(16), n % 128, 99]) for n in range(500))
    event = chance.choice([meta, b"\x00\xf0\x05hello", b"\x00\xf7\x00", onsets])
    return data[:place] + event + data[place:]


def digits_changed(data: bytes, chance: random.Random) -> bytes:
    """Numbers between tags are other numbers, or none."""
    return _replaced(data, rb">-?\d+<", chance, _NUMBERS, b">%s<")


def texts_changed(data: bytes, chance: random.Random) -> bytes:
    """Words between tags, and values of attributes, are other words."""
    pattern, form = chance.choice([(rb">[^<>]+<", b">%s<"), (rb'="[^"<>]*"', b'="%s"')])
    return _replaced(data, pattern, chance, _TEXTS + _NUMBERS, form)


def tags_changed(data: bytes, chance: random.Random) -> bytes:
    """A tag has the name of another."""
    names = sorted(set(re.findall(rb"<([a-z-]+)", data)))
    found = list(re.finditer(rb"</?[a-z-]+", data))
    if not found:
        return data
    old, new = chance.choice(found), chance.choice(names) if names else b"note"
    slash = b"</" if old[0].startswith(b"</") else b"<"
    if chance.random() < 0.5:  # everywhere, so that the file stays well formed
        name = old[0].lstrip(b"</")
        return re.sub(rb"(</?)" + re.escape(name) + rb"\b", rb"\g<1>" + new, data)
    return data[: old.start()] + slash + new + data[old.end() :]


def nested(data: bytes, chance: random.Random) -> bytes:
    """An element holds a thousand others, or stands there hundreds of times."""
    found = re.search(rb"<(note|measure|attributes|part)\b.*?</\1>", data, re.DOTALL)
    if not found:
        return data
    element, name = found[0], found[1]
    if chance.random() < 0.5:
        deep = chance.choice([10, 1_000, 10_000])
        grown = (b"<" + name + b">") * deep + element + (b"</" + name + b">") * deep
    else:
        grown = element * chance.choice([2, 20, 200])
    return data[: found.start()] + grown + data[found.end() :]


def _replaced(
    data: bytes, pattern: bytes, chance: random.Random, values: Sequence[str], form: bytes
) -> bytes:
    """Some of what `pattern` finds, exchanged for one of `values`."""
    found = list(re.finditer(pattern, data))
    for match in sorted(
        chance.sample(found, min(len(found), chance.randint(1, 8))),
        key=lambda match: match.start(),
        reverse=True,
    ):
        new = form % chance.choice(values).encode()
        data = data[: match.start()] + new + data[match.end() :]
    return data
