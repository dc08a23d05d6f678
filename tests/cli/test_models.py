"""``kantor models`` as a person meets it: what is printed where, and with which exit code."""

from unittest.mock import Mock

import pytest
from tests.registries import RULE

import kantor.registry
from kantor.cli import console
from kantor.metrics.distances import Difference
from kantor.promotion.champion_history import Event
from kantor.promotion.comparison import ModelComparison
from kantor.promotion.gate import Refused
from kantor.promotion.rule import Row
from kantor.settings import Promote

HISTORY = "kantor.promotion.champion_history.history"
EVENT = Event(
    "promote", "2026-11-25T08:00:00.000000Z", "ada@desk", 1, 2, "sounds | better", (),
    {"overlap": 0.91},
)  # fmt: skip
FORCED = Event("promote", "2026-11-25T09:00:00.000000Z", "bob", 2, 3, "now", ("no data",), {})
RETIRED = Event("retire", "", "ada", 3, None, "old")


LOSS = Difference(-0.02, -0.03, -0.01, 0.0)
OVERLAP = Row("overlap", "overlap", "primary", 0.005, 1.0, 0.91, 0.89, LOSS)
CROSSING = Row("crossing", "voice crossing", "guarded", 0.01, 0.03, 0.03, 0.05, LOSS)
COMPARISON = ModelComparison("kantor-bach", 2, 1, 72, False, (OVERLAP, CROSSING), Promote(**RULE))


@pytest.fixture
def moves(monkeypatch):
    """Stands for what would move the champion."""
    moves = Mock()
    for name, event in (("promote", EVENT), ("rollback", FORCED), ("retire", RETIRED)):
        getattr(moves, name).return_value = event
        monkeypatch.setattr(f"kantor.promotion.promote.{name}", getattr(moves, name))
    return moves


@pytest.fixture
def compare(monkeypatch):
    """Stands for a comparison: a champion wins against a challenger with crossed voices."""
    compare = Mock(return_value=COMPARISON)
    monkeypatch.setattr("kantor.promotion.comparison.compare", compare)
    return compare


def test_a_move_is_told(run, moves):
    """Reason and person reach the registry; one line says what is and what was overridden."""
    result = run("models", "promote", 2, "--why", "sounds better", "--by", "ada@desk")
    assert result.stdout == "version 2 is champion, version 1 is previous\n"
    result = run("models", "rollback", "--why", "now", "--force")
    assert result.stdout == "version 3 is champion, version 2 is previous\n"
    assert result.stderr == "kantor: overridden: no data\n"
    assert run("models", "retire", "challenger", "--why", "old").stdout == "version 3 is retired\n"
    moves.promote.assert_called_once_with(
        "2", "sounds better", "ada@desk", False, comparison=None, root=None
    )
    moves.rollback.assert_called_once_with("now", None, True, root=None)
    moves.retire.assert_called_once_with("challenger", "old", None, root=None)


@pytest.mark.parametrize("words", [["promote", "2"], ["rollback"], ["retire", "2"]])
def test_a_move_needs_a_reason_and_the_gate(run, moves, monkeypatch, words):
    """Without --why nothing is moved; a refusal is a line a reason, with its own exit code."""
    result = run("models", *words)
    assert result.exit_code == console.BAD_INPUT
    assert "--why" in result.stderr
    assert moves.mock_calls == []
    refusal = Refused("kantor-bach version 2: promotion", ["retired", "does not load: gone"])
    monkeypatch.setattr(f"kantor.promotion.promote.{words[0]}", Mock(side_effect=refusal))
    result = run("models", *words, "--why", "try")
    assert (result.exit_code, result.stdout) == (console.REFUSED, "")
    assert result.stderr.splitlines() == [
        "kantor: kantor-bach version 2: promotion refused",
        "kantor: - retired",
        "kantor: - does not load: gone",
    ]


def test_promoting_after_a_comparison(run, moves, compare):
    """What was found worse decides, and the gains go into the history."""
    run("models", "promote", 2, "--why", "measured", "--compare")
    assert moves.promote.call_args.kwargs["comparison"] is COMPARISON
    compare.assert_called_once_with("2", root=None)


def test_a_comparison_is_told(run, compare, tmp_path):
    """Verdict, reasons, a table, and the drawing; where it cannot be written is a line."""
    plot = tmp_path / "gains.svg"
    result = run("models", "compare", 2, "--against", 1, "--plot", plot)
    assert result.exit_code == 0, result.output
    told = result.stdout.splitlines()
    assert told[0] == "kantor-bach version 2 is not better than the champion, version 1"
    assert told[1].startswith("- overlap: ")
    assert told[2].startswith("- worse in voice crossing: ")
    (head,) = [line for line in told if line.startswith("metric ")]
    assert head.split()[:4] == ["metric", "real", "champion", "1"]
    assert plot.read_bytes().startswith(b"<?xml")
    compare.assert_called_once_with("2", "1", None)
    for name in ("gains.pdf", "missing/gains.png"):
        result = run("models", "compare", 2, "--plot", tmp_path / name)
        assert result.exit_code == console.BAD_INPUT
        assert "--plot" in result.stderr


def test_the_history_is_a_line_a_move(run, monkeypatch):
    """Nothing is wrapped outside a terminal; where there was no move, a word says so."""
    elsewhere = Event("elsewhere", "", "unknown", 3, 1, "moved without Kantor, no record")
    monkeypatch.setattr(HISTORY, lambda root: [EVENT, FORCED, elsewhere])
    _, first, second, third = run("models", "history").stdout.splitlines()
    expected = "2026-11-25 08:00:00 promote 1 2 ada@desk 0.9100 sounds | better"
    assert " ".join(first.split()) == expected
    assert second.endswith("now; overridden: no data")
    assert third.startswith("-  ")
    monkeypatch.setattr(HISTORY, lambda root: [])
    assert run("models", "history").stdout == ""
    assert "no moves yet" in run("models", "history").stderr


def test_versions_are_listed(run, monkeypatch):
    """One line for each version, the columns aligned."""
    versions = [
        {"version": 12, "aliases": ["challenger"], "created": "2026-01-02", "metrics": {}},
        {"version": 3, "aliases": [], "created": "2026-01-01", "metrics": {"crossing": 0.0234}},
    ]
    monkeypatch.setattr(kantor.registry, "versions", lambda root: versions)
    assert run("models", "list").stdout.splitlines() == [
        "version  aliases     created     figures",
        "12       challenger  2026-01-02  -",
        "3        -           2026-01-01  crossing 0.0234",
    ]


def test_a_version_is_shown(run, monkeypatch):
    """Its aliases, tags, figures and moves; the history's tags are not repeated."""
    tags = {"git.commit": "abc", EVENT.tag: EVENT.to_json(), "mlflow.source": "x"}
    row = {"version": 2, "aliases": ["champion"], "created": "2026-11-25", "run": "f00"}
    row |= {"tags": tags, "metrics": {"overlap": 0.91284}}
    monkeypatch.setattr(kantor.registry, "describe", lambda version, root: row)
    monkeypatch.setattr(HISTORY, lambda root: [EVENT, FORCED])
    told = run("models", "show", "champion").stdout
    expected = "version 2 aliases champion created 2026-11-25 run f00 git.commit abc overlap 0.9128"
    assert told.split()[:12] == expected.split()
    assert "mlflow.source" not in told
    assert len([line for line in told.splitlines() if "promote" in line]) == 2


@pytest.mark.parametrize("group", ["model", "models"])
def test_a_model_is_written_to_a_file(run, tmp_path, monkeypatch, group):
    """By default the champion; what stands there is replaced only if that is said."""
    export = Mock(side_effect=lambda path, *_: path.touch())
    monkeypatch.setattr(kantor.registry, "export", export)
    file = tmp_path / "new" / "bach.kantor"
    result = run(group, "export", file)
    assert (result.exit_code, result.stdout) == (0, f"{file}\n")
    export.assert_called_once_with(file, "champion", None)
    result = run(group, "export", file, "--model", "2")
    assert result.exit_code == console.BAD_INPUT
    assert "is there already; --overwrite" in " ".join(result.stderr.split())
    assert run(group, "export", file, "--model", "2", "--overwrite").exit_code == 0
    export.assert_called_with(file, "2", None)


def test_the_card_in_a_file_is_shown(run, tmp_path, monkeypatch):
    """As text without what would steer a terminal."""
    file = tmp_path / "bach.kantor"
    file.touch()
    monkeypatch.setattr(kantor.registry, "card_of", lambda path: "# A\x1b[2J card\n\nof it\n")
    assert run("model", "show", file).stdout == "# A[2J card\n\nof it\n"
    monkeypatch.setattr(kantor.registry, "card_of", lambda path: "")
    assert run("model", "show", file).stdout == f"{file}: carries no model card\n"
