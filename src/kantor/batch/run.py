"""Run a batch: list, hand out, write down, and show what there is."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from kantor.batch import copying, listing, manifest, models, page
from kantor.batch import ledger as ledgers
from kantor.batch.chunks import Chunk, Done, Entry, Job, Made, Orders
from kantor.batch.dispatcher import Dealer
from kantor.batch.engines import Engine
from kantor.batch.ledger import COMPOSED, FAILED, REFUSED, REUSED, Begun, Ledger, Row
from kantor.batch.plan import BatchError, Plan, Progress, Summary
from kantor.batch.recordings import Recordings, recordings
from kantor.drift import record
from kantor.intake import Refused, Upload, quarantine
from kantor.locks import Busy, held

LEDGER, LOCK, QUARANTINE = "ledger.sqlite", ".lock", "quarantine"
"""What lies in the folder of the results beside the compositions."""
PATIENCE = 3.0  # seconds to wait for another batch, or for an old one that is being deleted
_BUFFERED = 500  # entries that wait at most before they are written down
_BUFFERED_BYTES = 64_000_000  # and bytes of refused files among them

_log = logging.getLogger(__name__)


def run(plan: Plan, engine: Engine) -> Summary | None:
    """Compose what is in the plan's places, or go on with the batch that was stopped.

    Returns
    -------
    Summary or None
        None where only what is new was asked for, and nothing is.

    Raises
    ------
    BatchError
        If another batch is composing into the same folder, the model does not load, or the disk,
        the ledger or a store refuses.
    """
    out = plan.batch.out.absolute()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with (
            held(out / LOCK, lambda line: None, PATIENCE),
            ledgers.opened(out / LEDGER) as ledger,
            recordings(out) as heard,
        ):
            summary = _Run(plan, engine, out, ledger, heard).whole()
            if plan.batch.copy_to is not None:
                copying.copy(out, plan.batch.copy_to)
            return summary
    except Busy:
        raise BatchError(
            f"{out}: another batch is composing into this folder, or old ones are being deleted;"
            " wait for it, or name another folder"
        ) from None
    except models.Unusable as error:
        raise BatchError(str(error)) from None
    except (OSError, sqlite3.Error) as error:
        name = getattr(error, "filename", None) or out
        reason = getattr(error, "strerror", None) or error
        raise BatchError(
            f"{name}: {reason}; what is composed is kept, the same command goes on"
        ) from error


class _Run:
    """One call: what is under way, and what is known of it."""

    def __init__(
        self, plan: Plan, engine: Engine, out: Path, ledger: Ledger, heard: Recordings
    ) -> None:
        self._plan, self._engine, self._out, self._ledger = plan, engine, out, ledger
        self._recordings = heard
        self._to_hear: set[str] = set()
        self._manner = plan.batch.manner()
        self._text = self._manner.model_dump_json()
        self._places = json.dumps(plan.places)
        self._began = time.monotonic()
        self._model_seconds = 0.0
        self._waiting: dict[str, list[Entry]] = {}
        self._rows: list[Row] = []
        self._refused: list[Refused] = []
        self._refused_bytes = self._dropped = 0

    def whole(self) -> Summary | None:
        """The batch from its listing to its page."""
        scratch = self._out / ".scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        unfinished = self._ledger.unfinished(self._places, self._text)
        found = self._found(unfinished)
        self._ledger.settle_objects(False)  # of a call that was stopped
        first = next(found, None)
        if first is None and unfinished is None and self._plan.only_new:
            self._ledger.settle_objects(True)
            return None
        if first is not None and unfinished is not None and self._is_given_up(unfinished):
            return self.whole()
        self._begun = unfinished or self._begin()
        self._counts = self._ledger.counts(self._begun.number)
        dealer = self._dealer(scratch)
        for entry, item in chain([] if first is None else [first], found):
            job = self._taken(entry, item)
            for chunk, done in dealer.add(job) if job else ():
                self._land(chunk, done)
        for chunk, done in dealer.rest():
            self._land(chunk, done)
        self._flush()
        return self._end(scratch)

    def _is_given_up(self, begun: Begun) -> bool:
        """Whether a batch has lost its model: then it is closed, and what is left is for the next.

        What it composed is kept and shown, with the reason.
        """
        why = models.fault(self._out, begun.fingerprint, self._plan.loader)
        if why:
            _log.warning(
                "batch %d by %s is given up, the next batch takes what it has left: %s",
                *(begun.number, begun.model, why),
            )
            self._show(replace(begun, given_up=why))
            self._ledger.finish(begun.number, why)
        return bool(why)

    def _begin(self) -> Begun:
        model = models.pin(self._out, self._plan.fetch, self._plan.loader)
        return self._ledger.begin(self._places, self._text, model.source, model.fingerprint)

    def _dealer(self, scratch: Path) -> Dealer:
        model = models.pinned(self._out, self._begun.fingerprint)
        plan, batch = self._plan, self._plan.batch
        orders = Orders(model, plan.loader, self._out, scratch, self._manner, plan.limits)
        return Dealer(self._engine, orders, batch.workers, batch.chunk)

    def _found(self, begun: Begun | None) -> Iterator[listing.Found]:
        """What is in the places and not done with."""
        known = partial(self._ledger.objects, self._text) if self._plan.only_new else None
        for entry, item in listing.listed(self._plan.places, self._plan.limits, known):
            if begun and self._ledger.has(begun.number, entry):
                continue
            if self._plan.only_new and self._ledger.seen(entry, self._text):
                continue
            yield entry, item

    def _taken(self, entry: Entry, item: Upload | Refused) -> Job | None:
        """What is to be composed for an entry: nothing, where it is known what it comes to."""
        if isinstance(item, Refused):
            self._refuse(item)
            self._note((entry, REFUSED, item.reason, ""))
            return None
        key = self._manner.key(item.sha256, self._begun.fingerprint)
        if key in self._waiting:
            self._waiting[key].append(entry)
            return None
        if self._is_there(key):
            self._note((entry, REUSED, "", key))
            return None
        self._waiting[key] = [entry]
        return self._job(entry, item, key)

    def _job(self, entry: Entry, upload: Upload, key: str) -> Job:
        page = self._plan.batch.page
        shown = entry.place == 0 and entry.position < page.shown
        if len(self._to_hear) < page.heard:
            self._to_hear.add(key)
        return Job(key, listing.stem(upload.name, key), upload, shown)

    def _is_there(self, key: str) -> bool:
        """Whether it was composed and its files are as they were written."""
        details = self._ledger.details(key)
        try:
            return details is not None and all(
                (self._out / path).stat().st_size == size for path, size in details["files"]
            )
        except OSError:
            return False

    def _land(self, chunk: Chunk, done: Done) -> None:
        """Write down what a chunk brings."""
        self._recordings.prepare()
        self._model_seconds += done.model_seconds
        for job, made in zip(chunk.jobs, done.made, strict=True):
            self._rows += self._entered(job, made)
        composed = [made for made in done.made if not made.reason]
        for made in composed:
            if made.key in self._to_hear:
                self._recordings.begin(made.files[0][0])
        self._flush(composed)
        if self._plan.drift is not None:
            record(self._plan.drift, [made.features for made in composed if made.features])
        self._plan.heard(Progress(dict(self._counts), time.monotonic() - self._began))

    def _entered(self, job: Job, made: Made) -> Iterator[Row]:
        """The entries that a job answers: the first was composed, the others share it."""
        status = COMPOSED if not made.reason else FAILED if made.failed else REFUSED
        for entry in self._waiting.pop(job.key):
            if status == REFUSED:
                self._refuse(Refused(entry.name, made.reason, entry.sha256, job.upload.data))
            yield entry, status, made.reason, "" if made.reason else job.key
            status = REUSED if status == COMPOSED else status

    def _refuse(self, refused: Refused) -> None:
        self._refused.append(refused)
        self._refused_bytes += len(refused.data or b"")

    def _note(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) >= _BUFFERED or self._refused_bytes >= _BUFFERED_BYTES:
            self._flush()

    def _flush(self, made: list[Made] | None = None) -> None:
        """Write down what is new: what was refused is kept before the ledger says that it was."""
        if self._refused:
            folder, limits = self._out / QUARANTINE, self._plan.limits
            self._dropped += quarantine(folder, self._refused, limits)
            self._refused, self._refused_bytes = [], 0
        self._ledger.write(self._begun, self._text, self._rows, made or [])
        for _, status, _, _ in self._rows:
            self._counts[status] = self._counts.get(status, 0) + 1
        self._rows = []

    def _end(self, scratch: Path) -> Summary:
        """The manifest and the page; the model is let go."""
        begun = self._begun
        composing = time.monotonic() - self._began
        folder = self._show(begun)
        counts = self._ledger.counts(begun.number)
        self._ledger.settle_objects(not counts.get(FAILED))
        self._ledger.finish(begun.number)
        shutil.rmtree(scratch, ignore_errors=True)
        if not self._ledger.any_unfinished():
            models.drop(self._out)
        seconds = time.monotonic() - self._began
        return Summary(
            begun.number,
            begun.model,
            counts,
            folder,
            seconds,
            composing,
            self._model_seconds,
            self._dropped,
        )

    def _show(self, begun: Begun) -> Path:
        """Write a batch's manifest and page into its folder."""
        folder = self._out / listing.folder(begun.number)
        folder.mkdir(exist_ok=True)
        manifest.write(folder, self._ledger.rows(begun.number))
        page.write(folder, self._out, begun, self._ledger, self._plan.batch.page, self._recordings)
        return folder
