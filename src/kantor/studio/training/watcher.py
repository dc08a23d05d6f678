"""Look on while a training goes on: what it says and writes, gathered, and told when it changes."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kantor.errors import SetupError
from kantor.locks import STATE, holder
from kantor.service.pipeline import LOCK
from kantor.studio.document import now
from kantor.studio.training import film_video, runs
from kantor.studio.training.figures import REPORTS, figures
from kantor.studio.training.prefect_runs import ENDED, Prefect
from kantor.studio.training.run_output import Reading
from kantor.training.history import Row, read

PAUSE = 0.5  # seconds between two looks: at most two events a second
_PREFECT_PAUSE = 2.0
_SELDOM = 10.0  # seconds between two looks where nothing seems to change
_UNHEARD = 20.0  # seconds after which a run that has no process is given up
_APPROVAL = "it is better than the champion: promote it here, or answer in Prefect's page"
_KILLED = "it was killed; start again to go on from its last checkpoint"
_log = logging.getLogger(__name__)


class Watcher:
    """What is known of the present or the last training; `publish` gets it when it changes."""

    def __init__(self, root: Path, prefect: str, publish: Callable[[Any], object]) -> None:
        self.root, self._publish = root, publish
        self._prefect = Prefect(prefect) if prefect else None
        self._lock, self._ending = threading.Lock(), threading.Event()
        self._reading, self._read_of, self._offset = Reading(), "", 0
        self._rows: tuple[tuple[float, int], list[Row]] = ((0.0, 0), [])
        self._filming: tuple[str, subprocess.Popen[bytes]] | None = None
        self._film_faults: dict[str, str] = {}
        self._film_due = ""
        self._asked_prefect, self._told, self._followed = 0.0, "", ""
        self._complete = ""  # the flow's run of which all lines are read
        self._waits = ""  # for what the flow's run waits, in Prefect's words
        self._thread = threading.Thread(target=self._watch, name="trainings", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no longer; the training itself goes on."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(5)
        with self._lock:
            if self._filming is not None:  # it can be asked for again
                self._filming[1].kill()
                self._filming[1].communicate()
        if self._prefect:
            self._prefect.close()

    def _watch(self) -> None:
        mark: object = None
        while not self._ending.wait(PAUSE):
            try:
                before, mark = mark, self._mark()
                if mark != before:
                    self._tell(self.overview())
            except Exception:  # a file that is just being written: there is a next time
                _log.debug("looking at the training", exc_info=True)
                mark = None

    def _mark(self) -> object:
        """What is another whenever there may be something to tell; quickly found."""
        folder, reports = self.root / runs.FOLDER, self.root / REPORTS
        newest = max(folder.glob("*.json"), default=folder)
        paths = (newest, newest.with_suffix(".log"), self.root / "params.yaml")
        files = [*paths, *(reports / name for name in ("history.csv", "health.json"))]
        with self._lock:
            filming = self._filming and self._filming[1].poll()
        turn = time.monotonic() // (_PREFECT_PAUSE if self._followed else _SELDOM)
        return turn, filming, holder(self.root / STATE / LOCK), [*map(_stamp, files)]

    def _tell(self, seen: dict[str, Any]) -> None:
        text = json.dumps(seen, sort_keys=True)
        if text != self._told:
            self._told = text
            self._publish(seen)

    def film_of(self, run_id: str) -> None:
        """Have a run's film made, once the one that is being made is done."""
        with self._lock:
            self._film_faults.pop(run_id, None)
            self._film_due = run_id

    def overview(self) -> dict[str, Any]:
        """Everything about the present or last training but its history and its frames."""
        with self._lock:
            run = self._brought_up_to_date(runs.latest(self.root))
            reading = self._reading
            elsewhere = ""
            if run is None or not run.active:
                elsewhere = holder(self.root / STATE / LOCK)
            if elsewhere in (f"process {os.getpid()}", f"process {run.pid if run else 0}"):
                elsewhere = ""  # it is just beginning, or ending
            status = "elsewhere" if elsewhere else run.status if run else "none"
            rows = self.rows()
            seen = {
                "id": run.id if run else "",
                "status": status,
                "holder": elsewhere,
                "message": run.message if run and not elsewhere else "",
                "began": run.began if run else "",
                "ended": run.ended if run else "",
                "preset": run.preset if run else "",
                "changed": run.changed if run else [],
                "flow": bool(run and run.flow_run),
                "stage": reading.stage if run and run.active else "",
                "stages": reading.listed(),
                "resumed": reading.resumed,
                "lines": reading.last[-8:],
                "film": self._film_state(run),
            }
            return seen | figures(self.root, rows, status, reading.training)

    def rows(self) -> list[Row]:
        """The rows of the training's log; none where its stage has not begun."""
        run, reading = runs.latest(self.root), self._reading
        begun = reading.training or reading.stages.get("train") == "unchanged"
        if run is not None and (run.active or reading.count) and not begun:
            return []  # what is there is of the training before
        path = self.root / REPORTS / "history.csv"
        if not path.with_name("health.json").exists():
            return []  # it came with the repository: nothing was trained here
        try:
            status = path.stat()
        except OSError:
            return []
        mark = status.st_mtime, status.st_size
        if mark != self._rows[0]:
            self._rows = mark, read(path)
        return self._rows[1]

    def _brought_up_to_date(self, run: runs.Run | None) -> runs.Run | None:
        """Read on in its lines; note that it has ended where it could not do so itself."""
        if run is None:
            return None
        if run.id != self._read_of:
            self._reading, self._read_of, self._offset = Reading(), run.id, 0
            self._waits, self._asked_prefect = "", 0.0
        if run.active:
            self._followed = run.id
        if run.flow_run:
            run = self._asked(run)
        else:
            self._read_log(run)
            if run.active and not runs.lives(run) and not self._fresh(run):
                asked = run.status == "stopping"  # before it could hear of it
                status, words = ("stopped", "stopped") if asked else ("failed", _KILLED)
                run = runs.update(self.root, run.id, status=status, message=words, ended=now())
        if not run.active:
            self._reading.close(run.status)
            if self._followed == run.id:
                self._followed = ""
                self._end_of(run)
        return run

    def _end_of(self, run: runs.Run) -> None:
        """Make the film of a training that has just ended."""
        if self._reading.training and run.status == "done":
            self._film_due = run.id

    def _fresh(self, run: runs.Run) -> bool:
        began = datetime.fromisoformat(run.began)
        return not run.pid and (datetime.now(UTC) - began).total_seconds() < _UNHEARD

    def _read_log(self, run: runs.Run) -> None:
        with suppress(OSError), runs.log_path(self.root, run.id).open("rb") as log:
            log.seek(self._offset)
            whole, _, _ = log.read().rpartition(b"\n")
            if whole:
                self._offset += len(whole) + 1
                self._reading.feed(whole.decode(errors="replace").splitlines())

    def _asked(self, run: runs.Run) -> runs.Run:
        """Ask Prefect for the state and the lines of a flow run, now and then.

        Of one that has ended the lines are asked for once: the last may come late.
        """
        if self._prefect is None or self._complete == run.id:
            return run
        if time.monotonic() - self._asked_prefect < _PREFECT_PAUSE:
            return run.model_copy(update={"message": self._waits}) if run.active else run
        self._asked_prefect = time.monotonic()
        try:
            while lines := self._prefect.lines(run.flow_run, self._reading.count):
                self._reading.feed(lines)
            if not run.active:
                self._complete = run.id
                return run
            state, words = self._prefect.state(run.flow_run)
        except SetupError as error:
            if not run.active:
                return run
            state, words = "PENDING", str(error)
        if state not in ENDED:
            self._waits = words if state in ("SCHEDULED", "PENDING") else ""
            return run.model_copy(update={"message": self._waits})
        status = ENDED[state]
        if run.status == "stopping" and status == "failed":
            status = "stopped"
        if status == "done":
            words = _APPROVAL if state == "PAUSED" else ""
        return runs.update(self.root, run.id, status=status, message=words, ended=now())

    def _film_state(self, run: runs.Run | None) -> dict[str, str]:
        """Of the last run: none, making, ready, or failed with the reason."""
        if self._filming is not None:
            run_id, process = self._filming
            if process.poll() is not None:
                _, said = process.communicate()
                if process.returncode:
                    lines = said.decode(errors="replace").strip().splitlines()
                    self._film_faults[run_id] = lines[-1] if lines else "the film was not made"
                self._filming = None
        if self._film_due and self._filming is None:
            self._filming = self._film_due, film_video.begin(self.root, self._film_due)
            self._film_due = ""
        if run is None:
            return {"state": "none"}
        if run.id == self._film_due or (self._filming is not None and self._filming[0] == run.id):
            return {"state": "making"}
        if run.id in self._film_faults:
            return {"state": "failed", "message": self._film_faults[run.id]}
        return {"state": "ready" if film_video.path(self.root, run.id).is_file() else "none"}


def _stamp(path: Path) -> tuple[int, int]:
    with suppress(OSError):
        status = path.stat()
        return status.st_mtime_ns, status.st_size
    return 0, 0
