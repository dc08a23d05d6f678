"""Run a batch: list, hand out, write down, and show what there is."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from threading import Thread
from typing import Any

from kantor.batch import copying, jobs, manifest, models, page
from kantor.batch import ledger as ledgers
from kantor.batch.dispatcher import Engine, Results, dispatch
from kantor.batch.jobs import Chunk, Entry, Job, Result
from kantor.batch.ledger import Begun, Ledger, Row
from kantor.batch.page import Recorder, recorder
from kantor.batch.placing import keeping, placed
from kantor.batch.settings import COMPOSED, FAILED, REFUSED, REUSED, Plan, Summary
from kantor.drift import record
from kantor.errors import SetupError
from kantor.intake import Refused, Upload, check, quarantine, uploads
from kantor.locks import Busy, held

LEDGER, LOCK, QUARANTINE = "ledger.sqlite", ".lock", "quarantine"
"""What lies in the folder of the results beside the compositions."""
PATIENCE = 3.0  # seconds to wait for another batch, or for an old one that is being deleted
_BUFFERED = 500  # entries that wait at most before they are written down
_BUFFERED_BYTES = 64_000_000  # and bytes of refused files among them

_log = logging.getLogger(__name__)

Item = tuple[Entry, Upload | Refused]


def run(plan: Plan, engine: Engine) -> Summary | None:
    """Compose what is in the plan's places, or continue the batch that was stopped.

    Returns
    -------
    Summary or None
        None where only what is new shall be composed, and nothing is.

    Raises
    ------
    InputError
        If there is nothing at one of the places.
    ModelError
        If the model does not load.
    SetupError
        If another batch is composing into the same folder, or the disk, the ledger or a store
        refuses.
    """
    out = plan.batch.out.absolute()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with (
            held(out / LOCK, lambda line: None, PATIENCE),
            ledgers.opened(out / LEDGER) as ledger,
            recorder(out) as recording,
        ):
            summary = _Run(plan, engine, out, ledger, recording).whole()
            if plan.batch.copy_to is not None:
                copying.copy(out, plan.batch.copy_to)
            return summary
    except Busy:
        raise SetupError(
            f"{out}: another batch is composing into this folder, or old ones are being deleted;"
            " wait for it, or name another folder"
        ) from None
    except (OSError, sqlite3.Error) as error:
        name = getattr(error, "filename", None) or out
        reason = getattr(error, "strerror", None) or error
        raise SetupError(
            f"{name}: {reason}; what is composed is kept, the same command goes on"
        ) from error


class _Run:
    """One call: what is under way, and what is known of it."""

    def __init__(
        self, plan: Plan, engine: Engine, out: Path, ledger: Ledger, recording: Recorder
    ) -> None:
        self._plan, self._engine, self._out, self._ledger = plan, engine, out, ledger
        self._record = recording
        self._options = plan.batch.options()
        self._options_text = self._options.model_dump_json()
        self._places = json.dumps(plan.places)
        self._began = time.monotonic()
        self._waiting: dict[str, list[Entry]] = {}  # by key, the entries that a job answers
        self._rows: list[Row] = []
        self._refused: list[Refused] = []
        self._refused_bytes = self._dropped = 0

    def whole(self) -> Summary | None:
        """The batch from its listing to its page."""
        scratch = self._out / ".scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        plan, ledger = self._plan, self._ledger
        unfinished = ledger.unfinished(self._places, self._options_text)
        items = self._to_do(unfinished)
        ledger.settle_objects(False)  # of a call that was stopped
        first = next(items, None)
        if first is None and unfinished is None and plan.only_new:
            ledger.settle_objects(True)
            return None
        if first is not None and unfinished is not None and self._is_given_up(unfinished):
            return self.whole()
        self._begun = unfinished or ledger.begin(
            self._places, self._options_text, *models.pin(self._out, plan.fetch, plan.loader)
        )
        Thread(target=manifest.prepare, daemon=True).start()
        model = models.pinned(self._out, self._begun.fingerprint)
        empty = Chunk((), model, plan.loader, self._out, scratch, self._options, plan.limits)
        todo = self._jobs(items if first is None else chain([first], items))
        for chunk, results in dispatch(
            todo, empty, self._engine, plan.batch.workers, plan.batch.chunk
        ):
            self._take_back(chunk, results)
        self._flush()
        return self._end(scratch)

    def _to_do(self, begun: Begun | None) -> Iterator[Item]:
        """Every file of the places that is not finished, in an order that is the same each time."""
        plan, options = self._plan, self._options_text
        for location in plan.places:
            check(location)
        for place, location in enumerate(plan.places):
            known = self._ledger.objects(options, location) if plan.only_new else None
            found = uploads(location, plan.limits, known, plan.leave)
            last, nth = None, 0
            for position, item in enumerate(found):
                nth = nth + 1 if item.name == last else 0
                last = item.name
                entry = Entry(place, position, item.name, nth, item.sha256)
                if begun and self._ledger.has(begun.number, entry):
                    continue
                if not (plan.only_new and self._ledger.seen(entry, options)):
                    yield entry, item

    def _is_given_up(self, begun: Begun) -> bool:
        """Whether a batch has lost its model: then it is closed, and what is left is for the next.

        What it composed is kept and shown, with the reason.
        """
        kept = models.pinned(self._out, begun.fingerprint)
        fault = models.fault(kept, begun.fingerprint, self._plan.loader)
        if fault:
            _log.warning(
                "batch %d by %s is given up, the next batch takes what it has left: %s",
                *(begun.number, begun.model, fault),
            )
            self._show(begun, fault)
            self._ledger.finish(begun.number, fault)
        return bool(fault)

    def _jobs(self, items: Iterable[Item]) -> Iterator[Job]:
        """The jobs of entries; where it is known already what becomes of one, that is noted."""
        page = self._plan.batch.page
        for entry, item in items:
            key = self._options.key(item.sha256, self._begun.fingerprint)
            if isinstance(item, Refused):
                self._refuse(item)
                self._note((entry, REFUSED, item.reason, ""))
            elif key in self._waiting:
                self._waiting[key].append(entry)
            elif self._is_there(key):
                self._note((entry, REUSED, "", key))
            else:
                self._waiting[key] = [entry]
                yield Job(key, item, shown=entry.place == 0 and entry.position < page.shown)

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
        """Write down what a chunk brings; begin the recordings for the page."""
        recorded = self._plan.batch.page.recorded
        for job, result in zip(chunk.jobs, results, strict=True):
            status = COMPOSED if not result.reason else FAILED if result.failed else REFUSED
            for entry in self._waiting.pop(job.key):  # the first was composed, the others share it
                if status == REFUSED:
                    self._refuse(Refused(entry.name, result.reason, entry.sha256, job.upload.data))
                self._rows.append((entry, status, result.reason, "" if result.reason else job.key))
                if status == COMPOSED and entry.place == 0 and entry.position < recorded:
                    self._record(result.details["files"][0][0])
                status = REUSED if status == COMPOSED else status
        composed = [result for result in results if not result.reason]
        self._flush(composed)
        if self._plan.drift is not None:
            record(self._plan.drift, [one.features for one in composed if one.features])
        self._plan.report(self._ledger.counts(self._begun.number))

    def _refuse(self, refused: Refused) -> None:
        self._refused.append(refused)
        self._refused_bytes += len(refused.data or b"")

    def _note(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) >= _BUFFERED or self._refused_bytes >= _BUFFERED_BYTES:
            self._flush()

    def _flush(self, composed: Sequence[Result] = ()) -> None:
        """Write down what is new: what was refused is kept before the ledger says that it was."""
        if self._refused:
            self._dropped += quarantine(self._out / QUARANTINE, self._refused, self._plan.limits)
            self._refused, self._refused_bytes = [], 0
        self._ledger.write(self._begun, self._options_text, self._rows, composed)
        self._rows = []

    def _end(self, scratch: Path) -> Summary:
        """Write the manifest and the page; let the model go."""
        begun, ledger = self._begun, self._ledger
        folder = self._show(begun)
        counts = ledger.counts(begun.number)
        ledger.settle_objects(not counts.get(FAILED))
        ledger.finish(begun.number)
        shutil.rmtree(scratch, ignore_errors=True)
        if not ledger.any_unfinished():
            shutil.rmtree(self._out / models.FOLDER, ignore_errors=True)
        seconds = time.monotonic() - self._began
        return Summary(begun.number, begun.model, counts, folder, seconds, self._dropped)

    def _show(self, begun: Begun, given_up: str = "") -> Path:
        """Write a batch's manifest and page into its folder."""
        name = jobs.folder_name(begun.number, begun.places, begun.started)
        folder = jobs.find_folder(self._out, begun.number) or self._out / name
        folder.mkdir(exist_ok=True)
        settings = self._plan.batch.page
        good: list[dict[str, Any]] = []
        rows = self._ledger.rows(begun.number)
        shown = placed(self._out, folder, rows, self._record, settings.recorded)
        manifest.write(folder, keeping(shown, good, settings.shown))
        page.write(folder, begun, self._ledger, good, settings.shown, given_up)
        return folder
