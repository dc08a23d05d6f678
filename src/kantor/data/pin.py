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
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import yaml

from kantor.data.chorales import rebuild, releases
from kantor.errors import InputError

_PARTIAL = ".data-"  # prefix of the folder in which a rebuild grows beside data/
_STALE_SECONDS = 3600
_WAYS_OUT = "To keep it: `dvc add data`. To discard it: move data/ away and run this again"
_MOVE_THE_PIN = (
    "to move the pin to the chorales on purpose, move data.dvc away, run this again and "
    "`dvc add data`"
)


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
    configured, its cache), else from music21's corpus, and are compared with the pin before they
    are moved into place. Only missing files are ever added: a folder that holds anything which
    the pin does not is left alone. Stopped at any moment, the next call goes on.

    Raises
    ------
    InputError
        One line, if `data/` holds other files than the pin, if the rebuilt files are not the
        pinned ones, or if the disk refuses.
    SetupError
        If music21 is not installed, or lacks one of the chorales.
    """
    data, pin = root / "data", pinned(root / "data.dvc")
    if data.exists() and not data.is_dir():
        raise InputError(f"{data}: not a folder; move it away and run this again")
    try:
        present = contents(data)
        if pin is None and present:
            say("data/: not pinned yet; run `dvc add data`")
        elif pin is not None and hash_of(present) == pin:
            say(f"data/: {len(present)} files, as data.dvc pins them")
        elif pin is None or not _from_dvc(root, pin, present, say):
            _from_music21(root, pin, present, say)
    except OSError as error:
        raise InputError(f"{error.filename or data}: {error.strerror or error}") from None


def _from_dvc(root: Path, pin: str, present: Mapping[str, str], say: Callable[[str], None]) -> bool:
    """Do what ``dvc pull`` does, but look at the person's own files before the checkout.

    False where DVC is not set up here or has not the files that are pinned.
    """
    if not (root / ".dvc").is_dir():
        return False
    if _dvc(root, "remote", "list").stdout.strip():
        say("data/: fetching from DVC's remote")
        fetched = _dvc(root, "fetch", "data.dvc")
        if fetched.returncode:
            reason = (fetched.stderr.strip().splitlines() or ["no reason given"])[0]
            say(f"data/: `dvc fetch` failed ({reason}); trying without it")
    wanted = _cached(root, pin)
    if wanted is None:
        return False
    _refuse_changes(present, wanted)
    if _dvc(root, "checkout", "data.dvc").returncode or directory_hash(root / "data") != pin:
        return False
    say(f"data/: {len(wanted)} files from DVC, as data.dvc pins them")
    return True


def _from_music21(
    root: Path, pin: str | None, present: Mapping[str, str], say: Callable[[str], None]
) -> None:
    _remove_stale(root)
    with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=root) as folder:
        built = Path(folder) / "data"
        rebuild(built)
        wanted = contents(built)
        if pin is not None and hash_of(wanted) != pin:
            raise InputError(_not_the_pin(present))
        _refuse_changes(present, wanted)
        _move_missing(built, root / "data", [name for name in wanted if name not in present])
    pin_line = "as data.dvc pins them" if pin else "not pinned yet; run `dvc add data`"
    say(f"data/: {len(wanted)} files from music21's corpus, {pin_line}")


def _move_missing(built: Path, data: Path, missing: list[str]) -> None:
    """Move what is missing into place: the whole folder at once, or file by file."""
    if data.is_dir() and not any(data.iterdir()):
        data.rmdir()
    if not data.exists():
        built.rename(data)
        return
    for name in missing:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (built / name).replace(data / name)


def _remove_stale(root: Path) -> None:
    """Remove what a killed rebuild left behind, once it is old enough to be no other's."""
    for folder in root.glob(f"{_PARTIAL}*"):
        if time.time() - folder.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _refuse_changes(present: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Raise an error if `present` has files that are not `wanted`, or with other content."""
    added = [name for name in present if name not in wanted]
    changed = [name for name in present if name in wanted and present[name] != wanted[name]]
    if not added and not changed:
        return
    missing = [name for name in wanted if name not in present]
    kinds = (("added", added), ("changed", changed), ("missing", missing))
    listed = "; ".join(f"{len(names)} {kind} ({_few(names)})" for kind, names in kinds if names)
    raise InputError(f"data/ differs from data.dvc: {listed}. {_WAYS_OUT}")


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _not_the_pin(present: Mapping[str, str]) -> str:
    """Why the rebuilt chorales do not help, and what does."""
    if present:
        return f"data/ differs from data.dvc, and what that pins is not at hand. {_WAYS_OUT}"
    installed, required = releases()
    if required == f"music21=={installed}":
        return (
            f"data.dvc pins other files than the chorales in music21 {installed}, such as scores "
            f"of someone's own, and neither DVC's cache nor a remote has them: `dvc push` them "
            f"where they are, then `dvc pull`; {_MOVE_THE_PIN}"
        )
    return (
        f"the chorales in music21 {installed} are not those that data.dvc pins, Kantor needs "
        f"{required}: install that release, or {_MOVE_THE_PIN}"
    )


def _dvc(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(
        command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def _cached(root: Path, pin: str) -> dict[str, str] | None:
    """The files that `pin` stands for, where DVC's cache knows them."""
    folder = root / _dvc(root, "cache", "dir").stdout.strip()
    try:
        listing = json.loads((folder / "files" / "md5" / pin[:2] / pin[2:]).read_text())
        return {entry["relpath"]: entry["md5"] for entry in listing}
    except (OSError, ValueError, LookupError, TypeError):
        return None
