"""What waits to be composed: bounded, together where it fits, one long one at a time."""

import threading

import pytest

from kantor.ensemble import SATB
from kantor.errors import InputError
from kantor.studio.composing_pool import Lane
from kantor.studio.composing_queue import MOST_WAITING, Job, Waiting
from kantor.studio.composing_worker import How
from kantor.studio.model_preview import melody
from kantor.studio.problems import Problem

SHORT = How("folder", "kantor-bach version 1", "bach", 3, 1, None, 0.0)
LONG = How("folder", "kantor-bach version 1", "bach", 100, 20, None, 0.0)
REQUEST = melody(SATB)


def test_those_that_fit_are_composed_together():
    """The oldest first; another temperature needs another run, and so does a long one."""
    waiting = Waiting()
    warm = SHORT.__class__(**{**vars(SHORT), "temperature": 1.4})
    jobs = [Job(REQUEST, seed, how) for seed, how in enumerate((SHORT, warm, SHORT, LONG, SHORT))]
    for job in jobs:
        waiting.add(job)
    assert waiting.next() == [jobs[0], jobs[2], jobs[4]]
    assert waiting.next() == [jobs[1]]
    assert waiting.next() == [jobs[3]]


def test_one_run_does_not_grow_without_bound():
    """Of very many only as many as are quick together."""
    waiting, jobs = Waiting(), [Job(REQUEST, seed, SHORT) for seed in range(60)]
    for job in jobs:
        waiting.add(job)
    assert waiting.next() == jobs[:10]


def test_long_ones_leave_one_process_to_the_others():
    """The second begins when the first has ended."""
    waiting, (first, second, short) = (
        Waiting(),
        (Job(REQUEST, 0, how) for how in (LONG, LONG, SHORT)),
    )
    for job in (first, second, short):
        waiting.add(job)
    assert waiting.next() == [first]
    assert waiting.next() == [short]
    got = []
    thread = threading.Thread(target=lambda: got.extend(waiting.next()))
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    waiting.done([first])
    thread.join(5)
    assert got == [second]


def test_what_was_cancelled_is_not_begun():
    """A client went away while it waited."""
    waiting, gone, here = Waiting(), Job(REQUEST, 0, SHORT), Job(REQUEST, 1, SHORT)
    waiting.add(gone)
    waiting.add(here)
    gone.future.cancel()
    assert waiting.next() == [here]


def test_too_many_are_refused():
    """429, and those that have gone away do not count."""
    waiting, jobs = Waiting(), [Job(REQUEST, seed, SHORT) for seed in range(MOST_WAITING)]
    for job in jobs:
        waiting.add(job)
    with pytest.raises(Problem) as refused:
        waiting.add(Job(REQUEST, 0, SHORT))
    assert refused.value.status == 429
    assert "retry-after" in refused.value.response().headers
    jobs[5].future.cancel()
    waiting.add(Job(REQUEST, 0, SHORT))


def test_too_much_at_once_is_refused():
    """A request that would take minutes."""
    with pytest.raises(InputError, match="too much at once"):
        Job(REQUEST, 0, LONG.__class__(**{**vars(LONG), "candidates": 64}))


class Beginning:
    """Workers whose process is just beginning, for as long as their lock is held."""

    closed = False

    def __init__(self):
        self.lock = threading.RLock()

    def close(self, wait):
        """End the process."""
        self.closed = True


def test_a_run_is_ended_also_while_its_process_begins():
    """It would go on for nobody, and be waited for, if it were told before it can hear."""
    lane, job = Lane(Waiting(), None), Job(REQUEST, 0, SHORT)
    lane._workers, lane.batch = Beginning(), [job]
    lane.drop(Job(REQUEST, 1, SHORT))
    assert not lane._workers.closed
    ending = threading.Thread(target=lane.drop, args=(job,))
    with lane._workers.lock:
        ending.start()
        ending.join(0.1)
        assert not lane._workers.closed
    ending.join(5)
    assert lane._workers.closed


def test_nothing_begins_after_the_end():
    """Those who wait for work get none; what waited is handed back."""
    waiting, job = Waiting(), Job(REQUEST, 0, SHORT)
    waiting.add(job)
    assert waiting.close() == [job]
    assert waiting.next() == []
    with pytest.raises(Problem):
        waiting.add(job)
