"""The gate of promotion: each of its conditions is seen to refuse, and force is recorded."""

import sqlite3

import numpy as np
import pytest
from tests.registries import aliases

from kantor.ensemble import Ensemble, Line
from kantor.errors import ModelError
from kantor.promotion import gate
from kantor.promotion.gate import Refused
from kantor.promotion.history import history
from kantor.promotion.promote import promote
from kantor.registry import loading
from kantor.registry.loading import LoadedModel

NAME = "kantor-bach"


def refused(root, rule, version=2):
    """The reasons for which `version` is refused; nothing has moved then."""
    with pytest.raises(Refused) as caught:
        promote(version, "try it", root=root, rule=rule)
    assert aliases(root) == {"champion": 1, "challenger": 3}
    assert history(root=root) == []
    return caught.value.reasons


def log(client, version, name, value):
    """Write a figure of a version's evaluation, as evaluating and registering do."""
    run = client.get_model_version(NAME, version).run_id
    client.log_metric(run, f"evaluation/metrics.{name}", value)


def test_missing_evaluation(moving, client, rule):
    """A version without the primary figure, or without a guarded one, is refused."""
    other = rule.model_copy(update={"guarded": {"leaps_bass": 0.1}})
    assert refused(moving, other) == ("missing evaluation: no figure for leaps_bass",)
    client.delete_model_version_tag(NAME, "2", "evaluation.overlap")
    assert refused(moving, rule) == ("missing evaluation: no figure for overlap",)


@pytest.mark.parametrize(
    ("name", "figure", "fault"),
    [
        (
            "crossing",
            0.06,
            "worse in voice crossing: 0.0600, the champion 0.0300",
        ),
        ("triad_or_seventh", 0.99, "worse in beats in a triad or seventh chord: 0.9"),
        ("triad_or_seventh", 0.91, "worse in beats in a triad or seventh chord: 0.9"),
    ],
)
def test_worse_guarded_metrics(moving, client, rule, name, figure, fault):
    """More faults, or chords further from Bach's on either side, refuse."""
    log(client, "2", f"{name}.generated", figure)
    (reason,) = refused(moving, rule)
    assert reason.startswith(fault)


def test_within_the_tolerance_is_not_worse(moving, client, rule):
    """A little worse passes."""
    log(client, "2", "crossing.generated", 0.049)
    assert promote(2, "near enough", root=moving, rule=rule).overrode == ()


def test_figures_of_other_pieces_are_not_compared(moving, client, rule):
    """Where Bach's own figures differ the evaluations were of other pieces. What a comparison
    found decides, where one was made.
    """
    log(client, "2", "crossing.real", 0.5)
    (reason,) = refused(moving, rule)
    assert reason == "evaluated on other pieces than version 1: compare them anew"
    with pytest.raises(Refused, match=r"promotion refused: worse in parallels$"):
        promote(2, "try it", root=moving, rule=rule, measured=["worse in parallels"])
    assert promote(2, "try it", root=moving, rule=rule, measured=[]).overrode == ()


def test_unknown_data(moving, client, rule):
    """A version of which nobody knows what it learned from is refused."""
    client.set_model_version_tag(NAME, "2", "dvc.data.md5", "unknown")
    assert refused(moving, rule) == ("data hash unknown: it cannot be said what it was trained on",)


def test_does_not_load(moving, client, rule, monkeypatch):
    """A version whose files are gone is refused."""
    monkeypatch.setattr(loading, "load_folder", _raise(ModelError("weights cut short")))
    assert refused(moving, rule) == ("does not load: weights cut short",)


class Broken:
    """Composes what a broken network might."""

    def __init__(self, change):
        self.change = change

    def compose(self, given, seeds):
        pitches = np.where(given.mask, given.pitches, 60).astype(np.int8)
        return self.change(pitches), np.where(given.mask, given.onsets, False)


def _raise(error):
    def fail(*_):
        raise error

    return fail


def _silent(pitches):
    pitches[..., 2] = -1
    return pitches


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda pitches: pitches, None),
        (lambda pitches: pitches + 1, "changes what is given"),
        (lambda pitches: pitches[:, :-1], "answers with shape"),
        (_silent, "silent tenor"),
        (_raise(RuntimeError("NaN in\nthe network")), "NaN in the network"),
    ],
)
def test_composition(change, fault):
    """Conditioning notes changed, a wrong shape, a silent voice, an exception: each fails it."""
    found = gate.try_composing(LoadedModel(Broken(change), "this"))
    assert [fault in reason for reason in found] == ([True] if fault else [])


def test_composition_is_for_the_lines_of_the_model():
    """A melody within the range of the line that leads; drums may be silent, pitched lines not."""
    lines = (Line("flute", 72, 96), Line("cello", 36, 60), Line("kick", 36, 36, "drum"))
    asked = []

    def silent_below(pitches):
        asked.append(pitches[0, :, 0])
        pitches[..., 1:] = -1
        return pitches

    model = LoadedModel(Broken(silent_below), "this", Ensemble("trio", lines))
    assert gate.try_composing(model) == ["fails its test composition: silent cello"]
    assert 72 <= asked[0].min() <= asked[0].max() <= 96


def test_all_reasons_are_told_and_force_records_them(moving, client, rule):
    """Nobody has to run into one after the other; what force overrode stays in the history."""
    client.set_model_version_tag(NAME, "2", "dvc.data.md5", "unknown")
    client.delete_model_version_tag(NAME, "2", "evaluation.overlap")
    log(client, "2", "crossing.generated", 0.3)
    reasons = refused(moving, rule)
    assert len(reasons) == 2
    promote(2, "the ears decide", force=True, root=moving, rule=rule)
    event = history(root=moving)[-1]
    assert event.overrode == reasons
    assert event.why == "the ears decide"


def test_the_first_champion_has_nothing_to_be_compared_with(moving, client, rule):
    """Without a champion the version's own soundness decides."""
    client.delete_registered_model_alias(NAME, "champion")
    event = promote(2, "first", root=moving, rule=rule)
    assert (event.before, event.after) == (None, 2)


def test_a_champion_without_figures_is_no_bar(moving, client, rule):
    """A champion that was never evaluated cannot be better."""
    run = client.get_model_version(NAME, "1").run_id
    client.delete_run(run)
    with sqlite3.connect(moving / "mlflow.db") as rows:
        rows.execute("DELETE FROM latest_metrics WHERE run_uuid = ?", (run,))
    rows.close()
    log(client, "2", "crossing.generated", 0.3)
    assert promote(2, "it has figures", root=moving, rule=rule).overrode == ()
