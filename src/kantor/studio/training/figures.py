"""What the log of a training says: where it is, its figures, its health, when it may stop."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from kantor import settings, styles
from kantor.ensemble import Ensemble
from kantor.hyperparameters import Train
from kantor.metrics.musical import headline
from kantor.studio.training import frames, runs
from kantor.training.history import TIMES, Log, Row, read
from kantor.training.stopping import criteria

REPORTS = Path("reports/training")
ADVICE = {
    "not a number": ("The training cannot go on. Start again with learning rates a tenth as high."),
    "shoots up": (
        "The training cannot go on. Start again with lower learning rates, or a higher gradient "
        "penalty."
    ),
    "stands still": (
        "Watch it for a while. If it stays so, raise the learning rate, or use another seed."
    ),
    "falls to zero": (
        "The critic gave up. Start again with more critic steps, or a higher rate for the critic."
    ),
    "collapse": (
        "All takes become the same. If it stays so, start again with a longer warm-up or a lower "
        "rate for the generator."
    ),
}
"""What to do about what `kantor.training.history.examine` finds, by its kind."""


def figures(root: Path, rows: list[Row], status: str, begun: bool) -> dict[str, Any]:
    """Those of the rows of a log, as plain data; `status` is the run's, `begun` its training's."""
    train, ensemble = parameters(root / "params.yaml")
    last = rows[-1] if rows else {}
    done, times = int(last.get("iteration", 0)), _times(root)
    seconds = times.get(done, 0.0)
    health = read_json(root / REPORTS / "health.json") if rows else {}
    reference = read_json(root / REPORTS / "reference.json") if rows else {}
    measured = next((row for row in reversed(rows) if "diversity" in row), {})
    found = criteria(Log(rows), train, done, seconds, reference, ensemble) if rows else ()
    return {
        "iteration": done,
        "of": train.total,
        "warmup": train.warmup_iterations,
        "phase": str(last.get("phase", "")),
        "seconds": seconds,
        "left": _left(rows, times, train) if status == "running" and rows else None,
        "figures": {k: v for k, v in last.items() if isinstance(v, float)},
        "metrics": {
            name: measured.get(f"metric_{name}") for name in headline(ensemble)[:-1] if measured
        },
        "health": [
            {**finding, "advice": ADVICE.get(finding["kind"], "")}
            for finding in health.get("findings", [])
        ],
        "stopped_by": health.get("stopped_by", "") if status not in runs.ACTIVE else "",
        "stop": [vars(one) for one in found],
        "rows": len(rows),
        "frames": frames.listed(root, done) if rows or begun else [],
    }


def parameters(path: Path) -> tuple[Train, Ensemble]:
    """The block `train` and the ensemble; read again only when the file has changed."""
    status = path.stat() if path.exists() else None
    return _parameters(path, status and (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=4)
def _parameters(path: Path, _mark: tuple[int, int] | None) -> tuple[Train, Ensemble]:
    return settings.load(Train, "train", path), styles.load_ensemble(path)


def read_json(path: Path) -> dict[str, Any]:
    """A file's JSON; nothing where there is none, or it is just being written."""
    with suppress(OSError, ValueError):
        return dict(json.loads(path.read_text()))
    return {}


def _times(root: Path) -> dict[int, float]:
    """After how many seconds of training each iteration was logged."""
    return {int(row["iteration"]): float(row["seconds"]) for row in read(root / TIMES)}


def _left(rows: list[Row], times: dict[int, float], train: Train) -> float | None:
    """Seconds until the training's stage ends, by the speed of its last rows in each phase."""
    last, left = rows[-1], 0.0
    done = float(last["iteration"])
    warm = max(0.0, train.warmup_iterations - done)
    pace = _pace(rows, times, str(last["phase"]))
    if pace is None:
        return None
    if last["phase"] == "likelihood":
        left += warm * pace
        pace *= _SLOWER
    left += min(train.total - done, train.iterations) * pace
    if train.minutes is not None:
        left = min(left, 60 * train.minutes - times.get(int(done), 0.0))
    return round(max(0.0, left), 1)


_SLOWER = 3.0
"""How many times an iteration against the critic takes as long as one by likelihood, about."""


def _pace(rows: list[Row], times: dict[int, float], phase: str) -> float | None:
    """Seconds an iteration, over the last rows of a phase."""
    same = [int(row["iteration"]) for row in rows if row["phase"] == phase]
    timed = [at for at in same if at in times][-6:]
    if len(timed) < 2:
        return None
    return (times[timed[-1]] - times[timed[0]]) / max(1, timed[-1] - timed[0])
