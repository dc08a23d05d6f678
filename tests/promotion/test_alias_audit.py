"""Moves one at a time, and a way back from those that were made without Kantor."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.registries import aliases

from kantor.errors import InputError, SetupError
from kantor.locks import STATE, held
from kantor.promotion import gate
from kantor.promotion.alias_audit import LOCK, audit
from kantor.promotion.history import history
from kantor.promotion.promote import promote, rollback

# A process of its own, without the network's stand-in: its gate takes as long as loading would.
PROMOTE = """
import pathlib, sys, time
import mlflow
from kantor.promotion import gate
from kantor.promotion.promote import promote
gate.unsound = lambda *_: time.sleep(0.5) or []
print("ready", flush=True)
sys.stdin.readline()
promote(sys.argv[2], "at once", force=True, root=pathlib.Path(sys.argv[1]))
"""


def moves(root):
    return [(e.what, e.before, e.after) for e in history(root=root)]


def by_page(client, version):
    """As MLflow's page does it."""
    client.set_registered_model_alias("kantor-bach", "champion", str(version))


def test_rolling_back_leads_to_what_was_champion_before(moving, client, rule):
    """After a move in MLflow's page a rollback leads to the version that it left."""
    promote(2, "try it", root=moving, rule=rule)
    by_page(client, 3)
    assert rollback("worse", root=moving).after == 2
    assert aliases(moving) == {"champion": 2, "previous": 1, "challenger": 3}
    assert moves(moving) == [("promote", 1, 2), ("elsewhere", 2, 3), ("rollback", 3, 2)]


def test_each_move_that_is_found_is_in_the_history(moving, client):
    """When it was found, between which versions, and that it came from MLflow's page; once."""
    assert audit(root=moving) is None
    by_page(client, 3)
    assert [e.by for e in history(root=moving)] == ["unknown"]
    event = audit(root=moving)
    assert audit(root=moving) is None
    by_page(client, 2)
    audit(root=moving)
    assert (event.before, event.after, event.by) == (1, 3, "MLflow's page")
    assert event.figures["overlap"] == pytest.approx(0.92)
    assert history(root=moving)[0] == event
    assert moves(moving) == [("elsewhere", 1, 3), ("elsewhere", 3, 2)]
    assert aliases(moving)["previous"] == 3
    assert [rollback("worse", root=moving).after for _ in range(2)] == [3, 1]


def test_a_champion_that_was_deleted_is_no_way_back(moving, client, rule):
    """The move is recorded all the same, and a rollback says that there is nothing to go to."""
    promote(2, "try it", root=moving, rule=rule)
    client.delete_registered_model_alias("kantor-bach", "champion")
    assert audit(root=moving) is None
    client.delete_registered_model_alias("kantor-bach", "previous")
    client.delete_model_version("kantor-bach", "1")
    by_page(client, 2)
    client.delete_model_version("kantor-bach", "2")
    by_page(client, 3)
    audit(root=moving)
    with pytest.raises(
        InputError, match=r"no earlier champion is left.*2 \(deleted\), 1 \(deleted\)"
    ):
        rollback("back", root=moving)


@pytest.mark.long
def test_two_processes_that_promote_at_once_do_not_interleave(moving):
    """One comes first, and the other finds its work: each move begins where the last one ended."""
    command = [sys.executable, "-c", PROMOTE, str(moving)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with (
        subprocess.Popen([*command, "2"], **pipes) as one,
        subprocess.Popen([*command, "3"], **pipes) as other,
    ):
        for process in (one, other):
            assert process.stdout.readline() == b"ready\n", process.stderr.read()
        for process in (one, other):
            process.stdin.write(b"go\n")
            process.stdin.flush()
        for process in (one, other):
            assert process.communicate(timeout=60) == (b"", b"")
    (_, first, middle), (_, again, last) = moves(moving)
    assert (first, {middle, last}, again) == (1, {2, 3}, middle)
    assert (aliases(moving)["champion"], aliases(moving)["previous"]) == (last, middle)


def test_threads_that_move_at_once_do_not_interleave(moving, rule):
    """Of several promotions of one version one is made, the others find it done."""

    def one(_):
        try:
            return str(promote(2, "at once", root=moving, rule=rule).before)
        except InputError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(one, range(4)))
    assert outcomes[0] == "1"
    assert all("is the champion already" in line for line in outcomes[1:])
    assert moves(moving) == [("promote", 1, 2)]


def test_a_move_waits_for_the_one_under_way(moving, rule, monkeypatch):
    """And gives up with one line that names who holds it up."""
    monkeypatch.setattr("kantor.promotion.alias_audit.PATIENCE", 0.0)
    with (
        held(moving / STATE / LOCK),
        pytest.raises(SetupError, match=r"cannot be moved now: .*held by process"),
    ):
        promote(2, "now", root=moving, rule=rule)
    assert aliases(moving)["champion"] == 1


def test_a_move_of_another_machine_meanwhile_is_not_overwritten(moving, client, rule, monkeypatch):
    """No lock reaches there: just before the switch the champion is looked at again."""

    def slow(*_):
        by_page(client, 3)
        return []

    monkeypatch.setattr(gate, "reasons_against", slow)
    with pytest.raises(SetupError, match="version 3 was made champion meanwhile"):
        promote(2, "try it", root=moving, rule=rule)
    assert aliases(moving) == {"champion": 3, "challenger": 3}
    assert moves(moving) == [("elsewhere", 1, 3)]
