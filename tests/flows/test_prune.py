"""The flow says in Prefect what was deleted."""

import prune as module
import pytest

from kantor.files import Freed
from kantor.service.pruning import Pruned

OLD = Pruned("logs", "log", 30, Freed(2, 2, 4_000_000))
BUSY = Pruned("compositions", "batch", 90, fault="a batch is composing", passing=True)
FAULT = Pruned("retired", "version", 90, fault="the server does not answer")


@pytest.fixture
def flow(monkeypatch):
    """Runs the flow without a server; gives what it did and said."""
    said = []

    def run(*found, **parameters):
        monkeypatch.setattr(module.pruning, "prune", lambda *given: said.append(given) or found)
        module.prune.fn(**parameters)

    def artifact(text, key, description):
        said.append((key, text))

    monkeypatch.setattr(module, "create_markdown_artifact", artifact)
    monkeypatch.setattr(module, "get_run_logger", lambda: type("Log", (), {"info": said.append}))
    return run, said


def test_one_line_each_kind(flow):
    """In the log and in an artifact; a batch that composes is no fault."""
    run, said = flow
    run(BUSY, OLD, dry_run=True)
    busy = "compositions: a batch is composing; left for the next run"
    old = "logs: 2 logs older than 30 days deleted (4.0 MB)"
    assert said == [(module.ROOT, True), busy, old, ("pruned", f"- {busy}\n- {old}\n")]


def test_a_fault_fails_the_run(flow):
    """After the others were told."""
    run, said = flow
    with pytest.raises(module.NotPruned, match="retired: the server does not answer"):
        run(FAULT, OLD)
    assert said[0] == (module.ROOT, False)
    assert OLD.line in said[-1][1]
