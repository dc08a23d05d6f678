"""Read damaged uploads: bytes changed, cut, moved or doubled, lengths and tags wrong.

Each file is read or refused in one line, whatever was done to it. Printed are how many were read,
why the others were refused, and the most processor time and memory that one of them took.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import time
from collections import Counter

import numpy as np

from kantor.errors import InputError
from kantor.formats import midi, musicxml
from kantor.formats.parsed import Limits
from kantor.formats.reading import parse
from kantor.music.score import Key, Score

_BOLD = (0x00, 0x2F, 0x7F, 0x80, 0xF0, 0xF7, 0xF8, 0xFF)  # bytes with a meaning in MIDI


def whole_files(count: int) -> list[bytes]:
    """So many pieces of four voices, each as MIDI and as MusicXML."""
    numbers = np.random.default_rng(0)
    files = []
    for _ in range(count):
        chords = (60 + numbers.integers(-2, 3, (64, 4)).cumsum(0) % 20).astype(np.int8)
        onsets = np.repeat(np.arange(128)[:, None] % 2 == 0, 4, 1)
        score = Score(np.repeat(chords, 2, 0), onsets, key=Key(0), title="Piece")
        files += [midi.to_bytes(score), musicxml.to_bytes(score)]
    return files


def damaged(file: bytes, chance: random.Random) -> bytes:
    """The file with one to 64 faults."""
    data = bytearray(file)
    for _ in range(chance.choice((1, 1, 2, 4, 16, 64))):
        at = chance.randrange(len(data) + 1)
        some = chance.randrange(1, 32)
        match chance.randrange(7):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                data[at : at + 1] = bytes([chance.choice(_BOLD)])
            case 2:
                del data[at : at + some]
            case 3:
                data[at:at] = chance.randbytes(some)
            case 4:
                data[at:at] = data[: chance.randrange(len(data) + 1)][-some:]
            case 5 if chance.random() < 0.2:
                del data[at:]
            case 6 if (chunk := data.find(b"MTrk", at)) >= 0:
                data[chunk + 4 : chunk + 8] = chance.randrange(3_000).to_bytes(4, "big")
    return bytes(data)


def main(count: int, seed: int) -> None:
    """Damage and read `count` files."""
    chance, files = random.Random(seed), whole_files(8)
    outcomes: Counter[str] = Counter()
    longest = 0.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(count):
        data = damaged(chance.choice(files), chance)
        began = time.process_time()
        try:
            read = parse(data, Limits())
            outcomes["read, and told" if read.messages else "read"] += 1
        except InputError as error:
            outcomes[re.sub(r"'.*'|[\d,]*\d", "#", str(error)).split("(")[0]] += 1
        longest = max(longest, time.process_time() - began)
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    for outcome, times in outcomes.most_common():
        print(f"{times:6,}  {outcome}")
    print(f"at most {longest:.2f} s of processor time a file, {memory:.0f} MB of memory")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    main(**vars(parser.parse_args()))
