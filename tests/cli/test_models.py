"""``kantor models`` as a person meets it: what is printed where, and with which exit code."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import kantor.registry
from kantor import cli
from kantor.errors import SetupError
from kantor.metrics.musical import LABELS
from kantor.promotion.champion_history import Event
from kantor.promotion.comparison import ModelComparison
from kantor.promotion.gate import Refused
from kantor.promotion.rule import rows
from kantor.settings import Promote

RUNNER = CliRunner()
MOVES = "kantor.promotion.promote.{}"
HISTORY = "kantor.promotion.champion_history.history"
EVENT = Event(
    "promote",
    "2026-11-25T08:00:00.000000Z",
    "ada@desk",
    1,
    2,
    "sounds | better",
    (),
    {"overlap": 0.91},
)
FORCED = Event("promote", "2026-11-25T09:00:00.000000Z", "bob", 2, 3, "now", ("no data",), {})


def run(*arguments):
    return RUNNER.invoke(cli.app, ["models", *map(str, arguments)])


def lines(text):
    return text.strip().splitlines()


@pytest.fixture
def moved(monkeypatch):
    """The calls that reach the registry."""
    calls = []

    def stand_in(name, event):
        def call(*arguments, **named):
            calls.append((name, arguments, named))
            return event

        return call

    monkeypatch.setattr(MOVES.format("promote"), stand_in("promote", EVENT))
    monkeypatch.setattr(MOVES.format("rollback"), stand_in("rollback", FORCED))
    retired = Event("retire", "", "ada", 3, None, "old")
    monkeypatch.setattr(MOVES.format("retire"), stand_in("retire", retired))
    return calls


@pytest.fixture
def outcome(monkeypatch):
    """A comparison that a champion wins against a challenger with crossed voices."""
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([["a", "b", "c"], [0, 32]], names=["piece", "start"])
    tables = [pd.DataFrame(rng.random((6, len(LABELS))), index, [*LABELS]) for _ in range(3)]
    tables[0]["crossing"] += 1
    rule = Promote(
        mode="auto", margin=0.9, guarded={"crossing": 0.01}, resamples=100, confidence=0.9
    )
    found = ModelComparison("kantor-bach", 2, 1, 3, (), tuple(rows(*tables, rule)), rule)
    asked = []
    monkeypatch.setattr(
        "kantor.promotion.comparison.compare", lambda *given: asked.append(given) or found
    )
    return asked


def test_a_promotion_is_told(moved):
    """The version, the reason and the person reach the registry; one line says what is."""
    result = run("promote", 2, "--why", "sounds better", "--by", "ada@desk")
    assert result.exit_code == 0
    assert lines(result.stdout) == ["version 2 is champion, version 1 is previous"]
    assert moved == [("promote", ("2", "sounds better", "ada@desk", False), {"comparison": None})]


def test_what_force_overrode_is_told(moved):
    """Nobody overrides the gate without reading what it said."""
    result = run("rollback", "--why", "now", "--force")
    assert lines(result.stdout) == ["version 3 is champion, version 2 is previous"]
    assert lines(result.stderr) == ["kantor: overridden: no data"]
    assert moved == [("rollback", ("now", None, True), {})]


def test_retiring_is_told(moved):
    """The version by its number, also where an alias named it."""
    result = run("retire", "challenger", "--why", "old")
    assert lines(result.stdout) == ["version 3 is retired"]


@pytest.mark.parametrize("command", [["promote", "2"], ["rollback"], ["retire", "2"]])
def test_a_reason_must_be_given(moved, command):
    """Without --why nothing is moved."""
    result = run(*command)
    assert result.exit_code == cli.BAD_INPUT
    assert "--why" in result.stderr
    assert moved == []


@pytest.mark.parametrize("command", [["promote", "2"], ["rollback"], ["retire", "2"]])
def test_a_refusal_lists_its_reasons(monkeypatch, command):
    """A line each, and an exit code of its own."""

    def refuse(*_, **__):
        raise Refused("kantor-bach version 2: promotion", ["retired", "does not load: gone"])

    monkeypatch.setattr(MOVES.format(command[0]), refuse)
    result = run(*command, "--why", "try")
    assert result.exit_code == cli.REFUSED
    assert lines(result.stderr) == [
        "kantor: kantor-bach version 2: promotion refused",
        "kantor: - retired",
        "kantor: - does not load: gone",
    ]
    assert result.stdout == ""


def test_promoting_after_a_comparison(moved, outcome):
    """What was found worse decides, and the gains go into the history."""
    run("promote", 2, "--why", "measured", "--compare")
    ((_, _, named),) = moved
    assert named["comparison"].worse[0].startswith("worse in voice crossing")
    assert "gain.overlap" in named["comparison"].figures
    assert outcome == [("2",)]


def test_a_comparison_is_told(outcome, tmp_path):
    """Verdict, reasons and a table; the drawing where it was asked for."""
    plot = tmp_path / "gains.svg"
    result = run("compare", 2, "--against", 1, "--plot", plot)
    assert result.exit_code == 0, result.output
    told = lines(result.stdout)
    assert told[0] == "kantor-bach version 2 does not take the champion's place"
    assert told[1].startswith("- overlap with Bach's distributions: ")
    assert told[2].startswith("- worse in voice crossing: ")
    (head,) = [line for line in told if line.startswith("metric ")]
    assert head.split()[:4] == ["metric", "Bach", "champion", "1"]
    assert plot.read_bytes().startswith(b"<?xml")
    assert outcome == [("2", "1")]


@pytest.mark.parametrize("plot", ["gains.pdf", "missing/gains.png"])
def test_a_drawing_that_cannot_be_written(outcome, tmp_path, plot):
    """Another kind of file or a folder that is not there: one line of the usage's kind."""
    result = run("compare", 2, "--plot", tmp_path / plot)
    assert result.exit_code == cli.BAD_INPUT
    assert "--plot" in result.stderr


def test_the_history_is_a_line_a_move(monkeypatch):
    """Outside a terminal nothing is wrapped, however long the reasons."""
    elsewhere = Event("elsewhere", "", "unknown", 3, 1, "moved without Kantor, no record")
    monkeypatch.setattr(HISTORY, lambda: [EVENT, FORCED, elsewhere])
    told = lines(run("history").stdout)
    assert len(told) == 4
    first = "2026-11-25 08:00:00 promote 1 2 ada@desk 0.9100 sounds | better"
    assert " ".join(told[1].split()) == first
    assert told[2].endswith("now; overridden: no data")
    assert told[3].startswith("-  ")


def test_no_history_yet(monkeypatch):
    """Nothing on standard output, and a word on standard error."""
    monkeypatch.setattr(HISTORY, list)
    result = run("history")
    assert result.stdout == ""
    assert "no moves yet" in result.stderr


def test_a_version_is_shown(monkeypatch):
    """Its aliases, its tags and the moves it was part of; the history's tags are not repeated."""
    tags = {"git.commit": "abc", EVENT.tag: EVENT.to_json(), "mlflow.source": "x"}
    row = {
        "version": 2,
        "aliases": ["champion"],
        "created": "2026-11-25",
        "run": "f00",
        "tags": tags,
    }
    monkeypatch.setattr(kantor.registry, "describe", lambda version: row)
    monkeypatch.setattr(HISTORY, lambda: [EVENT, FORCED])
    told = run("show", "champion").stdout
    assert [line.split() for line in lines(told)[:5]] == [
        ["version", "2"],
        ["aliases", "champion"],
        ["created", "2026-11-25"],
        ["run", "f00"],
        ["git.commit", "abc"],
    ]
    assert "mlflow.source" not in told
    assert len([line for line in lines(told) if "promote" in line]) == 2


def test_a_fault_of_the_registry_is_one_line(monkeypatch):
    """No traceback, whichever command meets it."""

    def fail(*_):
        raise SetupError("mlflow.db: no model is registered yet; run `make repro`")

    monkeypatch.setattr(HISTORY, fail)
    result = run("history")
    assert result.exit_code == cli.BROKEN
    assert lines(result.stderr) == [
        "kantor: mlflow.db: no model is registered yet; run `make repro`"
    ]
