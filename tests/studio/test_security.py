"""Studio as it is started: on this machine only, ready soon, closed to pages of other sites."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from tests.registries import build
from tests.studio.conftest import ROOT, free_port, running

WRITES = [
    ("POST", "/api/pieces"),
    ("POST", "/api/pieces/file?name=a.mid"),
    ("PUT", "/api/pieces/abcdefghijkmnpqr"),
    ("PATCH", "/api/pieces/abcdefghijkmnpqr"),
    ("DELETE", "/api/pieces/abcdefghijkmnpqr"),
    ("POST", "/api/pieces/abcdefghijkmnpqr/takes"),
    ("POST", "/api/trainings"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory, empty_database):
    """Of a Studio that runs as a process of its own."""
    root = build(tmp_path_factory.mktemp("safe") / "repository")
    shutil.copy(empty_database, root / "mlflow.db")
    with running(root) as address:
        yield address


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_foreign_pages_change_nothing(address, method, path, headers):
    """Whether Origin or Sec-Fetch-Site says so."""
    answer = httpx.request(method, address + path, headers=headers, json={})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "another site" in answer.json()["detail"]


def test_a_host_that_is_not_ours_is_refused(address):
    """A name that somebody else's DNS leads here gets nothing."""
    answer = httpx.get(f"{address}/", headers={"host": "evil.example"})
    assert answer.status_code == 403


def test_what_the_page_may_do(address):
    """No script but this server's, no frame around it, no type guessed."""
    headers = httpx.get(f"{address}/").headers
    script = headers["content-security-policy"].split("script-src")[1].split(";")[0]
    assert "unsafe-inline" not in script
    assert "unsafe-eval" not in script.replace("wasm-unsafe-eval", "")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["%2e%2e%2fmlflow.db", "..%2f..%2fmlflow.db", "%2e%2e%5cmlflow.db"]
)
def test_no_address_leads_out_of_its_folder(address, path):
    """Neither an id nor a file's name is a way into the disk."""
    for start in ("/api/pieces/", "/web/", "/compositions/", "/reports/"):
        answer = httpx.get(f"{address}{start}{path}")
        assert answer.status_code in (404, 405, 422)
        assert b"SQLite" not in answer.content


def started(root, port):
    """Studio's command line, and its environment."""
    command = [sys.executable, "-m", "kantor.cli", "studio", "--no-browser", "--port", str(port)]
    return command, {**os.environ, "PYTHONPATH": str(ROOT / "src"), "KANTOR_HOME": str(root)}


def refused(root, port):
    """The line with which a start ends."""
    command, values = started(root, port)
    end = subprocess.run(command, env=values, capture_output=True, text=True, timeout=120)
    assert end.returncode == 1
    (line,) = end.stderr.splitlines()
    return line


def test_it_starts_on_this_machine_alone_and_ends_on_a_signal(tmp_path):
    """One line says where the page is; a second start is told where the first one runs."""
    root, port = build(tmp_path / "repository"), free_port()
    command, values = started(root, port)
    with subprocess.Popen(command, env=values, stdout=subprocess.PIPE, text=True) as process:
        address = f"http://localhost:{port}/"
        assert process.stdout.readline().startswith(f"Kantor Studio: {address}")
        told = f"Studio runs here already: process {process.pid}, at {address}"
        assert all(told in refused(root, one) for one in (port, free_port()))
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert time.monotonic() - began < 10
    with running(root) as address:  # the first is gone, and so is what kept others out
        assert httpx.get(f"{address}/health").text == "ok"


def test_a_taken_port_is_named(tmp_path):
    """With the remedy."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = refused(build(tmp_path / "repository"), port)
    assert f"port {port}" in line
    assert "--port" in line
