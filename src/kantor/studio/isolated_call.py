"""Call a function in a process of its own, for so many seconds: what it reads may be hostile.

The process is forked where composing's are (`kantor.processes`), so it begins in a moment; it has
bounded memory and time, and whatever it took is gone with it.
"""

from __future__ import annotations

import multiprocessing
import resource
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from kantor.errors import InputError
from kantor.studio.problems import Problem

SECONDS = 20.0
AT_ONCE = 2  # calls; further ones wait for their turn
_PATIENCE = 30.0  # seconds until a call that waits is refused
_MEMORY = 2 << 30  # bytes of address space

_DIED = "reading it took too much memory, or ended the process that did; export it again"

_turns = threading.Semaphore(AT_ONCE)
_Result = TypeVar("_Result")


class UnusableError(InputError):
    """What is read is at fault, however it is read."""


def call(
    name: str, function: Callable[..., _Result], *arguments: Any, seconds: float = SECONDS
) -> _Result:
    """What the function returns; what it raises is raised here.

    Parameters
    ----------
    name
        Of what is read.

    Raises
    ------
    UnusableError
        If it takes longer, or ends its process.
    Problem
        503 if too many others are at it.
    """
    if not _turns.acquire(timeout=_PATIENCE):
        raise Problem(503, "several other files are being read; send it again in a moment")
    try:
        kind, result = _called(name, function, arguments, seconds)
    finally:
        _turns.release()
    if kind == "memory":
        raise UnusableError(f"{name}: {_DIED}")
    if kind == "raised":
        raise result
    return result  # type: ignore[no-any-return]


def _called(
    name: str, function: Callable[..., Any], arguments: Any, seconds: float
) -> tuple[str, Any]:
    context = multiprocessing.get_context("forkserver")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(there, function, arguments, seconds))
    process.daemon = True
    process.start()
    there.close()
    try:
        if not here.poll(seconds):
            raise UnusableError(
                f"{name}: took more than {seconds:g} s to be read; cut the piece into parts"
            )
        return here.recv()  # type: ignore[no-any-return]
    except EOFError:
        raise UnusableError(f"{name}: {_DIED}") from None
    finally:
        process.kill()
        process.join()
        process.close()
        here.close()


def _answer(there: Connection, function: Callable[..., Any], arguments: Any, most: float) -> None:
    """Call, and send what came of it."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    # The kernel ends it even where nobody is there any more to do so.
    resource.setrlimit(resource.RLIMIT_CPU, (int(most) + 5, int(most) + 5))
    answer: tuple[str, Any]
    try:
        answer = "returned", function(*arguments)
    except MemoryError:
        answer = "memory", None
    except Exception as error:
        if not isinstance(error, InputError | Problem):
            traceback.print_exception(error)  # Kantor's own fault; it loses this on the way back
        error.__cause__ = error.__context__ = None
        answer = "raised", error
    there.send(answer)
