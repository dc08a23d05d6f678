"""Bring `data/` to what `data.dvc` pins, and say in one line why where that cannot be done.

Conventions
-----------
`data.dvc` is what plain ``dvc add data`` writes: it holds one hash for the whole folder. DVC
tracks that folder but does not guard it: a stage that finds other bytes in it silently moves the
pin. So the pin is checked here before any stage runs.

The scores themselves are the chorales that the installed music21 package carries, copied byte
for byte. They are not in git: most of them reserve non-commercial use to their encoders.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from kantor.data.chorales import chorales
from kantor.data.contents import contents, directory_hash, hash_of
from kantor.errors import InputError

_PARTIAL = ".data-"  # prefix of the folder in which a rebuild grows beside data/
_STALE_SECONDS = 3600

_README = """\
# data: the raw scores

`jsb/` holds 371 four-part chorales by Johann Sebastian Bach, those of the published "JSB
Chorales" set that are found in the corpus of the Python package music21 (the set has 382). The
files are that package's own, byte for byte; `make data` copies them from the installed release
and compares them with the hash in `data.dvc`. `scores/` is for your own files.

Provenance and licence: music21 is under the BSD licence, but its corpus is included "with the
permission of the encoders", and most of the Bach files carry a notice by Margaret Greentree that
reserves commercial use. So these files are built when they are needed and never committed: keep
to non-commercial use, and do not redistribute them.
"""

_SCORES_README = """\
# Your own scores

Put MIDI (.mid) or MusicXML (.musicxml, .xml, .mxl) files here, in folders if you like. Then:

    dvc add data
    dvc repro

The first line moves the pin, the second one reads the files, checks them and trains again.
A file that cannot be read as four voices is listed with the reason in `build/refused.csv`.
"""


def rebuild(into: Path) -> None:
    """Write the raw scores and their READMEs into the folder `into`, made where it is missing.

    Raises
    ------
    InputError
        If music21 is not installed or its corpus lacks one of the chorales.
    """
    spec = importlib.util.find_spec("music21")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("music21 is not installed: run `make` again, or `uv pip sync` by hand")
    corpus = Path(spec.submodule_search_locations[0]) / "corpus" / "bach"
    (into / "jsb").mkdir(parents=True, exist_ok=True)
    (into / "scores").mkdir(exist_ok=True)
    for chorale in chorales():
        try:
            shutil.copyfile(corpus / chorale.file, into / "jsb" / chorale.file)
        except FileNotFoundError:
            installed, asked = _releases()
            raise InputError(
                f"bach/{chorale.file} is not in music21 {installed}; Kantor asks for {asked}"
            ) from None
    (into / "README.md").write_text(_README, encoding="utf-8")
    (into / "scores" / "README.md").write_text(_SCORES_README, encoding="utf-8")


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
    """Do what ``dvc pull`` does, in two halves with a look at the person's own files between."""
    if not (root / ".dvc").is_dir():
        return False
    if _dvc(root, "remote", "list").stdout.strip():
        say("data/: asking DVC's remote")
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
    _sweep(root)
    with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=root) as folder:
        built = Path(folder) / "data"
        rebuild(built)
        wanted = contents(built)
        if pin is not None and hash_of(wanted) != pin:
            raise InputError(_not_the_pin(present))
        _refuse_changes(present, wanted)
        _move(built, root / "data", [name for name in wanted if name not in present])
    pin_line = "as data.dvc pins them" if pin else "not pinned yet; run `dvc add data`"
    say(f"data/: {len(wanted)} files from music21's corpus, {pin_line}")


def _move(built: Path, data: Path, missing: list[str]) -> None:
    """Move what is missing into place: the whole folder at once, or file by file."""
    if data.is_dir() and not any(data.iterdir()):
        data.rmdir()
    if not data.exists():
        built.rename(data)
        return
    for name in missing:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (built / name).replace(data / name)


def _sweep(root: Path) -> None:
    """Remove what a killed rebuild left behind."""
    for folder in root.glob(f"{_PARTIAL}*"):
        if time.time() - folder.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _refuse_changes(present: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    added = [name for name in present if name not in wanted]
    changed = [name for name in present if name in wanted and present[name] != wanted[name]]
    if not added and not changed:
        return
    missing = [name for name in wanted if name not in present]
    kinds = (("added", added), ("changed", changed), ("missing", missing))
    found = "; ".join(f"{len(names)} {kind} ({_few(names)})" for kind, names in kinds if names)
    raise InputError(f"data/ differs from data.dvc: {found}. {_WAYS_OUT}")


_WAYS_OUT = "To keep it: `dvc add data`. To discard it: move data/ away and run this again"


_MOVE_THE_PIN = (
    "to move the pin to the chorales on purpose, move data.dvc away, run this again and "
    "`dvc add data`"
)


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _not_the_pin(present: Mapping[str, str]) -> str:
    if present:
        return f"data/ differs from data.dvc, and what that pins is not at hand. {_WAYS_OUT}"
    installed, asked = _releases()
    if asked == f"music21=={installed}":
        return (
            f"data.dvc pins other files than the chorales in music21 {installed}, such as scores "
            f"of someone's own, and neither DVC's cache nor a remote has them: `dvc push` them "
            f"where they are, then `dvc pull`; {_MOVE_THE_PIN}"
        )
    return (
        f"the chorales in music21 {installed} are not those that data.dvc pins, Kantor asks for "
        f"{asked}: install that release, or {_MOVE_THE_PIN}"
    )


def _releases() -> tuple[str, str]:
    """The installed release of music21, and the one that this Kantor was made with."""
    wanted = importlib.metadata.requires("kantor") or ()
    asked = next((line for line in wanted if line.startswith("music21")), "any music21")
    return importlib.metadata.version("music21"), asked


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
