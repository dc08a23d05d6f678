"""What the service reads from its environment and params.yaml, and what it gives its parts."""

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from kantor import styles
from kantor.errors import SetupError
from kantor.locks import STATE, held
from kantor.service.parameters import SERVED, Watch, check, check_stages, fault
from kantor.service.service import PORTS, Service, run
from kantor.stages import BLOCKS

ROOT = Path(__file__).parents[2]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
SECRET = "correct-horse-battery"
DATABASE = "PREFECT_API_DATABASE_CONNECTION_URL"
VACUUM = "PREFECT_SERVER_SERVICES_DB_VACUUM"


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    for name in ("KANTOR_HOST", "KANTOR_TOKEN", "KANTOR_ALLOWED_HOSTS", *PORTS, DATABASE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository with the stages and the parameters of this one."""
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def service(root):
    return Service.from_environment(root)


def test_what_is_served_and_where_its_state_stays(service, tmp_path, monkeypatch):
    """Three servers for this machine alone, each watched; Prefect's database in the repository."""
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


def test_a_port_or_a_repository_that_is_taken(service, root):
    """Nothing is started or touched; the variable that chooses another port is named."""
    with held(root / STATE / "serve.lock"), pytest.raises(SetupError, match="served already"):
        run(service, pytest.fail)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SetupError, match="set KANTOR_PORT to another"):
            run(replace(service, front=taken.getsockname()[1]), pytest.fail)


def test_a_fault_of_the_parameters_is_told_first(service, tmp_path):
    """In one line, and nothing is started."""
    (tmp_path / "params.yaml").write_text("serve: {arivals: 2}")
    with pytest.raises(SetupError, match=r"params.yaml: the block 'ingest' is missing"):
        run(service, lambda line: None)
    assert not (tmp_path / STATE).exists()
    (tmp_path / "params.yaml").write_text("keep: {runs: 0.5}\n")
    with pytest.raises(SetupError, match=r"params.yaml: keep.runs: .*greater than or equal to 1"):
        Service.from_environment(tmp_path)


def change(root, **blocks):
    values = {name: block | blocks.get(name, {}) for name, block in PARAMS.items()}
    (root / "params.yaml").write_text(yaml.safe_dump(values))


def test_every_stage_has_its_block():
    """None is forgotten, and the repository's own parameters pass."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert set(BLOCKS) - {"ensemble"} == set(stages) - {"parameters"}
    check_stages(ROOT)
    check(ROOT)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        *((name, {"sed": 5}, ".sed: no such parameter") for name in [*SERVED, "intake"]),
        ("train", {"batch": 63}, ": .*a multiple of parts"),
    ],
)
def test_a_misspelt_parameter(root, monkeypatch, name, values, words):
    """The line names key and file, from where one is, whatever stage, flow or part reads it."""
    change(root, **{name: values})
    (root / "build").mkdir()
    monkeypatch.chdir(root / "build")
    for checked in (check, check_stages) if name in BLOCKS else (check,):
        with pytest.raises(SetupError, match=rf"^\.\./params.yaml: {name}{words}"):
            checked(root)


def test_a_style_has_every_block(root):
    """DVC looks for each; without one, or out of the list, a style stops before anything runs."""
    for name in styles.names(ROOT):
        check_stages(ROOT / "styles" / name)
    own, listed = root / "styles/band.yaml", root / "styles/dvc.yaml"
    own.parent.mkdir()
    listed.write_text("vars: [{styles: [choir]}]")
    blocks = [*BLOCKS, "style"]
    own.write_text("".join(f"{name}: {{}}\n" for name in blocks if name != "train"))
    with pytest.raises(SetupError, match=r"block 'train' is missing; write `train: {}`"):
        check_stages(root / "styles/band")
    own.write_text("".join(f"{name}: {{}}\n" for name in blocks) + "style: {title: Band}\n")
    with pytest.raises(SetupError, match=r"^styles/dvc.yaml: band is not in the list"):
        check_stages(root / "styles/band")
    listed.write_text("vars: [{styles: [choir, band]}]")
    check_stages(root / "styles/band")


@pytest.mark.parametrize("text", ["stages: {ingest: {}}", None, "stages: [", "stages: []", "- a"])
def test_a_stage_that_is_not_there_needs_no_block(root, text):
    """Nor is anything said where it is not known who reads them: that is for DVC to say."""
    params = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(params.replace("\ntrain:", "\ntrian:"))
    with pytest.raises(SetupError, match="the block 'train' is missing"):
        check_stages(root)
    (root / "dvc.yaml").unlink()
    if text is not None:
        (root / "dvc.yaml").write_text(text)
    check_stages(root)


def test_a_fault_that_comes_later_is_told_once(root):
    """When the file is no longer being written; and that it is gone."""
    lines = []
    watch = Watch(root, lines.append)
    for arrivals in (-2, 2):
        change(root, serve={"arrivals": arrivals})
        os.utime(root / "params.yaml", (1000.0, 1000.0 + len(lines)))
        for _ in range(4):
            watch.look()
    first, last = lines
    assert first.startswith("params.yaml: serve.arrivals: ")
    assert first.endswith("; flows fail until it is mended")
    assert last == "params.yaml is sound again"
    (root / "params.yaml").write_text("a: [")
    assert "not YAML" in fault(root)
    (root / "params.yaml").unlink()
    assert "not found" in fault(root)


def test_no_tensorflow():
    """`make repro` looks here first: what takes seconds to import stays out of it."""
    script = "import sys, kantor.service.pipeline; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
