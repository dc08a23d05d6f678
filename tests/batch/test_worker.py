"""Workers see of each other whether one of them composes; results do not depend on it."""

import fcntl
import multiprocessing

import pytest
from tests.batch import tunes

from kantor.batch import run, worker
from kantor.batch.dispatcher import Here
from kantor.batch.flags import Flag, flags


def show(path, shown, seen):
    """Another process, which shows a flag until it is let go."""
    flag = Flag(path)
    flag.show(True)
    shown.set()
    seen.wait(30)


@pytest.fixture
def flag(tmp_path):
    """A flag of this process."""
    found = Flag(tmp_path / "flag")
    yield found
    found.close()


def test_a_flag_is_seen_by_others_only(flag, tmp_path):
    """And no longer than it is shown."""
    other = Flag(tmp_path / "flag")
    assert not flag.is_elsewhere()
    other.show(True)
    assert flag.is_elsewhere()
    assert not other.is_elsewhere()
    flag.show(True)
    assert other.is_elsewhere()
    assert flag.is_elsewhere()
    other.show(False)
    assert not flag.is_elsewhere()
    other.close()


def test_a_flag_goes_with_its_process(flag, tmp_path):
    """Killed (-9) while it composes, a worker leaves nothing that the others would wait for."""
    context = multiprocessing.get_context("spawn")
    shown, seen = context.Event(), context.Event()
    process = context.Process(target=show, args=(tmp_path / "flag", shown, seen))
    process.start()
    assert shown.wait(30)
    assert flag.is_elsewhere()
    process.kill()
    process.join()
    assert not flag.is_elsewhere()


def test_nobody_waits_for_a_flag(flag, tmp_path):
    """A worker that was stopped while it looked stops no other."""
    with (tmp_path / "flag").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        flag.show(True)
        assert flag.is_elsewhere()


def test_without_locks_each_goes_by_itself(flag, monkeypatch):
    """Some file systems of other machines have none."""

    def refuse(file, kind):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", refuse)
    flag.show(True)
    assert not flag.is_elsewhere()


@pytest.mark.parametrize(("few", "full"), [(1, 1), (2, 3), (32, 128)])
@pytest.mark.parametrize("busy", [False, True])
def test_results_do_not_depend_on_when_is_composed(
    inbox, out, tmp_path, monkeypatch, few, full, busy
):
    """Whatever is composed together, and whoever composes meanwhile."""
    run(tunes.plan(inbox, tmp_path / "plain", chunk=100), Here())
    monkeypatch.setattr(worker, "FEW", few)
    monkeypatch.setattr(worker, "FULL", full)
    monkeypatch.setattr(Flag, "is_elsewhere", lambda self: busy)
    run(tunes.plan(inbox, out, chunk=100), Here())
    assert tunes.result(out) == tunes.result(tmp_path / "plain")


def test_steps_fill_a_run_as_melodies_do(inbox, out, tmp_path, monkeypatch):
    """However long melodies are and however many takes: memory is bounded, results are the same."""
    run(tunes.plan(inbox, tmp_path / "plain", chunk=100, takes=2), Here())
    lots = []

    def noted(requests, *rest):
        lots.append([2 * request.score.steps for _, request in requests.values()])
        return compose(requests, *rest)

    compose = worker._compose
    monkeypatch.setattr(worker, "_compose", noted)
    monkeypatch.setattr(worker, "STEPS", 150)
    run(tunes.plan(inbox, out, chunk=100, takes=2), Here())
    assert len(lots) > 3
    assert all(sum(lot[:-1]) < 150 for lot in lots)
    assert tunes.result(out) == tunes.result(tmp_path / "plain")


@pytest.mark.parametrize(("busy", "first"), [(True, "rw"), (False, "rr")])
def test_others_write_while_one_composes(inbox, out, monkeypatch, busy, first):
    """Where no model is at work writing waits until the next melodies are composed."""
    did = []
    compose, write = worker._Work._compose, worker._Work._write_one
    monkeypatch.setattr(worker, "FEW", 2)
    monkeypatch.setattr(worker, "FULL", 2)
    monkeypatch.setattr(Flag, "is_elsewhere", lambda self: busy)
    monkeypatch.setattr(worker._Work, "_compose", lambda self: (did.append("r"), compose(self))[1])
    monkeypatch.setattr(worker._Work, "_write_one", lambda self: (did.append("w"), write(self))[1])
    run(tunes.plan(inbox, out, chunk=100), Here())
    assert "".join(did[:2]) == first


def test_a_worker_that_is_gone_shows_nothing(tmp_path):
    """The flags of a chunk are taken back with it."""
    with flags(tmp_path) as (_, composing):
        composing.show(True)
        with flags(tmp_path) as others:
            assert [flag.is_elsewhere() for flag in others] == [True, True]
    with flags(tmp_path) as others:
        assert [flag.is_elsewhere() for flag in others] == [False, False]
