"""A stand-in for DVC and the stage `train`: ``python -m dvc`` in a folder that holds it as dvc.py.

It writes what the training writes, in no time, by what ``plan.json`` says: `changed`, `iterations`,
`pause` (seconds between two rows) and `fail` (the line with which the training fails).
"""

import json
import signal
import sys
import time
from pathlib import Path

import numpy as np

from kantor.metrics.musical import LABELS
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Score
from kantor.training.film import Film
from kantor.training.history import TIMES, TIMES_COLUMNS, History

PLAN = {"changed": True, "iterations": 40, "pause": 0.02, "fail": "", "warmup": 20}
FRAMES = Path("build/checkpoints/0123456789abcdef")
REPORTS = Path("reports/training")


def say(line):
    print(line, flush=True)


def take(iteration):
    """Four voices that are the further from chance the later it is."""
    random = np.random.default_rng(iteration)
    wide = max(1, 9 - iteration // 5)
    notes = [
        Note(4 * beat, 4 * beat + 4, int(pitch + random.integers(0, wide)), line)
        for beat in range(16)
        for line, pitch in enumerate((72, 65, 60, 48))
    ]
    return Score(*arrays_of(notes, 64))


def train(plan):
    """Rows, frames, health, as the real one; on SIGINT it stops and remembers where."""
    stops = []
    signal.signal(signal.SIGINT, lambda *_: stops.append(1))
    FRAMES.mkdir(parents=True, exist_ok=True)
    (FRAMES / "lock").write_text("")
    REPORTS.mkdir(parents=True, exist_ok=True)
    kept = FRAMES / "at"
    start = int(kept.read_text()) if kept.exists() else 0
    total = plan["iterations"]
    say(f"train: {f'resuming at iteration {start}' if start else 'starting'} of {total}, preset")
    log, film = History(REPORTS / "history.csv", start), Film(FRAMES, take(0))
    times = History(TIMES, start, TIMES_COLUMNS)
    reference = {name: {"mean": 0.5, "sd": 0.1} for name in LABELS}
    (REPORTS / "reference.json").write_text(json.dumps(reference))
    health = {"status": "training", "stopped_by": "", "findings": []}
    film.keep(0, take(0))
    for at in range(start + 2, total + 1, 2):
        time.sleep(plan["pause"])
        phase = "likelihood" if at <= plan["warmup"] else "adversarial"
        row = {"iteration": at, "phase": phase, "likelihood": 2.0 / at}
        if phase == "adversarial":
            names = ("critic_loss", "generator_loss", "wasserstein", "gradient_norm_critic")
            row |= dict.fromkeys(names, 5.0 / at)
        if at % 10 == 0:
            row |= {f"metric_{name}": 0.5 + 1 / at for name in LABELS} | {"diversity": 0.01}
            film.keep(at, take(at))
            message = "two takes of the same melody differ in 1.0% of their cells only"
            found = {"iteration": at, "kind": "collapse", "message": message, "fatal": False}
            health["findings"] = health["findings"] or [found]
        (REPORTS / "health.json").write_text(json.dumps(health))
        times.add({"iteration": at, "seconds": float(at)})
        log.add(row)
        say(f"train: {at}/{total}  {at} s  {phase}")
        if plan["fail"]:
            say(f"train: {plan['fail']}")
            return 1
        if stops:
            kept.write_text(str(at))
            say(f"train: stopped at iteration {at}; the next start resumes there")
            return 130
    kept.unlink(missing_ok=True)
    health |= {"status": "ok", "stopped_by": "budget"}
    (REPORTS / "health.json").write_text(json.dumps(health))
    return 0


def main(arguments):
    path = Path("plan.json")
    plan = PLAN | (json.loads(path.read_text()) if path.exists() else {})
    if arguments[0] == "status":
        say(json.dumps({"train": [{"changed deps": {"x": "modified"}}]} if plan["changed"] else {}))
        return 0
    say("Stage 'ingest' didn't change, skipping")
    say("Running stage 'train':")
    if code := train(plan):
        say(f"ERROR: failed to reproduce 'train': failed to run: x, exited with {code}")
        return 255
    for stage in ("evaluate", "register"):
        say(f"Running stage '{stage}':")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
