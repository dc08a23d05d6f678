"""Lines of a log carry times, and a long log makes room."""

import io
import os
import re
import signal
import subprocess
import sys

import pytest

from kantor.service import logs

TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} "


def test_each_line_has_its_time(tmp_path):
    """Also bytes. A long log becomes the old one; what the disk refuses is lost."""
    log = tmp_path / "one.log"
    logs.copy(io.BytesIO(b"first\n\n\xff\nlast"), log)
    lines = log.read_bytes().splitlines()
    assert [re.sub(TIME, b"", line) for line in lines] == [b"first", b"", b"\xff", b"last"]
    assert all(re.match(TIME, line) for line in lines)
    logs.copy(io.BytesIO(b"".join(b"%d\n" % n for n in range(10))), log, longest=60)
    kept = ((tmp_path / "one.log.1").read_text() + log.read_text()).splitlines()
    assert [line.split()[1] for line in kept] == [str(n) for n in range(10 - len(kept), 10)]
    assert len(kept) > 3
    assert len(list(tmp_path.iterdir())) == 2
    logs.copy(io.BytesIO(b"lost\n"), tmp_path / "missing" / "one.log")


def test_it_outlives_who_is_asked_to_end(tmp_path):
    """What the part says as it ends is still to come; the writer ends after that."""
    log = tmp_path / "one.log"
    command = [sys.executable, "-I", "-S", logs.__file__, str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as writer:
        writer.stdin.write(b"first\n")
        writer.stdin.flush()
        while not log.exists():
            assert writer.poll() is None
        for one in (signal.SIGINT, signal.SIGTERM):
            os.kill(writer.pid, one)
        writer.communicate(b"last\n", timeout=60)
    assert writer.returncode == 0
    assert log.read_text().split()[1::2] == ["first", "last"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing"),
        ("one\ntwo\n\n  \n", "two"),
        ("Traceback\n  File x\nOSError: disk\n  ^^^^\n-----\n", "OSError: disk"),
        ("Error\n  no cron\n    For further information visit https://x\n", "no cron"),
    ],
)
def test_last_words(tmp_path, text, words):
    """The last line that says anything, without its time; nothing that was said before."""
    log = tmp_path / "one.log"
    assert logs.last_words(log) == "nothing"
    logs.copy(io.BytesIO(b"before\n"), log)
    begin = log.stat().st_size
    logs.copy(io.BytesIO(text.encode()), log)
    assert logs.last_words(log, begin) == words
