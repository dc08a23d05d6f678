"""Delete what old batches left: folders, compositions, rows of the ledger; and old quarantine.

The rows of a batch are gone when its files are. So a process that is killed in between leaves a
batch that the next call deletes; and a composition that has a row and no file is composed again
when it is needed, as always.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from kantor.batch import jobs, ledger
from kantor.batch.run import LEDGER, LOCK, QUARANTINE
from kantor.files import NOTHING, Freed, free
from kantor.locks import held

PATIENCE = 5.0  # seconds to wait for a batch that is composing


def prune_batches(out: Path, before: datetime, dry_run: bool = False) -> Freed:
    """Delete the batches that ended before a time from the folder of the results, `out`.

    Compositions that a younger batch has as well stay. The ledger still knows which uploads were
    finished. A batch that has not ended stays.

    Returns
    -------
    Freed
        Batches and their files; in a dry run those that would be deleted.

    Raises
    ------
    Busy
        If a batch is composing.
    OSError, sqlite3.Error
        If the disk or the ledger refuses.
    """
    freed = NOTHING
    if not (out / LEDGER).is_file():
        return freed
    with ledger.opened(out / LEDGER) as rows:
        old = rows.ended(before)
        # One after the other: nobody who wants to compose waits for long.
        for some in [old] if dry_run else [[batch] for batch in old]:
            with _alone(out), rows.together(kept=not dry_run):
                for batch in some:
                    folder = jobs.find_folder(out, batch)
                    freed += Freed(1) + (free(folder, dry_run) if folder else NOTHING)
                    for path in rows.forget(batch):
                        freed += free(out / path, dry_run)
        if old and not dry_run:
            with _alone(out):
                rows.shrink()
    return freed


def prune_quarantine(out: Path, before: datetime, dry_run: bool = False) -> Freed:
    """Delete the files of the quarantine that were written before a time.

    Raises
    ------
    Busy, OSError
        As `prune_batches` does.
    """
    freed = NOTHING
    if not (out / QUARANTINE).is_dir():
        return freed
    with _alone(out):
        for path in sorted((out / QUARANTINE).iterdir()):
            if path.stat().st_mtime < before.timestamp():
                freed += Freed(1) + free(path, dry_run)
    return freed


def _alone(out: Path) -> AbstractContextManager[int]:
    """Keep batches from composing meanwhile."""
    return held(out / LOCK, lambda line: None, PATIENCE)
