"""The turn of a typed ``dvc repro``: it waits for its own, where DVC by itself would refuse.

A fault of params.yaml is told as well, before anything is run. ``python -m kantor.service.turn``
lets this environment's command ``dvc`` ask here first. Imports are few: they are part of every
``dvc``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

_VALUED = ("--cd", "--cprofile-dump", "--viztracer-depth")
"""DVC's options before a subcommand that take a value."""
_ELSEWHERE = {"--queue", "--temp", "--run-all"}
"""With which ``dvc exp run`` leaves the workspace alone."""
_STARTS = "from dvc.cli import main\n"
_ASKS = """\
from dvc.cli import main as dvc
def main():
    try:
        from kantor.service.turn import turn
    except ModuleNotFoundError:
        from contextlib import nullcontext as turn
    with turn(sys.argv[1:]):
        return dvc()
"""


@contextmanager
def turn(arguments: Sequence[str]) -> Iterator[None]:
    """Hold the pipeline's lock, having waited for it, if ``dvc ARGUMENTS`` runs stages of Kantor.

    Nothing is waited for where this process was started by one that holds it.

    Raises
    ------
    SystemExit
        If params.yaml is at fault, if the lock cannot be made, or on an interrupt as it waits.
    """
    folder, command = _parsed(arguments)
    root = _repository(folder.resolve()) if _runs_stages(command) else None
    with ExitStack() as stack:
        if root is not None:
            from kantor.errors import SetupError
            from kantor.service import blocks, lock

            try:
                blocks.check(root)
                if not lock.inherited(root):
                    stack.enter_context(lock.alone(root, lock.warn))
                    os.environ.update(lock.handed_on(root))
                    blocks.check(root)  # it may have been changed in the meantime
                os.environ["PATH"] = lock.own_path()
            except SetupError as error:
                sys.exit(f"{error}; nothing was run")
            except KeyboardInterrupt:
                sys.exit(130)
            except OSError as error:
                sys.exit(f"dvc: {error}")
        yield


def _parsed(arguments: Sequence[str]) -> tuple[Path, list[str]]:
    """The folder in which DVC will work, and the subcommand with what follows it."""
    folder, rest = Path(), list(arguments)
    while rest and rest[0].startswith("-"):
        name, is_set, value = rest.pop(0).partition("=")
        if name in _VALUED and not is_set and rest:
            value = rest.pop(0)
        if name == "--cd":
            folder = Path(value)
    return folder, rest


def _runs_stages(command: Sequence[str]) -> bool:
    """Whether DVC would run stages in the workspace."""
    options = {word for word in command if word.startswith("-")}
    words = [word for word in command if word not in options]
    if options & {"-h", "--help"}:
        return False
    if words[:2] in (["exp", "run"], ["experiments", "run"]):
        return not options & _ELSEWHERE
    return words[:1] == ["repro"]


def _repository(folder: Path) -> Path | None:
    """The DVC repository that a folder is in, if it is one of Kantor."""
    root = next((one for one in (folder, *folder.parents) if (one / ".dvc").is_dir()), None)
    return root if root and (root / "src" / "kantor").is_dir() else None


def install(script: Path) -> None:
    """Let a command ``dvc``, as pip or uv wrote it, take its turn; once is enough.

    Raises
    ------
    ValueError
        If the file is another.
    """
    text = script.read_text()
    if _ASKS in text:
        return
    if _STARTS not in text:
        raise ValueError(f"{script}: not the command of DVC that pip or uv writes")
    written = script.with_name(f".{script.name}")
    written.write_text(text.replace(_STARTS, _ASKS))
    written.chmod(script.stat().st_mode)
    written.replace(script)


if __name__ == "__main__":
    install(Path(sys.executable).with_name("dvc"))
