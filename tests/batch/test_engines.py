"""Worker processes may die; their melodies do not."""

import os
import signal
from pathlib import Path

import pytest
from tests.batch import tunes

from kantor.batch import run
from kantor.batch.engines import DIED, Here, processes


def workers_of(engine):
    return list(engine._pool._processes)


def test_a_worker_that_is_killed_costs_nothing(inbox, out, tmp_path):
    """Its chunk is composed again, once, and the result is the undisturbed one."""
    run(tunes.plan(inbox, tmp_path / "undisturbed"), Here())
    killed = []

    with processes(2) as engine:

        def heard(progress):
            if not killed:
                killed.extend(workers_of(engine)[:1])
                os.kill(killed[0], signal.SIGKILL)

        run(tunes.plan(inbox, out, heard=heard, chunk=2), engine)
    assert killed
    assert tunes.result(out) == tunes.result(tmp_path / "undisturbed")


def test_a_melody_that_ends_its_worker_is_found_and_left_out(inbox, out):
    """The others of its chunk are composed; the next batch tries it again."""
    (inbox / "poison.mid").write_bytes(tunes.tune(33, first=tunes.POISON))
    with processes(2) as engine:
        summary = run(tunes.plan(inbox, out), engine)
    assert summary.counts == {"composed": 10, "reused": 1, "refused": 1, "failed": 1}
    assert DIED in (summary.folder / "manifest.csv").read_text().replace('"', "")


def test_an_error_ends_the_workers_at_once(inbox, out):
    """Ctrl-C does not wait for what is under way."""
    pids = []

    def heard(progress):
        pids.extend(workers_of(engine))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), processes(1) as engine:
        run(tunes.plan(inbox, out, heard=heard), engine)
    assert pids
    for pid in pids:
        status = Path(f"/proc/{pid}/stat")
        assert not status.exists() or status.read_text().split()[2] in "ZX"
