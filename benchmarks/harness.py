"""What the benchmarks share: the machine, tables, options, and melodies made by rule."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kantor import settings
from kantor.errors import InputError, ModelError, SetupError
from kantor.formats import midi
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score

ROOT = Path(__file__).resolve().parents[1]
BUSY = 0.3
"""Load, in cores, from which on a warning is printed."""
_SCALE = (60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79)
_RHYTHMS = ((4, 4, 4, 4), (4, 4, 2, 2, 4), (8, 4, 4), (2, 2, 4, 4, 4), (4, 4, 8))


def parser(module_docstring: str | None) -> argparse.ArgumentParser:
    """A command line whose help begins with the module's docstring."""
    return argparse.ArgumentParser(
        description=module_docstring, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def training_parser(module_docstring: str | None) -> argparse.ArgumentParser:
    """The same, with what those that train models and grade them have in common."""
    parsed = parser(module_docstring)
    parsed.add_argument("--params", type=Path, default=Path("params.yaml"))
    parsed.add_argument("--build", type=Path, default=Path("build"), help="what `ingest` wrote")
    parsed.add_argument("--out", type=Path, default=Path("reports/benchmark"))
    parsed.add_argument("--melodies", type=int, default=0, help="0: the whole valid split")
    return parsed


def positive(text: str) -> int:
    """A count on the command line."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number}: at least 1")
    return number


def machine() -> str:
    """Name the processor; warn where other work uses the machine."""
    settings.quiet()
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    if (load := os.getloadavg()[0]) > BUSY:
        print(
            f"the machine is busy (load {load:.1f}): seconds will be too long; "
            "ratios taken side by side suffer less",
            file=sys.stderr,
        )
    return f"{next(names, platform.machine())}, {len(os.sched_getaffinity(0))} cores"


def peak_memory() -> int:
    """Bytes that this process held at most."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in escaped]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def main(run: Any, name: str) -> None:
    """Run a benchmark; faults that a person can mend are one line."""
    try:
        sys.exit(run())
    except (InputError, ModelError, SetupError) as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def melody(bars: int, seed: int) -> Score:
    """A walk up and down the scale of C major in chorale rhythms: content costs no time."""
    random = np.random.default_rng(seed)
    notes, place, step = [], 5, 0
    for _ in range(bars):
        for length in _RHYTHMS[random.integers(len(_RHYTHMS))]:
            place = int(np.clip(place + random.integers(-2, 3), 0, len(_SCALE) - 1))
            notes.append(Note(step, step + length, _SCALE[place]))
            step += length
    pitches, onsets = arrays_of(notes, step, 1)
    return Score(pitches, onsets, Meter(4, 4), 0, Key(0, "major"), 90.0, f"melody {seed}")


def write_melodies(folder: Path, count: int, bars: int) -> list[Path]:
    """Files with that many different melodies."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"melody-{index:04}.mid" for index in range(count)]
    for index, path in enumerate(paths):
        midi.write(melody(bars, index), path)
    return paths
