"""Hash a folder as ``dvc add`` does, so that what it holds can be compared with a pin."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path


def directory_hash(path: Path) -> str:
    """The hash that ``dvc add`` gives the folder `path`, such as ``"0a1b….dir"``.

    Differs from DVC only where that refuses a folder: broken links are passed over.
    """
    return hash_of(contents(path))


def contents(path: Path) -> dict[str, str]:
    """MD5 of each file under `path` that DVC would track, by its POSIX path below `path`.

    As in DVC, folders named ``.git`` and ``.hg``, DVC repositories and what a ``.dvcignore``
    beside `path` names are passed over, and links to folders are not followed.
    """
    return {name: _md5(path / name) for name in sorted(_tracked(path))}


def _tracked(path: Path) -> Iterator[str]:
    import pathspec

    rules = path.parent / ".dvcignore"
    lines = rules.read_text(encoding="utf-8").splitlines() if rules.is_file() else []
    ignored = pathspec.GitIgnoreSpec.from_lines(lines)
    for folder, folders, files in os.walk(path):
        here = Path(folder)
        folders[:] = [name for name in folders if not _foreign(here / name)]
        for name in files:
            relative = (here / name).relative_to(path)
            if (here / name).is_file() and not ignored.match_file(path.name / relative):
                yield relative.as_posix()


def _foreign(folder: Path) -> bool:
    return folder.name in (".git", ".hg", ".dvc") or (folder / ".dvc").exists()


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def hash_of(files: Mapping[str, str]) -> str:
    """DVC's hash of a folder from the `contents` of it: that of their list, as JSON."""
    listing = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    text = json.dumps(listing, sort_keys=True).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest() + ".dir"
