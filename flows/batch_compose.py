"""Flow `batch_compose`: compose what is new in the inbox, chunk by chunk, here or on Dask.

Run it by hand with ``python flows/batch_compose.py [PLACE]``. ``batch.engine`` in `params.yaml`
says where chunks are worked on; the flow is the same.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from base import PARAMS, ROOT
from naming import RunName
from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from kantor import drumming, settings, styles
from kantor.batch import Batch, Plan, counted, run
from kantor.batch.dispatcher import Engine, Results, processes
from kantor.batch.jobs import Chunk
from kantor.batch.models import patient
from kantor.batch.settings import markdown
from kantor.batch.worker import compose_chunk
from kantor.errors import InputError, ModelError, SetupError
from kantor.intake import read_limits
from kantor.registry import CHAMPION, may_pass
from kantor.service.inbox import Turn, turns

NOTHING_NEW = "nothing new"


def task_runner() -> TaskRunner[Any]:
    """What `params.yaml` names: threads that each hand a chunk to a process, or Dask's workers."""
    try:
        batch = settings.load(Batch, "batch", PARAMS)
    except SetupError:
        return ThreadPoolTaskRunner()  # the flow says what is wrong
    if batch.engine == "processes":
        return ThreadPoolTaskRunner(max_workers=batch.workers)
    from prefect_dask.task_runners import DaskTaskRunner

    if batch.scheduler is not None:
        return DaskTaskRunner(address=batch.scheduler)
    # Dask's own page would be open to the whole network.
    local = {"n_workers": batch.workers, "threads_per_worker": 1, "dashboard_address": None}
    return DaskTaskRunner(cluster_kwargs=local)


@task(name="compose some melodies", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=1)
def compose(packed: bytes, engine: Engine | None = None) -> Results:
    """Compose a chunk: in one of the engine's processes, or where this task runs.

    It comes packed, so that Prefect does not look into hundreds of melodies.
    """
    chunk: Chunk = pickle.loads(packed)
    return compose_chunk(chunk) if engine is None else engine(chunk)()


@flow(
    name="batch_compose",
    description="Compose for every melody that is new in the inbox, with the champion.",
    flow_run_name=RunName(lambda given: f"compose: {given.get('inbox') or 'the inbox'}"),
    task_runner=task_runner(),
)
def batch_compose(
    inbox: str | None = None,
    out: str | None = None,
    model: str = CHAMPION,
    only_new: bool = True,
    style: str = "",
) -> str:
    """Compose what is new in the inbox, by the champion of this moment.

    Args:
        inbox: A folder, a zip file, or an address such as s3://bucket/inbox. Empty: the inbox that
            params.yaml names.
        out: The folder for the results. Empty: the one that params.yaml names.
        model: The version that composes: champion, challenger or a number.
        only_new: Leave out melodies that an earlier batch finished.
        style: The style whose model composes for all that is there. Empty: Bach's, and for what
            lies in a sub-folder of the name of a style, that style's.
    """
    batch = settings.load(Batch, "batch", PARAMS)
    folder = Batch(out=out or batch.out).out  # checked: an address is no folder
    batch = batch.model_copy(update={"out": ROOT / folder})
    place = inbox or batch.inbox
    if "://" not in place:
        place = str(ROOT / place)
        if not Path(place).exists():
            Path(place).mkdir(parents=True)
    if style:
        return _composed(Turn(place, styles.folder_of(ROOT, style)), batch, model, only_new)
    own, *others = turns(ROOT, place)
    lines = [_composed(own, batch, model, only_new)]
    for turn in others:
        try:
            lines.append(_composed(turn, batch, model, only_new))
        except (InputError, ModelError, SetupError) as error:
            get_run_logger().warning("%s: %s", turn.place, error)
            lines.append(str(error))
    new = [line for line in lines if line != NOTHING_NEW]
    return "; ".join(new) or NOTHING_NEW


def _composed(turn: Turn, batch: Batch, model: str, only_new: bool) -> str:
    """Compose a batch, with an artifact on it; what it came to."""
    log, batch = get_run_logger(), batch.of_style(turn.folder)
    fetching, loader = drumming.supply(model, turn.folder, batch.drums)
    drift = settings.load(settings.Drift, "drift", settings.params_path(turn.folder))
    plan = Plan(
        (turn.place,),
        batch,
        patient(fetching, may_pass, batch.wait_minutes, log.warning),
        loader,
        read_limits(PARAMS),
        only_new,
        lambda counts: log.info(counted(counts)),
        turn.folder / drift.log,
        turn.leave,
    )
    with processes(batch.workers) if batch.engine == "processes" else nullcontext() as engine:

        def submit(chunk: Chunk) -> Callable[[], Results]:
            named = compose.with_options(task_run_name=_about(chunk))
            return named.submit(pickle.dumps(chunk), engine).result

        summary = run(plan, submit)
    if summary is None:
        log.info("nothing new in %s", turn.place)
        return NOTHING_NEW
    create_markdown_artifact(markdown(summary, ROOT), key="batch", description=summary.line)
    return summary.line


def _about(chunk: Chunk) -> str:
    """Such as ``ode_to_joy.mid and 249 more``."""
    first, more = chunk.jobs[0].upload.name, len(chunk.jobs) - 1
    return f"{first} and {more} more" if more else first


if __name__ == "__main__":
    batch_compose(sys.argv[1] if sys.argv[1:] else None)
