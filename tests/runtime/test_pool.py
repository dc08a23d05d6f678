"""Other processes compose their share of a large batch: light ones, that leave nothing behind."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from tests.living import left

from kantor import runtime
from kantor.errors import InputError
from kantor.music.conditioning import Conditioning
from kantor.runtime import generator as module

SEEDS = np.array([3, 1, 4, 1, 5])
INFO = {"preset": "chorale"}


@pytest.fixture
def shared(weights: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[runtime.Generator]:
    """A generator to which every batch is large enough for three processes."""
    monkeypatch.setattr(module, "LARGE", 1)
    model = runtime.Generator(weights, INFO, processes=3)
    yield model
    if "_workers" in model.__dict__:
        model._workers.close(wait=False)


def others(model: runtime.Generator) -> set[int]:
    return set(model._workers.pool._processes)


def same(one: Any, other: Any) -> bool:
    return all(map(np.array_equal, one, other))


def test_takes_are_the_same(
    model: runtime.Generator, shared: runtime.Generator, batch: Conditioning
) -> None:
    """Which process composes changes nothing; the processes are started once, also for two threads
    at a time, and a killed one costs nothing."""
    for sampling in ({}, {"temperature": 0.7, "min_p": 0.1, "passes": 2}):
        expected = model.compose(batch, SEEDS, **sampling)
        assert same(shared.compose(batch, SEEDS, **sampling), expected)
        first = others(shared)
        assert len(first) == 2
    expected = model.compose(batch, SEEDS)
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(shared.compose, batch, SEEDS) for _ in range(4)]
        assert all(same(call.result(), expected) for call in calls)
    assert others(shared) == first
    os.kill(min(first), signal.SIGKILL)
    assert same(shared.compose(batch, SEEDS), expected)
    assert not left(first)


def test_a_share_that_ends_every_process_is_composed_here(
    model: runtime.Generator, shared: runtime.Generator, batch: Conditioning
) -> None:
    """Nothing is lost where the others can do nothing."""
    shared._workers.submit = Dying  # type: ignore[method-assign]
    assert same(shared.compose(batch, SEEDS), model.compose(batch, SEEDS))


class Dying:
    """A call that ends its process."""

    def __init__(self, *task: Any) -> None:
        pass

    def result(self) -> Any:
        raise module.processes.Died


def test_processes_end_with_the_generator(
    weights: dict[str, Any], batch: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who forgets the generator has nothing to close."""
    monkeypatch.setattr(module, "LARGE", 1)
    model = runtime.Generator(weights, INFO, processes=3)
    model.compose(batch, SEEDS)
    started = others(model)
    del model
    assert started
    assert not left(started)


def test_small_batches_and_single_pieces_stay_here(
    weights: dict[str, Any], batch: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process is started for what is done sooner than it would start, or what is refused."""
    model = runtime.Generator(weights, INFO, processes=3)
    model.compose(batch, SEEDS)
    monkeypatch.setattr(module, "LARGE", 1)
    one = Conditioning(*(getattr(batch, name)[:1] for name in Conditioning.__dataclass_fields__))
    model.compose(one, SEEDS[:1])
    with pytest.raises(InputError, match=r"from 0.01 to 10"):
        model.compose(batch, SEEDS, temperature=11)
    assert "_workers" not in model.__dict__


def test_stopped_in_between(
    shared: runtime.Generator, batch: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C the processes end at once, and the next batch has new ones."""
    expected = shared.compose(batch, SEEDS)
    before = others(shared)

    def stop(*job: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shared, "_compose_here", stop)
        with pytest.raises(KeyboardInterrupt):
            shared.compose(batch, SEEDS + 1)
    assert not left(before)
    assert same(shared.compose(batch, SEEDS), expected)
