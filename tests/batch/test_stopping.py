"""No stop shows in what a batch leaves, and no change of the registry: it keeps its model."""

import shutil
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from tests.batch import tunes
from tests.batch.tunes import Stopped, compose, gone, rows, stops

from kantor.batch import jobs, models
from kantor.errors import InputError, ModelError, SetupError

SCRIPT = """
import sys, time
from pathlib import Path
from tests.batch import tunes
from kantor.batch.dispatcher import processes

if __name__ == "__main__":
    inbox, out, after = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

    def report(counts):
        if counts.get("composed", 0) >= after:
            print("here", flush=True)
            time.sleep(60)

    with processes(2) as engine:
        tunes.compose(inbox, out, engine=engine, report=report)
"""


def stop(*arguments):
    raise Stopped


@pytest.mark.parametrize("chunks", [0, 1, 2])
def test_a_stopped_batch_ends_as_an_undisturbed_one(inbox, out, tmp_path, chunks):
    """With the model that it began with, also where the registry has another one by then."""
    compose(inbox, tmp_path / "undisturbed")
    with pytest.raises(Stopped):
        compose(inbox, out, engine=stops(chunks), workers=1)
    assert compose(inbox, out, gone).number == 1
    assert tunes.result(out) == tunes.result(tmp_path / "undisturbed")
    assert not (out / "models").exists()


def test_killed_at_any_moment_nothing_is_lost_or_doubled(inbox, out, tmp_path):
    """kill -9 of the process that runs it; its workers end as well."""
    compose(inbox, tmp_path / "undisturbed")
    tunes.kill(tmp_path, SCRIPT, inbox, out, 4)
    assert compose(inbox, out).number == 1
    assert tunes.result(out) == tunes.result(tmp_path / "undisturbed")


def load_other(folder):
    if (Path(folder) / "model.json").read_text() == "{}":
        raise InputError("model.json: broken")
    return tunes.load(folder)


def spoil(out, way):
    """Let the model of a stopped batch be of no use any more."""
    (folder,) = (out / "models").iterdir()
    if way == "gone":
        shutil.rmtree(folder)
    elif way == "damaged":
        (folder / "model.json").write_text("{ }")


@pytest.mark.parametrize(
    ("way", "only_new", "content"),
    [("gone", False, "other"), ("damaged", False, "{}"), ("does not load", True, "other")],
)
def test_a_batch_that_has_lost_its_model_is_given_up(inbox, out, way, only_new, content, caplog):
    """Its melodies are composed by the champion of the moment, in the same call, none twice."""
    with pytest.raises(Stopped):
        compose(inbox, out, only_new=only_new, report=stop)
    spoil(out, way)
    champion = tunes.fetch("rule version 2", content)
    loader = load_other if way == "does not load" else tunes.load
    summary = compose(inbox, out, champion, only_new=only_new, loader=loader)
    assert (summary.number, summary.model) == (2, "rule version 2")
    # The same model again: what was composed by it counts.
    assert summary.counts["composed"] == (6 if only_new or content == "{}" else 10)
    assert "batch 1 by rule version 1 is given up" in caplog.text
    folder = jobs.find_folder(out, 1)
    page = (folder / "index.html").read_text()
    assert "Given up before its end" in page
    assert "model.json: broken" in page or "the model are damaged or missing" in page
    earlier = replace(summary, folder=folder)
    shown, left = ({row["source"] for row in rows(one)} for one in (earlier, summary))
    assert shown | left == {path.name for path in inbox.iterdir()}
    assert not only_new or not shown & left
    assert compose(inbox, out, champion, only_new=True) is None


def test_a_batch_that_is_composed_to_its_end_needs_no_model(inbox, out, monkeypatch):
    """Stopped before its page was written, it is finished, whatever became of its model."""
    with monkeypatch.context() as patch:
        patch.setattr("kantor.batch.page.write", stop)
        with pytest.raises(Stopped):
            compose(inbox, out)
    spoil(out, "gone")
    summary = compose(inbox, out)
    assert (summary.number, summary.counts["composed"]) == (1, 10)


def half(into):
    """A registry that goes away meanwhile."""
    (into / "half").write_text("")
    raise OSError("gone")


@pytest.mark.parametrize(
    ("fetch", "error", "line"),
    [
        (
            tunes.fetch("rule", tunes.BROKEN),
            ModelError,
            "^rule: model.json: broken; no batch was begun$",
        ),
        (half, SetupError, "gone"),
    ],
)
def test_no_batch_is_begun_without_a_model_that_loads(inbox, out, fetch, error, line):
    """One line names it, nothing of it stays; later the same command composes everything."""
    with pytest.raises(error, match=line):
        compose(inbox, out, fetch)
    assert not list((out / "models").iterdir())
    summary = compose(inbox, out)
    assert (summary.number, summary.counts["composed"]) == (1, 10)


@pytest.mark.parametrize(
    ("minutes", "error", "times"),
    [
        (5, ConnectionError("does not answer"), 4),
        (0.03, ConnectionError("does not answer"), 2),
        (5, ValueError("no such version"), 1),
    ],
    ids=["it comes back", "waiting ends", "it will not pass"],
)
def test_a_registry_that_is_away_is_waited_for(tmp_path, monkeypatch, minutes, error, times):
    """For so long, by errors that may pass; a person hears it once, in the registry's words."""
    now, said = [0.0], []
    monkeypatch.setattr(models.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(models.time, "sleep", lambda seconds: now.append(now.pop() + seconds))
    fetch = Mock(side_effect=[error] * 3 + ["model"])

    def may_pass(raised):
        return isinstance(raised, ConnectionError)

    patient = models.patient(fetch, may_pass, minutes, said.append)
    if times == 4:
        assert patient(tmp_path) == "model"
    else:
        with pytest.raises(type(error), match=str(error)):
            patient(tmp_path)
    assert fetch.call_count == times
    assert said == [f"does not answer; waiting for up to {minutes:g} minutes"] * (times > 1)
