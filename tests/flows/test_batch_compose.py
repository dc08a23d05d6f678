"""The flow composes what is in the inbox, here or on Dask, and shows it in Prefect."""

from __future__ import annotations

from pathlib import Path

import batch_compose as module
import psutil
import pytest
import yaml
from tests.batch import tunes

from kantor.batch import dispatcher, run

PARAMS = Path(__file__).parents[2] / "params.yaml"
BATCH = {"out": "out", "chunk": 3, "page": {"shown": 9, "recorded": 0}}


def write_params(path: Path, engine: str) -> None:
    """The repository's parameters with an engine, small chunks, and no waiting for files."""
    params = yaml.safe_load(PARAMS.read_text())
    params["batch"] |= {**BATCH, "engine": engine}
    params["intake"]["settle"] = 0
    path.write_text(yaml.safe_dump(params))


@pytest.fixture
def flow(prefect_server, tmp_path, monkeypatch):
    """The flow in a folder of its own, with a model by rule; told the engine."""
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "PARAMS", tmp_path / "params.yaml")
    monkeypatch.setattr(module, "fetch", lambda into, reference: tunes.fetch()(into))
    monkeypatch.setattr(module, "load_alone", tunes.load)

    def told(engine):
        write_params(tmp_path / "params.yaml", engine)
        return module.batch_compose

    return told


def artifact():
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        found = client.read_artifacts()
    return max(found, key=lambda one: one.created).data


def test_what_is_in_the_inbox_is_composed_once(flow, tmp_path):
    """By processes of this machine; the artifact says what came of it; nothing new is no batch."""
    tunes.fill(tmp_path / "inbox", 7)
    compose = flow("processes")
    assert "batch 1 by rule version 1: 7 composed" in compose()
    assert "| composed | 7 |" in artifact()
    assert str(tmp_path / "out/batch-0001/index.html") in artifact()
    assert compose() == "nothing new"
    undisturbed = tmp_path / "undisturbed"
    run(tunes.plan(tmp_path / "inbox", undisturbed, page=BATCH["page"]), dispatcher.Here())
    assert tunes.result(tmp_path / "out") == tunes.result(undisturbed)


@pytest.mark.long
def test_a_dask_worker_killed_in_the_middle_costs_nothing(flow, tmp_path, monkeypatch):
    """Two workers, one of which dies: nothing is lost, nothing is doubled."""
    dask = pytest.importorskip("prefect_dask")
    monkeypatch.setattr(module, "load_alone", tunes.load_deadly)
    tunes.fill(tmp_path / "inbox", 14)
    runner = dask.DaskTaskRunner(
        cluster_kwargs={"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    )
    compose = flow("dask").with_options(task_runner=runner)
    assert "14 composed;" in compose()
    undisturbed = tmp_path / "undisturbed"
    run(tunes.plan(tmp_path / "inbox", undisturbed, page=BATCH["page"]), dispatcher.Here())
    assert tunes.result(tmp_path / "out") == tunes.result(undisturbed)


def test_the_engine_is_what_the_parameters_name(tmp_path, monkeypatch):
    """Threads that feed processes, or Dask's workers, one melody-composing thread each."""
    dask = pytest.importorskip("prefect_dask")
    monkeypatch.setattr(module, "PARAMS", tmp_path / "params.yaml")
    found = []
    for engine in ("processes", "dask"):
        write_params(tmp_path / "params.yaml", engine)
        found.append(module.task_runner())
    assert [type(one) for one in found] == [module.ThreadPoolTaskRunner, dask.DaskTaskRunner]


def test_dask_listens_on_this_machine_alone(tmp_path, monkeypatch):
    """The workers that a flow starts here open no port to others, nor does Dask's own page."""
    distributed = pytest.importorskip("distributed")
    pytest.importorskip("prefect_dask")
    monkeypatch.setattr(module, "PARAMS", tmp_path / "params.yaml")
    write_params(tmp_path / "params.yaml", "dask")
    before = listening()
    with distributed.LocalCluster(**module.task_runner().cluster_kwargs):
        opened = listening() - before
    assert opened
    assert {address.ip for address in opened} == {"127.0.0.1"}


def listening():
    """The addresses on which this process and those that it has started listen."""
    own = psutil.Process()
    ports = [one.net_connections("tcp") for one in (own, *own.children(recursive=True))]
    return {port.laddr for found in ports for port in found if port.status == "LISTEN"}


def test_an_address_is_no_folder_of_results(flow, tmp_path):
    """Given by hand it is refused, and no folder of that name is made."""
    with pytest.raises(ValueError, match="copy_to"):
        flow("processes").fn(out="s3://bucket/outbox")
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]
