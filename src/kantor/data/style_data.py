"""Bring the data of a style to what its pin says, or say in one line why that cannot be done.

Conventions
-----------
``styles/NAME.dvc`` pins the folder ``styles/NAME/data`` by one hash, as ``dvc import`` writes it:
with the public git repository that has the files and its commit. Kantor uses a part of each
repository; ``meta.files`` holds the patterns of those files, by their places in the repository.
Instead of a repository ``meta.corpus`` may name a folder of music21's corpus.

The files come from the folder ``NAME`` in the one that ``KANTOR_STYLE_DATA`` names, where there is
such a folder; else from the corpus, or by ``dvc get`` from the repository. They are gathered
beside their place and moved there when they equal the pin: all of them are there, or none.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kantor import styles
from kantor.data import pin
from kantor.data.chorales import corpus
from kantor.errors import InputError, one_line
from kantor.settings import STYLES, load

VARIABLE = "KANTOR_STYLE_DATA"


@dataclass(frozen=True)
class Origin:
    """Where the files of a style are from: patterns of their names, and who has them."""

    files: tuple[str, ...]
    url: str = ""
    commit: str = ""
    corpus: str = ""


def origin(path: Path) -> Origin:
    """What a pin, ``styles/NAME.dvc``, says of where the files are from.

    Raises
    ------
    InputError
        If it does not say that.
    """
    try:
        pinned: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        meta = pinned["meta"]
        if "corpus" in meta:
            return Origin(tuple(meta["files"]), corpus=meta["corpus"])
        repository = pinned["deps"][0]["repo"]
        return Origin(tuple(meta["files"]), repository["url"], repository["rev_lock"])
    except (yaml.YAMLError, LookupError, TypeError, UnicodeDecodeError):
        raise InputError(
            f"{path}: says not where its files are from; restore it with `git checkout {path}`, "
            f"or put the files into {path.with_suffix('') / 'data'}"
        ) from None


def materialise(root: Path, name: str, say: Callable[[str], None] = print) -> None:
    """Bring ``styles/NAME/data`` under the repository `root` to what its pin says.

    Nothing is done where they agree. A style that has no pin keeps the files that are there.

    Raises
    ------
    InputError
        One line, if the style is unknown, if its folder holds other files than the pin, if these
        are not at hand, or if the disk refuses.
    """
    folder = styles.folder(root, name)
    data, path = folder / "data", folder.with_suffix(".dvc")
    shown, pinned_by = f"{STYLES}/{name}/data", f"{STYLES}/{path.name}"
    try:
        present = pin.contents(data)
        wanted = pin.pinned(path)
        if wanted is None and not present:
            raise InputError(f"{shown}: no files; put the scores of the style there")
        if wanted is None:
            say(f"{shown}: {len(present)} files, not pinned")
        elif pin.hash_of(present) == wanted:
            say(f"{shown}: {len(present)} files, as {pinned_by} pins them")
        elif present:
            raise InputError(
                f"{shown}: other files than {pinned_by} pins; move the folder away and run this "
                "again"
            )
        else:
            count = _bring(origin(path), name, data, wanted, say)
            say(f"{shown}: {count} files, as {pinned_by} pins them")
            _tell_licence(folder, say)
    except OSError as error:
        raise InputError(f"{error.filename or data}: {error.strerror or error}") from None


def _bring(origin: Origin, name: str, data: Path, wanted: str, say: Callable[[str], None]) -> int:
    """Gather the files, compare them with the hash `wanted`, move them into place; their count."""
    data.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data.parent, prefix=".data-") as scratch:
        place = Path(scratch)
        given = Path(os.environ.get(VARIABLE) or place / "none") / name
        if given.is_dir():
            source, told = given, str(given)
        elif origin.corpus:
            source, told = corpus() / origin.corpus, f"music21's corpus, {origin.corpus}"
        else:
            told = f"{origin.url} at {origin.commit}"
            say(f"{STYLES}/{name}/data: fetching {told}")
            source = _fetched(origin, place / "repository")
        for pattern in origin.files:
            for file in sorted(source.glob(pattern)):
                if file.is_file():
                    copy = place / "data" / file.relative_to(source)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, copy)
        found = pin.contents(place / "data")
        if pin.hash_of(found) != wanted:
            raise InputError(
                f"{told}: {len(found)} files, but other ones than {STYLES}/{name}.dvc pins; "
                "nothing was changed"
            )
        if data.exists():
            data.rmdir()  # it holds no files
        (place / "data").rename(data)
    return len(found)


def _fetched(origin: Origin, place: Path) -> Path:
    """A copy of the repository at its commit, in the folder `place`."""
    done = pin.dvc(
        place.parent, "get", "-q", origin.url, ".", "-o", place.name, "--rev", origin.commit
    )
    if done.returncode:
        said = one_line(done.stderr.strip().removeprefix("ERROR: ")) or "no reason given"
        raise InputError(
            f"{origin.url}: cannot be fetched ({said[:200]}); without a network set {VARIABLE} to "
            "a folder that holds a copy, see docs/styles.md"
        )
    return place


def _tell_licence(folder: Path, say: Callable[[str], None]) -> None:
    """Say what a person must know before using the files."""
    style = load(styles.Style, "style", folder.with_suffix(".yaml"))
    for word, text in (
        ("licence", style.licence),
        ("credits", style.credits),
        ("note", style.note),
    ):
        if text:
            say(f"  {word}: {one_line(text)}")
