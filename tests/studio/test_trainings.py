"""Trainings by way of the page: started, watched, stopped, found again; never two at once."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from tests.living import left
from tests.studio.trained import ROOT, plan_for, prepare

from kantor.locks import held
from kantor.service.pipeline import LOCK
from kantor.studio.training import film_video, runs
from kantor.studio.training.watcher import Watcher

pytestmark = pytest.mark.alone
STATE = Path(".kantor")
ACTIVE = ("running", "stopping")


@pytest.fixture
def root(tmp_path):
    """A repository without a model in which a training takes a second; nothing is left running."""
    root = tmp_path / "repository"
    yield prepare(root)
    for run in runs.every(root):
        if runs.lives(run):
            os.killpg(run.pid, signal.SIGKILL)


def wait(ask, until, seconds=30):
    """Ask until the answer is as wanted; that answer."""
    ends = time.monotonic() + seconds
    while not until(answer := ask()):
        assert time.monotonic() < ends, answer
        time.sleep(0.05)
    return answer


def current(client):
    return client.get("/api/trainings/current").json()


def over(client):
    return wait(lambda: current(client), lambda seen: seen["status"] not in ACTIVE)


def start(client, **asked):
    return client.post("/api/trainings", json=asked)


def test_the_form_has_bounds_and_says_what_each_setting_does(client):
    """For every preset its own values, all within the bounds that the page offers."""
    form = client.get("/api/trainings").json()["form"]
    assert [one["name"] for one in form["presets"]] == ["chorale", "long", "unet"]
    values = {one["name"]: one["values"] for one in form["presets"]}
    assert values["chorale"]["train.iterations"] == 120
    assert values["long"]["train.iterations"] == 300
    assert values["long"]["train.chorale.width"] == 96
    for setting in form["settings"]:
        assert setting["what"].endswith(".")
        for own in values.values():
            assert setting["low"] <= own[setting["key"]] <= setting["high"], setting["key"]
    sources = {one["path"]: (one["chosen"], one["files"]) for one in form["sources"]}
    assert sources == {"data/jsb": (True, 1), "data/scores": (True, 0)}


def test_a_training_from_start_to_end(client, root):
    """Values are changed in the file, the rest stays; rows, frames, health and stages are seen."""
    before = (root / "params.yaml").read_text().splitlines()
    asked = {"train.seed": 7, "train.learning_rates.critic": 0.0005}
    started = start(client, settings=asked, sources=["data/jsb"])
    assert started.status_code == 201
    assert started.json()["status"] == "running"
    done = over(client)
    after = (root / "params.yaml").read_text().splitlines()
    assert set(after) - set(before) == {
        "  seed: 7",
        "  learning_rates: {likelihood: 0.002, generator: 0.0001, critic: 0.0005}",
    }
    assert len(before) - len(after) == 1  # the source that was left out
    assert (done["status"], done["iteration"], done["stopped_by"]) == ("done", 40, "budget")
    states = {one["name"]: one["state"] for one in done["stages"]}
    assert states == {
        "ingest": "unchanged",
        "validate": "waiting",
        "train": "done",
        "evaluate": "done",
        "register": "done",
    }
    assert done["frames"] == [0, 10, 20, 30, 40]
    assert "longer warm-up" in done["health"][0]["advice"]
    assert [one["name"] for one in done["stop"]] == ["budget", "critic", "converged"]
    course = client.get("/api/trainings/current/history").json()
    assert course["columns"]["iteration"] == list(range(2, 41, 2))
    assert course["columns"]["wasserstein"][0] is None
    assert course["reference"]["crossing"] == {"mean": 0.5, "sd": 0.1}
    heard = client.get("/api/trainings/current/frames/10").json()
    assert (heard["steps"], len(heard["lines"])) == (64, 4)
    assert heard["lines"][0]["notes"][0][:2] == [0, 4]
    assert client.get("/api/trainings/current/frames/11").status_code == 422


def test_events_come_while_it_trains(client, root):
    """At most two a second, each with how far it is."""
    plan_for(root, pause=0.15, iterations=24)
    with client.stream("GET", "/api/events") as stream:
        start(client)
        seen = []
        for line in stream.iter_lines():
            if line.startswith("data: ") and '"iteration"' in line:
                seen.append((time.monotonic(), json.loads(line[6:])))
                if seen[-1][1]["status"] == "done":
                    break
    moments = [moment for moment, _ in seen]
    assert len({one["iteration"] for _, one in seen}) > 2
    assert all(later - earlier > 0.3 for earlier, later in zip(moments, moments[3:], strict=False))


def test_stop_and_go_on(client, root):
    """It ends with a checkpoint, says where, and the next start resumes there."""
    plan_for(root, pause=0.1)
    start(client)
    wait(lambda: current(client), lambda seen: seen["iteration"] >= 4)
    assert client.post("/api/trainings/current/stop").json()["status"] == "stopping"
    stopped = over(client)
    assert stopped["status"] == "stopped"
    at = stopped["iteration"]
    assert f"stopped at iteration {at}; the next start resumes there" in stopped["message"]
    assert client.post("/api/trainings/current/stop").status_code == 409
    plan_for(root)
    start(client)
    done = over(client)
    assert (done["status"], done["resumed"], done["iteration"]) == ("done", at, 40)
    assert [run["status"] for run in client.get("/api/trainings").json()["runs"]] == [
        "done",
        "stopped",
    ]


def test_one_at_a_time(client, root):
    """A second start is refused in one line, also where something else runs the pipeline."""
    plan_for(root, pause=0.3)
    start(client)
    second = start(client, settings={"train.seed": 5})
    assert second.status_code == 409
    assert "stop it first" in second.json()["detail"]
    assert "seed: 5" not in (root / "params.yaml").read_text()
    client.post("/api/trainings/current/stop")
    over(client)
    repro = (sys.executable, "-m", "kantor.service.pipeline", "sleep", "600")  # as `make repro`
    with subprocess.Popen(repro, cwd=root) as other:
        seen = wait(lambda: current(client), lambda seen: seen["status"] == "elsewhere")
        assert seen["holder"] == f"process {other.pid}"
        refused = start(client)
        other.kill()
    assert refused.status_code == 409
    assert f"process {other.pid}" in refused.json()["detail"]


def test_what_holds_the_lock_to_start_is_nobody_else(client, root):
    """A start takes some seconds, in which Studio itself runs the pipeline."""
    with held(root / STATE / LOCK):
        assert current(client)["status"] == "none"


def test_stopped_before_it_began(root):
    """Its process may not have heard yet how it is stopped: it is stopped, and did not fail."""
    plan_for(root, pause=0.2)
    run = runs.stop(root, runs.start(root, runs.Asked()))
    assert run.status == "stopping"
    with closing(Watcher(root, "", lambda seen: None)) as watcher:
        seen = wait(watcher.overview, lambda seen: seen["status"] != "stopping")
    assert seen["status"] == "stopped"


def test_nothing_changed(client, root):
    """The same model would be made again: it says so, and offers another seed."""
    plan_for(root, changed=False)
    refused = start(client).json()
    assert (refused["status"], refused["seed"]) == (409, 2)
    assert "bit for bit" in refused["detail"]
    assert client.get("/api/trainings").json()["runs"] == []


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"settings": {"train.batch": 63}}, "batch must be a multiple of parts"),
        ({"settings": {"train.gradient_penalty": 0}}, "gradient_penalty"),
        ({"settings": {"train.batch": 2.5}}, "batch"),
        ({"settings": {"register.model": 1}}, "cannot be set from the page"),
        ({"sources": []}, "choose the chorales"),
        ({"sources": ["/etc"]}, "choose the chorales"),
    ],
)
def test_bad_values_change_nothing(client, root, asked, fault):
    """The same models check them as check the file; one line names the key."""
    before = (root / "params.yaml").read_text()
    refused = start(client, **asked)
    assert refused.is_client_error or refused.status_code == 503
    assert fault in refused.json()["detail"]
    assert (root / "params.yaml").read_text() == before
    assert current(client)["status"] == "none"


def test_a_failure_says_what_failed(client, root):
    """The stage and its own last words."""
    plan_for(root, fail="stopped at iteration 2: likelihood shot up")
    start(client)
    failed = over(client)
    assert failed["status"] == "failed"
    assert failed["message"].endswith("; stopped at iteration 2: likelihood shot up")
    assert {one["name"]: one["state"] for one in failed["stages"]}["train"] == "failed"


def test_it_outlives_studio(root):
    """Another Studio finds it: by its process, its lines and its rows; a kill is noticed too."""
    plan_for(root, pause=0.2)
    run = runs.start(root, runs.Asked())
    events = []
    again = Watcher(root, "", events.append)
    seen = wait(again.overview, lambda seen: seen["iteration"] >= 4)
    assert (seen["id"], seen["status"], seen["stage"]) == (run.id, "running", "train")
    stage = max(psutil.Process(run.pid).children(recursive=True), key=lambda one: one.pid)
    os.killpg(run.pid, signal.SIGKILL)
    seen = wait(again.overview, lambda seen: seen["status"] != "running")
    assert seen["status"] == "failed"
    assert "go on from its last checkpoint" in seen["message"]
    assert left([stage.pid]) == set()
    again.close()


def test_the_parameters_of_the_preset_long_are_its_own(client, root):
    """What `long` changes is changed there; a key that is missing is added."""
    start(client, preset="long", settings={"train.iterations": 50, "train.seed": 9})
    text = (root / "params.yaml").read_text()
    assert "preset: long " in text
    assert "    iterations: 50" in text
    assert "  iterations: 120 " in text
    assert "  seed: 9" in text
    unchanged = (ROOT / "params.yaml").read_text().splitlines()
    assert len(text.splitlines()) == len(unchanged)


def test_films_are_made_one_after_another(root, monkeypatch):
    """At the end of a training, or when asked for; a fault is told."""
    script = "import pathlib, sys, time; time.sleep(0.3); pathlib.Path(sys.argv[1]).touch()"

    def begin(root, run_id):
        path = film_video.path(root, run_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        code = script if run_id == run.id else "raise SystemExit('no frame')"
        return subprocess.Popen([sys.executable, "-c", code, str(path)], stderr=subprocess.PIPE)

    monkeypatch.setattr(film_video, "begin", begin)
    run = runs.start(root, runs.Asked())
    watcher = Watcher(root, "", lambda seen: None)
    watcher.film_of("another")
    seen = wait(watcher.overview, lambda seen: seen["status"] == "done")
    assert seen["film"]["state"] == "making"
    wait(watcher.overview, lambda seen: seen["film"]["state"] == "ready")
    assert watcher._film_faults == {"another": "no frame"}
    watcher.close()
