"""A batch keeps its model, and waits for a registry that is away."""

import pytest
from tests.batch import tunes

from kantor.batch import models
from kantor.errors import InputError


def test_the_same_files_are_the_same_model(tmp_path):
    """Whatever it is called; another name of a file, or another byte, is another model."""
    one = models.pin(tmp_path, tunes.fetch("one"), tunes.load)
    two = models.pin(tmp_path, tunes.fetch("two"), tunes.load)
    other = models.pin(tmp_path, tunes.fetch("one", "{ }"), tunes.load)
    assert one.fingerprint == two.fingerprint != other.fingerprint
    assert (models.pinned(tmp_path, one.fingerprint) / "model.json").read_text() == "{}"
    assert len(list((tmp_path / "models").iterdir())) == 2


def test_a_failed_fetch_leaves_nothing(tmp_path):
    """Neither half a model nor the folder it was fetched to."""

    def broken(into):
        (into / "half").write_text("")
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        models.pin(tmp_path, broken, tunes.load)
    assert not list((tmp_path / "models").iterdir())


def test_a_model_that_does_not_load_is_not_pinned(tmp_path):
    """The line names the version, the file and the fault; nothing is left behind."""

    def load(folder):
        raise InputError(f"{folder}/runtime.npz: not a model; roll back")

    told = r"^one: runtime.npz: not a model; roll back; no batch was begun$"
    with pytest.raises(ModelError, match=told):
        models.pin(tmp_path, tunes.fetch("one"), load)
    assert not list((tmp_path / "models").iterdir())


def test_a_pinned_model_that_was_damaged_is_replaced(tmp_path):
    """By the same model, fetched anew; until then it is known to be damaged."""
    one = models.pin(tmp_path, tunes.fetch("one"), tunes.load)
    assert models.fault(tmp_path, one.fingerprint, tunes.load) == ""
    (models.pinned(tmp_path, one.fingerprint) / "model.json").write_text("{")
    assert "damaged or missing" in models.fault(tmp_path, one.fingerprint, tunes.load)
    assert models.pin(tmp_path, tunes.fetch("one"), tunes.load) == one
    assert models.fault(tmp_path, one.fingerprint, tunes.load) == ""


class Away:
    """A registry that answers the fourth time, and a clock that goes on while it is waited for."""

    def __init__(self, error):
        self.error, self.times, self.now, self.told = error, 0, 0.0, []

    def __call__(self, into):
        self.times += 1
        if self.times < 4:
            raise self.error
        return "model"

    def sleep(self, seconds):
        self.now += seconds

    def patient(self, minutes):
        passing = lambda error: isinstance(error, ConnectionError)  # noqa: E731
        return models.patient(
            self, passing, minutes, self.told.append, self.sleep, lambda: self.now
        )


def test_a_registry_that_is_away_is_waited_for(tmp_path):
    """A person is told once, in the registry's words."""
    away = Away(ConnectionError("does not answer"))
    assert away.patient(5)(tmp_path) == "model"
    assert away.told == ["does not answer; waiting for up to 5 minutes"]
    assert away.now >= 3


def test_waiting_ends(tmp_path):
    """With the registry's own error."""
    away = Away(ConnectionError("does not answer"))
    with pytest.raises(ConnectionError, match="does not answer"):
        away.patient(0.03)(tmp_path)
    assert away.times == 2


def test_what_will_not_pass_is_not_waited_for(tmp_path):
    """A version that is not there will not come by waiting."""
    away = Away(ValueError("no such version"))
    with pytest.raises(ValueError, match="no such version"):
        away.patient(5)(tmp_path)
    assert (away.times, away.told) == (1, [])
