"""A model that follows its alias: moves are taken up, work in hand is not disturbed."""

import logging
import threading
import time

import numpy as np
import pytest

from kantor.registry import Champion, RegistryError, champion


def until(met, seconds=20.0):
    """Whether `met` comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if met():
            return True
        threading.Event().wait(0.01)
    return False


def test_a_move_is_taken_up_and_work_in_hand_is_not_disturbed(moving, client):
    """An alias moved behind Kantor's back is followed; who took before keeps what they took."""
    watcher = Champion(every=0.0, root=moving, patience=60.0)
    before = watcher.take()
    client.set_registered_model_alias("kantor-bach", "champion", "2")
    after = watcher.take()
    assert (before.source, after.source) == ("kantor-bach version 1", "kantor-bach version 2")
    assert before.generator is not after.generator


def test_nothing_moved_is_not_loaded_again(moving, client):
    """The same version stays the same object, however often the registry is asked."""
    watcher = Champion(every=0.0, root=moving, patience=60.0)
    assert watcher.take() is watcher.take()


def test_the_registry_is_asked_no_more_often_than_said(moving, client, monkeypatch):
    """Between two checks taking costs nothing."""
    watcher = Champion(every=3600.0, root=moving)
    model = watcher.take()
    monkeypatch.setattr(champion, "pointed_at", lambda *_: pytest.fail("asked"))
    client.set_registered_model_alias("kantor-bach", "champion", "2")
    assert all(watcher.take() is model for _ in range(3))


def test_every_is_within_the_minute_that_is_promised():
    """By default a move is taken up within a minute."""
    assert Champion().every + Champion().patience <= 60


def test_a_registry_that_fails_leaves_the_model_at_hand(moving, client, monkeypatch, caplog):
    """One warning a failure, the old model meanwhile, and the new one afterwards."""
    watcher = Champion(every=0.0, root=moving, patience=60.0)
    model = watcher.take()
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(champion.reading, "look_up", lambda uri, root: None)
        patch.setattr(champion, "opened", _refuse)
        assert watcher.take() is model
        assert until(lambda: watcher.take() is model and watcher.trouble == "the registry is down")
    assert len([r for r in caplog.records if "the registry is down; going on" in r.message]) == 1
    client.set_registered_model_alias("kantor-bach", "champion", "2")
    assert until(lambda: watcher.take().source == "kantor-bach version 2")
    assert watcher.trouble is None


def test_a_champion_that_does_not_load_leaves_the_model_at_hand(moving, client, monkeypatch):
    """A move to a broken version is refused by going on with the one before."""
    watcher = Champion(every=0.0, root=moving, patience=60.0)
    model = watcher.take()
    monkeypatch.setattr(champion, "load_model", _refuse)
    client.set_registered_model_alias("kantor-bach", "champion", "2")
    assert watcher.take() is model
    assert watcher.trouble == "the registry is down"


def test_a_slow_registry_does_not_hold_up_the_work(moving, client, monkeypatch):
    """A check that hangs is left to hang; one check at a time is under way."""
    watcher = Champion(every=0.0, root=moving, patience=60.0)
    model = watcher.take()
    asked, go_on = [], threading.Event()

    def hang(*_):
        asked.append(threading.current_thread())
        go_on.wait(60)
        raise RegistryError("too late")

    monkeypatch.setattr(champion, "pointed_at", hang)
    watcher.patience = 0.05
    begin = time.monotonic()
    assert all(watcher.take() is model for _ in range(20))
    assert time.monotonic() - begin < 2
    assert len(asked) == 1
    go_on.set()
    asked[0].join()


def test_without_a_model_at_hand_the_fault_is_told(bare):
    """The first to take gets the registry's own line."""
    with pytest.raises(RegistryError, match="no model is registered yet"):
        Champion(root=bare).take()


def test_the_first_take_can_wait_for_the_registry(moving, client, monkeypatch):
    """A registry that is down for a while is waited for, if the caller says so."""
    monkeypatch.setattr(champion, "PAUSE", 0.01)
    real, failures = champion.pointed_at, [RegistryError("down")] * 2

    def at_last(*arguments):
        if failures:
            raise failures.pop()
        return real(*arguments)

    monkeypatch.setattr(champion, "pointed_at", at_last)
    assert Champion(root=moving).take(wait=60.0).source == "kantor-bach version 1"


def test_many_threads_take_one_model(moving, client, monkeypatch):
    """However many begin at once, the model is loaded once."""
    loaded = []
    real = champion.load_model
    monkeypatch.setattr(champion, "load_model", lambda *given: loaded.append(given) or real(*given))
    watcher, models = Champion(root=moving), []
    threads = [threading.Thread(target=lambda: models.append(watcher.take())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(model) for model in models}) == 1
    assert len(models) == 16
    assert len(loaded) == 1


@pytest.mark.parametrize("uri", ["models:/kantor-bach/2", "build/model", "challenger"])
def test_other_names_of_a_model(moving, client, monkeypatch, uri):
    """A number, a folder and any alias can be taken from as well."""
    monkeypatch.chdir(moving)
    model = Champion(uri, every=0.0).take()
    assert np.isfinite(model.generator.distance)


def _refuse(*_, **__):
    raise RegistryError("the registry is down")
