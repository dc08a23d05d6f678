"""A repository that was moved keeps its models and their history."""

import stat

import pytest

from kantor.registry import RegistryError, history, load_model, promote, register, versions
from kantor.registry.__main__ import main
from kantor.registry.evaluated import evaluated
from kantor.registry.relocating import relocate
from kantor.settings import Register

PARAMS = Register(model="kantor-bach", experiment="kantor")


@pytest.fixture
def moved(repository, tmp_path, rule):
    """A repository with two versions and a move, which has been moved itself."""
    (repository / "reports/windows.csv").write_text("piece,start\n")
    register(repository, PARAMS)
    (repository / "build/model/model.json").write_text('{"distance": 5}')
    register(repository, PARAMS)
    promote(2, "better", force=True, root=repository, rule=rule)
    return repository.rename(tmp_path / "moved")


def test_nothing_is_lost(moved):
    """Versions, aliases, history and files are those from before, and new ones are registered."""
    with pytest.raises(RegistryError, match=r"python -m kantor.registry relocate"):
        load_model(root=moved)
    before = (versions(root=moved), history(root=moved))
    assert "before at file:///" in relocate(moved)
    assert (versions(root=moved), history(root=moved)) == before
    assert load_model(root=moved).source == "kantor-bach version 2"
    assert evaluated(1, root=moved).windows == "piece,start\n"
    (moved / "build/model/model.json").write_text('{"distance": 6}')
    assert register(moved, PARAMS).version == 3
    assert "its files are where it says" in relocate(moved)


def test_the_database_before_is_kept(moved):
    """As a copy that only its owner reads; without the files nothing is changed."""
    (moved / "mlartifacts").rename(moved / "elsewhere")
    with pytest.raises(RegistryError, match="bring it here"):
        relocate(moved)
    (moved / "elsewhere").rename(moved / "mlartifacts")
    relocate(moved)
    (copy,) = moved.glob("mlflow.db.*Z")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_the_command(moved, monkeypatch, capsys):
    """It says in one line what it did, or what is wrong."""
    monkeypatch.chdir(moved)
    assert main(["relocate"]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    (moved / "mlflow.db").rename(moved / "aside")
    assert main(["relocate"]) == 1
    assert "put it back" in capsys.readouterr().err
    assert main(["other"]) == 2
