"""What the service reads from its environment, and what it gives its parts."""

import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from kantor.errors import SetupError
from kantor.locks import STATE, held
from kantor.service.service import PORTS, Service, run

SECRET = "correct-horse-battery"
DATABASE = "PREFECT_API_DATABASE_CONNECTION_URL"
VACUUM = "PREFECT_SERVER_SERVICES_DB_VACUUM"


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    for name in ("KANTOR_HOST", "KANTOR_TOKEN", "KANTOR_ALLOWED_HOSTS", *PORTS, DATABASE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def service(tmp_path):
    shutil.copy(Path(__file__).resolve().parents[2] / "params.yaml", tmp_path)
    return Service.from_environment(tmp_path)


def test_what_is_served_and_where_its_state_stays(service, tmp_path, monkeypatch):
    """Three servers on this machine alone, each watched while it runs.

    Prefect's settings and database stay in the repository, unless the environment names another.
    """
    assert [line.split() for line in service.addresses()] == [
        ["Kantor", "http://127.0.0.1:8400"],
        ["Prefect", "http://127.0.0.1:4200"],
        ["MLflow", "http://127.0.0.1:5000"],
    ]
    assert all(part.health or part.sign for part in service.parts())
    values = service.environment()
    assert values["PREFECT_HOME"] == str(tmp_path / ".kantor/prefect")
    assert values[DATABASE].endswith(".kantor/prefect/prefect.db")
    monkeypatch.setenv(DATABASE, "postgresql+asyncpg://u:p@db/x")
    assert DATABASE not in service.environment()


@pytest.mark.parametrize(
    ("params", "kept"),
    [
        ("keep: {runs: 90}\n", {"ENABLED": "events,flow_runs", "RETENTION_PERIOD": "7776000"}),
        *((text, {}) for text in ("keep: {runs: null}\n", "keep: {}\n", "train: {}\n")),
    ],
)
def test_runs_are_kept_for_as_long_as_params_say(tmp_path, params, kept):
    """Prefect's server deletes them itself, if it is to; by its own default it deletes events."""
    (tmp_path / "params.yaml").write_text(params)
    values = Service.from_environment(tmp_path).environment()
    vacuum = {name: value for name, value in values.items() if name.startswith(VACUUM)}
    assert vacuum == {f"{VACUUM}_{name}": value for name, value in kept.items()}


def test_the_token_is_in_no_command(tmp_path, monkeypatch):
    """Everyone reads command lines; Prefect's server shows its settings; clients log in."""
    monkeypatch.setenv("KANTOR_TOKEN", SECRET)
    service = Service.from_environment(tmp_path)
    parts = service.parts()
    assert all(SECRET not in " ".join(part.command) for part in parts)
    assert SECRET in parts[-1].environment["PREFECT_CLIENT_CUSTOM_HEADERS"]
    assert all(SECRET not in value for value in parts[0].environment.values())
    assert SECRET not in repr((service, parts))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("KANTOR_HOST", "0.0.0.0", "set KANTOR_TOKEN"),
        *(("KANTOR_PORT", port, "KANTOR_PORT=") for port in ("0", "70000", "http", "-1")),
        ("KANTOR_PORT", "5000", "three different ports"),
    ],
)
def test_a_fault_of_the_environment_names_the_variable(tmp_path, monkeypatch, name, value, reason):
    """Others need a token; a port is a number, and no other server's."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError, match=reason):
        Service.from_environment(tmp_path)


def test_a_port_that_is_taken(service):
    """Nothing is started; the variable that chooses another port is named."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SetupError, match="set KANTOR_PORT to another"):
            run(replace(service, front=taken.getsockname()[1]), pytest.fail)


def test_one_service_a_repository(service, tmp_path):
    """A second one is refused and touches nothing of the first."""
    with held(tmp_path / STATE / "serve.lock"), pytest.raises(SetupError, match="served already"):
        run(service, pytest.fail)


def test_a_fault_of_the_parameters_is_told_first(service, tmp_path):
    """In one line, and nothing is started."""
    (tmp_path / "params.yaml").write_text("serve: {arivals: 2}")
    with pytest.raises(SetupError, match=r"params.yaml: the block 'ingest' is missing"):
        run(service, lambda line: None)
    assert not (tmp_path / STATE).exists()
    (tmp_path / "params.yaml").write_text("keep: {runs: 0.5}\n")
    with pytest.raises(SetupError, match=r"params.yaml: keep.runs: .*greater than or equal to 1"):
        Service.from_environment(tmp_path)
