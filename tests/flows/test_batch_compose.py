"""The flow composes what is in the inbox, here or on Dask, and shows it in Prefect."""

from pathlib import Path

import batch_compose as module
import psutil
import pytest
import yaml
from prefect.artifacts import Artifact
from tests.batch import tunes

from kantor import registry
from kantor.errors import InputError, SetupError

PARAMS = Path(__file__).parents[2] / "params.yaml"
BATCH = {"out": "out", "formats": ["mid"], "chunk": 3, "page": {"shown": 9, "recorded": 0}}


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """The flow in a folder of its own, with a model by rule; names the engine."""
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "PARAMS", tmp_path / "params.yaml")
    monkeypatch.setattr(registry, "fetch", lambda into, reference, root: tunes.fetch()(into))
    monkeypatch.setattr(registry, "load_alone", tunes.load)

    def named(engine: str):
        params = yaml.safe_load(PARAMS.read_text())
        params["batch"] |= {**BATCH, "engine": engine}
        params["intake"]["settle"] = 0
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
        return module.task_runner()

    return named


def is_undisturbed(tmp_path):
    undisturbed = tmp_path / "undisturbed"
    tunes.compose(tmp_path / "inbox", undisturbed, page=BATCH["page"])
    return tunes.result(tmp_path / "out") == tunes.result(undisturbed)


@pytest.mark.usefixtures("prefect_server")
def test_what_is_in_the_inbox_is_composed_once(engine, tmp_path):
    """By processes of this machine; the artifact says what came of it; nothing new is no batch."""
    assert isinstance(engine("processes"), module.ThreadPoolTaskRunner)
    with pytest.raises(ValueError, match="copy_to"):  # an address is no folder of results
        module.batch_compose.fn(out="s3://bucket/outbox")
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]
    tunes.fill(tmp_path / "inbox", 7)
    assert "batch 1 by rule version 1: 7 composed" in module.batch_compose()
    artifact = Artifact.get("batch").data
    assert "| composed | 7 |" in artifact
    (page,) = (tmp_path / "out").glob("*_inbox_0001/index.html")
    assert str(page) in artifact
    assert module.batch_compose() == "nothing new"
    assert is_undisturbed(tmp_path)


@pytest.mark.usefixtures("prefect_server")
def test_each_style_composes_for_its_own_folder_of_the_inbox(engine, tmp_path, monkeypatch):
    """Its results are apart; one without a model is told, and hinders no other."""
    engine("processes")
    (tmp_path / "styles").mkdir()
    for name, count in (("pop", 2), ("rock", 1)):
        (tmp_path / f"styles/{name}.yaml").write_text("style: {title: One}\n")
        tunes.fill(tmp_path / "inbox" / name, count)
    tunes.fill(tmp_path / "inbox", 3)

    def fetch(into, reference, root):
        if root.name == "rock":
            raise SetupError("no model of the style rock yet")
        return tunes.fetch(f"{root.name} version 1")(into)

    monkeypatch.setattr(registry, "fetch", fetch)
    said = module.batch_compose()
    assert f"by {tmp_path.name} version 1: 3 composed" in said
    assert "by pop version 1: 2 composed" in said
    assert said.endswith("no model of the style rock yet")
    assert len(list((tmp_path / "pop/out").glob("*_pop_0001/index.html"))) == 1
    assert module.batch_compose(style="pop", inbox="inbox/pop") == "nothing new"
    with pytest.raises(InputError, match="jazz"):
        module.batch_compose(style="jazz")


@pytest.mark.long
@pytest.mark.usefixtures("prefect_server")
def test_a_dask_worker_killed_in_the_middle_costs_nothing(engine, tmp_path, monkeypatch):
    """Two workers, one of which dies: nothing is lost, nothing is doubled."""
    pytest.importorskip("prefect_dask")
    monkeypatch.setattr(registry, "load_alone", tunes.load_deadly)
    tunes.fill(tmp_path / "inbox", 14)
    compose = module.batch_compose.with_options(task_runner=engine("dask"))
    assert "14 composed;" in compose()
    assert is_undisturbed(tmp_path)


def test_dask_listens_on_this_machine_alone(engine):
    """The workers that a flow starts here open no port to others, nor does Dask's own page."""
    dask = pytest.importorskip("prefect_dask")
    distributed = pytest.importorskip("distributed")
    runner = engine("dask")
    assert isinstance(runner, dask.DaskTaskRunner)
    before = listening()
    with distributed.LocalCluster(**runner.cluster_kwargs):
        opened = listening() - before
    assert opened
    assert {address.ip for address in opened} == {"127.0.0.1"}


def listening():
    """The addresses on which this process and those that it has started listen."""
    own = psutil.Process()
    ports = [one.net_connections("tcp") for one in (own, *own.children(recursive=True))]
    return {port.laddr for some in ports for port in some if port.status == "LISTEN"}
