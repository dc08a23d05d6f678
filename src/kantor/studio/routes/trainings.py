"""Trainings: start, watch, stop, hear; compare versions and move the champion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import Field, StringConstraints
from starlette.responses import FileResponse, Response

from kantor.metrics.musical import labels
from kantor.studio.context import Here, Studio
from kantor.studio.document import Strict
from kantor.studio.problems import Problem
from kantor.studio.training import champion_moves, film_video, frames, parameters, runs
from kantor.studio.training.figures import REPORTS, read_json
from kantor.studio.training.watcher import Watcher
from kantor.styles import load_ensemble

router = APIRouter(prefix="/api", tags=["trainings"])
RunId = Annotated[str, Path(pattern=runs.ID)]


class Move(Strict):
    """A move of the champion: why, and whether against the gate."""

    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
    force: bool = False


class Promotion(Move):
    """The version that shall be champion."""

    version: Annotated[int, Field(ge=1)]


def watch(state: Any, here: Studio) -> Callable[[], None]:
    """Look on at trainings and tell open pages; returns what ends that."""
    watcher = Watcher(here.root, here.prefect, lambda seen: here.events.publish("training", seen))
    state.trainings = watcher
    watcher.start()
    return watcher.close


def _watcher(request: Request) -> Watcher:
    return request.app.state.trainings  # type: ignore[no-any-return]


@router.get("/trainings")
def trainings(here: Here, request: Request) -> dict[str, Any]:
    """The form of a training, the present one, and those before."""
    listed = [
        run.model_dump(exclude={"pid", "born"})
        | {"film": film_video.path(here.root, run.id).is_file()}
        for run in runs.every(here.root)[:50]
    ]
    return {
        "form": parameters.form(here.root),
        "current": _watcher(request).overview(),
        "runs": listed,
    }


@router.post("/trainings", status_code=201)
def start(here: Here, request: Request, asked: runs.Asked) -> dict[str, Any]:
    """Start a training with other settings, or go on with one that was stopped."""
    runs.start(here.root, asked, here.prefect)
    return _watcher(request).overview()


@router.get("/trainings/current")
def current(request: Request) -> dict[str, Any]:
    """The present or last training; the event `training` has the same."""
    return _watcher(request).overview()


@router.post("/trainings/current/stop", status_code=202)
def stop(here: Here, request: Request) -> dict[str, Any]:
    """Stop: the present iteration is ended and kept, and the next start goes on from there."""
    run = runs.latest(here.root)
    if run is None or not run.active:
        raise Problem(409, "no training of this page runs now")
    runs.stop(here.root, run, here.prefect)
    return _watcher(request).overview()


@router.get("/trainings/current/history")
def history(here: Here, request: Request) -> dict[str, Any]:
    """The log by columns, and Bach's mean and deviation of each measure."""
    rows = _watcher(request).rows()
    names = dict.fromkeys(name for row in rows for name in row)
    return {
        "columns": {name: [row.get(name) for row in rows] for name in names},
        "reference": read_json(here.root / REPORTS / "reference.json"),
        "labels": labels(load_ensemble(here.root / "params.yaml")),
    }


@router.get("/trainings/current/frames")
def list_frames(request: Request) -> list[int]:
    """The iterations at which the fixed melody was composed."""
    found: list[int] = _watcher(request).overview()["frames"]
    return found


@router.get("/trainings/current/frames/{iteration}")
def frame(here: Here, iteration: int) -> dict[str, Any]:
    """What was composed at an iteration, to draw and to play."""
    return frames.hearing(frames.score(here.root, iteration))


@router.post("/trainings/{run_id}/film", status_code=202)
def make_film(here: Here, request: Request, run_id: RunId) -> dict[str, Any]:
    """Make the video of the last training."""
    last = runs.latest(here.root)
    if last is None or last.id != run_id:
        raise Problem(409, "only the last training's film can be made: earlier frames are gone")
    _watcher(request).film_of(run_id)
    return _watcher(request).overview()


@router.get("/trainings/{run_id}/film")
def get_film(here: Here, run_id: RunId) -> Response:
    """The video: WebM with sound."""
    path = film_video.path(here.root, run_id)
    if not path.is_file():
        raise Problem(404, "there is no film of this training yet")
    return FileResponse(path, media_type="video/webm", filename=f"kantor-{run_id}.webm",
                        content_disposition_type="inline")  # fmt: skip


@router.get("/champion/comparison")
def comparison(here: Here, version: Annotated[int, Field(ge=1)]) -> dict[str, Any]:
    """A version beside the champion, measure by measure; it may take a minute."""
    found: dict[str, Any] = champion_moves.ask(here.root, "compare", version=version)
    return found


@router.get("/champion/moves")
def list_moves(here: Here) -> list[dict[str, Any]]:
    """Every move of the champion, the newest first."""
    found: list[dict[str, Any]] = champion_moves.ask(here.root, "history")["moves"]
    return found


@router.post("/champion")
def promote(here: Here, asked: Promotion) -> dict[str, Any]:
    """Make a version the champion, through the gate: 409 with `reasons` where it refuses."""
    return _moved(here, champion_moves.ask(here.root, "promote", **asked.model_dump()))


@router.post("/champion/rollback")
def rollback(here: Here, asked: Move) -> dict[str, Any]:
    """Go back to the last good champion before this one."""
    return _moved(here, champion_moves.ask(here.root, "rollback", **asked.model_dump()))


def _moved(here: Studio, event: dict[str, Any]) -> dict[str, Any]:
    here.events.publish("models", {"line": event["line"]})
    return event
