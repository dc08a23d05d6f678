"""The champion is moved from Prefect's page: by hand, by the rule, and after a person's word."""

import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from unittest.mock import Mock

import promote
import pytest
from prefect import get_client
from prefect.artifacts import Artifact
from prefect.client.schemas import SetStateStatus
from prefect.exceptions import FlowPauseTimeout, PrefectHTTPStatusError
from prefect.flow_engine import run_flow
from prefect.states import Scheduled
from pydantic import ValidationError

from kantor import settings
from kantor.metrics.distances import Difference
from kantor.promotion import rendering
from kantor.promotion.champion_history import Event
from kantor.promotion.comparison import ModelComparison
from kantor.promotion.gate import Refused
from kantor.promotion.rule import Row
from kantor.service.parameters import Retrain

# Prefect's clients leave a socket to be closed by the collector.
pytestmark = [
    pytest.mark.timeout(90),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

RULE = settings.Promote(mode="approve", margin=0.005, guarded={}, resamples=100, confidence=0.9)
GAIN = Difference(0.02, 0.01, 0.03, 0.99)
ROW = Row("overlap", "overlap", "primary", 0.005, 1.0, 0.91, 0.93, GAIN)
COMPARISON = ModelComparison("kantor-bach", 2, 1, 72, False, (ROW,), RULE)
PROMOTED = "kantor-bach version 2 promoted by ada; version 1 is kept as previous"


@pytest.fixture
def moves(monkeypatch):
    """Stands for what changes the registry; a comparison that the challenger wins."""
    moves = Mock()
    for what in ("promote", "rollback", "retire"):
        event = Event(what, "2026-11-25T08:00:00Z", "ada", 1, 2, "why", (), {})
        getattr(moves, what).return_value = event
    monkeypatch.setattr(promote, "moves", moves)
    monkeypatch.setattr("kantor.promotion.comparison.promote", moves.promote)
    monkeypatch.setattr(promote, "history", lambda root: [moves.rollback.return_value])
    monkeypatch.setattr(promote, "compare", lambda version, root: COMPARISON)
    return moves


@pytest.fixture(autouse=True)
def drawn(monkeypatch, tmp_path):
    """The drawing is there; the page of the comparison has tests of its own."""
    monkeypatch.setattr(promote, "PLOT", tmp_path / "drawing.png")
    rendering.draw(COMPARISON, tmp_path / "drawing.png")
    write = Mock()
    monkeypatch.setattr(promote.page, "write", write)
    return write


@pytest.fixture
def quick(monkeypatch):
    """Prefect looks for an answer every second, and waits for three if it is to run out."""
    pause = partial(promote.pause_flow_run, poll_interval=1)
    monkeypatch.setattr(promote, "pause_flow_run", pause)
    retrain = settings.load(Retrain, "retrain", promote.PARAMS)
    short = retrain.model_copy(update={"approval_hours": 3 / 3600})
    return lambda: monkeypatch.setattr(promote.settings, "load", lambda *_: short)


def answer(**form):
    """Fill in the form of the flow run that waits, as a person does in Prefect's page."""

    def fill_in():
        with get_client(sync_client=True) as client:
            for _ in range(300):
                # Paused comes a moment before the form: until it is there, try again.
                with suppress(PrefectHTTPStatusError, StopIteration):
                    run = next(run for run in client.read_flow_runs() if run.state.is_paused())
                    if client.resume_flow_run(run.id, form).status == SetStateStatus.ACCEPT:
                        return
                time.sleep(0.1)

    person = threading.Thread(target=fill_in)
    person.start()
    return person


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize(
    ("yes", "outcome"),
    [(True, PROMOTED), (False, "kantor-bach version 2 not promoted: ada said no (by ear)")],
)
def test_a_person_answers(moves, drawn, quick, yes, outcome):
    """Name and reason go into the history; page and drawing are there to judge by."""
    person = answer(promote=yes, your_name="ada", why="by ear")
    assert promote.promote() == outcome
    person.join()
    assert [one.args for one in moves.promote.call_args_list] == [(2, "by ear", "ada")] * yes
    drawn.assert_called_once_with(COMPARISON, promote.ROOT)
    assert "is better than the champion" in Artifact.get("comparison").data
    assert Artifact.get("drawing").data.startswith("data:image/png;base64,")
    assert "| rollback | 1 | 2 | ada |" in Artifact.get("champions").data


@pytest.mark.usefixtures("prefect_server")
def test_nobody_answers(moves, quick):
    """The champion stays, and the flow ends well."""
    quick()
    state = promote.promote(return_state=True)
    assert state.is_completed(), state
    moves.promote.assert_not_called()


class Killed(BaseException):
    """The process ends: nothing of the flow goes on."""


@pytest.mark.usefixtures("prefect_server")
def test_an_answer_just_before_a_kill_counts_for_its_question(moves, monkeypatch):
    """For another challenger the run that is begun again asks anew; for the same one nobody."""
    real, nobody = promote.pause_flow_run, Mock(side_effect=FlowPauseTimeout)
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(promote.promote)

        def answered_and_killed(**asked):
            person = answer(promote=True, your_name="ada", why="sounds better")
            real(**asked, poll_interval=1)
            person.join()
            raise Killed

        def begin_again(comparison, pause):
            monkeypatch.setattr(promote, "compare", lambda version, root: comparison)
            monkeypatch.setattr(promote, "pause_flow_run", pause)
            client.set_flow_run_state(run.id, Scheduled(message="begun again"), force=True)
            return run_flow(promote.promote, client.read_flow_run(run.id))

        with pytest.raises(Killed):
            begin_again(COMPARISON, answered_and_killed)
        assert "nobody answered" in begin_again(replace(COMPARISON, challenger=3), nobody)
        nobody.assert_called_once()
        moves.promote.assert_not_called()
        assert begin_again(COMPARISON, lambda **_: pytest.fail("asked twice")) == PROMOTED
    assert [one.args for one in moves.promote.call_args_list] == [(2, "sounds better", "ada")]


@pytest.fixture
def no_server(monkeypatch):
    """The flow without a server."""
    monkeypatch.setattr(promote, "create_markdown_artifact", lambda *_, **__: None)
    monkeypatch.setattr(promote, "get_run_logger", lambda: type("Log", (), {"info": print}))


@pytest.mark.usefixtures("no_server")
def test_a_run_that_is_begun_again_asks_again(monkeypatch):
    """Prefect lets a pause that it knows pass at once: keys differ, and no answer is no yes."""
    pause = Mock(side_effect=lambda wait_for_input, **_: wait_for_input())
    monkeypatch.setattr(promote, "_earlier_answer", lambda question: None)
    monkeypatch.setattr(promote, "pause_flow_run", pause)
    for _ in range(2):
        with pytest.raises(ValidationError):
            promote.ask(COMPARISON)
    assert len({one.kwargs["key"] for one in pause.call_args_list}) == 2


@pytest.mark.usefixtures("no_server")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("promote", "3", "why", "ada"), ("3", "why", "ada", False)),
        (("rollback", "", "why", "ada", True), ("why", "ada", True)),
        (("retire", "3", "why", "ada"), ("3", "why", "ada")),
    ],
)
def test_by_hand(moves, given, expected):
    """What the command line does the flow does as well; a refusal fails it, with all reasons."""
    move = getattr(moves, given[0])
    promote.promote.fn(*given)
    move.assert_called_once_with(*expected, root=promote.ROOT)
    move.side_effect = Refused("version 3", ["retired", "no data"])
    with pytest.raises(Refused, match="version 3 refused: retired; no data"):
        promote.promote.fn(*given)
