"""Why a command of the pipeline failed, from what it printed."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

STAGE = re.compile(r"Running stage '(?:[^':]*:)?(?P<name>[^'@]+)(?:@[^']*)?'")  # of any style
_ERROR = "ERROR:"
_STOPPED = re.compile(r"\w+: stopped ")  # a stage's own word
_EXITED = re.compile(r"^ERROR: failed to reproduce .*exited with (-?\d+)$")
_SHELL = 128  # plus the signal's number: how a shell reports that a command was killed
_STOPS = (signal.SIGINT, signal.SIGTERM)
_CAUSE_LINES = 2  # of a stage's own at its end: what failed, and how it closed


class StageFailed(RuntimeError):
    """A stage of the pipeline failed; the message is its name and the cause, in one line.

    What was there before stays as it was: models, the champion, the outputs of other stages.
    """


class StageStopped(StageFailed):
    """Somebody stopped a stage by SIGINT or SIGTERM: it did not fail, the next pass goes on."""


def failure(lines: Sequence[str], code: int) -> StageFailed:
    """Why a command failed: the stage that ran last, if one did, and the cause."""
    exits = [int(match[1]) for match in map(_EXITED.match, lines) if match]
    ended = code if code < 0 else exits[-1] if exits else 0  # of the stage, where DVC says it
    killed = -ended if ended < 0 else ended - _SHELL
    if killed in _STOPS and code > 0:
        said = [line for line in lines if _STOPPED.match(line)]
        return StageStopped(said[-1].partition(": ")[2] if said else "stopped")
    if killed in signal.valid_signals():
        hint = ": if nobody did that, memory ran out" if killed == signal.SIGKILL else ""
        whose = "the command that ran it was " if code < 0 else ""
        cause = f"{whose}killed by signal {killed}{hint}"
    else:
        cause = last_words(lines) or f"exit code {code}"
    stages = [(at, match["name"]) for at, match in enumerate(map(STAGE.search, lines)) if match]
    if not stages:
        return StageFailed(cause)
    start, stage = stages[-1]
    cause = cause.removeprefix(f"{stage}: ")
    own = [text for line in lines[start:] if (text := line.removeprefix(f"{stage}: ")) != line]
    if own and own[-1] == cause:
        cause = "; ".join(own[-_CAUSE_LINES:])
    return StageFailed(f"{stage}: {cause}"[:600])


def last_words(lines: Sequence[str]) -> str:
    """The last line that a stage wrote itself; DVC's own where there is none."""
    written = [line.strip() for line in lines if line.strip() and not line.startswith("> ")]
    own = [line for line in written if not line.startswith(_ERROR) and not STAGE.search(line)]
    if not own and written:
        own = [written[-1].removeprefix(_ERROR).strip()]
    return own[-1][:300] if own else ""
