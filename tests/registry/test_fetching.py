"""A model is taken out of the registry whole, and loads without it."""

import json

import pytest

from kantor.registry import RegistryError, fetch, load_alone, load_model, may_pass
from kantor.runtime import blas


def test_a_fetched_model_loads_from_its_folder(registered, tmp_path):
    """By alias or by number, with the name that it has in the registry."""
    for number, uri in enumerate(("champion", "models:/kantor-bach/1")):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert fetch(folder, uri, registered) == "kantor-bach version 1"
        assert json.loads((folder / "model.json").read_text()) == {"distance": 4}
        assert load_model(str(folder)).generator.distance == 4


def test_a_folder_is_copied(registered, tmp_path):
    """A model that was never registered can be used as well."""
    source = registered / "build/model"
    assert fetch(tmp_path, str(source)) == str(source)
    assert (tmp_path / "model.json").read_text() == (source / "model.json").read_text()


def test_only_a_silent_registry_may_pass(registered, tmp_path, monkeypatch):
    """A dead server may come back; an alias that there is not will not come by waiting."""
    with pytest.raises(RegistryError, match="no version has the alias") as missing:
        fetch(tmp_path, "nobody", registered)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError, match="does not answer") as silent:
        fetch(tmp_path, "champion")
    assert (may_pass(missing.value), may_pass(silent.value)) == (False, True)


def test_one_of_several_keeps_to_one_core(registered, monkeypatch):
    """Its threads would only wait for each other: every core has a process of its own."""
    monkeypatch.setattr(blas, "_most", 1024)
    load_alone(str(registered / "build/model"))
    assert blas.cores() == 1
