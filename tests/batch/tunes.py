"""Melodies by rule, and models that other processes can load."""

import csv
import os
import re
import signal
from pathlib import Path

import numpy as np
import pandas as pd
from tests.living import started

from kantor.batch import Batch, Plan, run
from kantor.batch.worker import compose_chunk
from kantor.errors import InputError
from kantor.formats import midi
from kantor.intake import Limits
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score

AT_ONCE = Limits(settle=0)
POISON = 61  # a melody that begins on this pitch ends the process that composes it
OUTSIDE = 63  # and one on this pitch is not for the model
BROKEN = "broken"  # the description of a model that does not load
TIMES = re.compile(
    rb"20\d\d-\d\d-\d\d_\d\d-\d\d_|\d+ \w+ 20\d\d, \d\d:\d\d"
)  # of a batch's beginning
SCALE = (62, 64, 66, 67, 69, 71, 72, 74, 76, 78)  # G major: the C major of a MIDI file is doubted


def tune(number: int, first: int | None = None, title: str | None = None) -> bytes:
    """A melody of 8 to 12 quarters as MIDI, each number another one."""
    count = 8 + number % 5
    degrees = [number // 10**place % 10 for place in range(4)]
    pitches = [SCALE[(degrees[at % 4] + at) % len(SCALE)] for at in range(count)]
    pitches[0] = first or pitches[0]
    notes = [Note(4 * at, 4 * at + 4, pitch) for at, pitch in enumerate(pitches)]
    title = f"Tune {number}" if title is None else title
    score = Score(*arrays_of(notes, 4 * count, 1), Meter(), key=Key(1), title=title)
    return midi.to_bytes(score)


def by_rule(given, seeds):
    """Parallel voices below the soprano, their distance by the seed."""
    soprano = given.pitches[..., :1].astype(int)
    first = given.pitches[:, 0, 0]
    if (first % 12 == POISON % 12).any():
        os.kill(os.getpid(), signal.SIGKILL)
    if (first % 12 == OUTSIDE % 12).any():
        raise InputError("a given note is not for this model")
    lower = soprano - 4 * np.arange(4) - np.asarray(seeds)[:, None, None] % 3
    pitches = np.where(given.mask, given.pitches, np.where(soprano < 0, -1, lower))
    onsets = np.where(given.mask, given.onsets, given.onsets[..., :1])
    return pitches.astype(np.int8), onsets


def load(folder):
    """Load the rule, if its folder is there and it is not broken."""
    described = Path(folder) / "model.json"
    if described.read_text() == BROKEN:
        raise InputError(f"{described}: broken")
    return by_rule


def fetch(name="rule version 1", content="{}"):
    """A registry with one model of that name."""

    def fetched(into):
        (into / "model.json").write_text(content)
        return name

    return fetched


def gone(into):
    """A registry that must not be asked."""
    raise AssertionError("the registry was asked")


def plan(inbox, out, fetched=None, **said):
    """Compose what is in `inbox`, a folder or a tuple of places."""
    options = {name: said.pop(name) for name in {*Batch.model_fields} & {*said}}
    batch = Batch(out=out, **{"chunk": 4, "formats": ("mid",), "page": {"recorded": 0}, **options})
    places = inbox if isinstance(inbox, tuple) else (str(inbox),)
    return Plan(places, batch, fetched or fetch(), **{"loader": load, "limits": AT_ONCE, **said})


def compose(inbox, out, fetched=None, engine=None, **said):
    """Compose what is in `inbox`, in this process if no engine is named."""
    return run(plan(inbox, out, fetched, **said), engine or here)


def here(chunk):
    """An engine that composes in this process."""
    results = compose_chunk(chunk)
    return lambda: results


class Stopped(Exception):
    """What ends a batch in the middle."""


def stops(chunks):
    """An engine that stops when it has got so many chunks and gets another one."""
    left = [here] * chunks

    def engine(chunk):
        if not left:
            raise Stopped
        return left.pop()(chunk)

    return engine


def kill(folder, script, *arguments):
    """Run a script in a process of its own, and kill it (-9) when it has said a line."""
    with started(folder, script, *arguments) as process:
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGKILL)
        assert process.stdout.read() == ""  # comes only when its workers are gone too


def rows(summary):
    """The rows of a batch's manifest."""
    with (summary.folder / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def fill(inbox, count, start=0):
    """Put so many melodies into a folder."""
    inbox.mkdir(parents=True, exist_ok=True)
    for number in range(start, start + count):
        (inbox / f"tune{number:03d}.mid").write_bytes(tune(number))
    return inbox


def result(out):
    """All that a batch leaves but times: the manifest's rows, and every file's bytes."""
    files = {
        TIMES.sub(b"", path.relative_to(out).as_posix().encode()).decode(): TIMES.sub(
            b"", path.read_bytes()
        )
        for path in sorted(out.rglob("*"))
        if path.is_file() and not path.name.startswith((".lock", "ledger", "manifest"))
    }
    tables = [
        pd.read_parquet(path).drop(columns=["seconds", "finished"]).to_csv()
        for path in sorted(out.glob("*/manifest.parquet"))
    ]
    return files, tables


def load_deadly(folder):
    """Load the rule with a fault: the first process that composes with it dies of it."""

    def compose(given, seeds):
        try:
            os.close(os.open(Path(folder) / "died", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return by_rule(given, seeds)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    return compose
