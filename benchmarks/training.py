"""How fast the two presets train: seconds an iteration, first steps, memory.

An iteration is five critic steps and one generator step, each on a batch of windows of 32 steps,
the drawing of the samples and the waiting for the data included. `unet` runs as in the workshop
(Keras layers in `tf.function`, no XLA), `chorale` as `params.yaml` trains it. Each has a process
of its own, so that memory and compilation are its own; they take turns, so that what else happens
on the machine meets both.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import harness

UNET, CHORALE, LIKELIHOOD = "unet", "chorale", "chorale, likelihood"
_state: dict[str, Any] = {}
"""Of the process of one preset: its trainer and its batches."""


def build(preset: str, params: Path, folder: Path, batch: int) -> None:
    """Make a trainer in this process."""
    from workshop import recipe

    from kantor import settings
    from kantor.data import corpus, windows
    from kantor.hyperparameters import Train
    from kantor.model.train import batches
    from kantor.model.train.trainer import Trainer

    settings.quiet()
    train = settings.load(Train, "train", params)
    rolls = windows.load(folder / "windows.npz")
    pool = batches.pool(corpus.load(folder / "scores.npz"), rolls, "train")
    if preset == UNET:
        train = recipe(train, batch=batch)
    else:  # iteration 0 is by likelihood, all others are against the critic
        train = train.model_copy(update={"batch": batch, "warmup": 1, "critic_steps": 5})
    trainer = Trainer(train, rolls.rolls.shape[1])
    stream = iter(batches.dataset(pool, trainer.batch_size, train.seed))
    _state.update(trainer=trainer, stream=stream)


def iteration(likelihood: bool = False) -> tuple[float, float]:
    """Seconds of one whole iteration, and how many of them it waited for its data."""
    trainer = _state["trainer"]
    trainer.iteration.assign(0 if likelihood else 1)
    began = time.perf_counter()
    batch = next(_state["stream"])
    waited = time.perf_counter() - began
    for figure in trainer.step(batch).values():
        figure.numpy()
    return time.perf_counter() - began, waited


def measure(params: Path, folder: Path, batch: int, rounds: int, repeats: int) -> dict[str, Any]:
    """Everything, as plain data: for each kind of iteration its figures, and the ratios."""
    context = multiprocessing.get_context("spawn")
    pools = {
        preset: ProcessPoolExecutor(1, context, build, (preset, params, folder, batch))
        for preset in (UNET, CHORALE)
    }

    def ask(kind: str) -> tuple[float, float]:
        pool = pools[UNET if kind == UNET else CHORALE]
        return pool.submit(iteration, kind == LIKELIHOOD).result()

    kinds = (UNET, LIKELIHOOD, CHORALE)
    first = {kind: ask(kind)[0] for kind in kinds}
    for kind in kinds:
        ask(kind)  # a step that was compiled is not yet warm
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    waits: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(rounds):
        for kind in kinds:
            taken = [ask(kind) for _ in range(1 if kind == UNET else repeats)]
            times[kind].append(statistics.median(whole for whole, _ in taken))
            waits[kind].append(statistics.median(waited for _, waited in taken))
        shown = ", ".join(f"{kind} {times[kind][-1]:.3f} s" for kind in kinds)
        print(f"round {number + 1} of {rounds}: {shown}", file=sys.stderr)
    memory = {name: pool.submit(harness.peak_memory).result() for name, pool in pools.items()}
    for pool in pools.values():
        pool.shutdown()
    figures = {
        kind: {
            "seconds": statistics.median(times[kind]),
            "waiting_share": statistics.median(waits[kind]) / statistics.median(times[kind]),
            "first_step": first[kind],
            "peak_memory": memory[UNET if kind == UNET else CHORALE],
        }
        for kind in kinds
    }
    ratios = [theirs / ours for theirs, ours in zip(times[UNET], times[CHORALE], strict=True)]
    return {"kinds": figures, "ratio": statistics.median(ratios), "ratios": ratios}


def main() -> int:
    """Measure and print."""
    parser = harness.parser(__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--build", type=Path, default=Path("build"), help="what `ingest` wrote")
    parser.add_argument("--batch", type=harness.positive, default=64, help="windows (64)")
    parser.add_argument("--rounds", type=harness.positive, default=5, help="pairs timed (5)")
    parser.add_argument("--repeats", type=harness.positive, default=9, help="ours a round (9)")
    asked = parser.parse_args()
    about = harness.machine()
    figures = measure(asked.params, asked.build, asked.batch, asked.rounds, asked.repeats)
    rows = [
        (
            kind,
            f"{one['seconds']:.3f}",
            f"{one['waiting_share']:.2%}",
            f"{one['first_step']:.1f}",
            f"{one['peak_memory'] / 1e9:.2f}",
        )
        for kind, one in figures["kinds"].items()
    ]
    head = ("", "seconds an iteration", "waiting for data", "first step, s", "peak memory, GB")
    pairs = ", ".join(f"{ratio:.1f}" for ratio in figures["ratios"])
    print(f"batch {asked.batch}, {asked.rounds} rounds, {about}\n")
    print(harness.table(head, rows))
    print(f"\nunet / chorale, seconds an iteration: {figures['ratio']:.1f} (pair by pair: {pairs})")
    return 0


if __name__ == "__main__":
    harness.main(main, "training")
