"""Delete what old batches left: folders, compositions, rows of the ledger; and old quarantine.

The files go first and the rows that name them after. So a process that is killed in between leaves
a batch that the next call deletes; and a composition of which there is a row and no file is made
again when it is asked for, as always.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from kantor.batch import jobs
from kantor.batch.ledger import connected
from kantor.batch.run import LEDGER, LOCK, QUARANTINE
from kantor.files import NOTHING, Freed, free
from kantor.locks import held

PATIENCE = 5.0  # seconds to wait for a batch that is composing


def prune_batches(out: Path, before: datetime, dry_run: bool = False) -> Freed:
    """Delete the batches that ended before a time.

    Compositions that a younger batch has as well stay. The ledger still knows which uploads were
    finished. A batch that has not ended stays.

    Parameters
    ----------
    out
        The folder of the results.
    dry_run
        Only count.

    Returns
    -------
    Freed
        Batches and their files.

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
    with connected(out / LEDGER) as ledger:
        old = _ended(ledger, before)
        # One after the other: nobody who wants to compose waits for long.
        for some in [old] if dry_run else [[batch] for batch in old]:
            with _alone(out):
                freed += _pruned(out, ledger, some, dry_run)
        if old and not dry_run:
            with _alone(out):
                ledger.execute("VACUUM")
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


def _pruned(out: Path, ledger: sqlite3.Connection, batches: Sequence[int], dry_run: bool) -> Freed:
    freed = Freed(len(batches))
    for batch in batches:
        freed += free(out / jobs.folder_name(batch), dry_run)
    for path in _files_only_of(ledger, batches):
        freed += free(out / path, dry_run)
    if not dry_run:
        _forget(ledger, batches)
    return freed


def _ended(ledger: sqlite3.Connection, before: datetime) -> list[int]:
    """The batches that ended before a time and are not deleted yet, the oldest first."""
    rows = ledger.execute(
        "SELECT number FROM batches WHERE state IN ('done', 'given up') AND finished < ?"
        " ORDER BY number",
        (before.astimezone(UTC).isoformat(timespec="seconds"),),
    )
    return [number for (number,) in rows]


def _files_only_of(ledger: sqlite3.Connection, batches: Sequence[int]) -> Iterator[str]:
    """The files of the compositions that these batches have and no other has."""
    query = f"SELECT details FROM compositions WHERE key IN ({_keys_only_of(batches)})"
    for (details,) in ledger.execute(query, [*batches, *batches]):
        yield from (path for path, _ in json.loads(details)["files"])


def _forget(ledger: sqlite3.Connection, batches: Sequence[int]) -> None:
    """Delete the rows of batches but for their numbers and the uploads that they finished."""
    those = f"({_marks(batches)})"
    keys = _keys_only_of(batches)
    with ledger:
        ledger.execute(
            "INSERT OR IGNORE INTO dealt SELECT sha256, name, manner FROM entries"
            f" WHERE batch IN {those} AND status != 'failed'",
            batches,
        )
        ledger.execute(f"DELETE FROM compositions WHERE key IN ({keys})", [*batches, *batches])
        ledger.execute(f"DELETE FROM entries WHERE batch IN {those}", batches)
        # A number is not given twice: another batch's files may lie under it elsewhere.
        ledger.execute(f"UPDATE batches SET state = 'deleted' WHERE number IN {those}", batches)


def _keys_only_of(batches: Sequence[int]) -> str:
    """A query of the compositions that these batches have and no other; it takes them twice."""
    marks = _marks(batches)
    return (
        f"SELECT key FROM entries e WHERE batch IN ({marks}) AND key != '' AND NOT EXISTS (SELECT 1"
        f" FROM entries o WHERE o.key = e.key AND o.key != '' AND o.batch NOT IN ({marks}))"
    )


def _marks(batches: Sequence[int]) -> str:
    return ", ".join("?" * len(batches))
