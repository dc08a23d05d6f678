"""Bring `data/` to what `data.dvc` pins, and say in one line why where that cannot be done.

Conventions
-----------
`data.dvc` is what plain ``dvc add data`` writes: it holds one hash for the whole folder. DVC
tracks that folder but does not guard it: a stage that finds other bytes in it silently moves the
pin. So the pin is checked here before any stage runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from operator import methodcaller
from pathlib import Path

import yaml

from kantor.data.chorales import raw_scores, releases
from kantor.errors import InputError
from kantor.files import save, sweep

_WAYS_OUT = "To keep it: `dvc add data`. To discard it: move data/ away and run this again"


def contents(path: Path) -> dict[str, str]:
    """MD5 of each file under `path` that DVC would track, by its POSIX path below `path`.

    As in DVC, folders named ``.git`` and ``.hg``, DVC repositories and what a ``.dvcignore``
    beside `path` names are passed over, and links to folders are not followed. Differs from DVC
    only where that refuses a folder: broken links are passed over.
    """
    return {name: _md5((path / name).read_bytes()) for name in sorted(_tracked(path))}


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


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def hash_of(files: Mapping[str, str]) -> str:
    """The hash that ``dvc add`` gives a folder of these `contents`, such as ``"0a1b….dir"``."""
    listing = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    return _md5(json.dumps(listing, sort_keys=True).encode()) + ".dir"


def pinned(path: Path) -> str | None:
    """The hash in the file `path`, a `data.dvc`; None where there is no such file.

    Raises
    ------
    InputError
        If the file is not one that ``dvc add data`` wrote.
    """
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))["outs"][0]["md5"]
    except FileNotFoundError:
        return None
    except (yaml.YAMLError, LookupError, TypeError, UnicodeDecodeError):
        value = None
    if not (isinstance(value, str) and value.endswith(".dir")):
        raise InputError(
            f"{path}: holds no hash of a folder; restore it with `git checkout {path.name}`"
        )
    return value


def materialise(root: Path, say: Callable[[str], None] = print) -> None:
    """Bring ``root/data`` to what ``root/data.dvc`` pins.

    Nothing is done where they agree. Else the files come from DVC (its remote where one is
    configured, its cache), else from music21's corpus, as where nothing is pinned. Only missing
    files are ever added, each in one move: a folder that holds anything which the pin does not is
    left alone. Stopped at any moment, the next call goes on.

    Raises
    ------
    InputError
        One line, if `data/` holds other files than the pin, if the pinned files are not at hand,
        or if the disk refuses.
    SetupError
        If music21 is not installed, or lacks one of the chorales.
    """
    data, pin = root / "data", pinned(root / "data.dvc")
    if data.exists() and not data.is_dir():
        raise InputError(f"{data}: not a folder; move it away and run this again")
    try:
        sweep(data / "jsb")
        present = contents(data)
        if hash_of(present) == pin:
            say(f"data/: {len(present)} files, as data.dvc pins them")
        elif pin is None or not _from_dvc(root, pin, present, say):
            _from_music21(data, pin, present, say)
    except OSError as error:
        raise InputError(f"{error.filename or data}: {error.strerror or error}") from None


def _from_dvc(root: Path, pin: str, present: Mapping[str, str], say: Callable[[str], None]) -> bool:
    """Do what ``dvc pull`` does, but look at the person's own files before the checkout.

    False where DVC is not set up here or has not the files that are pinned.
    """
    if not (root / ".dvc").is_dir():
        return False
    if dvc(root, "remote", "list").stdout.strip():
        say("data/: fetching from DVC's remote")
        fetched = dvc(root, "fetch", "data.dvc")
        if fetched.returncode:
            reason = (fetched.stderr.strip().splitlines() or ["no reason given"])[0]
            say(f"data/: `dvc fetch` failed ({reason}); trying without it")
    cache = root / dvc(root, "cache", "dir").stdout.strip() / "files/md5"
    try:
        listing = json.loads((cache / pin[:2] / pin[2:]).read_text())
        wanted = {entry["relpath"]: entry["md5"] for entry in listing}
    except (OSError, ValueError, LookupError, TypeError):
        return False
    _refuse_changes(present, wanted)
    dvc(root, "checkout", "data.dvc")
    if hash_of(contents(root / "data")) != pin:
        return False
    say(f"data/: {len(wanted)} files from DVC, as data.dvc pins them")
    return True


def dvc(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run DVC in the folder `root`, in silence."""
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(
        command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def _from_music21(
    data: Path, pin: str | None, present: Mapping[str, str], say: Callable[[str], None]
) -> None:
    scores = raw_scores()
    wanted = {name: _md5(content) for name, content in scores.items()}
    if pin is not None and hash_of(wanted) != pin:
        if present:
            reason = "data/ differs from data.dvc, and what that pins is not at hand"
            raise InputError(f"{reason}. {_WAYS_OUT}")
        installed, required = releases()
        raise InputError(
            f"data.dvc pins other files than the chorales in music21 {installed} (Kantor needs "
            f"{required}), and neither DVC's cache nor a remote has them. For scores of someone's "
            "own: `dvc push` them where they are, then `dvc pull`. To pin the chorales instead: "
            "move data.dvc away, run this again and `dvc add data`"
        )
    if pin is not None:
        _refuse_changes(present, wanted)
    for name in scores.keys() - present.keys():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        save(data / name, methodcaller("write", scores[name]))
    pin_line = "as data.dvc pins them" if pin else "not pinned yet; run `dvc add data`"
    say(f"data/: {len(wanted)} files from music21's corpus, {pin_line}")


def _refuse_changes(present: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Raise an error if `present` has files that are not `wanted`, or with other content."""
    kinds = {
        "added": [name for name in present if name not in wanted],
        "changed": [name for name in present if name in wanted and present[name] != wanted[name]],
        "missing": [name for name in wanted if name not in present],
    }
    if kinds["added"] or kinds["changed"]:
        differences = "; ".join(
            f"{len(names)} {kind} ({', '.join(names[:3])}{', …' * (len(names) > 3)})"
            for kind, names in kinds.items()
            if names
        )
        raise InputError(f"data/ differs from data.dvc: {differences}. {_WAYS_OUT}")
