"""Trainings that the page started: one at a time, each noted in a file, found again later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil
from pydantic import Field, ValidationError

from kantor import settings
from kantor.errors import SetupError
from kantor.files import private_folder, save
from kantor.hyperparameters import Train
from kantor.locks import STATE, Busy, held, holder
from kantor.service import parameter_file, pipeline
from kantor.service.cleanup import interrupt_stages
from kantor.service.failures import StageFailed
from kantor.studio.document import Strict, now
from kantor.studio.problems import Problem
from kantor.studio.training.parameters import changes
from kantor.studio.training.prefect_runs import Prefect

FOLDER = STATE / "studio/trainings"
ID = r"^\d{8}T\d{12}$"
Status = Literal["running", "stopping", "done", "stopped", "failed"]
ACTIVE = ("running", "stopping")
_FLOW_RUN = "PREFECT__FLOW_RUN_ID"  # what all processes of a flow's run inherit


class Asked(Strict):
    """What is asked for: None leaves a preset or the sources as they are."""

    preset: Literal["chorale", "long", "unet"] | None = None
    settings: dict[str, float] = Field(default_factory=dict)
    sources: list[str] | None = None


class Run(Strict):
    """A training: where it runs, how it stands, what was changed for it."""

    id: str
    began: str
    ended: str = ""
    status: Status = "running"
    message: str = ""
    preset: str
    changed: list[str]
    pid: int = 0
    born: float = 0.0  # of that process, for numbers are used again
    flow_run: str = ""

    @property
    def active(self) -> bool:
        """Whether it goes on, as far as its file knows."""
        return self.status in ACTIVE


def start(root: Path, asked: Asked, prefect: str = "") -> Run:
    """Write what is asked for into ``params.yaml`` and start a training.

    Raises
    ------
    Problem
        409 if one runs already, or nothing has changed since the last one.
    InputError, SetupError
        If a value is refused, or the process cannot be started; nothing is changed then.
    """
    last = latest(root)
    if last is not None and last.active:
        raise Problem(409, "a training runs already: stop it first, or wait until it has ended")
    wanted = changes(root, asked.preset, asked.settings, asked.sources)
    patience = 10.0 if last is not None and lives(last) else 0.5  # the last one is just ending
    try:
        with held(root / STATE / pipeline.LOCK, seconds=patience) as lock, _put_back(root):
            pipeline.drop_stale_note(root)
            different = parameter_file.change(root, wanted)
            _refuse_unchanged(root)
            run = _new(root, different)
            if not prefect:
                return _started(root, run, lock)
            reason = f"started in Studio; changed: {', '.join(different) or 'nothing'}"
            with closing(Prefect(prefect)) as client:
                run.flow_run = client.start(reason, run.id)
            return write(root, run)
    except Busy:
        who = holder(root / STATE / pipeline.LOCK) or "another process"
        raise Problem(409, f"the pipeline is run already, by {who}; wait until it ends") from None


@contextmanager
def _put_back(root: Path) -> Iterator[None]:
    """Leave ``params.yaml`` as it was where what follows cannot be done."""
    path = root / "params.yaml"
    before = path.read_bytes()
    try:
        yield
    except Exception:
        if path.read_bytes() != before:
            save(path, lambda file: file.write(before))
        raise


def _refuse_unchanged(root: Path) -> None:
    try:
        unchanged = not pipeline.changed(root)
    except StageFailed as error:
        raise SetupError(str(error)) from None
    if unchanged:
        seed = settings.load(Train, "train", root / "params.yaml").seed
        raise Problem(
            409,
            "nothing has changed since the last training, which would make the same model again, "
            f"bit for bit; change something, such as the seed to {seed + 1}",
            unchanged=True,
            seed=seed + 1,
        )


def _new(root: Path, different: list[str]) -> Run:
    preset = settings.load(Train, "train", root / "params.yaml").preset
    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    return Run(id=name, began=now(), preset=preset, changed=different)


def _started(root: Path, run: Run, lock: int) -> Run:
    """Start the process of a run; it holds the lock from here on."""
    write(root, run)
    command = [sys.executable, "-m", "kantor.studio.training.runner", run.id, str(lock)]
    with log_path(root, run.id).open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=pipeline.stage_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(lock,),
        )
    threading.Thread(target=process.wait, daemon=True).start()
    born = psutil.Process(process.pid).create_time()
    return update(root, run.id, pid=process.pid, born=born)


def stop(root: Path, run: Run, prefect: str = "") -> Run:
    """Ask a training to stop: the stage writes a checkpoint, and the next start goes on there.

    A flow's stage is interrupted, and its flow ends by that: Prefect would kill it after thirty
    seconds, which may be too few to save. Where no stage is at work, the flow is cancelled.
    """
    if not run.flow_run:
        run = update(root, run.id, status="stopping")  # first: it may end of it at once
        if run.active and lives(run):
            os.killpg(run.pid, signal.SIGINT)
        return run
    if not interrupt_stages(lambda values: values.get(_FLOW_RUN) == run.flow_run):
        with closing(Prefect(prefect)) as client:
            client.cancel(run.flow_run)
    return update(root, run.id, status="stopping")


def lives(run: Run) -> bool:
    """Whether the process of a run is there."""
    try:
        process = psutil.Process(run.pid) if run.pid else None
        return (
            process is not None
            and process.status() != psutil.STATUS_ZOMBIE
            and (abs(process.create_time() - run.born) < 1)
        )
    except psutil.Error:
        return False


def update(root: Path, run_id: str, **values: Any) -> Run:
    """Change a run's file, which its own process changes too; one that has ended stays so."""
    with held(root / FOLDER / "writing.lock", seconds=10):
        run = read(root, run_id)
        if not run.active:
            values.pop("status", None)
        return write(root, run.model_copy(update=values))


def write(root: Path, run: Run) -> Run:
    """Write a run's file, whole."""
    private_folder(root / FOLDER)
    save(root / FOLDER / f"{run.id}.json", lambda file: file.write(run.model_dump_json().encode()))
    return run


def read(root: Path, run_id: str) -> Run:
    """A run by its id; a `Problem` (404) where there is none."""
    try:
        return Run.model_validate_json((root / FOLDER / f"{run_id}.json").read_bytes())
    except (OSError, ValidationError):
        raise Problem(404, f"no training {run_id}") from None


def every(root: Path) -> list[Run]:
    """All runs, the newest first."""
    return list(_newest(root))


def _newest(root: Path) -> Iterator[Run]:
    names = sorted((path.stem for path in (root / FOLDER).glob("*.json")), reverse=True)
    for name in names:
        with suppress(Problem):
            yield read(root, name)


def latest(root: Path) -> Run | None:
    """The run that began last."""
    return next(_newest(root), None)


def log_path(root: Path, run_id: str) -> Path:
    """Where a run's lines are."""
    return root / FOLDER / f"{run_id}.log"
