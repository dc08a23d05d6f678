"""Verdicts on figures, worked out by hand; what is counted of which pieces; the windows' table."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from tests.ensembles import BAND, tune

from kantor.errors import InputError
from kantor.metrics.baselines import shuffled
from kantor.metrics.distances import overlap_area
from kantor.metrics.musical import evaluate_windows
from kantor.music.score import Meter, Score, onset_floor
from kantor.report.comparing import Comparison, Windows, overlaps
from kantor.report.measuring import Bodies, compare, measure, new_tunes
from kantor.settings import Evaluate

SETTINGS = Evaluate(split="valid", samples=1)


def test_every_meter_has_its_own_pieces_means(corpus):
    """4/4, 3/4 and all other meters have a part each, as far as there are pieces."""
    meters = (Meter(3, 2), Meter(6, 8), Meter(3, 4), Meter(), Meter())
    real = [replace(one.score, meter=meter) for one, meter in zip(corpus, meters, strict=False)]
    rest, waltz = real[:2], real[2]
    figures = measure(Bodies(real, real, {}, []), SETTINGS, 0.0)
    parts = figures["by_meter"]
    counts = {meter: part["pieces"] for meter, part in parts.items()}
    assert counts == {"4/4": 2, "3/4": 1, "others": 2}
    for meter, name, scores in (("3/4", "crossing", [waltz]), ("others", "leaps_bass", rest)):
        mean = evaluate_windows(scores)[name].mean()
        assert parts[meter]["real"][name] == pytest.approx(mean, abs=6e-5)
    assert figures["new_tunes"] == {"pieces": 0}


def test_another_ensemble_is_measured_as_well():
    """The lines' names are its own; drums and the melody are left out, and so is a missing bass."""
    band = replace(BAND, bass=None)
    real = [replace(tune(row), ensemble=band) for row in range(3)]
    made = shuffled(real, np.random.default_rng(0))
    figures = measure(Bodies(made, real, {"real": real}, real), SETTINGS, 0)
    assert {"leaps_guitar", "pitch_histogram_guitar", "four_pitches"} <= set(figures["metrics"])
    assert not {"leaps_voice", "leaps_kick"} & set(figures["metrics"])
    assert "leaps_bass" not in figures["headline"]


def test_a_tune_is_known_in_another_key_and_rhythm(corpus):
    """Transposed and at half the speed it is still found; one too short to compare is new."""
    slow = np.repeat(corpus[0].score.transposed(3).pitches, 2, axis=0)
    other, short = Score(slow, onset_floor(slow)), Score(slow[:16], onset_floor(slow[:16]))
    training = [piece.score for piece in corpus[:3]]
    scores = [corpus[3].score, other, corpus[4].score, short]
    assert new_tunes(scores, training) == [0, 2, 3]
    assert new_tunes([other], []) == []


@pytest.mark.parametrize(
    ("generated", "verdict", "of_a_distance"),
    [
        (0.50, "alike", "alike"),
        (0.54, "alike", "outside"),
        (0.58, "in range", "outside"),
        (0.61, "outside", "outside"),
        (0.39, "outside", "alike"),
        (math.nan, "", ""),
    ],
)
def test_a_verdict_follows_from_error_and_spread(generated, verdict, of_a_distance):
    """Two errors are alike, the spread is in range; a distance below Bach's own is no fault."""
    assert Comparison(generated, 0.5, 0.1, 0.02, {}).verdict == verdict
    distance = Comparison(generated, 0.5, 0.01, 0.0, {}, is_distance=True)
    assert distance.verdict == of_a_distance


def test_bach_himself_passes_everywhere(corpus):
    """A model that writes what Bach wrote is alike in every metric, overlapping fully."""
    real = [piece.score for piece in corpus if piece.split == "valid"]
    training = [piece.score for piece in corpus if piece.split == "train"]
    bodies = Bodies(real, real, {"itself": real}, training)
    compared = compare(bodies)
    assert {one.verdict for one in compared.values()} == {"alike"}
    assert overlaps(compared) == {"generated": 1.0, "itself": 1.0}
    headline = measure(bodies, SETTINGS, 0.5)["headline"]
    assert headline["metrics_in_range"] == len(compared) == headline["metrics"]
    assert not [name for name in compared if name.endswith("_soprano")]  # given, not composed


def test_figures_follow_from_the_windows_that_are_written(reports):
    """What is written is read again; means and overlap in metrics.json are those of the tables."""
    text = (reports / "windows.csv").read_text()
    pair = Windows.from_csv(text)
    assert pair.to_csv() == text
    assert set(pair.real.index.get_level_values("piece")) == {"made/3", "made/4", "made/5"}
    figures = json.loads((reports / "metrics.json").read_text())
    means = {name: figures["metrics"][name]["generated"] for name in pair.generated}
    assert pair.generated.mean().round(4).dropna().to_dict() == {
        name: mean for name, mean in means.items() if mean is not None
    }
    overlap = [overlap_area(pair.generated[name], pair.real[name]) for name in pair.real]
    assert np.nanmean(overlap) == pytest.approx(figures["headline"]["overlap"], abs=6e-5)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "side,piece,start,x\nreal,p,0,high\n"])
def test_what_is_no_table_is_refused(text):
    """Other files get one line."""
    with pytest.raises(InputError, match=r"windows.csv: not a table of windows"):
        Windows.from_csv(text)
