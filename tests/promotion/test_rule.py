"""The rule of promotion: what passes it, and each condition seen to hold a challenger back."""

import math
import re

import pytest

from kantor.metrics.distances import Difference
from kantor.promotion.comparison import ModelComparison
from kantor.promotion.rule import Row, decide, rows, worse

SURE = Difference(0.02, 0.01, 0.03, 0.99)


def row(role, gain, bar, name="crossing"):
    return Row(name, name, role, bar, 0.03, 0.04, 0.05, gain)


def test_a_sure_gain_and_nothing_worse_promotes(rule):
    """Then the reasons say what speaks for it."""
    verdict, reasons = decide([row("primary", SURE, 0.005), row("guarded", SURE, 0.02)], rule)
    assert verdict == "promote"
    assert reasons[0] == "crossing: +0.0200 (+0.0100 to +0.0300), better in 99% of the resamples"


@pytest.mark.parametrize(
    ("gain", "fault"),
    [
        (Difference(0.004, 0.003, 0.005, 1.0), r"\+0.0040, the margin is 0.005"),
        (Difference(-0.1, -0.2, 0.0, 0.0), r"-0.1000, the margin"),
        (Difference(0.02, -0.01, 0.05, 0.85), r"not sure, better in 85% .* 90% are needed"),
        (Difference(*[math.nan] * 4), "the margin"),
    ],
)
def test_too_small_a_gain_keeps_the_champion(rule, gain, fault):
    """Less than the margin, or not sure, or not to be counted."""
    verdict, reasons = decide([row("primary", gain, 0.005)], rule)
    assert verdict == "keep"
    assert len(reasons) == 1
    assert re.search(fault, reasons[0])


@pytest.mark.parametrize("estimate", [-0.021, math.nan])
def test_a_worse_guarded_metric_keeps_the_champion(rule, estimate):
    """However much the primary metric gains. A metric that is only shown may be worse."""
    loss = Difference(estimate, -0.05, 0.01, 0.1)
    lost = row("guarded", loss, 0.02)
    verdict, reasons = decide([row("primary", SURE, 0.005), lost], rule)
    assert (verdict, reasons) == ("keep", tuple(worse([lost])))
    assert reasons[0].startswith("worse in crossing: 0.0500, the champion 0.0400, Bach 0.0300")
    assert decide([row("primary", SURE, 0.005), row("shown", loss, 0)], rule)[0] == "promote"


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
    assert [row.role for row in compared][:3] == ["primary", "guarded", "guarded"]
    assert {row.role for row in compared[3:]} == {"shown"}
    assert decide(rows(far, near, real, rule), rule)[0] == "keep"
    same = rows(far, far, real, rule)
    assert all(row.gain == Difference(0, 0, 0, 0) for row in same)
    assert decide(same, rule)[0] == "keep"


@pytest.mark.parametrize(
    ("change", "fails"),
    [
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
