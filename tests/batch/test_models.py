"""A batch keeps its model, and waits for a registry that is away."""

import pytest
from tests.batch import tunes

from kantor.batch import models
from kantor.errors import InputError, ModelError


def pin(out, *described):
    return models.pin(out, tunes.fetch(*described), tunes.load)


def test_the_same_files_are_the_same_model(tmp_path):
    """Whatever its name; another byte is another model."""
    (_, one), (_, two), (_, other) = (
        pin(tmp_path, *described) for described in (("one",), ("two",), ("one", "{ }"))
    )
    assert one == two != other
    assert (models.pinned(tmp_path, one) / "model.json").read_text() == "{}"
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

    line = r"^one: runtime.npz: not a model; roll back; no batch was begun$"
    with pytest.raises(ModelError, match=line):
        models.pin(tmp_path, tunes.fetch("one"), load)
    assert not list((tmp_path / "models").iterdir())


def test_a_pinned_model_that_was_damaged_is_replaced(tmp_path):
    """By the same model, fetched anew; until then it is known to be damaged."""
    name, digest = pin(tmp_path, "one")
    kept = models.pinned(tmp_path, digest)
    (kept / "model.json").write_text("{")
    assert "damaged or missing" in models.fault(kept, digest, tunes.load)
    assert pin(tmp_path, "one") == (name, digest)
    assert models.fault(kept, digest, tunes.load) == ""


@pytest.mark.parametrize(
    ("minutes", "error", "times"),
    [
        (5, ConnectionError("does not answer"), 4),
        (0.03, ConnectionError("does not answer"), 2),
        (5, ValueError("no such version"), 1),
    ],
    ids=["it comes back", "waiting ends", "it will not pass"],
)
def test_a_registry_that_is_away_is_waited_for(tmp_path, monkeypatch, minutes, error, times):
    """For so long, by errors that may pass; a person hears it once, in the registry's words."""
    now, calls, said = [0.0], [], []
    monkeypatch.setattr(models.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(models.time, "sleep", lambda seconds: now.append(now.pop() + seconds))

    def fetch(into):
        calls.append(into)
        if len(calls) < 4:
            raise error
        return "model"

    def may_pass(raised):
        return isinstance(raised, ConnectionError)

    patient = models.patient(fetch, may_pass, minutes, said.append)
    if times == 4:
        assert patient(tmp_path) == "model"
    else:
        with pytest.raises(type(error), match=str(error)):
            patient(tmp_path)
    assert len(calls) == times
    assert said == [f"does not answer; waiting for up to {minutes:g} minutes"] * (times > 1)
