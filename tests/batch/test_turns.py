"""Workers see of each other whether one of them composes."""

import fcntl
import multiprocessing

import pytest
from tests.batch import tunes

from kantor.batch import run, work
from kantor.batch.engines import Here
from kantor.batch.turns import Sign, turns


def show(path, shown, seen):
    """Another process, which shows a sign until it is told to go."""
    sign = Sign(path)
    sign.show(True)
    shown.set()
    seen.wait(30)


@pytest.fixture
def sign(tmp_path):
    """A sign of this process."""
    found = Sign(tmp_path / "sign")
    yield found
    found.close()


def test_a_sign_is_seen_by_others_only(sign, tmp_path):
    """And no longer than it is shown."""
    other = Sign(tmp_path / "sign")
    assert not sign.is_elsewhere()
    other.show(True)
    assert sign.is_elsewhere()
    assert not other.is_elsewhere()
    sign.show(True)
    assert other.is_elsewhere()
    assert sign.is_elsewhere()
    other.show(False)
    assert not sign.is_elsewhere()
    other.close()


def test_a_sign_goes_with_its_process(sign, tmp_path):
    """Killed (-9) while it composes, a worker leaves nothing that the others would wait for."""
    context = multiprocessing.get_context("spawn")
    shown, seen = context.Event(), context.Event()
    process = context.Process(target=show, args=(tmp_path / "sign", shown, seen))
    process.start()
    assert shown.wait(30)
    assert sign.is_elsewhere()
    process.kill()
    process.join()
    assert not sign.is_elsewhere()


def test_nobody_waits_for_a_sign(sign, tmp_path):
    """A worker that was stopped while it looked stops no other."""
    with (tmp_path / "sign").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        sign.show(True)
        assert sign.is_elsewhere()


def test_without_locks_each_goes_by_itself(sign, monkeypatch):
    """Some file systems of other machines have none."""

    def refuse(file, kind):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", refuse)
    sign.show(True)
    assert not sign.is_elsewhere()


@pytest.mark.parametrize(("few", "full"), [(1, 1), (2, 3), (32, 128)])
@pytest.mark.parametrize("busy", [False, True])
def test_results_do_not_depend_on_when_is_composed(
    inbox, out, tmp_path, monkeypatch, few, full, busy
):
    """Whatever is composed together, and whoever composes meanwhile."""
    run(tunes.plan(inbox, tmp_path / "plain", chunk=100), Here())
    monkeypatch.setattr(work, "FEW", few)
    monkeypatch.setattr(work, "FULL", full)
    monkeypatch.setattr(Sign, "is_elsewhere", lambda self: busy)
    run(tunes.plan(inbox, out, chunk=100), Here())
    assert tunes.result(out) == tunes.result(tmp_path / "plain")


def test_steps_fill_a_run_as_melodies_do(inbox, out, tmp_path, monkeypatch):
    """However long melodies are and however many takes: memory is bounded, results are the same."""
    run(tunes.plan(inbox, tmp_path / "plain", chunk=100, takes=2), Here())
    lots = []

    def noted(asked, *rest):
        lots.append([2 * request.score.steps for _, request in asked.values()])
        return compose(asked, *rest)

    compose = work._compose
    monkeypatch.setattr(work, "_compose", noted)
    monkeypatch.setattr(work, "STEPS", 150)
    run(tunes.plan(inbox, out, chunk=100, takes=2), Here())
    assert len(lots) > 3
    assert all(sum(lot[:-1]) < 150 for lot in lots)
    assert tunes.result(out) == tunes.result(tmp_path / "plain")


@pytest.mark.parametrize(("busy", "first"), [(True, "rw"), (False, "rr")])
def test_others_write_while_one_composes(inbox, out, monkeypatch, busy, first):
    """Where no model is at work writing waits until the next melodies are composed."""
    did = []
    compose, write = work._Line._compose, work._Line._write
    monkeypatch.setattr(work, "FEW", 2)
    monkeypatch.setattr(work, "FULL", 2)
    monkeypatch.setattr(Sign, "is_elsewhere", lambda self: busy)
    monkeypatch.setattr(work._Line, "_compose", lambda self: (did.append("r"), compose(self))[1])
    monkeypatch.setattr(work._Line, "_write", lambda self: (did.append("w"), write(self))[1])
    run(tunes.plan(inbox, out, chunk=100), Here())
    assert "".join(did[:2]) == first


def test_a_worker_that_is_gone_shows_nothing(tmp_path):
    """The signs of a chunk are taken back with it."""
    with turns(tmp_path) as ours:
        ours.composing.show(True)
        with turns(tmp_path) as other:
            assert other.composing.is_elsewhere()
            assert other.working.is_elsewhere()
    with turns(tmp_path) as other:
        assert not other.composing.is_elsewhere()
        assert not other.working.is_elsewhere()
