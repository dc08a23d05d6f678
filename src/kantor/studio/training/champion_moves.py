"""``python -m kantor.studio.training.champion_moves WHAT``: compare and move the champion, as JSON.

It is a process of its own, for MLflow's memory and its seconds are not Studio's. The request is
JSON on standard input, the answer JSON on standard output.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from kantor import settings
from kantor.errors import InputError, ModelError, SetupError
from kantor.service.pipeline import stage_environment
from kantor.studio.problems import Problem

What = Literal["compare", "promote", "rollback", "history"]
_PATIENCE = 600.0  # seconds: both versions may have to compose anew


def ask(root: Path, what: What, **request: Any) -> Any:
    """Have it done by another process; its answer.

    Raises
    ------
    Problem
        With the status and the line of the refusal; one of the gate has `reasons`.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kantor.studio.training.champion_moves", what],
            cwd=root,
            env=stage_environment() | {"KANTOR_HOME": str(root)},
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Problem(503, f"{what}: no answer within ten minutes; try again") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no answer"]
        raise Problem(500, f"{what}: {last[0][:300]}") from None
    if "detail" in answer:
        raise Problem(answer["status"], answer["detail"], reasons=answer.get("reasons", []))
    return answer


def answer(root: Path, what: str, request: dict[str, Any]) -> Any:
    """Do it in this process."""
    from kantor.promotion.gate import Refused

    try:
        return _done(root, what, request)
    except Refused as error:
        return {"status": 409, "detail": f"{error.what} refused", "reasons": list(error.reasons)}
    except (InputError, ModelError, SetupError) as error:
        status = {InputError: 422, ModelError: 409}.get(type(error), 503)
        return {"status": status, "detail": str(error)}


def _done(root: Path, what: str, request: dict[str, Any]) -> Any:
    from kantor.promotion import champion_history
    from kantor.promotion.comparison import compare
    from kantor.promotion.promote import promote, rollback

    if what == "compare":
        return _comparison(compare(request["version"], root=root))
    if what == "history":
        return {"moves": [_event(one) for one in reversed(champion_history.history(root))]}
    why, force = request["why"], request["force"]
    if what == "rollback":
        return _event(rollback(why, force=force, root=root))
    return _event(promote(request["version"], why, force=force, root=root))


def _event(event: Any) -> dict[str, Any]:
    return {**asdict(event), "line": event.line}


def _comparison(outcome: Any) -> dict[str, Any]:
    from kantor.promotion import rendering

    rows = [
        {
            "name": row.name,
            "label": row.label,
            "role": row.role,
            "bar": row.bar,
            "bach": row.real,
            "champion": row.champion,
            "challenger": row.challenger,
            "gain": row.gain.estimate,
            "low": row.gain.low,
            "high": row.gain.high,
            "passes": row.passes,
        }
        for row in outcome.rows
    ]
    return {
        "name": outcome.name,
        "challenger": outcome.challenger,
        "champion": outcome.champion,
        "verdict": outcome.verdict,
        "title": rendering.title(outcome),
        "measured": rendering.measured(outcome),
        "reasons": list(outcome.reasons),
        "rows": rows,
    }


def _plain(value: Any) -> Any:
    """The same with None for what is no number, which JSON does not know."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def main(what: str) -> int:
    """Read a request, print the answer."""
    settings.quiet()
    print(json.dumps(_plain(answer(Path.cwd(), what, json.load(sys.stdin)))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
