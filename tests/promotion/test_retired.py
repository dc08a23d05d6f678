"""Versions retired long ago are deleted with their files; whatever may be needed stays."""

import shutil
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from tests.registries import client_of, copied, make

from kantor.errors import InputError
from kantor.files import Freed
from kantor.promotion.champion_history import history
from kantor.promotion.promote import audit, promote, retire, rollback
from kantor.promotion.retired import prune_retired
from kantor.registry import RECEIPT, load_model, versions
from kantor.registry.__main__ import summary

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def registry(three, tmp_path):
    """A repository with three versions of its own; the first is champion, the third challenger."""
    return copied(three, tmp_path / "own")


def numbers(root):
    return {row["version"] for row in versions(root=root)}


def files(root):
    return {path for path in (root / "mlartifacts").rglob("*") if path.is_file()}


def test_a_version_retired_before_goes_with_its_files(registry):
    """No file of another version goes, nor what was retired later; numbers are not given again."""
    client, files_of_3 = client_of(registry), files(registry)
    address = client.get_model_version_download_uri("kantor-bach", "3")
    run = client.get_model_version("kantor-bach", "3").run_id
    client.create_model_version("kantor-bach", address, run)
    retire(4, "registered twice", root=registry)
    assert prune_retired(LATER, root=registry) == Freed(1)
    assert files(registry) == files_of_3
    assert prune_retired(LATER, root=registry) == Freed()
    before = {path: path.stat().st_size for path in files(registry)}
    retire(2, "hums", root=registry)
    assert prune_retired(datetime.now(UTC) - timedelta(days=1), root=registry) == Freed()
    would = prune_retired(LATER, dry_run=True, root=registry)
    assert (files(registry), numbers(registry)) == (before.keys(), {1, 2, 3})
    freed = prune_retired(LATER, root=registry)
    assert freed == would
    assert numbers(registry) == {1, 3}
    gone = before.keys() - files(registry)
    assert freed == Freed(1, len(gone), sum(before[path] for path in gone))
    assert freed.files > 100  # the model carries Kantor's own code
    for number in (1, 3):
        assert load_model(f"models:/kantor-bach/{number}", root=registry)
    with pytest.raises(InputError, match="no version 2"):
        load_model("models:/kantor-bach/2", root=registry)
    assert prune_retired(LATER, root=registry) == Freed()
    assert make(registry, 4).version == 5


def test_the_last_champions_and_those_since_it_was_retired_stay(registry):
    """Also what was made champion in MLflow's page, has an alias, or was retired by hand."""
    client = client_of(registry)
    client.set_model_version_tag("kantor-bach", "2", "retired", "yes")
    assert prune_retired(LATER, root=registry) == Freed()
    client.delete_model_version_tag("kantor-bach", "2", "retired")
    promote(2, "better", root=registry)
    promote(1, "after all", force=True, root=registry)
    retire(2, "hums", root=registry)
    assert prune_retired(LATER, root=registry) == Freed()
    for champion in ("2", "1", "3"):
        client.set_registered_model_alias("kantor-bach", "champion", champion)
        audit(registry)
    assert prune_retired(LATER, root=registry) == Freed()
    client.delete_model_version_tag("kantor-bach", "2", "retired")
    retire(2, "hums", root=registry)
    client.set_registered_model_alias("kantor-bach", "concert", "2")
    assert prune_retired(LATER, root=registry) == Freed()
    client.delete_registered_model_alias("kantor-bach", "concert")
    assert prune_retired(LATER, root=registry).count == 1
    assert numbers(registry) == {1, 3}
    rollback("worse", root=registry)
    assert load_model(root=registry).source == "kantor-bach version 1"


def test_made_again_it_is_retired_still(registry):
    """Under a new number, with who and why; what is built here stays."""
    retire(2, "hums", "ada@desk", root=registry)
    before = history(registry)
    prune_retired(LATER, root=registry)
    assert history(registry) == before
    receipt = make(registry, 2)
    receipt.write(registry / RECEIPT)
    assert (receipt.version, receipt.created) == (4, True)
    client_of(registry).set_registered_model_alias("kantor-bach", "challenger", "3")
    assert prune_retired(LATER, root=registry) == Freed()
    assert summary(registry)[0] == "kantor-bach version 4"
    tags = {row["version"]: row["tags"] for row in versions(root=registry)}
    assert "retired" in tags[4]
    assert "retired" not in tags[3]


@pytest.mark.parametrize("method", ["delete_logged_model", "delete_model_version"])
def test_stopped_in_the_middle_it_goes_on(registry, monkeypatch, method):
    """Whatever was deleted by then; the version is the last to go."""
    from mlflow import MlflowClient

    retire(2, "hums", root=registry)
    before = files(registry)
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, method, Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            prune_retired(LATER, root=registry)
    assert 2 in numbers(registry)
    assert prune_retired(LATER, root=registry).count == 1
    assert numbers(registry) == {1, 3}
    assert len(files(registry)) < len(before)


def test_without_a_model_there_is_nothing_to_delete(bare, empty_database):
    """Neither without a registry, and none is made, nor in the empty one that the service makes."""
    assert prune_retired(LATER, root=bare) == Freed()
    assert not (bare / "mlflow.db").exists()
    shutil.copy(empty_database, bare / "mlflow.db")
    assert prune_retired(LATER, root=bare) == Freed()
