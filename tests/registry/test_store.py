"""Where the registry is; that it is one line within seconds if it is not there or not at hand."""

import re
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.registries import PARAMS, change

from kantor.errors import SetupError
from kantor.promotion.champion_history import history
from kantor.promotion.promote import promote
from kantor.registry import RECEIPT, find_root, load_model, may_pass, register, store, versions
from kantor.registry.__main__ import summary
from kantor.registry.store import model_name

ROOT = Path(__file__).resolve().parents[2]
MOST = 10.0  # seconds until the line
DESTROYS = (
    r"\b(remove|delete|rm|unlink)\b[^\n]*(mlflow\.db|mlartifacts|registered|data\.dvc|rwlock)"
)


@pytest.fixture
def impatient(monkeypatch):
    """A second for what takes four to six elsewhere."""
    monkeypatch.setattr(store, "PATIENCE", 1.0)
    monkeypatch.setitem(store.IMPATIENT, "MLFLOW_HTTP_REQUEST_TIMEOUT", "1")


class Answering(BaseHTTPRequestHandler):
    """Answers with the server's statuses, and with the last of them from then on; -1 is none."""

    def do_GET(self):
        first, *rest = self.server.statuses
        self.server.statuses = rest or [first]
        if first < 0:
            self.server.end.wait(60)
            return
        self.send_response(first)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"no")

    do_POST = do_GET

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def server(monkeypatch, impatient):
    """The server that MLflow is told of."""
    running = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    running.daemon_threads = True
    running.end = threading.Event()
    threading.Thread(target=running.serve_forever, args=(0.05,)).start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{running.server_port}")
    yield running
    running.end.set()
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize("vanishes", [False, True])
def test_a_registry_out_of_reach_is_one_line_in_time(monkeypatch, impatient, vanishes):
    """The connection is refused, or packets are lost; whoever can wait may try again."""
    with socket.socket() as listening, ExitStack() as filling:
        listening.bind(("127.0.0.1", 0))
        host, port = listening.getsockname()
        if vanishes:
            listening.listen(0)
            for _ in range(4):  # what comes when the queue is full is dropped
                each = filling.enter_context(socket.socket())
                each.setblocking(False)
                each.connect_ex((host, port))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@{host}:{port}")
        begin = time.monotonic()
        with pytest.raises(SetupError, match=r"http://127.* not answer.*start it") as caught:
            load_model()
    assert time.monotonic() - begin < MOST
    assert may_pass(caught.value)
    assert "secret" not in str(caught.value)
    assert ("connection refused" in str(caught.value)) == (not vanishes)


@pytest.mark.parametrize(
    ("statuses", "words", "passes"),
    [
        ((401,), "refuses; set MLFLOW_TRACKING_TOKEN", False),
        ((200, 403), "refuses; set MLFLOW_TRACKING_TOKEN", False),
        ((200, 500), "the server does not answer", True),
        ((-1,), "the server does not answer", True),
        ((200, -1), "the server does not answer", True),
        ((404,), "404", False),
    ],
)
def test_what_a_server_answers(server, statuses, words, passes):
    """A refused token names the variable; a server that fails or is silent may recover."""
    server.statuses = statuses
    begin = time.monotonic()
    with pytest.raises(SetupError, match=words) as caught:
        versions()
    assert time.monotonic() - begin < MOST
    assert may_pass(caught.value) == passes
    assert "\n" not in str(caught.value)


def test_a_database_elsewhere_is_reached_first(monkeypatch):
    """SQLAlchemy would try for minutes; the password is not shown."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:secret@127.0.0.1:9/registry")
    with pytest.raises(SetupError, match=r"^postgresql://127.0.0.1:9/registry: .*refused"):
        versions()


@pytest.mark.long
@pytest.mark.timeout(120)
def test_a_locked_database_is_one_line(moving):
    """Without SQL, and as something that passes by itself; reading goes on meanwhile."""
    with closing(sqlite3.connect(moving / "mlflow.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert load_model(root=moving)
        begin = time.monotonic()
        with pytest.raises(SetupError, match="another process is writing to it") as caught:
            promote(2, "now", root=moving)
    assert "SQL" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert may_pass(caught.value)
    assert time.monotonic() - begin < 60


def test_no_registry_yet_or_none_at_all(bare):
    """One line names the command, or the file that is no database; reading makes none."""
    for ask in (load_model, versions):
        with pytest.raises(SetupError, match=r"mlflow.db: no model .*`make repro`"):
            ask(root=bare)
    assert not (bare / "mlflow.db").exists()
    (bare / "mlflow.db").write_text("not a database, by any means\n" * 9)
    with pytest.raises(SetupError, match=r"mlflow.db: .*file is not a database") as caught:
        load_model(root=bare)
    assert len(str(caught.value)) < 300 + len(str(bare))


@pytest.fixture
def lost(own):
    """A repository whose database was moved away."""
    register(own, PARAMS).write(own / RECEIPT)
    (own / "mlflow.db").rename(own / "elsewhere.db")
    return own


def test_a_lost_database_is_to_be_put_back(lost):
    """Nobody is told to begin a new one over its files; put back it has all its versions."""
    change(lost, 9)
    for ask in (load_model, versions, history, summary, lambda root: register(root, PARAMS)):
        with pytest.raises(SetupError, match=r"mlflow.db: not found, though mlart.*put it back"):
            ask(root=lost)
    command = [sys.executable, "-m", "kantor.service.mlflow_server"]
    done = subprocess.run(command, cwd=lost, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert re.fullmatch(r".*put it back.*\n", done.stderr)
    assert (lost / RECEIPT).exists()
    assert not (lost / "mlflow.db").exists()
    (lost / "elsewhere.db").rename(lost / "mlflow.db")
    assert register(lost, PARAMS).version == 2


def test_a_receipt_alone_shows_that_there_was_one(lost):
    """A registration on purpose may begin a new one, which is its owner's alone."""
    (lost / "mlartifacts").rename(lost / "away")
    with pytest.raises(SetupError, match=r"registered.json is there.* `make register`"):
        versions(root=lost)
    assert register(lost, PARAMS).version == 1
    assert stat.S_IMODE((lost / "mlflow.db").stat().st_mode) == 0o600


def test_no_advice_destroys():
    """No message, script or target tells anyone to remove what holds history, or does it."""
    sources = (sorted((ROOT / name).rglob("*.py")) for name in ("src", "pipelines", "flows"))
    places = [ROOT / "Makefile", *(path for paths in sources for path in paths)]
    found = {place.name: re.findall(DESTROYS, place.read_text(), re.IGNORECASE) for place in places}
    assert {name: advice for name, advice in found.items() if advice} == {}


def test_the_repository_and_its_model_are_found(bare, monkeypatch, tmp_path):
    """From any folder inside, or by the variable; the model by its parameters or by default."""
    monkeypatch.chdir(bare / "reports" / "training")
    assert find_root() == bare
    default = model_name()
    (bare / "params.yaml").write_text("register: {model: kantor-blues}")
    assert model_name() == "kantor-blues"
    (bare / "params.yaml").write_text("train: {}")
    assert model_name() == model_name(tmp_path) == default
    (bare / "params.yaml").write_text("register: {name: kantor-blues}")
    with pytest.raises(SetupError, match=r"register.name: no such parameter"):
        model_name()
    monkeypatch.setenv("KANTOR_HOME", str(tmp_path / "named"))
    assert find_root() == tmp_path / "named"
