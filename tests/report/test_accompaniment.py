"""The report of a band with drums: every figure and chart is for its own ensemble."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.ensembles import BAND, tune

from kantor.data.corpus import Piece
from kantor.music.score import REST, onset_floor
from kantor.report.beside import beside
from kantor.report.bodies import Bodies, compare
from kantor.report.comparing import Comparison, compare_tables
from kantor.report.composing import held_out
from kantor.report.evaluation import evaluate
from kantor.report.tables import window_table
from kantor.settings import Evaluate

PLAYED = replace(BAND, writing="accompaniment")


@pytest.fixture(scope="module")
def band():
    """Four training pieces of four bars, three to be held out."""
    splits = enumerate(["train"] * 4 + ["valid"] * 3)
    scores = (replace(tune(row, 64), tempo=300.0, ensemble=PLAYED) for row in range(7))
    return tuple(
        Piece(f"made/{row}", split, "made", 0, score)
        for (row, split), score in zip(splits, scores, strict=True)
    )


def parallel(given, seeds):
    """The melody itself in every pitched line, and a kick on every step."""
    pitches = np.repeat(given.pitches[..., [PLAYED.leads]], len(PLAYED), axis=-1)
    pitches[..., PLAYED.pitched :] = [line.low for line in PLAYED.lines[PLAYED.pitched :]]
    pitches = np.where(given.mask, given.pitches, pitches).astype(np.int8)
    floor = onset_floor(pitches.swapaxes(0, 1)).swapaxes(0, 1)
    return pitches, np.where(given.mask, given.onsets, floor)


@pytest.fixture(scope="module")
def reports(band, tmp_path_factory):
    """What the stage writes of that band."""
    folder = tmp_path_factory.mktemp("band")
    settings = Evaluate(split="valid", samples=1)
    evaluate(parallel, band, settings, folder, folder / "model.json")
    return folder


def test_figures_are_those_of_an_accompaniment(reports):
    """Chords under the melody, grooves and rhythms are measured, part-writing is not."""
    figures = json.loads((reports / "metrics.json").read_text())
    metrics = figures["metrics"]
    own = {"chord_tones", "same_drums", "hits_kick", "onset_histogram_kick", "kit_histogram"}
    assert own | {"recurs_1", "span_guitar", "pitch_histogram_bass"} <= set(metrics)
    assert not {"parallel_fifths", "crossing", "span_voice", "pitch_histogram_kick"} & set(metrics)
    assert "beat_parallels" not in figures["part_writing"]
    assert set(metrics["same_drums"]["baseline"]) >= {"shuffled", "nearest"}
    assert list(figures["other_givens"]) == [
        *("voice", "flute", "bass", "drums", "nothing", "two_bars_open")
    ]


def test_the_headline_counts_what_it_does_better(reports):
    """Few figures, of the band's own metrics; the page has a row for each of the table's."""
    shown = json.loads((reports / "headline.json").read_text())
    table = json.loads((reports / "metrics.json").read_text())["beside"]
    assert (shown["better"], shown["tell"]) == (table["better"], table["tells"])
    assert {"overlap", "in_range", "chord_tones", "same_drums"} <= set(shown)
    page = (reports / "report.html").read_text()
    section = page.partition('id="beside"')[2].partition("</section>")[0]
    assert section.count('scope="row"') == len(table["metrics"])
    assert "Onsets within the bar, kick" in page
    assert "Pitches, kick" not in page
    onsets = pd.read_csv(reports / "plots" / "onsets.csv")
    assert len(onsets) == 16
    assert onsets["snare_real"].sum() == pytest.approx(1, abs=0.01)


def test_real_parts_are_better_than_borrowed_ones():
    """Where shuffled parts clash the real ones are better; a line by itself tells nothing."""
    rng = np.random.default_rng(0)

    def in_unison(row):
        score = tune(row, 64)
        pitches = score.pitches.copy()
        pitches[:, : BAND.pitched] = pitches[:, [BAND.leads]]
        return replace(score, pitches=pitches, onsets=score.onsets | onset_floor(pitches))

    real = [in_unison(row) for row in range(6)]
    wrong = [replace(one, pitches=_moved(one.pitches, rng)) for one in real]
    bodies = Bodies(real, real, {"shuffled": wrong, "nearest": wrong}, real)
    found = beside(bodies, compare(bodies))
    assert found["metrics"]["tonal_distance"]["better"] is True
    assert found["metrics"]["lead_clash"]["tells"] is True  # of voices too
    assert found["metrics"]["leaps_bass"]["better"] is None
    assert found["better"] == found["tells"] > 0
    same = Bodies(wrong, real, bodies.baselines, real)
    assert beside(same, compare(same))["better"] == 0
    assert beside(Bodies(real, real, {}, []), {})["metrics"] == {}


@pytest.mark.parametrize(
    ("generated", "fault", "better"),
    [(0.08, True, True), (0.08, False, False), (0.12, True, False), (0.105, False, True)],
)
def test_fewer_faults_than_real_ones_are_no_fault(generated, fault, better):
    """Of any other figure less than the real one is as bad as more; a baseline has .11."""
    baselines = {"shuffled": 0.2, "nearest": 0.11}
    one = Comparison(generated, 0.1, 0.0, 0.0, baselines, is_fault=fault)
    assert one.better is better
    table = window_table([replace(tune(0, 64), ensemble=PLAYED)])
    faults = {name for name, one in compare_tables(table, table, {}).items() if one.is_fault}
    assert faults == {"lead_clash", "semitone_clash"}


def _moved(pitches, rng):
    moved = pitches.copy()
    others = [line for line in range(BAND.pitched) if line != BAND.leads]
    moved[:, others] -= np.where(moved[:, others] == REST, 0, 1).astype(np.int8)
    return moved


def test_many_and_long_pieces_are_drawn_from(band):
    """So many pieces, of so many bars each, the same by the same seed; in the corpus's order."""
    band = [replace(piece, split="valid") for piece in band[:4]]
    settings = Evaluate(split="valid", samples=1, pieces=2, bars=2)
    drawn, again = held_out(band, settings), held_out(band, settings)
    assert [piece.id for piece in drawn] == [piece.id for piece in again]
    assert len(drawn) == 2
    assert {piece.score.steps for piece in drawn} == {32}
    assert sorted(drawn, key=lambda piece: piece.id) == drawn
    for one, other in zip(drawn, again, strict=True):
        np.testing.assert_array_equal(one.score.pitches, other.score.pitches)
    every = held_out(band, Evaluate(split="valid", samples=1, pieces=9, bars=9))
    assert [piece.score.steps for piece in every] == [64] * 4
