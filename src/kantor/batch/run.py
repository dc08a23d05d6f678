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
from threading import Thread

from kantor.batch import copying, jobs, manifest, models, page
from kantor.batch import ledger as ledgers
from kantor.batch.dispatcher import Dispatcher, Engine, Results
from kantor.batch.jobs import Chunk, Common, Entry, Job, Result
from kantor.batch.ledger import COMPOSED, FAILED, REFUSED, REUSED, Begun, Ledger, Row
from kantor.batch.plan import BatchError, Plan, Summary
from kantor.batch.samples import Recordings, recordings
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
        None where only what is new shall be composed, and nothing is.

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
            recordings(out) as recorded,
        ):
            summary = _Run(plan, engine, out, ledger, recorded).whole()
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
        self, plan: Plan, engine: Engine, out: Path, ledger: Ledger, recorded: Recordings
    ) -> None:
        self._plan, self._engine, self._out, self._ledger = plan, engine, out, ledger
        self._recordings = recorded
        self._to_record: set[str] = set()
        self._options = plan.batch.options()
        self._options_text = self._options.model_dump_json()
        self._places = json.dumps(plan.places)
        self._began = time.monotonic()
        self._waiting: dict[str, list[Entry]] = {}
        self._rows: list[Row] = []
        self._refused: list[Refused] = []
        self._refused_bytes = self._dropped = 0

    def whole(self) -> Summary | None:
        """The batch from its listing to its page."""
        scratch = self._out / ".scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        unfinished = self._ledger.unfinished(self._places, self._options_text)
        items = self._to_do(unfinished)
        self._ledger.settle_objects(False)  # of a call that was stopped
        first = next(items, None)
        if first is None and unfinished is None and self._plan.only_new:
            self._ledger.settle_objects(True)
            return None
        if first is not None and unfinished is not None and self._is_given_up(unfinished):
            return self.whole()
        self._begun = unfinished or self._begin()
        self._counts = self._ledger.counts(self._begun.number)
        dispatcher = self._dispatcher(scratch)
        for entry, item in chain([] if first is None else [first], items):
            job = self._job_of(entry, item)
            for chunk, results in dispatcher.add(job) if job else ():
                self._take_back(chunk, results)
        for chunk, results in dispatcher.rest():
            self._take_back(chunk, results)
        self._flush()
        return self._end(scratch)

    def _is_given_up(self, begun: Begun) -> bool:
        """Whether a batch has lost its model: then it is closed, and what is left is for the next.

        What it composed is kept and shown, with the reason.
        """
        fault = models.fault(self._out, begun.fingerprint, self._plan.loader)
        if fault:
            _log.warning(
                "batch %d by %s is given up, the next batch takes what it has left: %s",
                *(begun.number, begun.model, fault),
            )
            self._show(replace(begun, given_up=fault))
            self._ledger.finish(begun.number, fault)
        return bool(fault)

    def _begin(self) -> Begun:
        model = models.pin(self._out, self._plan.fetch, self._plan.loader)
        return self._ledger.begin(self._places, self._options_text, model.source, model.fingerprint)

    def _dispatcher(self, scratch: Path) -> Dispatcher:
        model = models.pinned(self._out, self._begun.fingerprint)
        plan, batch = self._plan, self._plan.batch
        Thread(target=manifest.prepare, daemon=True).start()
        common = Common(model, plan.loader, self._out, scratch, self._options, plan.limits)
        return Dispatcher(self._engine, common, batch.workers, batch.chunk)

    def _to_do(self, begun: Begun | None) -> Iterator[tuple[Entry, Upload | Refused]]:
        """What is in the places and not finished."""
        known = partial(self._ledger.objects, self._options_text) if self._plan.only_new else None
        for entry, item in jobs.listed(self._plan.places, self._plan.limits, known):
            if begun and self._ledger.has(begun.number, entry):
                continue
            if self._plan.only_new and self._ledger.seen(entry, self._options_text):
                continue
            yield entry, item

    def _job_of(self, entry: Entry, item: Upload | Refused) -> Job | None:
        """The job of an entry; None where it is known already what it comes to."""
        if isinstance(item, Refused):
            self._refuse(item)
            self._note((entry, REFUSED, item.reason, ""))
            return None
        key = self._options.key(item.sha256, self._begun.fingerprint)
        if key in self._waiting:
            self._waiting[key].append(entry)
            return None
        if self._is_there(key):
            self._note((entry, REUSED, "", key))
            return None
        self._waiting[key] = [entry]
        page = self._plan.batch.page
        if len(self._to_record) < page.recorded:
            self._to_record.add(key)
        shown = entry.place == 0 and entry.position < page.shown
        return Job(key, jobs.stem(item.name, key), item, shown)

    def _is_there(self, key: str) -> bool:
        """Whether it was composed and its files are as they were written."""
        details = self._ledger.details(key)
        try:
            return details is not None and all(
                (self._out / path).stat().st_size == size for path, size in details["files"]
            )
        except OSError:
            return False

    def _take_back(self, chunk: Chunk, results: Results) -> None:
        """Write down what a chunk brings."""
        for job, result in zip(chunk.jobs, results, strict=True):
            self._rows += self._rows_of(job, result)
        composed = [result for result in results if not result.reason]
        for result in composed:
            if result.key in self._to_record:
                self._recordings.begin(result.details["files"][0][0])
        self._flush(composed)
        if self._plan.drift is not None:
            record(self._plan.drift, [one.features for one in composed if one.features])
        self._plan.report(dict(self._counts))

    def _rows_of(self, job: Job, result: Result) -> Iterator[Row]:
        """The entries that a job answers: the first was composed, the others share it."""
        status = COMPOSED if not result.reason else FAILED if result.failed else REFUSED
        for entry in self._waiting.pop(job.key):
            if status == REFUSED:
                self._refuse(Refused(entry.name, result.reason, entry.sha256, job.upload.data))
            yield entry, status, result.reason, "" if result.reason else job.key
            status = REUSED if status == COMPOSED else status

    def _refuse(self, refused: Refused) -> None:
        self._refused.append(refused)
        self._refused_bytes += len(refused.data or b"")

    def _note(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) >= _BUFFERED or self._refused_bytes >= _BUFFERED_BYTES:
            self._flush()

    def _flush(self, composed: list[Result] | None = None) -> None:
        """Write down what is new: what was refused is kept before the ledger says that it was."""
        if self._refused:
            folder, limits = self._out / QUARANTINE, self._plan.limits
            self._dropped += quarantine(folder, self._refused, limits)
            self._refused, self._refused_bytes = [], 0
        self._ledger.write(self._begun, self._options_text, self._rows, composed or [])
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
        return Summary(begun.number, begun.model, counts, folder, seconds, composing, self._dropped)

    def _show(self, begun: Begun) -> Path:
        """Write a batch's manifest and page into its folder."""
        folder = self._out / jobs.folder_name(begun.number)
        folder.mkdir(exist_ok=True)
        manifest.write(folder, self._ledger.rows(begun.number))
        page.write(folder, self._out, begun, self._ledger, self._plan.batch.page, self._recordings)
        return folder
