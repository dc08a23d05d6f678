"""Verdicts on figures, worked out by hand; what is counted of which pieces; the windows' table."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.ensembles import BAND, tune

from kantor.errors import InputError
from kantor.metrics.baselines import shuffled
from kantor.metrics.distances import overlap_area
from kantor.metrics.musical import evaluate_windows
from kantor.music.score import Meter, Score, onset_floor
from kantor.report.bodies import Bodies, compare
from kantor.report.comparing import Comparison, compare_tallies, overlaps
from kantor.report.measuring import measure, new_tunes
from kantor.report.tables import COUNTS, TALLIES, WINDOWS, from_csv, hits_and_chances, to_csv
from kantor.settings import Evaluate

SETTINGS = Evaluate(split="valid", samples=1)


def test_every_meter_has_its_own_pieces_means(corpus):
    """4/4, 3/4 and all other meters have a part each, as far as there are pieces."""
    meters = (Meter(3, 2), Meter(6, 8), Meter(3, 4), Meter(), Meter())
    real = [replace(one.score, meter=meter) for one, meter in zip(corpus, meters, strict=False)]
    rest, waltz = real[:2], real[2]
    figures = measure(Bodies(real, real, {}, []), SETTINGS, {})
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
    figures = measure(Bodies(made, real, {"real": real}, real), SETTINGS, {})
    assert {"leaps_guitar", "pitch_histogram_guitar", "four_pitches"} <= set(figures["metrics"])
    assert {"outside_guitar", "beat_parallels", "other_key"} <= set(figures["part_writing"])
    assert not {"outside_voice", "other_last_bass"} & set(figures["part_writing"])
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
    headline = measure(bodies, SETTINGS, {"changed": 0.5})["headline"]
    assert headline["metrics_in_range"] == len(compared) == headline["metrics"]
    assert not [name for name in compared if name.endswith("_soprano")]  # given, not composed


def tallies(*pieces):
    """A table of one mark, of the hits and chances of each piece."""
    index = pd.MultiIndex.from_product([range(len(pieces)), COUNTS], names=["piece", "count"])
    return pd.DataFrame({"half": [count for piece in pieces for count in piece]}, index)


def test_tallies_are_compared_by_their_sums():
    """By hand: shares of all chances; spread and error of the pieces' own shares."""
    made, real = tallies((3, 4), (0, 4), (2, 12)), tallies((1, 4), (2, 4), (9, 12))
    one = compare_tallies(made, real, {"random": tallies((1, 1), (0, 0), (0, 3))})["half"]
    assert (one.generated, one.real) == (0.25, 0.6)
    assert one.baseline == {"random": 0.25}
    assert one.real_spread == pytest.approx(0.25)  # of 1/4, 1/2 and 3/4
    apart = np.array([1 / 2, -1 / 2, 1 / 6 - 3 / 4])
    assert one.error == pytest.approx(apart.std(ddof=1) / math.sqrt(3))
    assert compare_tallies(made, tallies((0, 0), (0, 0), (0, 0)), {}) == {}


def test_figures_follow_from_the_tables_that_are_written(reports):
    """What is written is read again; the figures in metrics.json are those of the tables."""
    figures = json.loads((reports / "metrics.json").read_text())
    tables = {}
    for name in (WINDOWS, TALLIES):
        text = (reports / name).read_text()
        pair = from_csv(text, name)
        assert to_csv(*pair) == text
        assert set(pair[1].index.get_level_values("piece")) == {"made/3", "made/4", "made/5"}
        tables[name] = pair
    made, real = tables[WINDOWS]
    means = {name: figures["metrics"][name]["generated"] for name in made}
    assert made.mean().round(4).dropna().to_dict() == {
        name: mean for name, mean in means.items() if mean is not None
    }
    overlap = [overlap_area(made[name], real[name]) for name in real]
    assert np.nanmean(overlap) == pytest.approx(figures["headline"]["overlap"], abs=6e-5)
    hits, chances = hits_and_chances(tables[TALLIES][0])
    share = hits["beat_parallels"].sum() / chances["beat_parallels"].sum()
    assert share == pytest.approx(figures["part_writing"]["beat_parallels"]["generated"], abs=6e-5)
    assert figures["headline"]["beat_parallels"] == pytest.approx(share, abs=6e-5)
    assert "authentic" not in figures["part_writing"]  # these pieces have no fermata


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "side,piece,start,x\nreal,p,0,high\n"])
@pytest.mark.parametrize("name", [WINDOWS, TALLIES])
def test_what_is_no_table_is_refused(text, name):
    """Other files get one line."""
    with pytest.raises(InputError, match=rf"{name}: not a table of {name[:-4]}"):
        from_csv(text, name)
