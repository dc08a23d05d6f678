"""The model of a batch, kept with the batch: what becomes of the registry does not concern it.

A model is loaded once before a batch begins with it: a batch that cannot be composed is not begun.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from kantor.batch.jobs import Loader
from kantor.errors import one_line

FOLDER = "models"

Fetch = Callable[[Path], str]
"""Puts the files of a model into a folder that is empty; answers with what the model is called."""

_DIGITS = 16


@dataclass(frozen=True)
class Pinned:
    """A model as it was when a batch began.

    Attributes
    ----------
    source : str
        ``kantor-bach version 3``, or the folder it was copied from.
    fingerprint : str
        Of the bytes of its files: the same for the same model, whatever it is called.
    """

    source: str
    fingerprint: str


class Unusable(RuntimeError):
    """A model with which no batch can begin; the message is one line for a person."""


def pin(out: Path, fetch: Fetch, load: Loader) -> Pinned:
    """Copy a model into the folder of the results, if it loads.

    Raises
    ------
    Unusable
        If it does not load.
    """
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
        files = Path(scratch) / "model"
        files.mkdir()
        source = fetch(files)
        if reason := _fault(files, load):
            reason = reason.replace(f"{files}/", "")  # it is removed in a moment
            raise Unusable(f"{source}: {reason}; no batch was begun")
        name = fingerprint(files)
        kept = pinned(out, name)
        if fingerprint(kept) != name:  # not there, or damaged since
            shutil.rmtree(kept, ignore_errors=True)
            files.rename(kept)
    return Pinned(source, name)


def fault(out: Path, name: str, load: Loader) -> str:
    """Why the model of that fingerprint cannot compose, in one line; empty where it can."""
    folder = pinned(out, name)
    if fingerprint(folder) != name:
        return f"{folder}: files of the model are damaged or missing"
    return _fault(folder, load)


def _fault(folder: Path, load: Loader) -> str:
    try:
        load(str(folder))
    except Exception as error:  # whatever is wrong with it, the batch cannot use it
        return one_line(str(error) or type(error).__name__, 1_000)
    return ""


def pinned(out: Path, fingerprint: str) -> Path:
    """Where a model of that fingerprint is kept."""
    return out / FOLDER / fingerprint[:_DIGITS]


def fingerprint(folder: Path) -> str:
    """The SHA-256 of a folder's files and their names."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def drop(out: Path) -> None:
    """Remove the models that were kept; for when no batch needs one any more."""
    shutil.rmtree(out / FOLDER, ignore_errors=True)


def patient(
    fetch: Fetch,
    may_pass: Callable[[Exception], bool],
    minutes: float,
    say: Callable[[str], object],
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Fetch:
    """`fetch`, which tries again while the registry is away.

    Parameters
    ----------
    may_pass
        Whether an error may pass by itself; any other is raised at once.
    minutes
        How long to try.
    say
        Gets the error's line the first time.
    """

    def fetch_patiently(folder: Path) -> str:
        """What `fetch` returns, once it does."""
        end = clock() + 60 * minutes
        for attempt in count():
            pause = min(2.0**attempt, 10.0)
            try:
                return fetch(folder)
            except Exception as error:
                if not may_pass(error) or clock() + pause > end:
                    raise
                if attempt == 0:
                    say(f"{error}; waiting for up to {minutes:g} minutes")
            sleep(pause)
        raise AssertionError("it tries for ever")

    return fetch_patiently
