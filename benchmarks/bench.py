"""One preset that trains in a process of its own and answers questions about its speed."""

from __future__ import annotations

import multiprocessing
import statistics
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import machine

from kantor import settings
from kantor.music.score import ScoreError

UNET, CHORALE = "unet", "chorale"
WARM = 2
"""Batches that `tf.data` holds ready: taken before the pipeline is timed."""
REPLAYS, COPIES = 9, 16
"""Calls by which each product alone is timed, and how many of it are in one graph."""


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
        from kantor.model import batches
        from kantor.model.parameters import Train
        from kantor.model.trainer import Trainer

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

        found = arithmetic.products(self._graph(warming), self.steps)
        alone = None
        if all(product.is_matrix_product for product in found):
            alone = replay(found, self.trainer.settings.xla)
        return {
            "multiply_adds": arithmetic.total(found),
            "products": sum(found.values()),
            "seconds_of_products_alone": alone,
        }

    def _graph(self, warming: bool) -> Any:
        import tensorflow as tf

        def whole(batch: Any, seed: Any) -> Any:
            if warming:
                size = self.trainer.settings.batch
                part = {name: value[:size] for name, value in batch.items()}
                return self.trainer._likelihood(part, seed)
            return self.trainer._adversarial(batch, seed)

        batch = next(self.stream)
        return tf.function(whole).get_concrete_function(batch, tf.constant([0, 0])).graph

    def rate(self) -> float:
        """The best rate of TensorFlow's float32 matrix product, operations a second."""
        return machine.tensorflow_product_rate(self.options.peak_seconds)

    def memory(self) -> int:
        """Bytes that the process held at most so far."""
        return machine.peak_memory()


def replay(found: Any, xla: bool) -> float:
    """Seconds for the products of an iteration on random matrices, compiled as the training is."""
    return sum(count * _product_seconds(product, xla) for product, count in found.items())


def _product_seconds(product: Any, xla: bool) -> float:
    """Median seconds of one matrix product among equal ones in a graph, as a step has many."""
    import tensorflow as tf

    turned = (product.transpose_one, product.transpose_other)
    operands = [
        [tf.random.stateless_uniform(shape, [copy, 0]) for shape in (product.one, product.other)]
        for copy in range(COPIES)
    ]
    compute = tf.function(
        lambda pairs: [tf.matmul(*pair, *turned) for pair in pairs], jit_compile=xla
    )
    compute(operands)
    times = []
    for _ in range(REPLAYS):
        began = time.perf_counter()
        compute(operands)
        times.append(time.perf_counter() - began)
    return statistics.median(times) / COPIES


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
            raise ScoreError("the process of a preset died; out of memory?") from None
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
    except (ScoreError, settings.SettingsError) as error:
        connection.send(error)
    except Exception:  # not every exception survives the way to the other process
        connection.send(RuntimeError(traceback.format_exc()))
