"""One preset that trains in a process of its own and answers questions about its speed."""

from __future__ import annotations

import multiprocessing
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import machine

from kantor import settings
from kantor.errors import InputError, SetupError

UNET, CHORALE = "unet", "chorale"
WARM = 2
"""Batches that `tf.data` holds ready: taken before the pipeline is timed."""


@dataclass(frozen=True)
class Options:
    """What is to be measured."""

    params: Path
    build: Path
    batch: int
    rounds: int
    repeats: int
    batches: int
    peak_seconds: float


class Bench:
    """One preset in a process of its own: every public method is a question to it."""

    def __init__(self, preset: str, options: Options) -> None:
        from workshop import recipe

        from kantor.data import corpus, windows
        from kantor.hyperparameters import Train
        from kantor.model.train import batches
        from kantor.model.train.trainer import Trainer

        self.options = options
        params = settings.load(Train, "train", options.params)
        rolls = windows.load(options.build / "windows.npz")
        self.steps = rolls.rolls.shape[1]
        pool = batches.pool(corpus.load(options.build / "scores.npz"), rolls, "train")
        if preset == UNET:
            chosen = recipe(params, batch=options.batch)
        else:
            # One iteration of warm-up: number 0 is by likelihood, all others by the critic.
            chosen = params.model_copy(
                update={"preset": CHORALE, "batch": options.batch, "warmup": 1, "critic_steps": 5}
            )
        self.trainer = Trainer(chosen, self.steps)
        self.data = batches.dataset(pool, self.trainer.batch_size, chosen.seed)
        self.stream = iter(self.data)

    def iteration(self, warming: bool = False) -> tuple[float, float]:
        """Seconds of one whole iteration, and how many of them it waited for its data."""
        self.trainer.iteration.assign(0 if warming else 1)
        began = time.perf_counter()
        batch = next(self.stream)
        waited = time.perf_counter() - began
        for figure in self.trainer.step(batch).values():
            figure.numpy()
        return time.perf_counter() - began, waited

    def pipeline(self) -> float:
        """Seconds that `tf.data` takes to make an iteration's data, all else standing still."""
        fresh = iter(self.data)
        for _ in range(WARM + 1):
            next(fresh)
        began = time.perf_counter()
        for _ in range(self.options.batches):
            next(fresh)
        return (time.perf_counter() - began) / self.options.batches

    def arithmetic(self, warming: bool = False) -> dict[str, float | None]:
        """Multiply-adds of an iteration, and seconds that its matrix products take alone."""
        import arithmetic
        import replay

        trainer = self.trainer
        found = arithmetic.products(self._graph(self._whole(warming)), self.steps)
        alone = None
        if all(product.is_matrix_product for product in found):
            xla, drawn = trainer.settings.xla, Counter[arithmetic.Product]()
            if not warming:  # drawn in parts, side by side
                drawn = arithmetic.products(self._graph(trainer._sample), self.steps)
            alone = replay.seconds(drawn, xla, trainer.settings.parts)
            alone += replay.seconds(found - drawn, xla)
        return {
            "multiply_adds": arithmetic.total(found),
            "products": sum(found.values()),
            "seconds_of_products_alone": alone,
        }

    def _whole(self, warming: bool) -> Callable[[Any, Any], Any]:
        """An iteration, as a function of its batch and seed."""
        if not warming:
            return self.trainer._adversarial
        size = self.trainer.settings.batch
        return lambda batch, seed: self.trainer._likelihood(
            {name: value[:size] for name, value in batch.items()}, seed
        )

    def _graph(self, step: Callable[[Any, Any], Any]) -> Any:
        """The graph of a function of a batch and a seed."""
        import tensorflow as tf

        batch = next(self.stream)
        return tf.function(step).get_concrete_function(batch, tf.constant([0, 0])).graph

    def rate(self) -> float:
        """The best rate of TensorFlow's float32 matrix product, operations a second."""
        return machine.tensorflow_product_rate(self.options.peak_seconds)

    def memory(self) -> int:
        """Bytes that the process held at most so far."""
        return machine.peak_memory()


class Remote:
    """A `Bench` in another process."""

    def __init__(self, preset: str, options: Options) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=serve, args=(there, preset, options), daemon=True)
        self._process.start()
        there.close()
        self._answer()

    def ask(self, question: str, *arguments: Any) -> Any:
        """The answer of the method `question`."""
        self._here.send((question, arguments))
        return self._answer()

    def _answer(self) -> Any:
        try:
            answer = self._here.recv()
        except EOFError:
            raise InputError("the process of a preset died; out of memory?") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self._here.close()
        self._process.join()


def serve(connection: Connection, preset: str, options: Options) -> None:
    """Build a `Bench` and answer questions until nobody asks any more."""
    try:
        bench = Bench(preset, options)
        connection.send(None)
        while True:
            question, arguments = connection.recv()
            connection.send(getattr(bench, question)(*arguments))
    except (EOFError, KeyboardInterrupt):
        return
    except (InputError, SetupError) as error:
        connection.send(error)
    except Exception:  # not every exception survives the way to the other process
        connection.send(RuntimeError(traceback.format_exc()))
