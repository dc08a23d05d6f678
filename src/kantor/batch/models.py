"""The model of a batch, kept with the batch: later changes of the registry do not concern it."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kantor.batch.settings import Fetch, Loader
from kantor.errors import ModelError, one_line

FOLDER = "models"

_DIGITS = 16


def pin(out: Path, fetch: Fetch, load: Loader) -> tuple[str, str]:
    """Copy a model into the folder of the results, if it loads.

    Returns
    -------
    name : str
        ``kantor-bach version 3``, or the folder it was copied from.
    fingerprint : str
        Of the bytes of its files: the same for the same model, whatever its name.

    Raises
    ------
    ModelError
        If it does not load.
    """
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
        files = Path(scratch) / "model"
        files.mkdir()
        name = fetch(files)
        digest = fingerprint(files)
        if reason := fault(files, digest, load):
            reason = reason.replace(f"{files}/", "")  # it is removed in a moment
            raise ModelError(f"{name}: {reason}; no batch was begun")
        kept = pinned(out, digest)
        if fingerprint(kept) != digest:  # not there, or damaged since
            shutil.rmtree(kept, ignore_errors=True)
            files.rename(kept)
    return name, digest


def pinned(out: Path, fingerprint: str) -> Path:
    """The folder that keeps the model of that fingerprint."""
    return out / FOLDER / fingerprint[:_DIGITS]


def fault(folder: Path, digest: str, load: Loader) -> str:
    """Why the model of that fingerprint cannot compose, in one line; empty where it can."""
    if fingerprint(folder) != digest:
        return f"{folder}: files of the model are damaged or missing"
    try:
        load(str(folder))
    except Exception as error:  # whatever is wrong with it, the batch cannot use it
        return one_line(str(error) or type(error).__name__, 1_000)
    return ""


def fingerprint(folder: Path) -> str:
    """The SHA-256 of a folder's files and their names."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def patient(
    fetch: Fetch,
    may_pass: Callable[[Exception], bool],
    minutes: float,
    say: Callable[[str], object],
) -> Fetch:
    """`fetch`, which tries again for so many `minutes` while the registry is away.

    Parameters
    ----------
    may_pass
        Whether an error may pass by itself; any other is raised at once.
    say
        Gets the error's line the first time.
    """

    def fetch_patiently(folder: Path) -> str:
        """What `fetch` returns, once it does."""
        end, pause = time.monotonic() + 60 * minutes, 1.0
        while True:
            try:
                return fetch(folder)
            except Exception as error:
                if not may_pass(error) or time.monotonic() + pause > end:
                    raise
                if pause == 1:
                    say(f"{error}; waiting for up to {minutes:g} minutes")
            time.sleep(pause)
            pause = min(2 * pause, 10)

    return fetch_patiently
