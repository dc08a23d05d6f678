"""The ledger: what was composed, and what each batch found. One SQLite file, written ahead.

What a chunk brings is written in one transaction, so that a process killed at any moment leaves a
ledger that is true. A *composition* is known by its key and made once. An *entry* is one file of
one batch. Of a deleted batch's entries only those uploads stay that it finished.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from kantor.batch.jobs import Entry, Result
from kantor.batch.settings import STATUSES
from kantor.files import private_file

Row = tuple[Entry, str, str, str]
"""An entry, its status, the reason where it was not composed, and its composition's key."""

_TABLES = """
CREATE TABLE IF NOT EXISTS batches (
    number INTEGER PRIMARY KEY, places TEXT NOT NULL, options TEXT NOT NULL,
    model TEXT NOT NULL, fingerprint TEXT NOT NULL, state TEXT NOT NULL,
    started TEXT NOT NULL, finished TEXT, reason TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS compositions (
    key TEXT PRIMARY KEY, model TEXT NOT NULL, details TEXT NOT NULL, finished TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    batch INTEGER NOT NULL, place INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
    nth INTEGER NOT NULL, sha256 TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
    key TEXT NOT NULL, options TEXT NOT NULL,
    PRIMARY KEY (batch, place, name, nth, sha256)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
    place TEXT NOT NULL, name TEXT NOT NULL, options TEXT NOT NULL, mark TEXT NOT NULL,
    settled INTEGER NOT NULL, PRIMARY KEY (place, name, options)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS finished (
    sha256 TEXT NOT NULL, name TEXT NOT NULL, options TEXT NOT NULL,
    PRIMARY KEY (sha256, name, options)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen ON entries (sha256, name, options);
CREATE INDEX IF NOT EXISTS composed ON entries (key, batch) WHERE key != '';
"""
# The same options; other formats are no reason to compose again what is finished.
_SAME = "json_remove(options, '$.formats') = json_remove(?, '$.formats')"


class Begun(NamedTuple):
    """A batch in the ledger: its number, and the model that it began with and ends with."""

    number: int
    model: str
    fingerprint: str
    places: str  # as JSON
    started: str  # ISO 8601, UTC


class Ledger:
    """An open ledger, for one process at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._all = connection

    def unfinished(self, places: str, options: str) -> Begun | None:
        """The batch of these places and these options that was stopped."""
        row = self._all.execute(
            "SELECT number, model, fingerprint, places, started FROM batches"
            " WHERE places = ? AND options = ? AND state = 'running' ORDER BY number",
            (places, options),
        ).fetchone()
        return Begun(*row) if row else None

    def begin(self, places: str, options: str, model: str, fingerprint: str) -> Begun:
        """Write down a new batch."""
        started = _now()
        with self._all:
            inserted = self._all.execute(
                "INSERT INTO batches (places, options, model, fingerprint, state, started)"
                " VALUES (?, ?, ?, ?, 'running', ?)",
                (places, options, model, fingerprint, started),
            )
        return Begun(int(inserted.lastrowid or 0), model, fingerprint, places, started)

    def finish(self, batch: int, given_up: str = "") -> None:
        """Write down that a batch is done, or why it was given up."""
        state = "given up" if given_up else "done"
        with self._all:
            self._all.execute(
                "UPDATE batches SET state = ?, reason = ?, finished = ? WHERE number = ?",
                (state, given_up, _now(), batch),
            )

    def any_unfinished(self) -> bool:
        """Whether any batch is under way or was stopped."""
        return self._any("SELECT 1 FROM batches WHERE state = 'running'")

    def has(self, batch: int, entry: Entry) -> bool:
        """Whether the batch has finished this file."""
        return self._any(
            "SELECT 1 FROM entries WHERE batch=? AND place=? AND name=? AND nth=? AND sha256=?",
            *(batch, entry.place, entry.name, entry.nth, entry.sha256),
        )

    def seen(self, entry: Entry, options: str) -> bool:
        """Whether any batch finished this content under this name, and did not fail at it."""
        return self._any(
            f"SELECT 1 FROM entries WHERE sha256=? AND name=? AND {_SAME} AND status != 'failed'"
            f" UNION ALL SELECT 1 FROM finished WHERE sha256=? AND name=? AND {_SAME}",
            *(2 * (entry.sha256, entry.name, options)),
        )

    def _any(self, query: str, *values: object) -> bool:
        return self._all.execute(query, values).fetchone() is not None

    def objects(self, options: str, place: str) -> Objects:
        """Which objects at a place need not be read again for these options."""
        return Objects(self._all, place, options)

    def settle_objects(self, finished: bool) -> None:
        """All that was in the objects noted is finished, or they are to be read again."""
        change = "UPDATE objects SET settled = 1" if finished else "DELETE FROM objects"
        with self._all:
            self._all.execute(f"{change} WHERE NOT settled")

    def details(self, key: str) -> dict[str, Any] | None:
        """What is known of a composition; None where it was not made yet."""
        row = self._all.execute("SELECT details FROM compositions WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def write(
        self, begun: Begun, options: str, rows: Iterable[Row], composed: Iterable[Result] = ()
    ) -> None:
        """Write down entries of a batch, and what was composed for them: all or nothing."""
        with self._all:
            self._all.executemany(
                "INSERT OR REPLACE INTO compositions VALUES (?, ?, ?, ?)",
                ((one.key, begun.model, json.dumps(one.details), _now()) for one in composed),
            )
            self._all.executemany(
                "INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ((begun.number, *entry, *rest, options) for entry, *rest in rows),
            )

    def counts(self, batch: int) -> dict[str, int]:
        """How many entries of a batch have each status."""
        query = "SELECT status, count(*) FROM entries WHERE batch = ? GROUP BY status"
        return dict(self._all.execute(query, (batch,)))

    def rows(
        self, batch: int, statuses: Sequence[str] = STATUSES, most: int = -1
    ) -> Iterator[dict[str, Any]]:
        """Entries of a batch in their order, each with what is known of its composition.

        They are read one by one, `most` at most (all by default), only those of the `statuses`.
        """
        cursor = self._all.execute(
            "SELECT e.name source, e.sha256, e.status, e.reason, e.key composition, c.model,"
            " c.details, c.finished"
            " FROM entries e LEFT JOIN compositions c ON c.key = e.key AND e.key != ''"
            f" WHERE e.batch = ? AND e.status IN ({', '.join('?' * len(statuses))})"
            " ORDER BY e.place, e.position, e.name, e.nth, e.sha256 LIMIT ?",
            (batch, *statuses, most),
        )
        for row in cursor:
            yield dict(row) | json.loads(row["details"] or "{}")

    def ended(self, before: datetime) -> list[int]:
        """The batches that ended before a time and are not deleted yet, the oldest first."""
        ended = "state IN ('done', 'given up') AND finished < ?"
        query = f"SELECT number FROM batches WHERE {ended} ORDER BY number"
        limit = before.astimezone(UTC).isoformat(timespec="seconds")
        return [number for (number,) in self._all.execute(query, (limit,))]

    def forget(self, batch: int) -> list[str]:
        """Delete a batch's rows, but for its number and for which uploads it finished.

        Returns
        -------
        list of str
            The files of the compositions that no other batch has. Their rows are deleted too.
        """
        self._all.execute(
            "INSERT OR IGNORE INTO finished SELECT sha256, name, options FROM entries"
            " WHERE batch = ? AND status != 'failed'",
            (batch,),
        )
        deleted = self._all.execute(
            "DELETE FROM compositions AS c"
            " WHERE key IN (SELECT key FROM entries WHERE batch = ? AND key != '') AND NOT EXISTS"
            " (SELECT 1 FROM entries WHERE key = c.key AND key != '' AND batch != ?)"
            " RETURNING details",
            (batch, batch),
        ).fetchall()
        self._all.execute("DELETE FROM entries WHERE batch = ?", (batch,))
        # A number is not given twice: another batch's files may lie under it elsewhere.
        self._all.execute("UPDATE batches SET state = 'deleted' WHERE number = ?", (batch,))
        return [path for (details,) in deleted for path, _ in json.loads(details)["files"]]

    @contextmanager
    def together(self, kept: bool = True) -> Iterator[None]:
        """Make all changes meanwhile at once at the end; none after an error or if not `kept`."""
        with self._all:
            yield
            if not kept:
                self._all.rollback()

    def shrink(self) -> None:
        """Give free room back to the disk."""
        self._all.execute("VACUUM")


class Objects:
    """The objects of a store that were read to their end; `kantor.intake.Known` for one place."""

    def __init__(self, connection: sqlite3.Connection, place: str, options: str) -> None:
        self._all, self._place, self._options = connection, place, options

    def has(self, name: str, mark: str) -> bool:
        """Whether all that is in an object, as it was with this mark, is finished."""
        query = f"SELECT 1 FROM objects WHERE place=? AND name=? AND {_SAME} AND mark=? AND settled"
        found = self._all.execute(query, (self._place, name, self._options, mark))
        return found.fetchone() is not None

    def note(self, name: str, mark: str) -> None:
        """Note that all in an object was handed on; `Ledger.settle_objects` makes it count."""
        change = "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, 0)"
        self._all.execute(change, (self._place, name, self._options, mark))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    """Open a ledger, made if it is missing; only its owner reads it."""
    with closing(sqlite3.connect(private_file(path), timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_TABLES)
        yield Ledger(connection)
