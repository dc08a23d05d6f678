"""Music files for uploads: sound ones, zip files that no honest program writes, damaged ones."""

import io
import random
import re
import zipfile

import numpy as np

from kantor.formats import midi, musicxml
from kantor.music.score import Key, Meter, Score

CONTAINER = b'<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'
NUMBERS = ["", "0", "-1", "1", "3", "64", "127", "999999999", "-999999999", "1e-9", "1e999", "NaN"]
TEXTS = [*NUMBERS, "½", "٣", "\0", "\u202e", "&#0;", "&b;", "<x>", "]]>", "🎵" * 50, "A" * 5_000]
LARGEST = 8_000_000


def zipped(*members, packing=zipfile.ZIP_DEFLATED):
    """A zip file; each member is (name or ZipInfo, bytes)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def packed(text):
    """Packed MusicXML."""
    return zipped(("META-INF/container.xml", CONTAINER), ("score.xml", text))


_MELODY = np.repeat(np.array([60, 62, 64, 65, 67]), 4)[:, None]
_FIVE_QUARTERS = Score(_MELODY, np.arange(20)[:, None] % 4 == 0, key=Key(0), title="Tune")
TUNE = midi.to_bytes(_FIVE_QUARTERS)
PACKED_SCORE = packed(musicxml.to_bytes(_FIVE_QUARTERS))


def sound_files():
    """Valid MIDI, MusicXML and packed MusicXML of one to three voices."""
    files = []
    for seed, meter in enumerate((Meter(4, 4), Meter(3, 4), Meter(6, 8))):
        size = (4**seed * meter.bar_steps, 1 + seed)
        chance = np.random.default_rng(seed)
        pitches = np.where(chance.random(size) < 0.9, chance.integers(47, 81, size), -1)
        score = Score(pitches, pitches >= 0, meter, 0, Key(seed - 1), 90.0, "piece")
        text = musicxml.to_bytes(score)
        files += [midi.to_bytes(score)] * 2 + [text, packed(text)]
    return files


def damaged(files, seed):
    """One of `files` with one to three injuries; the same for the same seed."""
    chance = random.Random(seed)
    data = chance.choice(files)
    if data.startswith(b"PK") and chance.random() < 0.5:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return packed(_injured(archive.read("score.xml"), chance))
    return _injured(data, chance)


def _injured(data, chance):
    kinds = [_flipped, _spliced, _spliced]
    if data.startswith(b"MThd"):
        kinds += [_event_put_in] * 4
    elif not data.startswith(b"PK"):
        kinds += [_tokens_changed, _tokens_changed, _nested] * 2
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        data = chance.choice(kinds)(data, chance)[:LARGEST]
    return _repaired(data) if chance.random() < 0.6 else data


def _repaired(data):
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
    return b"MThd\0\0\0\6\0\1" + len(tracks).to_bytes(2, "big") + division + b"".join(tracks)


def _flipped(data, chance):
    changed = bytearray(data)
    for _ in range(chance.randint(1, 20) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _spliced(data, chance):
    """A run of bytes, or the whole end, is missing, noise, all the same, or there many times."""
    start = chance.randint(0, len(data))
    end = start + chance.choice([0, 1, 8, 64, 1_024, len(data)])
    run = data[start:end]
    noise, same = chance.randbytes(chance.randint(0, 5_000)), chance.randbytes(1) * len(run)
    return data[:start] + chance.choice([b"", noise, same, run * 10, run * 100]) + data[end:]


def _event_put_in(data, chance):
    """A huge time, a meta event of an odd size, a system exclusive one, or notes without end."""
    place = chance.randint(min(22, len(data)), len(data))
    meta = bytes([0, 0xFF, chance.choice([0x2F, 0x51, 0x58, 0x59, 3, 0x7F]), chance.randrange(9)])
    onsets = b"".join(bytes([0, 0x90 | chance.randrange(16), n % 128, 99]) for n in range(500))
    times = [b"\xff\xff\xff\x7f", b"\x87\xff\x7f"]
    event = chance.choice([*times, meta + chance.randbytes(5), b"\x00\xf0\x05hello", onsets])
    return data[:place] + event + data[place:]


def _tokens_changed(data, chance):
    """Some words between tags, values of attributes or names of tags are others."""
    kinds = ((rb"(?<=>)[^<>]+(?=<)", TEXTS), (rb'(?<==")[^"<>]*', TEXTS), (rb"(?<=<)[a-z-]+", None))
    pattern, values = chance.choice(kinds)
    old = re.findall(pattern, data)
    share = chance.choice([1.0, 3 / (1 + len(old))])

    def other(match):
        if chance.random() > share:
            return match[0]
        return chance.choice(values).encode() if values else chance.choice(old)

    return re.sub(pattern, other, data)


def _nested(data, chance):
    """An element holds thousands of others, or stands there hundreds of times."""
    match = re.search(rb"<(note|measure|attributes|part)\b.*?</\1>", data, re.DOTALL)
    if not match:
        return data
    deep = chance.choice([10, 1_000, 10_000])
    within = (b"<%s>" % match[1]) * deep + match[0] + (b"</%s>" % match[1]) * deep
    grown = chance.choice([within, match[0] * chance.choice([2, 20, 200])])
    return data[: match.start()] + grown + data[match.end() :]
