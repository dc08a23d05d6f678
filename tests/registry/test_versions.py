"""Which version a reference means, and what its run keeps of its evaluation."""

import pytest

from kantor.errors import InputError, SetupError
from kantor.registry import model_name
from kantor.registry.versions import describe, kept_windows, parse


@pytest.mark.parametrize(
    ("reference", "model", "version"),
    [
        ("models:/other@champion", "other", "champion"),
        ("models:/other/3", "other", "3"),
        ("champion", "kantor-bach", "champion"),
        ("@challenger", "kantor-bach", "challenger"),
        ("3", "kantor-bach", "3"),
    ],
)
def test_references(bare, reference, model, version):
    """A full address names its model; an alias or a number is of the line's own model."""
    assert parse(reference, bare) == (model, version)


@pytest.mark.parametrize("reference", ["runs:/abc/model", "build/models", "models:/x"])
def test_what_is_no_reference(bare, reference):
    """The message says what is expected, with the name of the line's own model."""
    with pytest.raises(InputError, match=r"not a model; expected .* models:/kantor-bach@champion"):
        parse(reference, bare)


def test_the_model_is_named_by_the_parameters(bare, monkeypatch, tmp_path):
    """Else by the default: where there is no such block, no such file, no repository."""
    default = model_name(bare)
    (bare / "params.yaml").write_text("register: {model: kantor-blues}")
    assert model_name(bare) == "kantor-blues"
    (bare / "params.yaml").write_text("train: {}")
    assert model_name(bare) == default
    assert model_name(tmp_path) == default
    (bare / "params.yaml").write_text("register: {name: kantor-blues}")
    with pytest.raises(SetupError, match=r"register.name: no such parameter"):
        model_name(bare)


def test_the_table_of_windows_is_kept(moving, client):
    """A version whose run keeps the table gives it; one whose run does not gives none."""
    run = client.get_model_version("kantor-bach", "3").run_id
    client.log_text(run, "side,piece\n", "windows.csv")
    assert kept_windows("challenger", root=moving) == (3, "side,piece\n")
    assert kept_windows(1, root=moving) == (1, None)
    assert describe("challenger", root=moving)["run"] == run


def test_a_version_whose_run_is_gone_keeps_nothing(moving, monkeypatch):
    """A run that was deleted for good is no reason to fail."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

    def gone(*_):
        raise MlflowException("no run", error_code=RESOURCE_DOES_NOT_EXIST)

    monkeypatch.setattr(MlflowClient, "list_artifacts", gone)
    assert kept_windows(2, root=moving) == (2, None)


def test_a_version_that_is_not_there(moving):
    """One line names those there are."""
    with pytest.raises(InputError, match="no version 9; there is 1, 2, 3"):
        describe(9, root=moving)
