"""What a version's run keeps of its evaluation."""

import pytest

from kantor.registry import RegistryError
from kantor.registry.evaluated import evaluated


def test_the_table_of_windows_is_found_by_number_and_alias(moving, client):
    """A version whose run keeps the table gives it; one whose run does not gives none."""
    run = client.get_model_version("kantor-bach", "3").run_id
    client.log_text(run, "side,piece\n", "windows.csv")
    found = evaluated("challenger", root=moving)
    assert (found.version, found.run_id, found.windows) == (3, run, "side,piece\n")
    assert evaluated(1, root=moving).windows is None


def test_a_version_whose_run_is_gone_keeps_nothing(moving, client, monkeypatch):
    """A run that was deleted for good is no reason to fail."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

    def gone(*_):
        raise MlflowException("no run", error_code=RESOURCE_DOES_NOT_EXIST)

    monkeypatch.setattr(MlflowClient, "list_artifacts", gone)
    assert evaluated(2, root=moving).windows is None


def test_a_version_that_is_not_there(moving):
    """One line names those there are."""
    with pytest.raises(RegistryError, match="no version 9; there is 1, 2, 3"):
        evaluated(9, root=moving)
