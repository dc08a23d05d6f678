"""The gate and the rule of promotion: each condition is seen to refuse, or to hold back."""

import json
import math
import re
import sqlite3
from contextlib import closing
from dataclasses import astuple
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from tests.registries import RULE, aliases, copied

from kantor.ensemble import Ensemble, Line
from kantor.hyperparameters import CUT
from kantor.metrics.distances import Difference
from kantor.promotion.champion_history import history
from kantor.promotion.comparison import ModelComparison
from kantor.promotion.gate import Refused, composing_fault
from kantor.promotion.promote import promote
from kantor.promotion.rule import Row, decide, rows
from kantor.registry.loaded import LoadedModel
from kantor.report.tables import Tables
from kantor.settings import Promote

NAME = "kantor-bach"
UNKNOWN_DATA = "data hash unknown: it cannot be said what it was trained on"
NO_OVERLAP = "missing evaluation: no figure for overlap"


def refused(root):
    """The reasons for which version 2 is refused; nothing has moved then."""
    with pytest.raises(Refused) as caught:
        promote(2, "try it", root=root)
    assert aliases(root) == {"champion": 1, "challenger": 3}
    assert history(root) == []
    return caught.value.reasons


@pytest.fixture
def moving(three, tmp_path):
    """A copy of three versions, with the files of their runs, which a test may change."""
    return copied(three, tmp_path / "moving")


def log(client, version, name, side, value):
    """Write a figure of a version's evaluation into the file that its run keeps."""
    run = client.get_model_version(NAME, version).run_id
    folder = client.get_run(run).info.artifact_uri.removeprefix("file://")
    path = Path(folder) / "metrics.json"
    figures = json.loads(path.read_text())
    part = next(part for part in (figures["metrics"], figures["part_writing"]) if name in part)
    part[name][side] = value
    path.write_text(json.dumps(figures))


def forget_overlap(root, client, version):
    """Remove the figure from the run of a version."""
    run = client.get_model_version(NAME, version).run_id
    with closing(sqlite3.connect(root / "mlflow.db")) as rows, rows:
        rows.execute("DELETE FROM latest_metrics WHERE run_uuid = ? AND key LIKE '%overlap'", [run])


def test_missing_figures_and_unknown_data(moving, client):
    """All reasons are told at once; what force overrode stays in the history."""
    forget_overlap(moving, client, "2")
    assert refused(moving) == (NO_OVERLAP,)
    client.set_model_version_tag(NAME, "2", "dvc.data.md5", "unknown")
    log(client, "2", "crossing", "generated", 0.3)
    assert refused(moving) == (NO_OVERLAP, UNKNOWN_DATA)
    params = moving / "params.yaml"
    params.write_text(params.read_text().replace("crossing: 0.02", "leaps_bass: 0.1"))
    reasons = (f"{NO_OVERLAP}, leaps_bass", UNKNOWN_DATA)
    assert refused(moving) == reasons
    promote(2, "the ears decide", force=True, root=moving)
    event = history(moving)[-1]
    assert (event.overrode, event.why) == (reasons, "the ears decide")


@pytest.mark.parametrize(
    ("name", "figure", "fault"),
    [
        ("crossing", 0.06, "worse in voice crossing: 0.0600, the champion 0.0300"),
        ("crossing", 0.049, None),
        ("beat_parallels", 0.08, "worse in parallel fifths and octaves from beat to beat: 0.0800"),
        ("triad_or_seventh", 0.99, "worse in beats in a triad or seventh chord: 0.9"),
        ("triad_or_seventh", 0.91, "worse in beats in a triad or seventh chord: 0.9"),
    ],
)
def test_worse_guarded_metrics(moving, client, name, figure, fault):
    """More faults, or chords further from Bach's on either side, refuse; a little worse passes."""
    log(client, "2", name, "generated", figure)
    if fault is None:
        assert promote(2, "near enough", root=moving).overrode == ()
    else:
        (reason,) = refused(moving)
        assert reason.startswith(fault)


def test_a_training_cut_by_the_clock(moving, client):
    """Its version is refused for that alone, until a person forces it."""
    client.set_model_version_tag(NAME, "2", "training.stopped_by", CUT)
    (reason,) = refused(moving)
    assert reason.startswith("its training was cut by the clock")
    assert promote(2, "why", force=True, root=moving).after == 2


def test_figures_of_other_pieces_are_not_compared(moving, client):
    """Bach's own figures differ then; what a comparison found decides, where one was made."""
    log(client, "2", "crossing", "real", 0.5)
    assert refused(moving) == ("evaluated on other pieces than version 1: compare them anew",)
    compared = SimpleNamespace(champion=1, rule=Promote(**RULE), figures={}, worse=("worse in a",))
    with pytest.raises(Refused, match=r"promotion refused: worse in a$"):
        promote(2, "try it", root=moving, comparison=compared)
    compared.worse = ()
    assert promote(2, "try it", root=moving, comparison=compared).overrode == ()


class Broken:
    """Composes what a broken network might."""

    def __init__(self, change):
        self.change = change

    def compose(self, given, seeds):
        pitches = np.where(given.mask, given.pitches, 60).astype(np.int8)
        return self.change(pitches), np.where(given.mask, given.onsets, False)


def _silent(*lines):
    return lambda pitches: np.where(np.isin(np.arange(pitches.shape[-1]), lines), -1, pitches)


def _silent_at_first(line):
    takes = count()
    return lambda pitches: _silent(line)(pitches) if next(takes) == 0 else pitches


TRIO = (Line("flute", 72, 96), Line("cello", 36, 60), Line("kick", 36, 36, "drum"))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda pitches: pitches, None),
        (lambda pitches: pitches + 1, "changes what is given"),
        (lambda pitches: pitches[:, :-1], "answers with shape (1, 31, 3)"),
        (_silent(1, 2), "silent cello"),
        (_silent(2), None),
        (_silent_at_first(1), None),
        (Mock(side_effect=RuntimeError("NaN in\nthe network")), "NaN in the network"),
    ],
)
def test_composition(change, fault):
    """Each fault is named; the melody is within the range of the line that leads."""
    melodies = []

    def noted(pitches):
        melodies.append(pitches[0, :, 0])
        return change(pitches)

    assert composing_fault(LoadedModel(Broken(noted), "this", Ensemble("trio", TRIO))) == fault
    assert 72 <= melodies[0].min() <= melodies[0].max() <= 96


def test_nothing_to_be_compared_with(moving, client):
    """Without a champion the version's own soundness decides."""
    client.delete_registered_model_alias(NAME, "champion")
    event = promote(2, "first", root=moving)
    assert (event.before, event.after) == (None, 2)


SURE = Difference(0.02, 0.01, 0.03, 0.99)


def row(role, gain, bar, name="crossing"):
    return Row(name, name, role, bar, 0.03, 0.04, 0.05, gain)


LOSS, NOTHING = Difference(-0.021, -0.05, 0.01, 0.1), Difference(*[math.nan] * 4)


@pytest.mark.parametrize(
    ("gain", "role", "other", "verdict", "reason"),
    [
        (SURE, "guarded", SURE, "promote", r"\+0.0200 \(\+0.0100 to \+0.0300\), better in 99%"),
        (SURE, "shown", LOSS, "promote", "better in 99%"),
        (
            SURE,
            "guarded",
            LOSS,
            "keep",
            "worse in crossing: 0.0500, the champion 0.0400, real",
        ),
        (SURE, "guarded", NOTHING, "keep", "worse in crossing"),
        (
            Difference(0.004, 0.003, 0.005, 1.0),
            "shown",
            SURE,
            "keep",
            "0.0040, the margin is 0",
        ),
        (Difference(-0.1, -0.2, 0.0, 0.0), "shown", SURE, "keep", "-0.1000, the margin"),
        (Difference(0.02, -0.01, 0.05, 0.85), "shown", SURE, "keep", "85% .* 90% are needed"),
        (NOTHING, "shown", SURE, "keep", "the margin"),
    ],
)
def test_a_sure_gain_and_nothing_worse_promotes(rule, gain, role, other, verdict, reason):
    """Less than the margin, or not sure, or not to be counted keeps the champion; so does a worse
    guarded metric, however much the primary metric gains. A metric that is only shown may be worse.
    """
    decided, reasons = decide([row("primary", gain, 0.005), row(role, other, 0.02)], rule)
    assert decided == verdict
    assert re.search(reason, reasons[0])
    assert len(reasons) == (1 if verdict == "keep" else 2)


@pytest.mark.parametrize(
    ("mode", "margin", "wanted"),
    [
        ("auto", 0.005, "promote"),
        ("auto", 0.5, "keep"),
        ("approve", 0.005, "ask"),
        ("approve", 0.5, "keep"),
        ("never", 0.005, "keep"),
    ],
)
def test_modes(rule, mode, margin, wanted):
    """Automatically, after a person said yes, or never; and never what the rule holds back."""
    moded = rule.model_copy(update={"mode": mode})
    compared = ModelComparison("", 2, 1, 9, False, (row("primary", SURE, margin),), moded)
    assert compared.action == wanted


def test_nearer_to_bach_is_better(make, rule):
    """From windows to verdict: a challenger like Bach beats a champion that is far from him; a
    model does not beat itself. What decides stands first.
    """
    real, near, far = make(0, seed=1), make(0.05, seed=2), make(1.0, seed=3)
    compared = rows(near, far, real, rule)
    assert decide(compared, rule)[0] == "promote"
    assert [row.role for row in compared][:4] == ["primary", *["guarded"] * 3]
    assert {row.role for row in compared[4:]} == {"shown"}
    assert decide(rows(far, near, real, rule), rule)[0] == "keep"
    same = rows(far, far, real, rule)
    assert all(row.gain == Difference(0, 0, 0, 0) for row in same)
    assert decide(same, rule)[0] == "keep"


def test_several_takes_of_a_piece_are_one(make, rule):
    """The same take thrice gives the same figures as once, and the same certainty."""
    real, near, far = make(0, seed=1), make(0.05, seed=2), make(1.0, seed=3)
    thrice = Tables(pd.concat([near.windows] * 3), pd.concat([near.tallies] * 3))
    for several, one in zip(
        rows(thrice, far, real, rule), rows(near, far, real, rule), strict=True
    ):
        assert several.challenger == pytest.approx(one.challenger)
        assert astuple(several.gain) == pytest.approx(astuple(one.gain))


@pytest.mark.parametrize(
    ("change", "fails"),
    [
        ({"parallels": 3}, ["beat_parallels"]),  # of 50 beats; tolerated is half a beat more
        ({"parallels": 0}, []),
        ({"crossing": 0.06}, ["crossing"]),
        ({"crossing": 0.0}, []),
        ({"triads": 0.99}, ["triad_or_seventh"]),
        ({"triads": 0.81}, ["triad_or_seventh"]),
        ({"triads": 0.91}, []),
    ],
)
def test_faults_and_likeness(make, rule, change, fails):
    """Fewer faults than Bach's are welcome; of chords neither more nor fewer than his are."""
    real, champion, challenger = make(0, seed=1), make(1, seed=2), make(0, seed=3, **change)
    found = rows(challenger, champion, real, rule)
    assert [row.name for row in found if not row.passes] == fails
