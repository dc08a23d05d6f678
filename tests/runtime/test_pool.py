"""Other processes compose their share of a large batch: light ones, that leave nothing behind."""

from __future__ import annotations

import gc
import io
import pickle
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from kantor import runtime
from kantor.errors import InputError
from kantor.music.conditioning import Conditioning
from kantor.runtime import generator as module
from kantor.runtime import worker
from kantor.runtime.choosing import Manner

SEEDS = np.array([3, 1, 4, 1, 5])
INFO = {"preset": "chorale"}


@pytest.fixture
def shared(weights: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> runtime.Generator:
    """A generator to which every batch is large enough for three processes."""
    monkeypatch.setattr(module, "LARGE", 1)
    return runtime.Generator(weights, INFO, processes=3)


def others(model: runtime.Generator) -> list[subprocess.Popen[bytes]]:
    return list(model._pool._others)


def same(one: Any, other: Any) -> bool:
    return all(map(np.array_equal, one, other))


def test_takes_are_the_same(
    model: runtime.Generator, shared: runtime.Generator, batch: Conditioning
) -> None:
    """Who composes changes nothing, whatever the knobs; the processes are started once."""
    for knobs in ({}, {"temperature": 0.7, "min_p": 0.1, "passes": 2}):
        assert same(shared.compose(batch, SEEDS, **knobs), model.compose(batch, SEEDS, **knobs))
        first = others(shared)
        assert len(first) == 2
    assert others(shared) == first


def test_a_process_that_is_gone(
    model: runtime.Generator, shared: runtime.Generator, batch: Conditioning
) -> None:
    """Nothing is lost: its share is composed here, and the next batch has a new one."""
    expected = model.compose(batch, SEEDS)
    assert same(shared.compose(batch, SEEDS), expected)
    gone = others(shared)[0]
    assert gone.stdin is not None
    gone.stdin.close()
    gone.wait(timeout=20)
    assert same(shared.compose(batch, SEEDS), expected)
    assert gone not in others(shared)
    pool = shared._pool
    pool._start = lambda generator: None  # type: ignore[method-assign]  # as if it went just now
    others(shared)[1].kill()
    assert same(shared.compose(batch, SEEDS), expected)


def test_processes_end_with_the_generator(shared: runtime.Generator, batch: Conditioning) -> None:
    """Who forgets the generator has nothing to close."""
    shared.compose(batch, SEEDS)
    started = others(shared)
    shared._pool  # noqa: B018
    model = [shared.__dict__.pop("_pool")]
    model.clear()
    gc.collect()
    assert all(process.returncode is not None for process in started)


def test_small_batches_and_single_pieces_stay_here(
    weights: dict[str, Any], batch: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process is started for what is done sooner than it would start."""
    model = runtime.Generator(weights, INFO, processes=3)
    model.compose(batch, SEEDS)
    assert "_pool" not in model.__dict__
    monkeypatch.setattr(module, "LARGE", 1)
    one = Conditioning(*(getattr(batch, name)[:1] for name in Conditioning.__dataclass_fields__))
    model.compose(one, SEEDS[:1])
    assert "_pool" not in model.__dict__


def test_bad_requests_are_refused_here(shared: runtime.Generator, batch: Conditioning) -> None:
    """A wrong knob is told before anything starts."""
    with pytest.raises(InputError, match=r"from 0.01 to 10"):
        shared.compose(batch, SEEDS, temperature=11)
    assert "_pool" not in shared.__dict__


def test_two_threads_at_once(
    model: runtime.Generator, shared: runtime.Generator, batch: Conditioning
) -> None:
    """While one batch is shared another thread composes its own by itself."""
    expected = model.compose(batch, SEEDS)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(shared.compose(batch, SEEDS)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [same(one, expected) for one in found] == [True] * 4


def test_stopped_in_between(
    shared: runtime.Generator, batch: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C no late answer is taken for that of the next batch."""
    expected = shared.compose(batch, SEEDS)
    before = others(shared)

    def stop(*job: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shared, "compose_here", stop)
        with pytest.raises(KeyboardInterrupt):
            shared.compose(batch, SEEDS + 1)
    assert same(shared.compose(batch, SEEDS), expected)
    assert not set(map(id, before)) & set(map(id, others(shared)))


def test_worker_answers_until_its_input_ends(
    weights: dict[str, Any], model: runtime.Generator, batch: Conditioning
) -> None:
    """One answer a job, in their order."""
    jobs, answers = io.BytesIO(), io.BytesIO()
    manner = Manner(1.0, 0.05)
    for what in ((weights, INFO), (batch, SEEDS, manner, 0), (batch, SEEDS + 1, manner, 0)):
        pickle.dump(what, jobs)
    jobs.seek(0)
    worker.serve(jobs, answers)
    answers.seek(0)
    for seeds in (SEEDS, SEEDS + 1):
        assert same(pickle.load(answers), model.compose(batch, seeds))
    assert answers.read() == b""


def test_nothing_heavy_is_imported() -> None:
    """A process that composes imports numpy and none of the large packages."""
    script = (
        "import sys, kantor.runtime.worker\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'pandas', 'scipy', 'matplotlib', 'symusic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
