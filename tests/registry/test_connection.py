"""A registry that cannot be reached is one line within seconds, whatever way it is not there."""

import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kantor.errors import SetupError
from kantor.registry import connection, load_model, may_pass, store, versions
from kantor.registry.store import opened

MOST = 10.0  # seconds until the line


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A second for what takes four to six elsewhere."""
    monkeypatch.setattr(connection, "PATIENCE", 1.0)
    monkeypatch.setitem(store._READING, "MLFLOW_HTTP_REQUEST_TIMEOUT", "1")


class Answering(BaseHTTPRequestHandler):
    """Answers as the test says; a negative status never answers."""

    statuses = ()  # of the first request, the second, and so on; the last one of all that follow

    def do_GET(self):
        first, *rest = type(self).statuses
        type(self).statuses = rest or [first]
        if first < 0:
            self.server.end.wait(60)
            return
        body = b"unknown host name" if first == 403 else b"no"
        self.send_response(first)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def server(monkeypatch):
    """Starts a server whose answers have these statuses; MLflow is told of it."""
    started = []

    def serve(*statuses):
        handler = type("Handler", (Answering,), {"statuses": list(statuses)})
        running = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        running.daemon_threads = True
        running.end = threading.Event()
        threading.Thread(target=running.serve_forever, args=(0.05,)).start()
        started.append(running)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{running.server_port}")
        return running

    yield serve
    for running in started:
        running.end.set()
        running.shutdown()
        running.server_close()


@pytest.fixture(params=["refuses", "vanishes", "is silent", "dribbles"])
def unreachable(request, monkeypatch):
    """An address where nothing answers: refused, packets lost, no answer, an answer without end."""
    stop = threading.Event()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = listening.getsockname()
        if request.param != "refuses":
            listening.listen(0)
        filling = [socket.socket() for _ in range(4)]
        if request.param == "vanishes":
            for each in filling:  # what comes when the queue is full is dropped
                each.setblocking(False)
                each.connect_ex(address)
        if request.param == "dribbles":
            threading.Thread(target=dribble, args=(listening, stop)).start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://{address[0]}:{address[1]}")
        yield request.param
        stop.set()
        for each in filling:
            each.close()


def dribble(listening, stop):
    """A byte now and then, so that no read ever times out."""
    listening.settimeout(20)
    connection, _ = listening.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not stop.wait(0.2):
            try:
                connection.sendall(b"x")
            except OSError:
                return


def test_a_registry_out_of_reach_is_one_line_in_time(unreachable):
    """One line that names the address and what to do; whoever can wait may try again."""
    begin = time.monotonic()
    with pytest.raises(SetupError, match=r"the server does not answer.*start it") as caught:
        load_model()
    assert time.monotonic() - begin < MOST
    assert may_pass(caught.value)
    assert "\n" not in str(caught.value)
    assert ("connection refused" in str(caught.value)) == (unreachable == "refuses")


def test_a_server_that_falls_silent_is_one_line_in_time(server):
    """It answers when it is asked whether it is there, and nothing after that."""
    server(200, -1)
    begin = time.monotonic()
    with pytest.raises(SetupError, match="does not answer"):
        versions()
    assert time.monotonic() - begin < MOST


@pytest.mark.parametrize(
    ("statuses", "words", "passes"),
    [
        ((401,), r"\(HTTP 401\); set MLFLOW_TRACKING_TOKEN", False),
        ((200, 401), r"\(HTTP 401\); set MLFLOW_TRACKING_TOKEN", False),
        (
            (403,),
            r"refuses \(HTTP 403: unknown host name\); see whether MLFLOW",
            False,
        ),
        ((200, 403), r"refuses \(HTTP 403: unknown host name\)", False),
        ((200, 500), r"the server fails \(HTTP 500\)", True),
        ((404,), "404", False),
    ],
)
def test_an_answer_is_not_taken_for_silence(server, statuses, words, passes):
    """A refused token names the variable; only a server that fails may recover by itself; what is
    no server of MLflow's is not called silent.
    """
    server(*statuses)
    with pytest.raises(SetupError, match=words) as caught:
        versions()
    assert may_pass(caught.value) == passes


def test_a_database_elsewhere_is_reached_first(monkeypatch):
    """SQLAlchemy would try for minutes; the password is not shown."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:secret@127.0.0.1:9/registry")
    with pytest.raises(SetupError, match=r"^postgresql://127.0.0.1:9/registry: .*refused"):
        versions()


def test_waiting_is_not_left_in_the_environment(server, monkeypatch):
    """What holds for one call does not hold for the next, nor where somebody set it."""
    server(200)
    seen = []
    for create in (False, True, False):
        with opened(create=create):
            seen.append(os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"])
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" not in os.environ
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    with opened():
        seen.append(os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"])
    assert seen == ["1", "120", "1", "77"]
