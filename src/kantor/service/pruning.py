"""Delete what is older than the block `keep` of `params.yaml` says, and say what went."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kantor import settings
from kantor.batch import Batch
from kantor.batch.pruning import prune_batches, prune_quarantine
from kantor.errors import InputError, SetupError
from kantor.files import NOTHING, Freed
from kantor.locks import STATE, Busy
from kantor.promotion.retired import prune_retired
from kantor.service.parameters import Keep

LOGS = STATE / "logs"


@dataclass(frozen=True)
class Pruned:
    """What became of one `kind` of old things, a key of the block `keep`.

    `thing` is what is counted, such as ``batch``. `fault` is what hindered the deletion, one line;
    it is `passing` where somebody is only at work, so that the next run deletes what is left.
    """

    kind: str
    thing: str
    days: float
    freed: Freed = NOTHING
    dry_run: bool = False
    fault: str = ""
    passing: bool = False

    @property
    def line(self) -> str:
        """What went, in one line."""
        if self.fault:
            return f"{self.kind}: {self.fault}" + ("; left for the next run" * self.passing)
        days = f"{self.days:g} day{'s' * (self.days != 1)}"
        if not self.freed.count:
            return f"{self.kind}: nothing older than {days}"
        verb = "would be deleted" if self.dry_run else "deleted"
        count, files, size = self.freed.count, self.freed.files, self.freed.bytes / 1e6
        held = f"{size:,.1f} MB" if files == count else f"{files:,} files, {size:,.1f} MB"
        plural = "" if count == 1 else "es" if self.thing.endswith("h") else "s"
        return f"{self.kind}: {count:,} {self.thing}{plural} older than {days} {verb} ({held})"


def prune(root: Path, dry_run: bool = False, now: datetime | None = None) -> Iterator[Pruned]:
    """Delete what is too old, kind after kind; a fault of one kind does not concern the others.

    Of a style's folder these are its own batches and versions. Prefect's server itself deletes its
    flow runs. A dry run only says what would be deleted. Raises `SetupError` if the blocks `keep`
    or `batch` of the parameters are at fault.
    """
    now = now or datetime.now(UTC)
    keep = settings.load(Keep, "keep", settings.params_path(root), optional=True)
    batch = settings.load(Batch, "batch", settings.params_path(root)).of_style(root)
    out = settings.repository(root) / batch.out
    kinds: list[tuple[str, str, float | None, Callable[[datetime], Freed]]] = [
        ("compositions", "batch", keep.compositions, lambda t: prune_batches(out, t, dry_run)),
        ("quarantine", "file", keep.quarantine, lambda t: prune_quarantine(out, t, dry_run)),
        ("logs", "log", keep.logs, lambda t: prune_logs(root / LOGS, t, dry_run)),
        ("retired", "version", keep.retired, lambda t: prune_retired(t, dry_run, root=root)),
    ]
    for kind, thing, days, delete in kinds:
        if days is None:
            continue
        pruned = Pruned(kind, thing, days, dry_run=dry_run)
        try:
            yield replace(pruned, freed=delete(now - timedelta(days=days)))
        except Busy:
            yield replace(pruned, fault="a batch is composing", passing=True)
        except (InputError, SetupError, OSError, sqlite3.Error) as error:
            yield replace(pruned, fault=" ".join(str(error).split()))


def prune_logs(folder: Path, before: datetime, dry_run: bool = False) -> Freed:
    """Empty the logs whose last line was written before a time.

    A log is not removed: a process that is quiet may still hold it open. Raises `OSError`.
    """
    freed = NOTHING
    for path in sorted(folder.glob("*.log*")):
        status = path.stat()
        if status.st_size and status.st_mtime < before.timestamp():
            freed += Freed(1, 1, status.st_size)
            if not dry_run:
                path.write_bytes(b"")
    return freed


def markdown(pruned: Sequence[Pruned]) -> str:
    """All kinds for Prefect's page."""
    lines = [f"- {one.line}" for one in pruned]
    nothing = "Nothing is ever deleted: see the block `keep` of params.yaml."
    return "\n".join(lines or [nothing]) + "\n"
