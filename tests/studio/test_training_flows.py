"""Under `make serve` a training is a flow run: asked for, followed and cancelled by HTTP."""

import json
import os
import subprocess
import sys
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.studio.test_trainings import wait
from tests.studio.trained import prepare

from kantor.errors import SetupError
from kantor.studio.problems import Problem
from kantor.studio.training import runs
from kantor.studio.training.prefect_runs import Prefect
from kantor.studio.training.watcher import Watcher

TOKEN = "a token of some length"


class Server:
    """A stand-in for Prefect's server: one deployment, one run, its log."""

    def __init__(self):
        self.asked, self.state, self.lines = [], {"type": "SCHEDULED", "name": "Late"}, []
        self.deployment, self.busy = "retrain/retrain-model", 0  # how many times it is to say so
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, method):
                length = int(self.headers.get("content-length", 0))
                body = json.loads(self.rfile.read(length) or "null")
                owner.asked.append((method, self.path, body, self.headers.get("authorization")))
                found = owner.reply(self.path, body)
                code = 404 if found is None else 200
                if self.path.endswith("create_flow_run") and owner.busy:
                    owner.busy, code = owner.busy - 1, 503
                self.send_response(code)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def do_GET(self):
                self.answer("GET")

            def do_POST(self):
                self.answer("POST")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.api = f"http://127.0.0.1:{self.server.server_port}/api"

    def reply(self, path, body):
        if path == f"/api/deployments/name/{self.deployment}":
            return {"id": "d1"}
        if path == "/api/deployments/d1/create_flow_run":
            return {"id": "f1"}
        if path == "/api/flow_runs/f1":
            return {"id": "f1", "state": self.state}
        if path == "/api/flow_runs/f1/set_state":
            self.state = {"type": "CANCELLED", "name": "Cancelled", "message": None}
            return {"status": "ACCEPT"}
        if path == "/api/logs/filter":
            start = body["offset"]
            return [{"message": line} for line in self.lines[start : start + body["limit"]]]
        return None


@pytest.fixture
def prefect(monkeypatch):
    """The stand-in, which wants a token."""
    monkeypatch.setenv("KANTOR_TOKEN", TOKEN.replace(" ", "-"))
    one = Server()
    thread = threading.Thread(target=one.server.serve_forever, args=(0.05,))
    thread.start()
    yield one
    one.server.shutdown()
    thread.join()
    one.server.server_close()


@pytest.fixture
def repository(tmp_path):
    """A repository in which a training takes a second."""
    return prepare(tmp_path / "repository")


def test_a_run_is_asked_for_followed_and_cancelled(prefect, repository, monkeypatch):
    """Parameters are written here; lines and state come from the server, the token goes there."""
    monkeypatch.setattr("kantor.studio.training.watcher._PREFECT_PAUSE", 0.0)
    run = runs.start(repository, runs.Asked(settings={"train.seed": 4}), prefect.api)
    assert (run.flow_run, run.pid) == ("f1", 0)
    assert "seed: 4" in (repository / "params.yaml").read_text()
    (_, _, body, token) = next(one for one in prefect.asked if "create_flow_run" in one[1])
    assert body["parameters"] == {"reason": "started in Studio; changed: train.seed"}
    assert body["idempotency_key"] == run.id
    assert token == f"Bearer {TOKEN.replace(' ', '-')}"
    watcher = Watcher(repository, prefect.api, lambda seen: None)
    try:
        seen = watcher.overview()
        assert (seen["status"], seen["flow"], seen["message"]) == ("running", True, "Late")
        prefect.state = {"type": "RUNNING", "name": "Running"}
        prefect.lines = ["asked for: started in Studio"] * 250
        prefect.lines += ["Running stage 'train':", "train: resuming at iteration 30 of 40"]
        seen = watcher.overview()
        assert (seen["stage"], seen["resumed"], seen["message"]) == ("train", 30, "")
        with pytest.raises(Problem, match="runs already"):
            runs.start(repository, runs.Asked(), prefect.api)
        runs.stop(repository, runs.read(repository, run.id), prefect.api)
        seen = wait(watcher.overview, lambda seen: seen["status"] == "stopped")
        assert {one["name"]: one["state"] for one in seen["stages"]}["train"] == "stopped"
    finally:
        watcher.close()


def test_a_stage_is_interrupted_not_its_flow(prefect, repository):
    """A flow that is cancelled is soon killed; a stage takes its time to save, and ends the flow.

    Stages of other runs are left alone.
    """
    run = runs.start(repository, runs.Asked(), prefect.api)
    script = "import time; print('works', flush=True); time.sleep(60)"
    stages = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            env=os.environ | {"DVC_STAGE": "train", "PREFECT__FLOW_RUN_ID": flow_run},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for flow_run in (run.flow_run, "another")
    ]
    try:
        for stage in stages:
            assert stage.stdout.readline() == b"works\n"
        assert runs.stop(repository, run, prefect.api).status == "stopping"
        assert stages[0].wait(30) != 0
        assert stages[1].poll() is None
        assert not any(path.endswith("set_state") for _, path, _, _ in prefect.asked)
    finally:
        for stage in stages:
            with stage:
                stage.kill()


def test_a_run_that_waits_for_a_person_is_done(prefect, repository):
    """Its version is made; it can be promoted here as well."""
    runs.start(repository, runs.Asked(), prefect.api)
    prefect.state = {"type": "PAUSED", "name": "Paused", "message": None}
    with closing(Watcher(repository, prefect.api, lambda seen: None)) as watcher:
        seen = watcher.overview()
    assert (seen["status"], "promote it here" in seen["message"]) == ("done", True)


def test_a_failed_run_says_why(prefect, repository, monkeypatch):
    """In the flow's own words; it has no rows, and those of the training before are not its own."""
    log = repository / "reports/training/history.csv"
    log.parent.mkdir(parents=True)
    log.write_text("iteration,phase\n10,likelihood\n")
    monkeypatch.setattr("kantor.studio.training.watcher._PREFECT_PAUSE", 0.0)
    runs.start(repository, runs.Asked(), prefect.api)
    prefect.state = {"type": "FAILED", "name": "Failed", "message": "validate: no window"}
    prefect.lines = ["Running stage 'validate':"]
    watcher = Watcher(repository, prefect.api, lambda seen: None)
    try:
        seen = watcher.overview()
        assert (seen["status"], seen["message"]) == ("failed", "validate: no window")
        assert (seen["rows"], seen["iteration"]) == (0, 0)
    finally:
        watcher.close()


def test_a_server_that_cannot_help(prefect, repository):
    """Without the deployment, or without the server, one line says what to do; nothing changes."""
    prefect.deployment, before = "another", (repository / "params.yaml").read_text()
    with pytest.raises(SetupError, match="start `make serve` again"):
        runs.start(repository, runs.Asked(settings={"train.seed": 4}), prefect.api)
    assert runs.latest(repository) is None
    assert (repository / "params.yaml").read_text() == before
    client = Prefect("http://127.0.0.1:9/api")
    with pytest.raises(SetupError, match="Prefect does not answer"):
        client.state("f1")
    client.close()


def test_a_server_whose_database_is_locked(prefect, repository, monkeypatch):
    """It says 503 for a moment, and is asked again; one run is stored."""
    monkeypatch.setattr("kantor.studio.training.prefect_runs._PAUSES", (0.0, 0.0))
    prefect.busy = 2
    assert runs.start(repository, runs.Asked(), prefect.api).flow_run == "f1"
    keys = [body["idempotency_key"] for _, path, body, _ in prefect.asked if "create" in path]
    assert (len(keys), len({*keys})) == (3, 1)
