"""A repository with a small registered model, and Studio on it, as a server of its own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn
from tests.registries import PARAMS, build, copied
from tests.runtime.arrays import critic_weights, random_weights

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def small(tmp_path_factory, empty_database):
    """A repository whose champion is a real network of random weights; only to be copied."""
    from kantor.ensemble import SATB
    from kantor.registry import register

    root = build(tmp_path_factory.mktemp("small") / "repository")
    shutil.copy(empty_database, root / "mlflow.db")
    model = root / "build/model"
    info = {"preset": "chorale", "params": {"seed": 1}, "ensemble": SATB.to_dict()}
    (model / "model.json").write_text(json.dumps(info))
    np.savez(model / "runtime.npz", **random_weights(), **critic_weights())
    register(root, PARAMS)
    return root


@pytest.fixture(scope="session")
def shared(small, tmp_path_factory):
    """A copy of it, and Studio on it, for all tests that do no more than make pieces."""
    root = copied(small, tmp_path_factory.mktemp("shared") / "repository")
    with served(root) as client:
        yield root, client


@pytest.fixture
def root(request, small, tmp_path):
    """A copy of it: the test's own if it is marked `alone`, else one in which no pieces are."""
    if request.node.get_closest_marker("alone"):
        yield copied(small, tmp_path / "repository")
        return
    root, _ = request.getfixturevalue("shared")
    yield root
    with suppress(FileNotFoundError):
        (root / "compositions").rename(tmp_path / "compositions")


@pytest.fixture
def client(request, root):
    """Studio on `root`, asked over HTTP."""
    if request.node.get_closest_marker("alone"):
        with served(root) as client:
            yield client
        return
    _, client = request.getfixturevalue("shared")
    client.cookies.clear()
    yield client


@contextmanager
def served(root):
    """Studio in a thread of this process, and a client that asks it."""
    from kantor.studio.app import build as studio

    port = free_port()
    config = uvicorn.Config(studio(root), port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with httpx.Client(base_url=f"http://localhost:{port}", timeout=60) as client:
            until = time.monotonic() + 30
            while not server.started:
                assert thread.is_alive(), "Studio ended"
                assert time.monotonic() < until, "Studio does not start"
                time.sleep(0.01)
            yield client
    finally:
        server.should_exit = True
        thread.join(20)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


@contextmanager
def running(root, *options, port=None, environment=None, page="studio"):
    """Studio, or what another command serves, in a process of its own; its address."""
    port = port or free_port()
    command = [sys.executable, "-m", "kantor.cli", page, "--no-browser", "--port", str(port)]
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    values = {**os.environ, "PYTHONPATH": paths, "KANTOR_HOME": str(root), **(environment or {})}
    with subprocess.Popen([*command, *options], env=values, cwd=root) as process:
        address, until = f"http://localhost:{port}", time.monotonic() + 120
        try:
            while True:
                try:
                    httpx.get(f"{address}/health", timeout=5).raise_for_status()
                    break
                except httpx.HTTPError:
                    assert process.poll() is None, "it ended"
                    assert time.monotonic() < until, "it does not start"
                    time.sleep(0.05)
            yield address
        finally:
            process.terminate()
            process.wait(20)
